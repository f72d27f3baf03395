"""Credentials from the environment, bound to the host that they are for.

Repositories, registries and forges are named by ``environment.yaml`` and ``base.yaml``, which
whoever may push a branch can change: what the environment holds must not go wherever they say.
"""

import os
from urllib.parse import urlsplit

from builder.core.errors import ConfigurationError

_PORTS = {"https": 443, "http": 80}


def bound(variable: str, url: str, *, credentials: str, named: str = "") -> bool:
    """Tell whether ``url`` is on the host that ``variable`` names for some ``credentials``.

    The variable holds ``host`` or ``host:port``, reached over https; ``http://host`` where plain
    HTTP is meant. ``named`` is a URL that the command line names; it counts while the variable is
    not set. Raises ConfigurationError when neither is there, or one is no host.
    """
    wanted = os.environ.get(variable) or named
    try:
        check_bound(wanted, _written(url), variable, credentials=credentials)
        return _origin(wanted if "://" in wanted else f"https://{wanted}") == _origin(url)
    except ValueError as error:
        raise ConfigurationError(
            f"{variable} names no host, or the address beside which it is held has none",
            hint="a host is written as git.example.com, or git.example.com:8443",
        ) from error


def check_bound(wanted: str, host: str, variable: str, *, credentials: str) -> None:
    """Raise ConfigurationError when nothing says for which host some credentials are."""
    if not wanted:
        raise ConfigurationError(
            f"{credentials} is set, but nothing says for which host",
            hint=f"set {variable}={host}, if that is where it belongs",
        )


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        port = None
    return parts.scheme, (parts.hostname or "").lower(), port


def _written(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc if parts.scheme == "https" else f"{parts.scheme}://{parts.netloc}"
