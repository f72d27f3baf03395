"""A fleet: every environment built, each on its own, what came of them in the order of names."""

import functools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from builder import log
from builder.fleet import groups, work
from builder.fleet.outcome import Outcome, lost
from builder.fleet.processes import Lost, Processes
from builder.fleet.work import Job
from builder.progress import Progress


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Environments, and who builds them.

    ``jobs`` is how many at once, by default one a processor; ``executor`` is ``local``, or a
    scheduler's address: ``dask://host:port``.
    """

    root: Path
    names: Sequence[str]
    jobs: int | None = None
    executor: str = "local"
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has been at work."""
        return time.monotonic() - self.started

    def outcomes(self, *, output: Path | None = None, returned: bool = False) -> Iterator[Outcome]:
        """Build the environments; yield what came of each, in the order of names.

        One that fails, or whose process dies, stops no other. What is done early waits for those
        before it. Bundles are written below ``output``, and come back where they are to be
        ``returned``. Raises ToolError when the scheduler does not answer.
        """
        job = Job(root=self.root, output=output, returned=returned)
        order = {name: number for number, name in enumerate(self.names)}
        waiting: dict[int, Outcome] = {}
        following = notclosed = 0
        # Its own lines come often, and what watches over it would be a thread.
        with Progress("building environments", len(self.names), waits=False) as progress:
            for name, outcome in _unordered(self.names, job, self.jobs or cores(), self.executor):
                waiting[order[name]] = outcome
                notclosed += not outcome.ships
                said = f"{outcome.name}  {notclosed:,} not closed" if notclosed else outcome.name
                progress.step(said)
                while following in waiting:
                    log.still()
                    yield waiting.pop(following)
                    following += 1


def _unordered(
    names: Sequence[str], job: Job, jobs: int, executor: str
) -> Iterator[tuple[str, Outcome]]:
    together = groups.grouped(job.root, names)
    if executor != "local":
        from builder.fleet.cluster import results

        yield from results(executor, job, together)
        return
    with Processes(min(jobs, len(names))) as processes:
        for name, result in processes.results(functools.partial(work.building, job), together):
            yield name, lost(name, result.reason) if isinstance(result, Lost) else result
