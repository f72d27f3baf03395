"""Logins for registries, from where docker, podman and skopeo keep them."""

import base64
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builder.tools.bound import check_bound
from builder.tools.command import CommandError, run
from builder.tools.registry_errors import RegistryError


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A user name and a password, which is never shown."""

    username: str
    password: str = field(repr=False)

    def basic(self) -> str:
        """Encode it for HTTP basic authentication (RFC 7617)."""
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def find(host: str, *, own: str, named: bool = False, namespace: str = "") -> Login | None:
    """Return the login for a registry: from the environment, a config file or its helper.

    In order: ``SEALIFT_REGISTRY_USERNAME`` and ``_PASSWORD``, for the host in
    ``SEALIFT_REGISTRY_HOST``; then the auth files of docker and podman. ``named`` tells that the
    command line names ``own``: then they are for that host. ``namespace`` is what
    :func:`namespace` found. Raises ConfigurationError when nothing
    says that they are for ``own``, whose name stands in a file that others may change, and
    RegistryError for a login of a kind that is of no use here.
    """
    username = os.environ.get("SEALIFT_REGISTRY_USERNAME")
    # Names of images have no scheme; whether there is TLS says --plain-http.
    wanted = os.environ.get("SEALIFT_REGISTRY_HOST") or (own if named else "")
    only = re.sub(r"^https?://", "", wanted.strip().lower()).rstrip("/")
    if username and host.lower() in (only, own.lower()):
        check_bound(only, host, "SEALIFT_REGISTRY_HOST", credentials="SEALIFT_REGISTRY_PASSWORD")
    if username and host.lower() == only:
        return Login(username=username, password=os.environ.get("SEALIFT_REGISTRY_PASSWORD", ""))
    for path in _files():
        config = _read(path)
        login = (
            (_from_auths(config, namespace, [namespace]) if namespace else None)
            or _from_helper(config, host)
            or _from_auths(config, host, _keys(host))
        )
        if login is not None:
            return login
    return None


def namespace(host: str, repository: str) -> str:
    """Return the longest ``host/namespace`` that an auth file has for a repository, or nothing.

    Podman and skopeo keep logins so: man containers-auth.json.
    """
    parts = repository.split("/")
    wanted = [f"{host}/{'/'.join(parts[:end])}" for end in range(len(parts), 0, -1)]
    for path in _files():
        auths = _part(_read(path), "auths")
        for key in wanted:
            if key in auths:
                return key
    return ""


def _files() -> Iterator[Path]:
    named = os.environ.get("REGISTRY_AUTH_FILE")
    if named:
        yield Path(named)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        yield Path(runtime) / "containers" / "auth.json"
    docker = os.environ.get("DOCKER_CONFIG")
    yield (Path(docker) if docker else Path.home() / ".docker") / "config.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _part(config: dict[str, Any], key: str) -> dict[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _keys(host: str) -> list[str]:
    """Return the names under which auth files keep a host."""
    keys = [host, f"https://{host}", f"http://{host}"]
    if host in ("docker.io", "registry-1.docker.io"):
        keys += ["https://index.docker.io/v1/", "index.docker.io", "docker.io"]
    return keys


def _from_auths(config: dict[str, Any], host: str, keys: list[str]) -> Login | None:
    auths = _part(config, "auths")
    for key in keys:
        entry = auths.get(key) or auths.get(f"{key}/")
        if not isinstance(entry, dict):
            continue
        if entry.get("identitytoken"):
            raise _identity_token(host)
        if isinstance(entry.get("auth"), str) and entry["auth"]:
            try:
                pair = base64.b64decode(entry["auth"]).decode()
            except ValueError:
                continue
            username, _, password = pair.partition(":")
            return Login(username=username, password=password.rstrip("\0"))
        if entry.get("username"):
            username, password = str(entry["username"]), str(entry.get("password") or "")
            return Login(username=username, password=password)
    return None


def _from_helper(config: dict[str, Any], host: str) -> Login | None:
    """Ask a credential helper (docker-credential-NAME get), which reads the host and says JSON."""
    helpers = _part(config, "credHelpers")
    for key in _keys(host):
        name = helpers.get(key) or (config.get("credsStore") if key == host else None)
        if not name or "/" in str(name):
            continue
        try:
            said = json.loads(run([f"docker-credential-{name}", "get"], stdin=key.encode()))
        except (CommandError, ValueError, RecursionError):
            continue
        if not isinstance(said, dict) or not said.get("Username") or not said.get("Secret"):
            continue
        if said["Username"] == "<token>":
            raise _identity_token(host)
        return Login(username=str(said["Username"]), password=str(said["Secret"]))
    return None


def _identity_token(host: str) -> RegistryError:
    return RegistryError(
        f"the login for {host} is an identity token, which Sealift cannot use",
        hint="log in with a user name and an access token or password: `podman login`, or "
        "SEALIFT_REGISTRY_USERNAME and SEALIFT_REGISTRY_PASSWORD",
        host=host,
    )
