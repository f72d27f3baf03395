"""What others answer, read so that no answer can do more than be an error of theirs."""

import contextlib
import http.client
import json
import re
import urllib.parse
from typing import Any

from builder.core.text import printable
from builder.tools.registry_errors import RegistryError

MAX_BODY = 64 * 1024 * 1024
_DRAINED = 1 << 20
_LARGEST = 2**63 - 1
_NUMBER = re.compile(r"[0-9]{1,18}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_SAFE = "!$%&'()*+,/:;=?@[]~"  # what a path or a query may hold as it is; the rest is quoted
_SHOWN = 200


def loaded(body: bytes | str, what: str) -> Any:
    """Read JSON; ``what`` begins the error where it is none: ``NAME has a manifest``."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"{what} that is not JSON, or nested too deeply") from error


def mapping(value: Any, what: str) -> dict[str, Any]:
    """Return a JSON object; another value is an error."""
    if not isinstance(value, dict):
        raise RegistryError(f"{what} that is not a JSON object")
    return value


def mappings(value: Any, what: str) -> list[dict[str, Any]]:
    """Return a list of JSON objects; empty for null."""
    if not isinstance(value, list | None):
        raise RegistryError(f"{what} that is not a list")
    return [mapping(entry, what) for entry in value or []]


def size(value: Any, what: str) -> int:
    """Return a size in bytes."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise RegistryError(f"{what} of {shown(value)} bytes, which is no size")
    return value


def number(text: str | None) -> int | None:
    """Return the number that a header has; None for anything else."""
    return int(text) if text and _NUMBER.fullmatch(text.strip()) else None


def address(text: str, does: str, *, base: str = "") -> urllib.parse.SplitResult:
    """Read a URL, maybe relative to ``base``: a host, a port, a path that can be asked for.

    ``does`` begins the error: ``HOST leads to``.
    """
    try:
        url = urllib.parse.urlsplit(urllib.parse.urljoin(base, text))
        host = url.hostname or ""
        host = f"[{host}]" if ":" in host else host
        port = f":{url.port}" if url.port is not None else ""
        host.encode("idna")  # as connecting does
    except ValueError as error:
        raise RegistryError(f"{does} {shown(text)}, which is not a URL") from error
    if not _HOST.fullmatch(host):
        raise RegistryError(f"{does} {shown(text)}, which is not a URL")
    path, query = (urllib.parse.quote(part, safe=_SAFE) for part in (url.path or "/", url.query))
    return urllib.parse.SplitResult(url.scheme, f"{host}{port}", path, query, "")


def target(url: urllib.parse.SplitResult) -> str:
    """Return what a request to a URL asks for."""
    return f"{url.path}?{url.query}" if url.query else url.path


def message(body: bytes) -> str:
    """Return the first message of a registry's error; empty where it has none."""
    try:
        return shown(str(json.loads(body)["errors"][0]["message"]))
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return ""


def shown(value: Any) -> str:
    """Write what somebody else said: on one line, nothing that acts on a terminal, not long."""
    text = printable(value if isinstance(value, str) else repr(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def whole(answer: http.client.HTTPResponse, host: str) -> bytes:
    """Read a body to its end."""
    try:
        body = answer.read(MAX_BODY)
        if answer.read(1):
            raise RegistryError(f"{host} answers with more than {MAX_BODY // 2**20} MiB")
        return body
    except (OSError, http.client.HTTPException) as error:
        raise RegistryError(f"{host} broke off: {type(error).__name__}") from error


def drain(answer: http.client.HTTPResponse) -> None:
    """Read what nobody wants, so that the connection is free; not without end."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        answer.read(_DRAINED)
        answer.read(1)
