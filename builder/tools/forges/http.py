"""The REST API of a forge: one connection, pages, patience, errors of one line without the token.

Paths are relative to the project (``pulls``), or with a slash before them to the API (``/users``).
"""

import contextlib
import http.client
import json
import re
import ssl
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from builder.core.errors import ConfigurationError, ToolError
from builder.tools.connection import Connector
from builder.tools.forges.answers import Response, delay, next_page, reasons, with_query

T = TypeVar("T")

PATIENCE = 90.0
_ATTEMPTS = 5
_MAX_PAGES = 100
_MAX_BYTES = 64 * 1024 * 1024
_MOVED = (301, 302, 307, 308)


class ForgeError(ToolError):
    """A forge that does not answer, or refuses; ``status`` is None when there was no answer."""

    def __init__(self, what: str, *, hint: str | None = None, status: int | None = None) -> None:
        super().__init__(what, hint=hint)
        self.status = status

    @property
    def refused(self) -> bool:
        """Tell whether the forge answered, and said no."""
        return self.status is not None and 400 <= self.status < 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where an API stands, how it is asked, and what a token needs for it.

    ``root`` is the path of the project below the API; ``headers`` hold the token.
    """

    name: str
    api: str
    root: str
    headers: Mapping[str, str]
    token: str
    scopes: str


class Api:
    """The API of one project; a ``with`` closes the connection. Not for several threads."""

    def __init__(
        self, address: Address, *, ca_file: Path | None = None, patience: float = PATIENCE
    ) -> None:
        self.address = address
        self.patience = patience
        self.root = address.root
        self._url = split(address.api)
        if not re.fullmatch(r"[\x21-\x7e]+", address.token):
            raise ConfigurationError(
                f"the token for {address.name} is empty, or holds spaces or line ends",
                hint="look at SEALIFT_FORGE_TOKEN: often it ends with a line feed",
            )
        self._context = _context(ca_file) if self._url.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None
        self._used = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    def get(self, path: str, **query: str | int) -> Any:
        """Return what stands at ``path``."""
        return self._json(self._ask("GET", with_query(path, query)))

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page by page."""
        target: str | None = with_query(path, query)
        seen: set[str] = set()
        while target and target not in seen:
            if len(seen) == _MAX_PAGES:
                raise self._error(f"lists more than {_MAX_PAGES} pages of {path}")
            seen.add(target)
            response = self._ask("GET", target)
            items = self._json(response)
            if not isinstance(items, list):
                raise self._error(f"answers {path} with something that is not a list")
            yield from items
            target = next_page(target, response.headers)

    def send(self, method: str, path: str, body: Any = None, *, ok: tuple[int, ...] = ()) -> Any:
        """Send a change and return the answer; None for a status in ``ok`` that is an error."""
        response = self._ask(method, path, body, ok)
        return self._json(response) if response.status < 300 else None

    def read(self, item: Any, parse: Callable[[Any], T]) -> T:
        """Parse an answer; raise ForgeError when it has another form."""
        try:
            return parse(item)
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            raise self._error(
                "answers in a form that is not known", hint=f"is it {self.address.name}?"
            ) from error

    def persist(self, call: Callable[[], T], later: Callable[[ForgeError], bool]) -> T:
        """Repeat a call while the forge says that it may work later, within the patience."""
        waited, attempt = 0.0, 0
        while True:
            try:
                return call()
            except ForgeError as error:
                wait = min(0.2 * 1.5**attempt, 5)
                if waited + wait > self.patience or not later(error):
                    raise
                time.sleep(wait)
                waited, attempt = waited + wait, attempt + 1

    def _ask(self, method: str, path: str, body: Any = None, ok: tuple[int, ...] = ()) -> Response:
        """Send a request, follow a project that moved; raise ForgeError for an error status."""
        for _ in range(_ATTEMPTS):
            response = self._patiently(method, self._target(path), body)
            if response.status not in _MOVED:
                break
            self._move(path, response)
        if response.status >= 300 and response.status not in ok:
            raise self._refusal(method, path, response)
        return response

    def _target(self, path: str) -> str:
        below = path if path.startswith("/") else f"{self.root}/{path}".removesuffix("/")
        return f"{self._url.path.rstrip('/')}{below}"

    def _move(self, path: str, response: Response) -> None:
        """Take the new place of a project, when it is one and on the same server."""
        here = urllib.parse.urljoin(self.address.api, self._target(path))
        location = urllib.parse.urljoin(here, response.headers.get("location", ""))
        there, base = urllib.parse.urlsplit(location), self._url.path.rstrip("/")
        tail = f"/{path.partition('?')[0]}".removesuffix("/")
        same = (there.scheme, there.netloc) == (self._url.scheme, self._url.netloc)
        within = there.path.startswith(f"{base}/") and there.path.endswith(tail)
        if not same or not within or path.startswith("/"):
            place = f"{there.scheme}://{there.hostname}{there.path}"
            raise self._error(
                f"leads to {place}, where the token is not sent",
                hint="set the forge's url and project to where it stands now",
                status=response.status,
            )
        self.root = there.path.removeprefix(base).removesuffix(tail)

    def _patiently(self, method: str, target: str, body: Any) -> Response:
        """Send a request again when the forge says to come later, within the patience."""
        waited = 0.0
        for attempt in range(_ATTEMPTS):
            response = self._reliably(method, target, body)
            wait = delay(response, attempt)
            if wait is None or attempt == _ATTEMPTS - 1:
                break
            if waited + wait > self.patience:
                raise self._error(
                    f"wants {wait:.0f} s between requests: {self._said(response)}",
                    hint="run it again later, or use a token with a limit of its own",
                    status=response.status,
                )
            time.sleep(wait)
            waited += wait
        return response

    def _reliably(self, method: str, target: str, body: Any) -> Response:
        """Send a request; once more when the server closed a connection that it had kept open."""
        for attempt in range(_ATTEMPTS):
            reused = self._used
            try:
                return self._once(method, target, body)
            except ssl.SSLCertVerificationError as error:
                self._drop()
                raise self._unreachable(error) from error
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                gone = isinstance(error, (ConnectionError, http.client.HTTPException))
                # A change that broke off on a fresh connection may have been made.
                if not gone or not (reused or method == "GET") or attempt == _ATTEMPTS - 1:
                    raise self._unreachable(error) from error
                time.sleep(0 if reused else 0.1 * 2**attempt)
        raise AssertionError("unreachable")

    def _once(self, method: str, target: str, body: Any) -> Response:
        if self._connection is None:
            self._connection = Connector(self._context).connect(self._url.netloc)
        data = None if body is None else json.dumps(body).encode()
        headers = {"User-Agent": "sealift", "Accept": "application/json", **self.address.headers}
        if data is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, target, data, headers)
        answer = self._connection.getresponse()
        content = answer.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            self._drop()
            raise self._error(f"answers with more than {_MAX_BYTES // 2**20} MiB")
        self._used = True
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Response(status=answer.status, headers=found, body=content)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._used = None, False

    def _json(self, response: Response) -> Any:
        if not response.body.strip():
            return None
        try:
            return json.loads(response.body)
        except (ValueError, RecursionError) as error:
            raise self._error(
                "answers with something that is not JSON",
                hint=f"is {self.address.api} the API of {self.address.name}?",
            ) from error

    def _said(self, response: Response) -> str:
        """Return the reason that an answer gives, in one line and without the token."""
        reason = http.client.responses.get(response.status, "")
        with contextlib.suppress(ValueError, RecursionError):
            reason = "; ".join(reasons(json.loads(response.body))) or reason
        text = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
        text = text.replace(self.address.token, "***")
        return text if len(text) <= 300 else f"{text[:299]}…"

    def _refusal(self, method: str, path: str, response: Response) -> ForgeError:
        name = self.address.name
        hints = {
            401: "the token is wrong or has expired: set SEALIFT_FORGE_TOKEN",
            403: f"the token needs {self.address.scopes}, its account the right to do this",
            404: "is the project right, and may the token's account see it?",
        }
        asked = f"{method} {path.partition('?')[0]}"
        return self._error(
            f"answers {response.status} to {asked}: {self._said(response)}",
            hint=hints.get(response.status, f"look at the project's settings on {name}"),
            status=response.status,
        )

    def _error(
        self, what: str, *, hint: str | None = None, status: int | None = None
    ) -> ForgeError:
        return ForgeError(
            f"{self.address.name} at {self._url.scheme}://{self._url.netloc} {what}",
            hint=hint,
            status=status,
        )

    def _unreachable(self, error: Exception) -> ForgeError:
        reason = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or error
        hint = "is the forge reachable from here?"
        if isinstance(error, ssl.SSLError):
            hint = "name the CA that signed its certificate in SEALIFT_CA_FILE"
        return self._error(f"cannot be reached: {reason}", hint=hint)


def split(url: str) -> urllib.parse.SplitResult:
    """Read a forge's URL; raise ConfigurationError for one that is none, or holds credentials."""
    try:
        parts = urllib.parse.urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
        _ = parts.port
    except ValueError:
        good = None
    if not good:
        raise ConfigurationError(
            "the forge's URL is not http:// or https://, or holds credentials",
            hint="write it as https://git.example.com; the token goes to SEALIFT_FORGE_TOKEN",
        )
    return parts


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigurationError(
            f"SEALIFT_CA_FILE: {ca_file} holds no certificates: {error.strerror or error}"
        ) from error
