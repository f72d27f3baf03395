"""Measuring commands in pairs: both run in turn, so that what disturbs one disturbs the other."""

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LOOK = 0.2  # seconds between two looks at the memory


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of a command: wall and processor time in seconds, children included.

    ``peak`` are the most bytes of memory that it and its children had at once, where watched.
    """

    wall: float
    processor: float
    peak: float = 0.0


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


def median(runs: Sequence[Run]) -> Run:
    """Return the medians of wall and processor time, each on its own."""
    return Run(
        wall=statistics.median(one.wall for one in runs),
        processor=statistics.median(one.processor for one in runs),
    )


def run(argv: Sequence[str], cwd: str | None = None, env: Mapping[str, str] | None = None) -> Run:
    """Run a command once; its output is thrown away. Raises when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, cwd=cwd, env=env or os.environ)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall=wall, processor=processor)


def watched(argv: Sequence[str], env: Mapping[str, str] | None = None) -> Run:
    """Run a command once, whatever it ends with, and watch the memory of all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    peak = 0
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    while process.poll() is None:
        peak = max(peak, sum(map(_memory, _tree(process.pid))))
        time.sleep(_LOOK)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{argv[0]} ended with exit code {process.returncode}")
    return Run(wall=wall, processor=processor, peak=peak)


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _tree(int(child))


def _memory(pid: int) -> int:
    """Return the bytes of a process; what it shares with others counts for each in part."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def pair(case: str, measured: Sequence[str], against: Sequence[str], rounds: int) -> Ratio:
    """Run two commands in turn and compare the medians of their wall times."""
    runs = [(run(measured), run(against)) for _ in range(rounds)]
    return Ratio(
        case=case,
        measured=statistics.median(one.wall for one, _ in runs),
        against=statistics.median(other.wall for _, other in runs),
    )
