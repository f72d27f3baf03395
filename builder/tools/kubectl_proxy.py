"""kubectl proxy: requests to an API server, many through one kubectl.

kubectl logs in as the kubeconfig says. The requests go through a socket in a folder that no other
user may enter; what they carry stands in no argument.
"""

import http.client
import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.tools.command import CommandError, background
from builder.tools.kubectl import TIMEOUT, Cluster, failed, unreachable

_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_MAX_TEXT = 400
_MAX_ANSWER = 32 * 1024 * 1024
_LONGEST = 60  # of the 104 characters that some systems have for a socket's path


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the API server said: ``body`` is an object or a ``Status``; empty when it is neither."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """A running proxy."""

    socket: Path

    def get(self, path: str) -> Answer:
        """Read what stands at a path of the API. Raises ToolError."""
        return self._ask("GET", path)

    def apply(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Send an object to be applied server-side. Raises ToolError."""
        return self._ask("PATCH", path, json.dumps(body).encode(), _APPLY)

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answer:
        connection = _Connection(self.socket)
        headers = {"Accept": "application/json"} | ({"Content-Type": kind} if kind else {})
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read(_MAX_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(f"the API server gave no answer: {error}") from error
        finally:
            connection.close()
        answer = Answer(status=response.status, body=_loaded(text))
        if answer.status == 401 or (answer.status >= 500 and not answer.body):
            raise unreachable(_said(answer, text))  # what is no object is kubectl's own word
        return answer


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket that is a file."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=4 * TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@contextmanager
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    """Run a proxy to a cluster until the block ends. Raises ToolError."""
    with tempfile.TemporaryDirectory(prefix="sealift-proxy-", dir=_short()) as folder:
        path, log = Path(folder) / "api", Path(folder) / "log"
        argv = cluster.argv("proxy", f"--unix-socket={path}")
        with background(argv, log=log, env=cluster.environment) as alive:
            _wait(path, log, alive)
            yield Proxy(socket=path)


def _short() -> str | None:
    """Return a folder for temporary files where the usual one's name is too long for a socket."""
    return "/tmp" if len(tempfile.gettempdir()) > _LONGEST else None  # noqa: S108


def _wait(path: Path, log: Path, alive: Callable[[], bool]) -> None:
    until = time.monotonic() + TIMEOUT
    while not _listens(path):
        if not alive() or time.monotonic() > until:
            said = log.read_text("utf-8", "replace")
            raise failed(CommandError("kubectl proxy does not start", returncode=None, stderr=said))
        time.sleep(0.01)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.connect(str(path))
        except OSError:
            return False
    return True


def _loaded(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _said(answer: Answer, text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    message = answer.body.get("message") or (lines[0] if lines else "it says nothing")
    return f"{message} ({answer.status})"[:_MAX_TEXT]
