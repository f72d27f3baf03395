"""Bare repositories over smart HTTP: ``git http-backend`` as CGI."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from tests.servers.http_site import Request, Site, SiteHandler, serving
from tests.servers.tls import CA

_BLOCK = 1 << 16


@dataclass(frozen=True)
class GitServer:
    """A running server: ``requests`` it has had, and what git wrote to stderr in ``errors``."""

    base_url: str
    requests: list[Request]
    errors: list[str]

    def url(self, repository: str) -> str:
        """The address to clone the repository at this path below the root."""
        return f"{self.base_url}/{repository}"


@dataclass(frozen=True)
class _Backend:
    """Runs git for the handlers, and ends what still runs when the server stops."""

    root: Path
    username: str | None
    allow_push: bool
    stopping: threading.Event
    errors: list[str] = field(default_factory=list)
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def environment(self) -> dict[str, str]:
        """CGI variables that are the same for all requests; of git's own settings, none."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        if self.username is not None:
            inherited["REMOTE_USER"] = self.username
        return inherited | {
            "GATEWAY_INTERFACE": "CGI/1.1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_KEY_0": "http.receivepack",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_VALUE_0": "true" if self.allow_push else "false",
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self.root),
            "REMOTE_ADDR": "127.0.0.1",
        }

    @contextmanager
    def run(self, variables: dict[str, str], body: IO[bytes]) -> Iterator[IO[bytes]]:
        """Git's answer to one request, as it comes."""
        with tempfile.TemporaryFile() as errors, self._start(variables, body, errors) as process:
            assert process.stdout is not None
            try:
                yield process.stdout
            finally:
                process.stdout.close()
                process.wait()
                with self._lock:
                    self._running.discard(process)
                errors.seek(0)
                if text := errors.read().decode(errors="replace"):
                    self.errors.append(text)

    def _start(
        self, variables: dict[str, str], body: IO[bytes], errors: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self.stopping.is_set():
                raise ConnectionAbortedError("the server stops")
            process = subprocess.Popen(
                ["git", "http-backend"],
                env=self.environment() | variables,
                stdin=body,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
                start_new_session=True,
            )
            self._running.add(process)
        return process

    def stop(self) -> None:
        """Start nothing more, and kill what runs with the hooks below it: a session each."""
        with self._lock:
            self.stopping.set()
            for process in self._running:
                if process.poll() is None:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)


class _Handler(SiteHandler):
    def __init__(self, backend: _Backend, *rest: Any) -> None:
        self._backend = backend
        super().__init__(*rest)

    def do_GET(self) -> None:  # noqa: N802
        # The whole body first: git may answer before it has read everything, and a refused
        # request must not leave its body in the connection.
        with tempfile.TemporaryFile() as body:
            length = self._receive(body)
            body.seek(0)
            if self.admit():
                with self._backend.run(self._variables(length), body) as answer:
                    self._relay(answer)

    do_POST = do_GET  # noqa: N815

    def _receive(self, body: IO[bytes]) -> int:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self._copy(size, body)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
        else:
            self._copy(int(self.headers.get("Content-Length", "0")), body)
        return body.tell()

    def _copy(self, size: int, body: IO[bytes]) -> None:
        while size > 0:
            block = self.rfile.read(min(size, _BLOCK))
            if not block:
                raise ConnectionAbortedError("the client hung up inside its request")
            body.write(block)
            size -= len(block)

    def _variables(self, length: int) -> dict[str, str]:
        address = urlsplit(self.path)
        return {
            "CONTENT_LENGTH": str(length),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_ACCEPT_ENCODING": self.headers.get("Accept-Encoding", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "PATH_INFO": unquote(address.path),
            "QUERY_STRING": address.query,
            "REQUEST_METHOD": self.command,
            "SERVER_PROTOCOL": self.request_version,
        }

    def _relay(self, answer: IO[bytes]) -> None:
        headers = dict(_cgi_headers(answer))
        if not headers:
            self.reply(500, b"git http-backend gave no answer\n")
            return
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        chunked = "Content-Length" not in headers
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        while block := answer.read(_BLOCK):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")


@contextmanager
def git_http(
    root: Path,
    *,
    username: str | None = None,
    password: str | None = None,
    latency: float = 0.0,
    allow_push: bool = True,
    tls: CA | None = None,
) -> Iterator[GitServer]:
    """Serve every repository below ``root``, also those made later, until the block ends."""
    if shutil.which("git") is None:
        raise RuntimeError("git is not on PATH")
    site = Site(username, password, latency)
    backend = _Backend(root, username, allow_push, site.stopping)
    with serving(partial(_Handler, backend, site), site, tls) as url:
        try:
            yield GitServer(url, site.requests, backend.errors)
        finally:
            backend.stop()


def _cgi_headers(answer: IO[bytes]) -> Iterator[tuple[str, str]]:
    while line := answer.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        yield name, value.strip()
