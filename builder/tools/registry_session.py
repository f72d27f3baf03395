"""Talking HTTP to one registry: connections, logins, patience. What is said is :mod:`.registry`.

A login is sent when the registry asks for it (basic, or a token from the realm that it names), and
to nobody else; it stands in no error.
"""

import contextlib
import http.client
import queue
import re
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

from builder.tools import answers
from builder.tools.docker_config import Login
from builder.tools.registry_challenge import Challenge, challenges, chosen
from builder.tools.registry_errors import RegistryError, unreachable
from builder.tools.registry_routes import MOVED, Routes

ATTEMPTS = 4
_TOKEN = re.compile(r"[!-~]+")
_LATER = (429, 500, 502, 503, 504)
_CARRIED = ("accept", "range")  # to where a registry leads; a login never is


class Readable(Protocol):
    """What a body can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes; nothing at the end."""


Body = bytes | Readable | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One answer: status, headers with lower-case names, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Session:
    """Requests to one host, from several threads; each takes a connection and gives it back."""

    def __init__(self, host: str, *, login: Login | None, context: ssl.SSLContext | None) -> None:
        self.host = host
        self.login = login
        self._routes = Routes(host, context)
        self.scheme = self._routes.scheme
        self._idle: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue()
        self._tokens: dict[str, str] = {}
        self._asking: dict[str, threading.Lock] = {"": threading.Lock()}
        self._proven = login is None
        self._refusal: RegistryError | None = None
        self._reached = False

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def request(
        self,
        method: str,
        path: str,
        repository: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        *,
        push: bool = False,
        ok: tuple[int, ...] = (200,),
    ) -> Response:
        """Send a request, logged in for the repository; raise RegistryError for another status.

        A body that is a file is sent once: it cannot be read again. An answer may have 64 MiB.
        """
        with self.opened(method, path, repository, headers, body, push=push, ok=ok) as answer:
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Response(
                status=answer.status, headers=found, body=answers.whole(answer, self.host)
            )

    @contextmanager
    def opened(
        self,
        method: str,
        path: str,
        repository: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        *,
        push: bool = False,
        ok: tuple[int, ...] = (200,),
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request as :meth:`request` does; the answer is read in the block."""
        scope = f"repository:{repository}:pull" + (",push" if push else "")
        connection, answer = self._authorised(method, path, dict(headers or {}), body, scope)
        try:
            if answer.status in MOVED and method in ("GET", "HEAD"):
                location = answer.headers.get("location", "")
                carried = {k: v for k, v in (headers or {}).items() if k.lower() in _CARRIED}
                answers.drain(answer)
                with self._routes.follow(method, path, location, carried) as moved:
                    self._check(moved, repository, ok)
                    yield moved
            else:
                self._check(answer, repository, ok)
                yield answer
            if answer.isclosed():  # read to its end: the connection is free
                self._idle.put(connection)
                return
        except BaseException:
            connection.close()
            raise
        connection.close()

    def _authorised(
        self, method: str, path: str, headers: dict[str, str], body: Body, scope: str
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        if self._refusal is not None:  # asking again could lock the account
            raise self._refusal
        token = self._tokens.get(scope) or self._tokens.get("")
        known = headers | ({"Authorization": token} if token else {})
        connection, answer = self._patiently(method, path, known, body)
        if answer.status != 401:
            return connection, answer
        offered = challenges(answer.headers.get_all("www-authenticate") or [])
        answers.drain(answer)
        if answer.isclosed():
            self._idle.put(connection)
        else:
            connection.close()
        token = self._authorise(self._choose(offered), scope, token)
        if not (body is None or isinstance(body, bytes)):
            raise RegistryError(f"the login at {self.host} ran out")  # asked for anew next time
        return self._patiently(method, path, headers | {"Authorization": token}, body)

    def _patiently(
        self, method: str, path: str, headers: Mapping[str, str], body: Body
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Send a request again when the connection breaks, or the registry says to come later."""
        attempts = ATTEMPTS if body is None or isinstance(body, bytes) else 1
        for attempt in range(attempts):
            last = attempt == attempts - 1
            connection = self._taken(fresh=attempt > 0)
            try:
                connection.request(
                    method, path, cast(Any, body), {"User-Agent": "sealift", **headers}
                )
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if last or isinstance(error, ssl.SSLCertVerificationError):
                    found = unreachable(self.host, error)
                    if not self._reached:  # nor will the next request
                        self._refusal = found
                    raise found from error
                time.sleep(0.1 * 2**attempt)
                continue
            except BaseException:  # what reads the body may break off
                connection.close()
                raise
            self._reached = True
            if last or answer.status not in _LATER:
                return connection, answer
            wait = answers.number(answer.headers.get("retry-after"))
            connection.close()
            time.sleep(0.1 * 2**attempt if wait is None else min(wait, 30))
        raise AssertionError("unreachable")

    def _taken(self, *, fresh: bool) -> http.client.HTTPConnection:
        try:
            if not fresh:
                return self._idle.get_nowait()
        except queue.Empty:
            pass
        return self._routes.connect(self.scheme, self.host)

    def _choose(self, offered: list[Challenge]) -> Challenge:
        """Return the challenge to answer. Raises RegistryError where none can be."""
        found = chosen(offered)
        if found is not None:
            return found
        if not offered:
            raise self.denied(host=self.host)
        if any(challenge.scheme == "bearer" for challenge in offered):
            what = "wants a token, and does not say from where: its challenge has no realm"
        else:
            kinds = ", ".join(answers.shown(challenge.scheme) for challenge in offered)
            what = f"wants a login of a kind that Sealift does not know: {kinds}"
        raise RegistryError(
            f"{self.host} {what}",
            hint="is it a registry, and is there a proxy in between that answers for it?",
            host=self.host,
        )

    def _authorise(self, challenge: Challenge, scope: str, refused: str | None) -> str:
        """Return what to send as Authorization, after a registry asked for it.

        Until the login has been good for once, one at a time asks: a wrong one is tried once only.
        """
        with self._asking[""]:
            alone = challenge.basic or not self._proven
            asking = self._asking.setdefault(scope, threading.Lock())
            if alone:
                return self._asked(challenge, scope, refused)
        with asking:
            return self._asked(challenge, scope, refused)

    def _asked(self, challenge: Challenge, scope: str, refused: str | None) -> str:
        if self._refusal is not None:
            raise self._refusal
        token = self._tokens.get(scope) or self._tokens.get("")
        if token and token != refused:
            return token  # another thread has asked meanwhile
        if challenge.basic and (self.login is None or refused):
            raise self._refuse()
        if challenge.basic and self.login:
            token = self._tokens[""] = "Basic " + self.login.basic()
            return token
        token = self._tokens[scope] = f"Bearer {self._token(challenge, scope)}"
        return token

    def _token(self, challenge: Challenge, scope: str) -> str:
        """Get a token as the registry's challenge says (distribution's token specification)."""
        fields = challenge.fields
        realm = self._routes.safe(fields["realm"], "wants the login at")
        query = {"service": fields.get("service", ""), "scope": fields.get("scope") or scope}
        headers = {"Authorization": "Basic " + self.login.basic()} if self.login else {}
        connection = self._routes.connect(realm.scheme, realm.netloc)
        try:
            before = f"{realm.query}&" if realm.query else ""
            path = f"{realm.path}?{before}{urllib.parse.urlencode(query)}"
            connection.request("GET", path, headers={"User-Agent": "sealift", **headers})
            answer = connection.getresponse()
            body = answer.read(answers.MAX_BODY)
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(self.host, error) from error
        finally:
            connection.close()
        if answer.status == 401 and self.login:
            raise self._refuse()
        what = f"{self.host} gives a token"
        value = answers.mapping(answers.loaded(body, what), what) if answer.status == 200 else {}
        token = value.get("token") or value.get("access_token")
        if not token:
            raise self.denied()
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise RegistryError(f"{what} that cannot be sent", host=self.host)
        self._proven = True
        return token

    def _check(
        self, answer: http.client.HTTPResponse, repository: str, ok: tuple[int, ...]
    ) -> None:
        if answer.status in ok:
            return
        if answer.status in (401, 403):
            basic = self._tokens.get("")
            raise self._refuse() if basic and answer.status == 401 else self.denied(repository)
        said = ""
        with contextlib.suppress(OSError, http.client.HTTPException):
            said = answers.message(answer.read(4096))
        said = said or http.client.responses.get(answer.status, "")
        what = f"{self.host}/{repository} answers {answer.status}: {said}"
        raise RegistryError(what.rstrip(": "))

    def _refuse(self) -> RegistryError:
        """Refuse all further requests: the login is wrong, or there is none."""
        self._refusal = self.denied(host=self.host)
        return self._refusal

    def denied(self, repository: str = "", *, host: str = "") -> RegistryError:
        """Return the error of a login that is not enough."""
        known = "the login is refused" if self.login else "a login is needed"
        return RegistryError(
            f"{self.host}{'/' if repository else ''}{repository}: {known}",
            hint="log in with docker, podman or skopeo, or set SEALIFT_REGISTRY_USERNAME and "
            "SEALIFT_REGISTRY_PASSWORD",
            host=host,
        )
