"""What a run does to each file, given what the last one wrote and what stands there now."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builder.core.errors import ConfigurationError
from builder.files import inside, read_bytes, shown
from builder.tools import git_merge

State = Literal["written", "updated", "merged", "removed", "same", "kept", "left out", "conflict"]
"""``kept``: people changed it, and the scaffold did not; ``left out``: people removed it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A file with its content before and after; None where it is not there.

    ``after`` of a conflict has markers around what cannot be told.
    """

    path: str
    state: State
    before: bytes | None
    after: bytes | None

    @property
    def writes(self) -> bool:
        """Tell whether it changes what stands there."""
        return self.before != self.after


def compare(root: Path, old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
    """Return what to do with each file: ``old`` is what was written last, ``new`` what is now.

    Raises ConfigurationError for files that Sealift did not write and that are in the way.
    """
    found = [_change(root, path, old.get(path), new.get(path)) for path in sorted({*old, *new})]
    foreign = [change.path for change in found if change.state == "conflict" and not change.after]
    if foreign:
        raise ConfigurationError(
            f"Sealift did not write {', '.join(foreign)}, and would have to",
            where=str(root),
            hint="move it away, and take over from it what you need afterwards",
        )
    return found


def _change(root: Path, path: str, old: str | None, new: str | None) -> Change:
    mine = _present(root, path)
    before, theirs = _bytes(old), _bytes(new)
    state, after = _outcome(mine, before, theirs)
    return Change(path=path, state=state, before=mine, after=after)


def _outcome(
    mine: bytes | None, before: bytes | None, theirs: bytes | None
) -> tuple[State, bytes | None]:
    if mine == theirs:
        return "same", mine
    if mine is None:
        return ("written", theirs) if before is None else ("left out", None)
    if theirs is None:
        return ("removed", None) if mine == before else ("kept", mine)
    if before is None:
        return "conflict", None
    if mine == before:
        return "updated", theirs
    if theirs == before:
        return "kept", mine
    merged, conflicts = git_merge.merge(mine, before, theirs)
    return ("conflict" if conflicts else "merged"), merged


def _present(root: Path, path: str) -> bytes | None:
    """Return what stands at a path; nothing on the way there may lead out of the root."""
    target = root / path
    inside(target, root, named_in=shown(target, root))
    if target.is_dir():
        raise ConfigurationError("is a folder, and a file is to be written there", where=path)
    return read_bytes(target, root) if target.exists() else None


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
