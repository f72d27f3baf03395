"""The passes of one round over a nested chart: from traced references to values that move them.

Names first, by the values that stand in them, then by all that could, then by those that are empty;
tags and digests last.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from builder.core import first_order, mirror, solve, tags, trace
from builder.core.environment import Environment
from builder.core.image import ImageName
from builder.core.overrides import Path
from builder.core.references import Reference
from builder.core.solve import Goal
from builder.core.tokens import Variable
from builder.core.trace import Key, Traced, key_of
from builder.core.verify import leaves
from builder.probe import Look, Probe

_MAX_HIDDEN = 3
Assign = Callable[[Path, Any, str], None]


class Passes:
    """What is known of a nested chart's references, and how to set more of its values.

    ``traced`` tells what makes each reference; ``refused`` the values that the chart does not take,
    with what it says; ``bare`` those that may hold a tag, but no digest behind it.
    """

    def __init__(self, probe: Probe, environment: Environment, assign: Assign) -> None:
        self.probe = probe
        self.environment = environment
        self.assign = assign
        self.traced: dict[Key, Traced] = {}
        self.refused: dict[Path, str] = {}
        self.bare: set[Path] = set()
        # Of one round: what its passes set, and the references whose name holds their tag.
        self.fresh: dict[Path, str] = {}
        self.whole: set[Key] = set()
        self.tried: dict[Key, object] = {}

    @property
    def frozen(self) -> frozenset[Path]:
        """The values that stay: those set by hand, and those that the chart wants as they are."""
        return self.probe.by_hand | self.refused.keys()

    def refuse(self, path: Path, said: str) -> None:
        """Leave a value alone from now on; what it held back may be tried again."""
        self.refused[path] = said
        self.tried.clear()

    def without_digest(self, paths: Collection[Path]) -> None:
        """Put no digest behind the tags of some values from now on."""
        self.bare.update(paths)
        self.tried.clear()

    def round(self, look: Look, user: Mapping[str, Any]) -> None:
        """Set the values that move what is not right in a look."""
        self.fresh, self.whole = {}, set()
        concerned = [r for r in look.references if self.concerns(r)]
        if not concerned:
            return
        names = trace.name_candidates(look.values, concerned)
        unreached = self.untried(self.names(look, user, names))
        if unreached:
            wide = [p for p in trace.wide_candidates(look.values) if p not in names]
            names += wide
            unreached = self.names(look, user, names) if wide else unreached
        if unreached:
            left = [goal.traced.reference for goal in unreached]
            absent = trace.absent_candidates(look.values, self.probe.content.files, left)
            for group in (*trace.empty_candidates(look.values), absent):
                unreached = self.empties(look, user, names, group, unreached)
        self.tags(look, user)

    def target(self, reference: Reference) -> str | None:
        """Return what a reference should be; None for one that is nobody's business."""
        return None if reference.comment else first_order.target(reference, self.environment)

    def concerns(self, reference: Reference) -> bool:
        """Tell whether a reference is not right; what only ``helm test`` runs can wait."""
        right = self.target(reference) == reference.value or reference.comment
        return not right and not reference.origin.test_hook

    def untried(self, unreached: list[Goal]) -> list[Goal]:
        """Leave out what an earlier round could not reach, where nothing changed since."""
        users: dict[Path, list[Key]] = {}
        for traced in self.traced.values():
            for path in traced.paths:
                users.setdefault(path, []).append(traced.key)
        left = []
        for goal in unreached:
            key = goal.traced.key
            state = (goal.traced.reference.value, [(p, users[p]) for p in goal.traced.paths])
            if self.tried.get(key) != state:
                left.append(goal)
            self.tried[key] = state
        return left

    def names(
        self,
        look: Look,
        user: Mapping[str, Any],
        paths: list[Path],
        only: Collection[Key] | None = None,
        through: Path | None = None,
    ) -> list[Goal]:
        """Solve registries, repositories and whole references; return the goals not reached.

        With ``through``, a solution counts only when it sets that value.
        """
        goals = []
        found = self.probe.trace(look, user, paths)
        for traced in found:
            wanted = self.target(traced.reference)
            self.remember(traced)
            if wanted is None:
                continue
            if wanted != traced.reference.value:
                wanted = self.with_own_tag(look, traced, wanted)
            goals.append(Goal(traced=traced, target=wanted))
        return self.solve(goals, look, only, through)

    def with_own_tag(self, look: Look, traced: Traced, wanted: str) -> str:
        """Return the target of a name pass: with the old tag, where another value holds it."""
        name = traced.reference.image
        last = traced.pieces[-1] if traced.pieces else None
        if name is None or not traced.paths:
            return wanted
        if isinstance(last, Variable) and (
            name.tag or name.digest or not any(trace.empty_tags(look.values, [traced]))
        ):
            self.whole.add(traced.key)
            return wanted
        return tags.tagged(tags.untagged(wanted), name)

    def empties(
        self,
        look: Look,
        user: Mapping[str, Any],
        names: list[Path],
        paths: list[Path],
        unreached: list[Goal],
    ) -> list[Goal]:
        """Try values that are empty: they change which branch runs, and hide each other.

        One render tells which of them arrive; only those are tried, one at a time.
        """
        paths = [p for p in paths if p not in self.frozen and p not in self.fresh]
        for _ in range(_MAX_HIDDEN):
            keys = {goal.traced.key for goal in unreached}
            if not keys or not paths:
                break
            found = self.probe.trace(look, user, paths) if len(paths) > 1 else ()
            arrived = {p for t in found if t.key in keys for p in t.paths}
            arrived = arrived if len(paths) > 1 else set(paths)
            for path in (p for p in paths if p in arrived):
                keys = {goal.traced.key for goal in unreached}
                if keys:
                    unreached = self.names(look, user, [*names, path], keys, path)
            if not arrived:
                break
            paths = [p for p in paths if p not in arrived]
        return unreached

    def tags(self, look: Look, user: Mapping[str, Any]) -> None:
        """Solve tags and digests, in passes of their own: templates compare them."""
        wanted: dict[Key, ImageName] = {}
        for key, reference in key_of(look.references).items():
            name = reference.image
            if name is None or reference.comment or key in self.whole:
                continue
            pinned = mirror.pinned(name, self.environment)
            if pinned != name:
                wanted[key] = pinned
        references = [r for k, r in key_of(look.references).items() if k in wanted]
        filled = trace.tag_candidates(look.values, references)
        empty, digests = trace.empty_tags(look.values, self.traced.values())
        groups = [filled, empty, digests]
        if digests and any(name.digest for name in wanted.values()):
            groups.insert(0, [*digests, *filled])  # a digest belongs into a value of its own
        for paths in groups:
            if wanted and paths:
                unreached = self.tag_pass(look, user, paths, wanted)
                wanted = {k: name for k, name in wanted.items() if k in unreached}

    def tag_pass(
        self,
        look: Look,
        user: Mapping[str, Any],
        paths: list[Path],
        wanted: Mapping[Key, ImageName],
    ) -> set[Key]:
        """Solve the tags that the values at some paths make; return those not reached."""
        goals = []
        for traced in self.probe.trace(look, user, paths, tags=True):
            if traced.reference.image is None or traced.reference.comment:
                continue
            target = traced.reference.value
            if traced.key in wanted:
                target = tags.pinned(traced, self.carried(traced, wanted[traced.key]))
                self.remember(traced)
            goals.append(Goal(traced=traced, target=target))
        return {goal.traced.key for goal in self.solve(goals, look, wanted.keys())}

    def carried(self, traced: Traced, name: ImageName) -> ImageName:
        """Return a pinned image, without its digest where no value but bare ones could hold it."""
        others = [p for p in traced.paths if p not in self.bare and trace.takes_digest(p)]
        bare = self.bare.intersection(traced.paths) and not others and name.tag
        return replace(name, digest="") if bare else name

    def solve(
        self,
        goals: list[Goal],
        look: Look,
        only: Collection[Key] | None = None,
        through: Path | None = None,
    ) -> list[Goal]:
        """Take over the values that reach the goals; return those that matter and are not.

        With ``only``, references that are not reached by now, but for those, are left alone.
        """
        if only is not None:
            goals = [_staying(g) if self.lost(g, look, only) else g for g in goals]
        solution = solve.solve(goals, look.values, self.frozen, self.fresh)
        changed = {p: v for p, v in solution.assignments.items() if self.fresh.get(p) != v}
        if through is not None and through not in changed:
            return [g for g in goals if g.traced.key in (only or ())]
        for path, value in changed.items():
            makers = [goal for goal in goals if path in goal.traced.paths]
            self.assign(path, value, self.reason([g for g in makers if g.moves] or makers))
        self.fresh |= changed
        return [g for g in solution.unreached if not g.traced.reference.origin.test_hook]

    def reason(self, goals: list[Goal]) -> str:
        """Say for a reviewer why a value is set."""
        values = sorted({goal.traced.reference.value for goal in goals})
        listed = ", ".join(values[:3]) + (" and others" if len(values) > 3 else "")
        causes = []
        if any(self.leaves(goal) for goal in goals):
            causes.append("leaves the network")
        if any(goal.traced.reference.image and _repins(goal) for goal in goals):
            floats = any((n := g.traced.reference.image) and n.floating for g in goals)
            causes.append("floats" if floats else "gets its digest")
        return f"{listed}: {', and '.join(causes) or 'stays as it is'}"

    def leaves(self, goal: Goal) -> bool:
        """Tell whether a goal points inside what lies outside."""
        reference = goal.traced.reference
        renamed = tags.untagged(goal.target) != tags.untagged(reference.value)
        return renamed and leaves(reference, self.environment)

    def lost(self, goal: Goal, look: Look, only: Collection[Key]) -> bool:
        """Tell whether a goal outside of ``only`` is one that earlier passes gave up."""
        return (
            goal.moves
            and goal.traced.key not in only
            and not solve.reached(goal, look.values, self.fresh)
        )

    def remember(self, traced: Traced) -> None:
        """Keep what makes a reference, over all passes: names first, tags behind them."""
        known = self.traced.get(traced.key)
        if known is None or not known.paths:
            self.traced[traced.key] = traced
        elif not set(traced.paths) <= set(known.paths):
            self.traced[traced.key] = Traced(
                key=traced.key,
                reference=known.reference,
                pieces=known.pieces,
                paths=tuple(dict.fromkeys((*known.paths, *traced.paths))),
            )


def _staying(goal: Goal) -> Goal:
    return Goal(traced=goal.traced, target=goal.traced.reference.value)


def _repins(goal: Goal) -> bool:
    """Tell whether a goal brings another tag or digest."""
    before = goal.traced.reference.value
    return before[len(tags.untagged(before)) :] != goal.target[len(tags.untagged(goal.target)) :]
