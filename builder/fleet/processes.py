"""Work in processes of this machine: one that dies takes nothing along but what it was at.

This process has no threads while it works, so its children can be forks of it: they start in
milliseconds, with all that it knows. Where there are threads, children are started afresh.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, Generic, Protocol, TypeVar

from builder.fleet import child

T = TypeVar("T")
R = TypeVar("R")
Work = Callable[[], AbstractContextManager[Callable[[T], R]]]
"""What a process enters for some items, and calls with each: a function of a module, or a partial
one, whose context gives a function that raises nothing."""
BATCH = 16
"""How many items a process is given at once, at most."""
_PATIENCE = 5.0  # seconds that processes have to clear up what they were at


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """What is left of an item whose process died: why it did."""

    reason: str


class _Handle(Protocol):
    pid: int

    def wait(self, timeout: float) -> int | None:
        """Return the exit code, negative for a signal; None when it still runs."""


@dataclass(kw_only=True, slots=True)
class _Worker(Generic[T]):
    handle: _Handle
    connection: Connection
    at_hand: deque[T] = field(default_factory=deque)
    group: int = -1


class Forked:
    """A child that is a fork of this process."""

    def __init__(self, others: Sequence[Connection], end: Connection) -> None:
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=child.serve, args=(end, others), daemon=True)
        with warnings.catch_warnings():  # of threads, which only a test runner has here
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process.start()
        self.pid = self.process.pid or 0

    def wait(self, timeout: float) -> int | None:
        """Return the exit code, once it has one."""
        self.process.join(timeout)
        return self.process.exitcode


class Fresh:
    """A child that is a Python of its own."""

    def __init__(self, _: Sequence[Connection], end: Connection) -> None:
        argv = [sys.executable, "-m", "builder.fleet.child", str(end.fileno())]
        self.process = subprocess.Popen(
            argv, pass_fds=[end.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        self.pid = self.process.pid

    def wait(self, timeout: float) -> int | None:
        """Return the exit code, once it has one."""
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(timeout)
        return None


class Processes:
    """At most ``jobs`` processes, which stay until it is closed.

    As a context, it also ends them when this process is asked to end, as by an interrupt.
    """

    def __init__(self, jobs: int, start: type[Forked] | type[Fresh] = Forked) -> None:
        self.jobs = max(1, jobs)
        self.start = start
        self.workers: list[_Worker[Any]] = []
        self.before: Any = None

    def __enter__(self) -> "Processes":
        if threading.current_thread() is threading.main_thread():
            self.before = signal.signal(signal.SIGTERM, _interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.end()
        finally:
            if self.before is not None:
                signal.signal(signal.SIGTERM, self.before)

    def results(
        self, work: Work[T, R], groups: Sequence[Sequence[T]]
    ) -> Iterator[tuple[T, R | Lost]]:
        """Do the work for each item; yield the items with what came of them, as they are done.

        Items of a group go to the same process while others have enough to do.
        """
        waiting = _Waiting(groups, self.jobs)
        for worker in self.workers:
            worker.group = -1  # of other groups
        while True:
            self._give(work, waiting)
            busy = {worker.connection: worker for worker in self.workers if worker.at_hand}
            if not busy:
                return
            for ready in connection.wait(list(busy)):
                assert isinstance(ready, Connection)  # noqa: S101 - no other was given
                yield self._received(busy[ready], waiting)

    def _give(self, work: Work[T, Any], waiting: "_Waiting[T]") -> None:
        """Give those who have nothing to do more work, and have more of them when there is."""
        while waiting:
            idle = next((worker for worker in self.workers if not worker.at_hand), None)
            if idle is None:
                if len(self.workers) >= self.jobs:
                    return
                idle = self._started()
            idle.group, batch = waiting.next(idle.group)
            idle.at_hand.extend(batch)
            with suppress(OSError):  # it died while it waited, which is told when it is heard
                idle.connection.send((work, batch))

    def _received(self, worker: _Worker[T], waiting: "_Waiting[T]") -> tuple[T, Any]:
        try:
            result = worker.connection.recv()
        except (EOFError, OSError):
            item = worker.at_hand.popleft()
            waiting.back(worker.group, worker.at_hand)
            self.workers.remove(worker)
            worker.connection.close()
            return item, Lost(reason=_ended(worker.handle))
        return worker.at_hand.popleft(), result

    def _started(self) -> _Worker[Any]:
        ours, theirs = multiprocessing.Pipe()
        # A fork has the ends of all others too: as long as it holds them, nobody sees them closed.
        others = [*(worker.connection for worker in self.workers), ours]
        worker: _Worker[Any] = _Worker(handle=self.start(others, theirs), connection=ours)
        theirs.close()
        self.workers.append(worker)
        return worker

    def end(self) -> None:
        """End all processes, also those that are at work."""
        workers, self.workers = self.workers, []
        for worker in workers:
            worker.connection.close()
            if worker.at_hand:
                _signal(worker.handle, signal.SIGTERM)
        try:
            until = time.monotonic() + _PATIENCE
            for worker in workers:
                worker.handle.wait(max(0.0, until - time.monotonic()))
        finally:
            for worker in workers:
                if worker.handle.wait(0) is None:
                    _signal(worker.handle, signal.SIGKILL)
                    worker.handle.wait(_PATIENCE)


class _Waiting(Generic[T]):
    """The work that nobody is at yet, by groups."""

    def __init__(self, groups: Sequence[Sequence[T]], jobs: int) -> None:
        self.groups = [deque(group) for group in groups]
        self.jobs = jobs

    def __bool__(self) -> bool:
        return any(self.groups)

    def next(self, last: int) -> tuple[int, list[T]]:
        """Return a group and some of its items: of the last one while it has any.

        The fewer are left, the fewer are given away at once, so that all end at the same time.
        """
        at = last
        if last < 0 or not self.groups[last]:
            at = max(range(len(self.groups)), key=lambda one: len(self.groups[one]))
        group = self.groups[at]
        left = sum(map(len, self.groups))
        size = min(BATCH, len(group), max(1, left // (4 * self.jobs)))
        return at, [group.popleft() for _ in range(size)]

    def back(self, at: int, items: deque[T]) -> None:
        """Take back what somebody was given and did not come to."""
        self.groups[at].extendleft(reversed(items))


def _interrupted(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _signal(handle: _Handle, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(handle.pid, number)


def _ended(handle: _Handle) -> str:
    """Say how a process ended."""
    code = handle.wait(_PATIENCE)
    if code is None:
        _signal(handle, signal.SIGKILL)
        return "its process closed its connection"
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"
