"""Choosing the values that move references to where they should point.

Each reference is a row of literal texts and variables (the chart's values). Wanted are new values
such that every reference that has to move becomes its target, and every other one stays.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from builder.core.overrides import Path
from builder.core.pointer import get
from builder.core.tokens import Piece, Variable, scalar
from builder.core.trace import Traced

_MAX_OPTIONS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """A reference and what it should be: the same text as now when it is right already."""

    traced: Traced
    target: str

    @property
    def moves(self) -> bool:
        """Tell whether the reference has to change."""
        return self.traced.reference.value != self.target


@dataclass(kw_only=True, slots=True)
class Solution:
    """Values to set, and the goals that no value reaches."""

    assignments: dict[Path, str] = field(default_factory=dict)
    unreached: list[Goal] = field(default_factory=list)


def solve(
    goals: list[Goal],
    values: Mapping[str, Any],
    frozen: Collection[Path] = (),
    assigned: Mapping[Path, str] = MappingProxyType({}),
) -> Solution:
    """Return values that reach the goals, those ``assigned`` already among them.

    ``values`` are the chart's effective values; paths in ``frozen`` are never changed. A solution
    that changes a reference which is right already is taken only when that one can be put right
    again by values of its own.
    """
    solver = _Solver(goals, values, frozenset(frozen))
    solution = Solution(assignments=dict(assigned))
    # The narrowest first: where only one value can move a reference, others have to fit in.
    for goal in sorted(
        (g for g in goals if g.moves), key=lambda g: len(_variables(g.traced.pieces))
    ):
        if solver.text(goal, solution.assignments) == goal.target:
            continue
        extended = solver.reach(goal, solution.assignments, set())
        if extended is None:
            solution.unreached.append(goal)
        else:
            solution.assignments = extended
    # What one goal could not have, another may have brought later.
    solution.unreached = [
        g for g in solution.unreached if solver.text(g, solution.assignments) != g.target
    ]
    return solution


def reached(goal: Goal, values: Mapping[str, Any], assigned: Mapping[Path, str]) -> bool:
    """Tell whether a goal's pieces make its target with the assigned values."""
    return _Solver([goal], values, frozenset()).text(goal, assigned) == goal.target


def _variables(pieces: tuple[Piece, ...]) -> list[Path]:
    return list(dict.fromkeys(p.path for p in pieces if isinstance(p, Variable)))


class _Solver:
    """The goals, by the variables that stand in them."""

    def __init__(
        self, goals: list[Goal], values: Mapping[str, Any], frozen: frozenset[Path]
    ) -> None:
        self.values = values
        self.frozen = frozen
        self.users: dict[Path, list[Goal]] = {}
        for goal in goals:
            for path in _variables(goal.traced.pieces):
                self.users.setdefault(path, []).append(goal)

    def current(self, path: Path, assignments: Mapping[Path, str]) -> str:
        found = assignments.get(path)
        return scalar(get(self.values, path)) if found is None else found

    def text(self, goal: Goal, assignments: Mapping[Path, str]) -> str:
        """Return what the reference becomes with the assignments."""
        return "".join(
            piece if isinstance(piece, str) else self.current(piece.path, assignments)
            for piece in goal.traced.pieces
        )

    def reach(
        self, goal: Goal, assignments: dict[Path, str], busy: set[int]
    ) -> dict[Path, str] | None:
        """Extend the assignments so that the goal is reached and no other is lost, or give up."""
        options = sorted(
            self.options(goal, assignments), key=lambda option: self.cost(goal, option, assignments)
        )
        for option in options[:_MAX_OPTIONS]:
            extended = self.settle({**assignments, **option}, option, busy | {id(goal)})
            if extended is not None:
                return extended
        return None

    def settle(
        self, assignments: dict[Path, str], changed: Mapping[Path, str], busy: set[int]
    ) -> dict[Path, str] | None:
        """Put right what a change disturbed: every reference that was right, or was reached."""
        disturbed = {
            id(other): other
            for path in changed
            for other in self.users.get(path, ())
            if self.text(other, assignments) != other.target
        }
        for other in disturbed.values():
            if self.text(other, assignments) == other.target:
                continue
            if id(other) in busy:
                return None
            extended = self.reach(other, assignments, busy)
            if extended is None:
                if not other.moves or self.reached_before(other, assignments, changed):
                    return None
                continue  # it was lost without this change too
            assignments = extended
        return assignments

    def reached_before(
        self, goal: Goal, assignments: Mapping[Path, str], changed: Mapping[Path, str]
    ) -> bool:
        """Tell whether the goal was reached without the change, or could have been."""
        before = {path: value for path, value in assignments.items() if path not in changed}
        return self.text(goal, before) == goal.target or any(self.options(goal, before))

    def options(self, goal: Goal, assignments: Mapping[Path, str]) -> Iterator[dict[Path, str]]:
        """Yield the ways to make the goal's text from its pieces."""
        fixed = dict(assignments)
        for path in _variables(goal.traced.pieces):
            if path in self.frozen:
                fixed[path] = self.current(path, assignments)
        pieces = goal.traced.pieces
        if not pieces:
            yield from self.guesses(goal, fixed)
            return
        for found in _match(pieces, goal.target, fixed, {}):
            changes = {p: v for p, v in found.items() if v != self.current(p, assignments)}
            if changes:
                yield changes

    def guesses(self, goal: Goal, fixed: Mapping[Path, str]) -> Iterator[dict[Path, str]]:
        """Yield what the values may become when the template takes them apart.

        The value that is a known part of the reference becomes the same part of the target.
        """
        parts = dict(zip(_parts(goal.traced.reference.value), _parts(goal.target), strict=True))
        changes = {
            path: parts[value]
            for path in goal.traced.paths
            if path not in fixed and (value := str(get(self.values, path, ""))) in parts
        }
        if changes:
            yield changes

    def cost(self, goal: Goal, option: Mapping[Path, str], assignments: Mapping[Path, str]) -> Any:
        """Rank an option: few changes, of values that stand near to the template, as they were."""
        total = 0
        host = goal.target.partition("/")[0]
        for path, value in option.items():
            total += 10 + 100 * (path[0] == "global") + 3 * (len(self.users.get(path, ())) - 1)
            total += 40 * (not value)
            before = self.current(path, assignments)
            was_host = "/" not in before and ("." in before or ":" in before)
            total += 20 * (was_host and value != host)
            total += 20 * (not was_host and value == host)
        deepest = max(len(path) for path in option)
        return total, -deepest, sorted(option.items())


def _parts(text: str) -> list[str]:
    """Return a reference and its parts: name, registry, repository, path, last step."""
    from builder.core import image

    name = image.parse(text)
    if name is None:
        return [text] * 6
    bare = text.partition("@")[0]
    bare = bare[: len(bare) - len(name.tag) - 1] if name.tag else bare
    first, _, rest = bare.partition("/")
    return [text, bare, first, rest, name.repository, bare.rpartition("/")[2]]


def _match(
    pieces: tuple[Piece, ...], text: str, fixed: Mapping[Path, str], found: Mapping[Path, str]
) -> Iterator[dict[Path, str]]:
    """Yield the values of the variables with which the pieces make ``text``."""
    if not pieces:
        if not text:
            yield dict(found)
        return
    head, rest = pieces[0], pieces[1:]
    known = head if isinstance(head, str) else found.get(head.path, fixed.get(head.path))
    if known is not None:
        if text.startswith(known):
            yield from _match(rest, text[len(known) :], fixed, found)
        return
    assert isinstance(head, Variable)  # noqa: S101 - a text is known
    for end in _ends(rest, text):
        yield from _match(rest, text[end:], fixed, {**found, head.path: text[:end]})


def _ends(rest: tuple[Piece, ...], text: str) -> list[int]:
    """Return where a variable may end: at separators, and where the next literal text begins."""
    if not rest:
        return [len(text)]
    ends = {i for i, c in enumerate(text) if c in "/:@"} | {
        i + 1 for i, c in enumerate(text) if c == "/"
    }
    ends |= {0, len(text)}
    if isinstance(rest[0], str):
        return [
            e for e in sorted(ends | _occurrences(rest[0], text)) if text.startswith(rest[0], e)
        ]
    return sorted(ends)


def _occurrences(literal: str, text: str) -> set[int]:
    return {i for i in range(len(text)) if text.startswith(literal, i)}
