"""A program that runs beside the tests: started, killed and started again, its log kept."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_READY_SECONDS = 90.0
_STOP_SECONDS = 10.0
_TAIL = 4000


@dataclass
class Process:
    """One program of the cluster; ``log`` has what it printed, over all its lives."""

    name: str
    argv: list[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    _running: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def start(self) -> None:
        """Start it, in a session of its own: the terminal's interrupt is for the tests."""
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self.argv,
                cwd=self.log.parent,
                env=environment() | {"HOME": str(self.log.parent)} | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it at once, as a crash does."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()

    def stop(self) -> None:
        """Ask it to end; kill it when it does not."""
        if self._running is None:
            return
        self._running.terminate()
        try:
            self._running.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-_TAIL:] if self.log.exists() else ""

    def wait(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ready; TimeoutError, with its log, when it ends or never is."""
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self.alive:
            if ready():
                return
            time.sleep(0.05)
        state = "is not ready" if self.alive else "has ended"
        raise TimeoutError(f"{self.name} {state}; the end of its log:\n{self.tail()}")


@contextmanager
def running(process: Process, ready: Callable[[], bool] | None = None) -> Iterator[Process]:
    """Run a program until the block ends."""
    process.log.parent.mkdir(parents=True, exist_ok=True)
    process.start()
    try:
        if ready is not None:
            process.wait(ready)
        yield process
    finally:
        process.stop()


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on now: most programs do not say which one they took."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def listens(port: int) -> bool:
    """Whether something accepts connections on a port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def environment() -> dict[str, str]:
    """Ours, less what would change where the programs look: proxies, settings of other tools."""
    own = ("KUBE", "GIT_", "GITEA_", "XDG_", "HELM_", "SEALIFT_", "OTEL_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(own) and "proxy" not in name.lower()
    }
