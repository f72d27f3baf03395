"""What the HTTP servers share: a threaded server that stops clean, basic auth, latency."""

import base64
import contextlib
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.servers.place import ANYWHERE, Place
from tests.servers.tls import CA


class Request(NamedTuple):
    """One request as it arrived; ``authorised`` is true on a site that asks for no password."""

    method: str
    path: str
    authorised: bool


@dataclass(frozen=True)
class Site:
    """What a server asks of its clients, and what they asked of it."""

    username: str | None = None
    password: str | None = None
    latency: float = 0.0
    requests: list[Request] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password come together")

    def admits(self, authorization: str | None) -> bool:
        """Whether the value of an Authorization header opens this site."""
        if self.username is None:
            return True
        secret = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return authorization == f"Basic {secret}"


class SiteHandler(BaseHTTPRequestHandler):
    """A handler that knows its site; subclasses call ``admit`` before they answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, site: Site, *connection: Any) -> None:
        self.site = site
        super().__init__(*connection)

    def admit(self) -> bool:
        """Record the request and wait out the latency; without the password, answer 401."""
        authorised = self.site.admits(self.headers["Authorization"])
        self.site.requests.append(Request(self.command, self.path, authorised))
        if self.site.stopping.wait(self.site.latency):
            raise ConnectionAbortedError("the server stops")
        if not authorised:
            self.reply(401, b"password needed\n", {"WWW-Authenticate": 'Basic realm="tests"'})
        return authorised

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Answer with the whole body at once, or with its length alone to a HEAD."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: tests read ``Site.requests``."""


class _Server(ThreadingHTTPServer):
    """Joins its threads on close, after cutting the connections that clients kept alive."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(
        self, handler: Callable[..., SiteHandler], site: Site, tls: CA | None, place: Place
    ) -> None:
        self._site = site
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((place.address, place.port), handler)
        if tls is not None:
            context = tls.issue(*place.names).server_context()
            # The handshake belongs to the connection's thread, not to the one that accepts.
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def server_bind(self) -> None:
        """Bind without HTTPServer's reverse look-up of the address."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what is the server's fault; clients that hang up are the tests' business."""
        if not isinstance(sys.exception(), OSError) and not self._site.stopping.is_set():
            super().handle_error(request, client_address)

    def cut_connections(self) -> None:
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def serving(
    handler: Callable[..., SiteHandler],
    site: Site,
    tls: CA | None = None,
    place: Place = ANYWHERE,
) -> Iterator[str]:
    """Serve on loopback, yield the base URL without final slash, stop on exit.

    The port listens before this yields, so the first request needs no wait.
    """
    with _Server(handler, site, tls, place) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        scheme = "http" if tls is None else "https"
        try:
            yield f"{scheme}://{place.host(scheme, server.server_port)}"
        finally:
            site.stopping.set()
            server.shutdown()
            thread.join()
            server.cut_connections()
