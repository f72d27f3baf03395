"""The values that point one nested chart inside: traced, solved, and rendered to see them hold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from builder.core import first_order, knobs, mirror, solve, trace, unmoved
from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.image import ImageName
from builder.core.references import Reference
from builder.core.solve import Goal
from builder.core.trace import Key, Path, Traced, Variable, key_of
from builder.core.verify import leaves
from builder.probe import Look, Probe

_ROUNDS = 4
_MAX_EMPTY = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A reference, the values that make it, and what it becomes; empty when it is gone."""

    reference: Reference
    paths: tuple[Path, ...]
    target: str


@dataclass(kw_only=True, slots=True)
class Plan:
    """What to set in a nested chart's values, and what cannot be reached by any."""

    values: Mapping[str, Any]
    assignments: dict[Path, Any] = field(default_factory=dict)
    reasons: dict[Path, str] = field(default_factory=dict)
    moved: list[Moved] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def plan(probe: Probe, environment: Environment, frozen: Collection[Path]) -> Plan:
    """Return the values that point every reference of a nested chart inside.

    ``frozen`` paths are left as they are. Raises CommandError when the chart does not render.
    """
    user: Mapping[str, Any] = probe.chart.values
    plain = look = probe.look(user)
    result = Plan(values=plain.values)
    planner = _Planner(probe, environment, frozenset(frozen), result)
    for _ in range(_ROUNDS):
        before = dict(result.assignments)
        planner.round(look, user)
        if result.assignments == before:
            break
        user = trace.with_values(probe.chart.values, plain.values, result.assignments)
        look = probe.look(user)
    planner.report(plain, look)
    return result


class _Planner:
    """One nested chart on its way inside."""

    def __init__(
        self, probe: Probe, environment: Environment, frozen: frozenset[Path], result: Plan
    ) -> None:
        self.probe = probe
        self.environment = environment
        self.frozen = frozen
        self.result = result
        self.rule = probe.overlay.base.rule(probe.chart.resource.id)
        self.traced: dict[Key, Traced] = {}

    def round(self, look: Look, user: Mapping[str, Any]) -> None:
        """Set what is still to be set: knobs first, then what makes the references."""
        self.turn_knobs(look)
        if not self.moving(look.references):
            return
        paths = trace.name_candidates(look.values, self.moving(look.references))
        unreached = self.names(look, user, paths)
        if unreached:
            wide = [p for p in trace.wide_candidates(look.values) if p not in paths]
            unreached = self.names(look, user, [*paths, *wide]) if wide else unreached
        for path in trace.empty_candidates(look.values)[:_MAX_EMPTY]:
            if not unreached:
                break
            unreached = self.names(look, user, [path], only={g.traced.key for g in unreached})
        self.tags(look, user)

    def turn_knobs(self, look: Look) -> None:
        taken = {*self.frozen, *self.result.assignments}
        environment, values = self.environment, look.values
        for path, value, reason in (
            *knobs.off_switches(self.rule, look.references, environment, taken),
            *knobs.ingress(self.rule, look.resources, values, environment),
            *knobs.pull_secrets(look.resources, values, environment, taken),
        ):
            if path not in self.frozen:
                self.assign(path, value, reason)

    def assign(self, path: Path, value: Any, reason: str) -> None:
        """Set a value, with the reason that a reviewer reads."""
        self.result.assignments[path] = value
        self.result.reasons.setdefault(path, reason)

    def target(self, reference: Reference) -> str | None:
        """Return what a reference should be; None for one that is nobody's business."""
        return None if reference.comment else first_order.target(reference, self.environment)

    def moving(self, references: Sequence[Reference]) -> list[Reference]:
        """Return the references that have to change; what only ``helm test`` runs can wait."""
        return [
            reference
            for reference in references
            if self.target(reference) not in (None, reference.value)
            and not reference.origin.test_hook
        ]

    def names(
        self,
        look: Look,
        user: Mapping[str, Any],
        paths: list[Path],
        only: Collection[Key] | None = None,
    ) -> list[Goal]:
        """Solve registries, repositories and whole references; return the goals not reached.

        With ``only``, other references shall stay what they are.
        """
        goals = []
        for traced in self.probe.trace(look, user, paths):
            wanted = self.target(traced.reference)
            if wanted is None:
                continue
            self.remember(traced)
            stays = only is not None and traced.key not in only
            target = traced.reference.value if stays else _with_own_tag(traced, wanted)
            goals.append(Goal(traced=traced, target=target))
        return self.solve(goals, look)

    def tags(self, look: Look, user: Mapping[str, Any]) -> None:
        """Solve tags and digests, in a pass of their own: templates compare them."""
        wanted = {
            key: mirror.pinned(name, self.environment.pins)
            for key, reference in key_of(look.references).items()
            if (name := reference.image) is not None
            and not reference.comment
            and mirror.pinned(name, self.environment.pins) != name
            and not self.holds_tag(key)
        }
        if not wanted:
            return
        references = [r for k, r in key_of(look.references).items() if k in wanted]
        unreached = self.tag_pass(look, user, trace.tag_candidates(look.values, references), wanted)
        if unreached:
            paths = trace.empty_tags(look.values, self.traced.values())
            left = {goal.traced.key: wanted[goal.traced.key] for goal in unreached}
            self.tag_pass(look, user, paths, left)

    def tag_pass(
        self,
        look: Look,
        user: Mapping[str, Any],
        paths: list[Path],
        wanted: Mapping[Key, ImageName],
    ) -> list[Goal]:
        goals = []
        for traced in self.probe.trace(look, user, paths, tags=True):
            if traced.reference.image is None or traced.reference.comment:
                continue
            target = traced.reference.value
            if traced.key in wanted:
                target = _tagged(_untagged(target), wanted[traced.key])
                self.remember(traced)
            goals.append(Goal(traced=traced, target=target))
        return self.solve(goals, look)

    def holds_tag(self, key: Key) -> bool:
        """Tell whether a value that is set already holds the reference's tag as well."""
        traced = self.traced.get(key)
        last = traced.pieces[-1] if traced and traced.pieces else None
        return isinstance(last, Variable) and last.path in self.result.assignments

    def solve(self, goals: list[Goal], look: Look) -> list[Goal]:
        """Take over the values that reach the goals; return those that matter and are not."""
        solution = solve.solve(goals, look.values, self.frozen)
        for path, value in solution.assignments.items():
            makers = [g.traced.reference for g in goals if path in g.traced.paths]
            moving = sorted({r.value for r in makers if self.target(r) != r.value})
            listed = ", ".join(moving[:3]) + (" and others" if len(moving) > 3 else "")
            self.assign(path, value, f"{listed}: leaves the network, or floats")
        return [g for g in solution.unreached if not g.traced.reference.origin.test_hook]

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

    def report(self, plain: Look, look: Look) -> None:
        """Say what became of each reference, and what could not be moved."""
        after = key_of(look.references)
        for key, reference in key_of(plain.references).items():
            if reference.kind == "image" or leaves(reference, self.environment):
                traced, now = self.traced.get(key), after.get(key)
                self.result.moved.append(
                    Moved(
                        reference=reference,
                        paths=traced.paths if traced else (),
                        target=now.value if now else "",
                    )
                )
        conditions = self.probe.conditions()
        for key, reference in after.items():
            self.result.findings += unmoved.findings(
                reference, self.traced.get(key), self.environment, self.frozen, conditions
            )


def _with_own_tag(traced: Traced, wanted: str) -> str:
    """Return the target of the name pass: with the old tag, where no name's value holds it."""
    last = traced.pieces[-1] if traced.pieces else None
    name = traced.reference.image
    if name is None or not traced.paths or isinstance(last, Variable):
        return wanted
    return _tagged(_untagged(wanted), name)


def _untagged(text: str) -> str:
    """Cut tag and digest from a reference, as it stands."""
    bare = text.partition("@")[0]
    return bare.rpartition(":")[0] if ":" in bare.rpartition("/")[2] else bare


def _tagged(text: str, name: ImageName) -> str:
    tag = f":{name.tag}" if name.tag else ""
    return text + tag + (f"@{name.digest}" if name.digest else "")
