"""What makes a nested chart trust the environment's certificates: tried, and rendered to see it.

A list of PEM texts in the chart's values comes first: it needs nothing beside it. Else the name of
a ConfigMap, which is added to what stands in Git.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from builder import certificates
from builder.certificates import Trusted
from builder.core.base import CertificateValues
from builder.core.certificates import Certificate, config_map, listed, missing
from builder.core.findings import Finding
from builder.core.guard.veil import redacted
from builder.core.manifests import Body, Origin, Resource
from builder.core.nested import NestedChart
from builder.core.overrides import Path, with_values
from builder.core.pointer import get, tokens
from builder.probe import Look, Probe
from builder.tools import helm
from builder.tools.command import CommandError

REASON = "the environment's certificates, to be trusted"
FITTING = "name a version of the chart that takes certificates, or mount them by values of your own"


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One way to give a chart certificates: the value to set, and what has to stand beside it."""

    path: Path
    value: Any
    additions: tuple[Body, ...] = ()


@dataclass(kw_only=True, slots=True)
class Trust:
    """What a chart takes: a render with it, or why there is none."""

    form: Form | None = None
    look: Look | None = None
    findings: list[Finding] = field(default_factory=list)


def forms(
    rule: CertificateValues, values: Any, trusted: Trusted, name: str, namespace: str
) -> Iterator[Form]:
    """Yield the ways that a rule knows, best first; ``values`` are those that count today.

    A ConfigMap of other people's is not put out of its place.
    """
    if rule.pem:
        path = tokens(rule.pem)
        value = listed(get(values, path), trusted.certificates, trusted.gone)
        yield Form(path=path, value=value)
    if rule.config_map and trusted.certificates:
        path = tokens(rule.config_map)
        if get(values, path) in (None, "", name):
            body = config_map(name, namespace, trusted.certificates)
            yield Form(path=path, value=name, additions=(body,))


def trust(probe: Probe, plain: Look) -> Trust:
    """Find what makes the chart of a probe trust the environment's certificates.

    ``plain`` is its render as it is. Nothing is to be set where it trusts them already.
    """
    rule = probe.overlay.base.rule(probe.chart.resource.id)
    trusted = certificates.load(probe.overlay)
    if rule is None or not (trusted.certificates or trusted.gone):
        return Trust()
    return _tried(probe, plain, rule.certificates, trusted)


def _tried(probe: Probe, plain: Look, rule: CertificateValues, trusted: Trusted) -> Trust:
    chart = probe.chart
    refused = ""
    name = f"{chart.resource.id.name}-trusted-certificates"
    for form in forms(rule, plain.values, trusted, name, beside(chart)):
        if form.path in probe.by_hand:
            continue
        try:
            look = _look(probe, plain, form)
        except CommandError as error:
            refused = redacted(helm.message(error), chart.values)
            continue
        if not _left(chart, look, form, trusted):
            unchanged = look is plain and not form.additions
            return Trust(form=None if unchanged else form, look=look)
    if rule == CertificateValues() or not trusted.certificates:
        return Trust()
    left = _left(chart, plain, None, trusted)
    place = str(chart.resource.id)
    found = certificates.not_trusted(chart.title, place, left, FITTING, cause(rule, refused))
    return Trust(findings=[found] if left else [])


def cause(rule: CertificateValues, refused: str) -> str:
    """Tell why a chart does not trust certificates; ``refused`` is what it says, if anything."""
    named = ", ".join(path for path in (rule.pem, rule.config_map) if path)
    said = f"; the chart says: {refused}" if refused else ""
    return f"no value that base.yaml names brings them there ({named or 'it names none'}){said}"


def beside(chart: NestedChart) -> str:
    """Return the namespace of a chart's Pods, as what stands in Git beside them has to name it."""
    own = chart.resource.id.namespace
    return own if (own or "default") == chart.namespace else chart.namespace


def _look(probe: Probe, plain: Look, form: Form) -> Look:
    if (get(plain.values, form.path) or []) == (form.value or []):
        return plain
    return probe.look(with_values(probe.chart.values, plain.values, {form.path: form.value}))


def _left(chart: NestedChart, look: Look, form: Form | None, trusted: Trusted) -> list[Certificate]:
    origin = Origin(source="")
    added = [Resource(body=body, origin=origin) for body in (form.additions if form else ())]
    return missing(trusted.certificates, look.resources, [*look.resources, *added], chart.namespace)
