"""What is published of the environments of a fleet, against what their sources give."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builder.core import lock as locks
from builder.core.errors import SealiftError
from builder.core.git_tree import object_id
from builder.core.lock import Lock
from builder.deliver import Way, target_for
from builder.fleet.outcome import Outcome
from builder.publish import workplace
from builder.target import Target
from builder.tools import git_branch
from builder.tools.git import git

State = Literal["same", "differs", "absent", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """What is published of one environment.

    ``differs`` from the build in so many ``files``, or ``absent``; ``unknown`` where nothing was
    built, or the repository does not answer: ``said`` tells. ``lock`` is the published one.
    """

    state: State
    files: int = 0
    said: str = ""
    lock: Lock | None = None


def drifts(root: Path, outcomes: Iterable[Outcome], way: Way) -> dict[str, Drift]:
    """Return the drift of each environment; each branch is fetched once.

    The outcomes have their bundles. What fails is told of the environments that it concerns.
    """
    found: dict[str, Drift] = {}
    branches: dict[tuple[str, str], list[tuple[Target, Outcome]]] = {}
    for outcome in outcomes:
        if outcome.code not in (0, 1):
            found[outcome.name] = Drift(state="unknown", said="not built")
            continue
        try:
            target = target_for(outcome.name, root, outcome.settings, way)
        except SealiftError as error:
            found[outcome.name] = Drift(state="unknown", said=error.what)
            continue
        branches.setdefault((target.repository, target.branch), []).append((target, outcome))
    for members in branches.values():
        try:
            found |= _of_branch(members)
        except SealiftError as error:
            found |= {
                outcome.name: Drift(state="unknown", said=error.what) for _, outcome in members
            }
    return found


def _of_branch(members: list[tuple[Target, Outcome]]) -> Mapping[str, Drift]:
    first, _ = members[0]
    with workplace(first) as (repo, remote):
        tip = git_branch.fetch(repo, remote, first.branch, content=True)
        there = git_branch.folders(repo, tip)
        return {
            outcome.name: _drift(repo, there.get(target.path), outcome)
            for target, outcome in members
        }


def _drift(repo: Path, tree: str | None, outcome: Outcome) -> Drift:
    entries = git_branch.entries(repo, tree)
    if locks.FILE not in entries:
        return Drift(state="absent")
    text = git(repo, ["cat-file", "blob", entries[locks.FILE]]).decode("utf-8", "replace")
    lock = locks.load(text, source=locks.FILE)
    if not outcome.ships:
        return Drift(state="unknown", said="does not ship", lock=lock)
    if tree == outcome.tree:
        return Drift(state="same", lock=lock)
    return Drift(state="differs", files=sum(_differing(entries, outcome)), lock=lock)


def _differing(entries: Mapping[str, str], outcome: Outcome) -> Iterator[bool]:
    ours = {path: object_id("blob", content) for path, content in outcome.files.items()}
    for path in entries.keys() | ours.keys():
        yield entries.get(path) != ours.get(path)
