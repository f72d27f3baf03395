"""The Ingress of one nested chart on its way to what the environment says, or out of the way.

Usage: a planner calls ``round`` in each of its rounds, and ``leave`` at the end, which takes the
Ingress away where a Gateway takes its place.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from builder.core import trace
from builder.core.base import IngressValues
from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.ingress import check, hosts, read, values
from builder.core.ingress.values import Known
from builder.core.manifests import Resource, ResourceId
from builder.core.overrides import Path, with_values
from builder.core.pointer import get, pointer, tokens
from builder.core.tokens import Tokens
from builder.core.trace import Traced
from builder.probe import Look, Probe
from builder.tools.command import CommandError

_MAX_TRIED = 6
_FOLLOWING = frozenset({"Issuer", "Certificate", "ManagedCertificate"})
"""Kinds that charts make for an Ingress, and with it."""
Assign = Callable[[Path, Any, str], None]


class Entrance:
    """What is known of a chart's Ingresses, and what was tried with them."""

    def __init__(
        self,
        probe: Probe,
        environment: Environment,
        assign: Assign,
        assigned: Mapping[Path, Any],
    ) -> None:
        rule = probe.overlay.base.rule(probe.chart.resource.id)
        self.declared = rule is not None and rule.ingress != IngressValues()
        self.rule = rule.ingress if rule else IngressValues()
        self.probe = probe
        self.environment = environment
        self.assign = assign
        self.assigned = assigned
        self.behind_gateway = environment.ingress.gateway is not None
        self.traced: list[Traced] = []
        self.moved: dict[Path, str] | None = None

    def known(self, look: Look, frozen: Collection[Path]) -> Known:
        """Return what the values of a look are, and which stay."""
        return Known(rule=self.rule, values=look.values, frozen=frozen, assigned=self.assigned)

    def round(self, look: Look, user: Mapping[str, Any], frozen: Collection[Path]) -> None:
        """Set what is still to be set; the certificate waits until the hosts are right."""
        if self.moved is None:
            self.moved = self.move(*self.shown(look, user), frozen)
        missing = self.moved.keys() - self.assigned.keys() - set(frozen)
        for path in missing:
            self.assign(path, self.moved[path], "the environment's host")
        if missing or self.behind_gateway:
            return
        known = self.known(look, frozen)
        for path, value, reason in values.assignments(known, look.resources, self.environment):
            if path not in frozen:
                self.assign(path, value, reason)

    def shown(self, look: Look, user: Mapping[str, Any]) -> tuple[Look, Mapping[str, Any]]:
        """Return a look and its values with the Ingress, which a Gateway may have replaced."""
        path = tokens(self.rule.create) if self.rule.create else None
        if not self.behind_gateway or path is None or get(look.values, path) is not False:
            return look, user
        switched_on = with_values(user, look.values, {path: True})
        return self.probe.look(switched_on), switched_on

    def move(
        self, look: Look, user: Mapping[str, Any], frozen: Collection[Path]
    ) -> dict[Path, str]:
        """Return the values that make the environment's host of another one."""
        foreign = self.foreign(look)
        if len(foreign) != 1:
            return {}
        self.traced = self.trace(look, user, foreign[0])
        own = hosts.wanted(self.environment)
        return hosts.moved(self.traced, foreign[0], own, look.values, frozen)

    def foreign(self, look: Look) -> list[str]:
        """Return the hosts that are to become the environment's: one, or none can be told."""
        ingresses = read.ingresses(look.resources)
        return hosts.foreign(ingresses, self.environment, declared=self.declared)

    def trace(self, look: Look, user: Mapping[str, Any], host: str) -> list[Traced]:
        """Tell which values make the hosts of the Ingresses, by tokens in those that could."""
        paths = hosts.candidates(look.values, host)
        if not paths:
            return []
        plain = hosts.references(read.ingresses(look.resources))
        marks = Tokens(look.values, paths)
        try:
            seen = self.probe.look(with_values(user, look.values, marks.assignments))
        except CommandError:  # the chart checks the host: then all that read like it are taken
            whole = tuple(p for p in paths if hosts.is_whole(host, str(get(look.values, p))))
            return [
                Traced(key=key, reference=reference, pieces=(reference.value,), paths=whole)
                for key, reference in trace.key_of(plain).items()
            ]
        found = hosts.references(read.ingresses(seen.resources))
        return trace.read(plain, found, marks, look.values)

    def leave(self, look: Look, user: Mapping[str, Any], frozen: Collection[Path]) -> Look:
        """Switch the Ingresses off; return the look without those that a value switches off."""
        for ingress in read.ingresses(look.resources) if self.behind_gateway else ():
            look, user = self.off(look, user, ingress.id, frozen)
        return look

    def off(
        self, look: Look, user: Mapping[str, Any], wanted: ResourceId, frozen: Collection[Path]
    ) -> tuple[Look, Mapping[str, Any]]:
        """Switch one Ingress off; return the look and its values, the same when nothing does."""
        ingress = next((r for r in look.resources if r.id == wanted), None)
        if ingress is None:
            return look, user  # it went with another one
        for path in values.off_switches(self.known(look, frozen), ingress)[:_MAX_TRIED]:
            without = with_values(user, look.values, {path: False})
            try:
                found = self.probe.look(without)
            except CommandError:
                continue
            if self.takes_away(ingress, look, found, path):
                self.assign(path, False, "a Gateway takes the place of the Ingress")
                return found, without
        return look, user

    def takes_away(self, ingress: Resource, before: Look, after: Look, path: Path) -> bool:
        """Tell whether a switch took the Ingress, and nothing else that the base did not name."""
        left = {resource.id for resource in after.resources}
        gone = [resource for resource in before.resources if resource.id not in left]
        named = self.rule.create is not None and path == tokens(self.rule.create)
        return ingress.id not in left and (
            named or all(read.is_ingress(r) or r.id.kind in _FOLLOWING for r in gone)
        )

    def report(self, look: Look, frozen: Collection[Path]) -> Iterator[Finding]:
        """Yield what no value brought about."""
        if self.behind_gateway:
            return  # the build tells of each Ingress that stays
        foreign = self.foreign(look)
        if foreign:
            ingresses = read.ingresses(look.resources)
            yield check.unserved(ingresses, self.environment, self.why(foreign, frozen))
        hint = "no value of the chart does it: put an Ingress of your own into the base"
        yield from check.unmet(look.resources, self.environment, hint=hint)

    def why(self, foreign: list[str], frozen: Collection[Path]) -> str:
        """Say what to do about a host that did not move."""
        if len(foreign) > 1:
            return "several could be meant: set the values that make them by a patch"
        makers = sorted({path for one in self.traced for path in one.paths})
        held = [pointer(path) for path in makers if path in frozen]
        if held:
            return f"a patch of your own has set {', '.join(held)}: change it, or take it out"
        made = f" ({', '.join(map(pointer, makers))} is in it)" if makers else ""
        return f"no value of the chart moves it{made}: set ingress.host to what it makes"
