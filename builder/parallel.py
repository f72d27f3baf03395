"""Doing the same for many things at once, and telling everything that failed."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from builder.core.errors import ToolError
from builder.core.findings import Finding
from builder.progress import Progress
from builder.tools.registry import RegistryError

T = TypeVar("T")
R = TypeVar("R")
JOBS = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What could not be done, and why."""

    subject: str
    error: ToolError


def each(
    work: Callable[[T], R],
    items: Iterable[T],
    jobs: int,
    subject: Callable[[T], str],
    stop: Callable[[], None] = lambda: None,
    what: str = "",
) -> tuple[list[tuple[T, R]], list[Failure]]:
    """Do the work for each item, ``jobs`` at a time; return what was done, and what failed.

    Both in the order of the items. An interrupt ends it once the work at hand is done, which
    ``stop`` may hasten. ``what`` is what its progress is called; without, it has none.
    """
    items = list(items)
    with Progress(what, len(items)) if what else nullcontext() as progress:
        return _each(work, items, jobs, subject, stop, progress)


def _each(
    work: Callable[[T], R],
    items: Sequence[T],
    jobs: int,
    subject: Callable[[T], str],
    stop: Callable[[], None],
    progress: Progress | None,
) -> tuple[list[tuple[T, R]], list[Failure]]:
    done: list[tuple[T, R]] = []
    failures: list[Failure] = []
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        running = [(item, pool.submit(work, item)) for item in items]
        if progress is not None:
            for item, future in running:
                future.add_done_callback(partial(_step, progress, subject(item)))
        try:
            for item, future in running:
                try:
                    done.append((item, future.result()))
                except ToolError as error:
                    failures.append(Failure(subject=subject(item), error=error))
        except BaseException:
            stop()
            pool.shutdown(cancel_futures=True)
            raise
    return done, failures


def _step(progress: Progress, name: str, _: object) -> None:
    progress.step(name)


def findings(failures: Iterable[Failure]) -> list[Finding]:
    """Turn failures into findings: one for all that fails because of a whole host."""
    hosts: dict[tuple[str, str], list[Failure]] = {}
    found = []
    for failure in failures:
        error = failure.error
        host = error.host if isinstance(error, RegistryError) else ""
        if host:
            hosts.setdefault((host, error.what), []).append(failure)
        else:
            found.append(_finding(failure.subject, failure.subject, error))
    for (host, _), members in hosts.items():
        names = sorted({member.subject for member in members})
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        found.append(_finding(host, f"{names[0]}{more}", members[0].error))
    return sorted(dict.fromkeys(found), key=lambda f: (f.subject, f.place))


def _finding(subject: str, place: str, error: ToolError) -> Finding:
    hint = error.hint or "is the name right, and may the login read it?"
    return Finding(
        code="registry-failed", subject=subject, place=place, cause=error.what, hint=hint
    )
