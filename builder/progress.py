"""How far a command has come: what, how many of how many, how long.

On a terminal a line that moves, elsewhere plain lines, both only of what takes over a second; in
the end how long each part took. Nothing of it with -q, or where ``SEALIFT_PROGRESS`` is ``off``.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Self

from builder import log

SETTING = "SEALIFT_PROGRESS"
OFF = "off"
_LONG = 1.0  # second: what takes less needs no word
_REDRAWN = 0.1  # seconds between two states of the line that moves
_WORTH = 0.03  # share of the whole from which a part is named
_REPEATED = 5.0  # seconds between two plain lines of the same work


class _Run:
    """One command line: when it began, and what its parts took."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.shown = False
        self.parts: dict[str, list[float]] = {}
        self.depth = threading.local()


_run = _Run()


def begin() -> None:
    """Begin a command line: from now on its seconds are counted."""
    global _run
    _run = _Run()
    _run.shown = os.environ.get(SETTING) != OFF


def off() -> None:
    """Show nothing from now on: somebody else does, or tells how long it took."""
    _run.shown = False


def end() -> None:
    """Say how long the parts of the command took, where it took over a second."""
    seconds = time.monotonic() - _run.started
    if not _shown() or seconds < _LONG or not _run.parts:
        return
    parts = sorted(_run.parts.items(), key=lambda part: -part[1][0])
    said = ", ".join(
        f"{what} {duration(took)}{_of(int(count))}"
        for what, (took, count) in parts
        if took >= _WORTH * seconds
    )
    log.say(
        "info",
        "timing",
        f"took {duration(seconds)}{': ' if said else ''}{said}",
        seconds=round(seconds, 3),
        parts={what: round(took, 3) for what, (took, _) in parts},
    )


class Progress:
    """One part of a command's work, as a context: ``with Progress("rendering charts", 4)``.

    ``total`` is how many steps there are, where that is known; ``unit`` writes a number of them.
    Steps may come from several threads. With ``waits`` it is shown while nothing happens, too: a
    thread does that, so not where processes are forked meanwhile.
    """

    def __init__(
        self,
        what: str,
        total: int | None = None,
        *,
        unit: Callable[[int], str] | None = None,
        waits: bool = True,
    ) -> None:
        self.what = what
        self.total = total
        self.unit = unit or "{:,}".format
        self._things = unit is None
        self.done = 0
        self.name = ""
        self._lock = threading.RLock()
        self._waits = waits
        self._ended = threading.Event()
        self._watcher: threading.Thread | None = None
        self.started = self._last = time.monotonic()

    def __enter__(self) -> Self:
        self.started = self._last = time.monotonic()
        _run.depth.now = getattr(_run.depth, "now", 0) + 1
        if self._waits and _shown():
            self._watcher = threading.Thread(target=self._watch, daemon=True)
            self._watcher.start()
        return self

    def __exit__(self, *failed: object) -> None:
        self._ended.set()
        if self._watcher is not None:
            self._watcher.join()
        _run.depth.now -= 1
        seconds = time.monotonic() - self.started
        if _shown():
            log.still()
            if not _terminal() and seconds >= _LONG and not any(failed):
                self._say(seconds)
        if _run.depth.now == 0:
            took = _run.parts.setdefault(self.what, [0.0, 0])
            took[0] += seconds
            took[1] += self.done if self._things else 0

    def step(self, name: str = "", count: int = 1) -> None:
        """Count what is done, and show how far it is; ``name`` is what was just done."""
        with self._lock:
            self.done += count
            self.name = name or self.name
        self._show()

    def _show(self) -> None:
        now = time.monotonic()
        if not _shown() or now - _run.started < _LONG:
            return
        with self._lock:
            pause = _REDRAWN if _terminal() else _REPEATED
            if now - self._last < pause and not (_terminal() and self.done == self.total):
                return
            self._last = now
        if _terminal():
            log.move(self.line(now - self.started))
        else:
            self._say(now - self.started)

    def line(self, seconds: float) -> str:
        """Return what is shown on a terminal after so many seconds."""
        parts = [self.what, self._counted(), self.name]
        if self.total and self.done:
            left = seconds / self.done * max(0, self.total - self.done)
            parts.append(f"{duration(left)} left")
        else:
            parts.append(duration(seconds))
        return "  ".join(part for part in parts if part)

    def _counted(self) -> str:
        if self.total is not None:
            return f"{self.unit(self.done)} of {self.unit(self.total)}"
        return self.unit(self.done) if self.done else ""

    def _say(self, seconds: float) -> None:
        counted = self._counted()
        log.say(
            "info",
            "progress",
            f"{self.what}: {counted + ', ' if counted else ''}{duration(seconds)}",
            what=self.what,
            done=self.done,
            total=self.total,
            seconds=round(seconds, 3),
        )

    def _watch(self) -> None:
        """Show it now and then, also while nothing happens."""
        while not self._ended.wait(0.2):
            self._show()


def _shown() -> bool:
    return _run.shown and not log.is_quiet()


def _terminal() -> bool:
    return sys.stderr.isatty() and not log.is_json()


def _of(count: int) -> str:
    return f" ({count:,})" if count else ""


def duration(seconds: float) -> str:
    """Return a time as people say it: ``42 s``, ``3 min``, ``1 h 10 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
