"""How far it has come: one line on a terminal, nothing anywhere else."""

import sys
import time
from typing import TextIO

_EVERY = 0.1  # seconds


class Progress:
    """Counts environments; ``total`` is how many there are."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.total = total
        self.stream = stream or sys.stderr
        self.shown = self.stream.isatty()
        self.started = self.last = time.monotonic()
        self.done = self.open = 0

    def step(self, name: str, *, ships: bool) -> None:
        """Count one, and show how far it is, at most ten times a second."""
        self.done += 1
        self.open += not ships
        now = time.monotonic()
        if self.shown and (now - self.last >= _EVERY or self.done == self.total):
            self.last = now
            self.stream.write(f"\r\x1b[K{self.line(name, now - self.started)}")
            self.stream.flush()

    def line(self, name: str, seconds: float) -> str:
        """Return what is shown after so many seconds."""
        parts = [f"{self.done:,} of {self.total:,}", name]
        if self.open:
            parts.append(f"{self.open:,} not closed")
        left = seconds / self.done * (self.total - self.done) if self.done else 0.0
        return "  ".join([*parts, f"{duration(left)} left"])

    def clear(self) -> None:
        """Take the line away: something else is printed."""
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def duration(seconds: float) -> str:
    """Return a time as people say it: ``42 s``, ``3 min``, ``1 h 10 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
