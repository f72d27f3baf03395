"""Measuring commands in pairs: both run in turn, so that what disturbs one disturbs the other."""

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of a command: wall and processor time in seconds, children included."""

    wall: float
    processor: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """A figure, what it is measured against, and the unit of both."""

    case: str
    measured: float
    against: float
    unit: str = "s"

    def row(self) -> tuple[str, str, str, str]:
        """Return the figures as a row of a table."""
        digits = 0 if self.unit else 3
        shown = [f"{value:.3f} {self.unit}".strip() for value in (self.measured, self.against)]
        return self.case, shown[0], shown[1], f"{self.measured / self.against:.{digits or 2}f}"

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for a JSON file."""
        return {
            "case": self.case, "measured": self.measured, "against": self.against,
            "unit": self.unit, "ratio": self.measured / self.against,
        }  # fmt: skip


def run(argv: Sequence[str], cwd: str | None = None) -> Run:
    """Run a command once; its output is thrown away. Raises when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, cwd=cwd, env=os.environ)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall=wall, processor=processor)


def pair(case: str, measured: Sequence[str], against: Sequence[str], rounds: int) -> Ratio:
    """Run two commands in turn and compare the medians of their wall times."""
    runs = [(run(measured), run(against)) for _ in range(rounds)]
    return Ratio(
        case=case,
        measured=statistics.median(one.wall for one, _ in runs),
        against=statistics.median(other.wall for _, other in runs),
    )
