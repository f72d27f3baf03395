"""One environment of many: built, and reduced to what is printed, written or published of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from builder import report
from builder.build import Build, build
from builder.core.errors import SealiftError
from builder.core.git_tree import tree_id
from builder.core.text import count
from builder.fleet import inputs, kept
from builder.fleet.inputs import Inputs
from builder.fleet.outcome import Outcome, told
from builder.fleet.written import packed, write
from builder.still import still
from builder.workspace import Overlay, find_overlay


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What is to be done for each environment.

    ``output`` is the folder that bundles are written to, ``returned`` tells whether they come back
    as values.
    """

    root: Path
    output: Path | None = None
    returned: bool = False


@contextmanager
def building(job: Job) -> Iterator[Callable[[str], Outcome]]:
    """Give what builds an environment, for some of them: what they share is looked at once.

    It raises nothing but what ends the process. At the end, what came of them is kept.
    """
    fresh: list[tuple[Inputs, Outcome]] = []

    def done(name: str) -> Outcome:
        started = time.perf_counter()
        try:
            outcome = _built(job, name, fresh)
        except Exception as error:
            outcome = told(name, error)
        return replace(outcome, seconds=time.perf_counter() - started)

    with still():
        yield done
    with still():  # a second look: has anything changed in the meantime?
        for before, outcome in fresh:
            kept.keep(job.root, _folder(job), before, outcome)


def alone(job: Job, name: str) -> Outcome:
    """Build one environment, write its bundle where that is asked for, and keep what came of it.

    Raises what :func:`builder.build.build` raises, and OSError.
    """
    fresh: list[tuple[Inputs, Outcome]] = []
    with still():
        outcome, _ = _anew(job, name, fresh)
    if job.output and outcome.ships:
        write(outcome.name, outcome.files, job.output)
    for before, _ in fresh:
        kept.keep(job.root, _folder(job), before, outcome)
    return outcome


def _built(job: Job, name: str, fresh: list[tuple[Inputs, Outcome]]) -> Outcome:
    known = kept.recall(job.root, name, _folder(job))
    outcome, before = known or _anew(job, name, fresh)
    return settled(job, replace(outcome, inputs=before))


def _anew(
    job: Job, name: str, fresh: list[tuple[Inputs, Outcome]]
) -> tuple[Outcome, Inputs | None]:
    overlay = find_overlay(job.root, name)
    before = _inputs(overlay) if overlay.root == job.root else None
    result = build(overlay)
    outcome = _outcome(result, job.output)
    if before and before.timeless and not _holds_credentials(result):
        fresh.append((before, outcome))
    return outcome, before


def _inputs(overlay: Overlay) -> Inputs | None:
    try:
        return inputs.inputs(overlay)
    except SealiftError:  # the build tells what is wrong, and what to do about it
        return None


def _folder(job: Job) -> str | None:
    return str(job.output) if job.output else None


def _holds_credentials(result: Build) -> bool:
    """Tell whether somebody has allowed one: such a bundle is not kept beside the sources."""
    return any(finding.code == "allowed-credential" for finding in result.findings)


def settled(job: Job, outcome: Outcome) -> Outcome:
    """Write the bundle where that is asked for, and drop it where it need not come back."""
    if job.returned:
        return outcome
    try:
        if job.output and outcome.ships:
            write(outcome.name, outcome.files, job.output)
    except (SealiftError, OSError) as error:
        return told(outcome.name, error)
    return replace(outcome, packed=None)


def _outcome(result: Build, output: Path | None) -> Outcome:
    name = result.overlay.name
    folder = str(output / name) if output and result.ships else None
    errors = [finding for finding in result.findings if finding.severity == "error"]
    codes = sorted({finding.code for finding in errors})
    return Outcome(
        name=name,
        code=0 if result.ships else 1,
        text=report.build_text(result, folder),
        record=report.build_json(result, folder),
        why=f"{count(len(errors), 'error')}: {', '.join(codes)}" if errors else "",
        packed=packed(result.files) if result.ships else None,
        tree=tree_id(result.files) if result.ships else "",
        settings=result.overlay.environment.publish,
    )
