"""The registries that one command talks to: each once, with its login and its certificates."""

import os
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from builder.core.errors import ConfigurationError
from builder.core.image import ImageName
from builder.tools import docker_config
from builder.tools.docker_config import Login
from builder.tools.registry import Place, Registry


class Registries:
    """Opens each registry when it is first asked for. A ``with`` closes all of them.

    ``own`` is the environment's registry. The login in ``SEALIFT_REGISTRY_USERNAME`` and
    ``_PASSWORD`` is for the host in ``SEALIFT_REGISTRY_HOST``, or for ``own`` where the command
    line has named it (``named``). ``plain_http`` names the hosts that are talked
    to without TLS; ``SEALIFT_PLAIN_HTTP=1`` means ``own``. ``via`` maps a host to the host, and the
    path, where a proxy serves its repositories. ``login`` takes the place of the one
    that is found for ``own``.
    """

    def __init__(
        self,
        own: str,
        *,
        ca_file: Path | None = None,
        plain_http: Collection[str] = (),
        via: Mapping[str, str] = MappingProxyType({}),
        login: Login | None = None,
        named: bool = False,
    ) -> None:
        self.own = own
        self._named = named
        self._login = login
        self.via = via
        trusted = os.environ.get("SEALIFT_CA_FILE")
        self.ca_file = ca_file or (Path(trusted) if trusted else None)
        self.plain = {*plain_http, *([own] if os.environ.get("SEALIFT_PLAIN_HTTP") == "1" else [])}
        self._opened: dict[tuple[str, str], Registry] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for registry in self._opened.values():
            registry.__exit__()

    def of(self, name: ImageName) -> Place:
        """Return where the content of an image is read and written."""
        host, _, path = self.via.get(name.registry, name.registry).partition("/")
        repository = f"{path}/{name.repository}" if path else name.repository
        namespace = docker_config.namespace(host, repository)
        return Place(registry=self._at(host, namespace), repository=repository)

    def at(self, host: str) -> Registry:
        """Return the registry at a host, port included."""
        return self._at(host, "")

    def _at(self, host: str, namespace: str) -> Registry:
        """Return the registry with the login of a namespace, where there is one."""
        key = (host, namespace)
        with self._lock:
            if key not in self._opened:
                self._opened[key] = Registry(
                    host,
                    login=self._login_for(host, namespace),
                    ca_file=self.ca_file,
                    plain_http=host in self.plain,
                )
            return self._opened[key]

    def _login_for(self, host: str, namespace: str) -> Login | None:
        if self._login is not None and host == self.own:
            return self._login
        return docker_config.find(host, own=self.own, named=self._named, namespace=namespace)


def parse_via(entries: Collection[str]) -> dict[str, str]:
    """Read ``HOST=HOST[/PATH]`` entries. Raises ConfigurationError."""
    found = {}
    for entry in entries:
        host, equals, proxy = entry.partition("=")
        if not equals or not host or not proxy or "://" in proxy:
            raise ConfigurationError(
                f"--via {entry!r} is not HOST=HOST or HOST=HOST/PATH",
                hint="as in --via docker.io=proxy.example.com/docker-hub",
            )
        found[host] = proxy.rstrip("/")
    return found
