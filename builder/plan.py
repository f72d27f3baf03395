"""The values that point one nested chart inside: traced, solved, and rendered to see them hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder import trust
from builder.core import knobs, spoiled, trace, unmoved
from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.guard.veil import redacted
from builder.core.manifests import Body, Resource
from builder.core.overrides import Path, with_values
from builder.core.pointer import get
from builder.core.references import Reference
from builder.core.trace import key_of
from builder.core.verify import leaves
from builder.ingress import Entrance
from builder.passes import Passes
from builder.probe import Look, Probe
from builder.tools import helm
from builder.tools.command import CommandError

_ROUNDS = 4
_MAX_REFUSED = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A reference, the values that make it, and what it becomes; empty when it is gone."""

    reference: Reference
    paths: tuple[Path, ...]
    target: str


@dataclass(kw_only=True, slots=True)
class Plan:
    """What to set in a nested chart's values, and what cannot be reached by any.

    ``values`` are the effective values without the plan, ``resources`` what it then makes,
    ``additions`` what has to stand in Git beside the chart's resource.
    """

    values: Mapping[str, Any]
    resources: tuple[Resource, ...] = ()
    routed: tuple[Resource, ...] = ()
    assignments: dict[Path, Any] = field(default_factory=dict)
    reasons: dict[Path, str] = field(default_factory=dict)
    moved: list[Moved] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    additions: list[Body] = field(default_factory=list)


def plan(probe: Probe, environment: Environment) -> Plan:
    """Return the values that point every reference of a nested chart inside.

    Those that people have set stay as they are. Raises CommandError when the chart does not render.
    """
    plain = probe.look(probe.chart.values)
    planner = _Planner(probe, environment, plain)
    look = planner.trust()
    assignments = planner.result.assignments
    user: Mapping[str, Any] = with_values(probe.chart.values, plain.values, assignments)
    for _ in range(_ROUNDS + _MAX_REFUSED):
        before = dict(assignments)
        planner.round(look, user)
        if assignments == before:
            break
        found = planner.render(before)
        if found is not None:
            look = found
            user = with_values(probe.chart.values, plain.values, assignments)
    look = planner.leave(look, user)
    planner.report(look)
    planner.result.resources = look.resources
    return planner.result


class _Planner:
    """One nested chart on its way inside."""

    def __init__(self, probe: Probe, environment: Environment, plain: Look) -> None:
        self.probe = probe
        self.environment = environment
        self.plain = plain
        self.result = Plan(values=plain.values)
        self.passes = Passes(probe, environment, self.assign)
        self.rule = probe.overlay.base.rule(probe.chart.resource.id)
        self.entrance = Entrance(probe, environment, self.assign, self.result.assignments)

    def trust(self) -> Look:
        """Set what makes the chart trust the environment's certificates; return it with that."""
        found = trust.trust(self.probe, self.plain)
        self.result.findings += found.findings
        if found.form is not None:
            if get(self.plain.values, found.form.path) != found.form.value:
                self.assign(found.form.path, found.form.value, trust.REASON)
            self.result.additions += found.form.additions
        return found.look or self.plain

    def round(self, look: Look, user: Mapping[str, Any]) -> None:
        """Set what is still to be set: knobs first, then what makes the references."""
        self.turn_knobs(look)
        self.entrance.round(look, user, self.passes.frozen)
        self.passes.round(look, user)

    def turn_knobs(self, look: Look) -> None:
        taken = {*self.passes.frozen, *self.result.assignments}
        environment, values = self.environment, look.values
        for path, value, reason in (
            *knobs.off_switches(self.rule, look.references, environment, taken),
            *knobs.pull_secrets(look.resources, values, environment, taken),
        ):
            if path not in self.passes.frozen:
                self.assign(path, value, reason)

    def assign(self, path: Path, value: Any, reason: str) -> None:
        """Set a value, with the reason that a reviewer reads."""
        self.result.assignments[path] = value
        self.result.reasons.setdefault(path, reason)

    def render(self, before: Mapping[Path, Any]) -> Look | None:
        """Render with what is assigned; None when the chart refuses, after which it is ``before``.

        A switch that the refusal names is turned; else the value that is refused stays from now on.
        """
        assignments, own = self.result.assignments, self.probe.chart.values
        try:
            look = self.probe.look(with_values(own, self.plain.values, assignments))
            return self.unspoiled(look, before)
        except CommandError as error:
            said = redacted(helm.message(error), own)
            opened = self.probe.unlock(self.plain, own, assignments, said)
            if opened is None and len(self.passes.refused) == _MAX_REFUSED:
                raise
        if opened is None:
            culprit = self.probe.culprit(self.plain, own, assignments)
            if "@sha256:" in str(assignments.get(culprit)):
                self.passes.without_digest([culprit])
            else:
                self.passes.refuse(culprit, said)
            assignments.clear()
            assignments.update(before)
            return None
        look, switches = opened
        for path, value in switches.items():
            self.assign(path, value, f"without it the chart refuses: {said}")
        return look

    def unspoiled(self, look: Look, before: Mapping[Path, Any]) -> Look | None:
        """Return a look; None where a digest behind a tag spoils a name or a label."""
        assignments = self.result.assignments
        paths = spoiled.by_digests(look.resources, assignments)
        if not paths:
            return look
        self.passes.without_digest(paths)
        assignments.clear()
        assignments.update(before)
        return None

    def leave(self, look: Look, user: Mapping[str, Any]) -> Look:
        """Take the Ingress away where a Gateway takes its place; keep what it was."""
        if self.environment.ingress.gateway is not None:
            self.result.routed = self.entrance.shown(look, user)[0].resources
        return self.entrance.leave(look, user, self.passes.frozen)

    def trace_unpinned(self, look: Look) -> None:
        """Find the values of tags that float still: a person has to know them."""
        floating = [
            r
            for r in look.references
            if r.image and r.image.floating and not r.comment and not r.origin.test_hook
        ]
        paths = trace.tag_candidates(look.values, floating)
        if paths:
            user = with_values(self.probe.chart.values, self.plain.values, self.result.assignments)
            for traced in self.probe.trace(look, user, paths, tags=True):
                if traced.reference in floating:
                    self.passes.remember(traced)

    def report(self, look: Look) -> None:
        """Say what became of each reference, and what could not be moved."""
        self.trace_unpinned(look)
        after = key_of(look.references)
        for key, reference in key_of(self.plain.references).items():
            if reference.kind == "image" or leaves(reference, self.environment):
                traced, now = self.passes.traced.get(key), after.get(key)
                self.result.moved.append(
                    Moved(
                        reference=reference,
                        paths=traced.paths if traced else (),
                        target=now.value if now else "",
                    )
                )
        known = unmoved.Known(
            environment=self.environment,
            by_hand=self.probe.by_hand,
            refused=self.passes.refused,
            conditions=self.probe.conditions(),
        )
        found = [
            finding
            for key, reference in after.items()
            for finding in unmoved.findings(reference, self.passes.traced.get(key), known)
        ]
        self.result.findings += unmoved.grouped(found)
        self.result.findings += self.entrance.report(look, self.passes.frozen)
        self.result.findings += knobs.without_pull_secret(look.resources, self.environment)
