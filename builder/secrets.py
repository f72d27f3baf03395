"""Credentials in custom resources become references to Secrets, each proven by a render.

The result is source: ``patches/secrets.yaml`` of the overlay, reviewed and committed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from builder import expand
from builder.core import needs
from builder.core import nested as nested_charts
from builder.core.findings import Finding
from builder.core.manifests import Body, Resource, ResourceId
from builder.core.nested import NestedChart
from builder.core.secrets import (
    Credential,
    WantedSecret,
    contested,
    finding,
    patching,
    proof,
    saying,
    wanted,
)
from builder.core.secrets.saying import Unproven
from builder.files import shown
from builder.progress import Progress
from builder.render import FirstOrder, render
from builder.workspace import Overlay


@dataclass(kw_only=True, slots=True)
class Conversion:
    """The patch file's text, the Secrets that it refers to, and what cannot be converted.

    ``credentials`` are those that refer to a Secret now, or did already; ``resources`` are those of
    the environment as they are before, ``examined`` tells that every chart did render.
    """

    text: str = ""
    credentials: list[Credential] = field(default_factory=list)
    wanted: list[WantedSecret] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    resources: dict[ResourceId, Resource] = field(default_factory=dict)
    examined: bool = False


def convert(overlay: Overlay) -> Conversion:
    """Find the credentials of an environment, and what refers to a Secret in place of each.

    Raises ConfigurationError and ToolError; what cannot be converted is a finding. ``examined`` is
    False when a chart is missing, or does not render: then the text is not to be written.
    """
    first = render(overlay)
    before = first.before_secrets
    result = Conversion(findings=_missed_by_hand(overlay, first), examined=len(before) > 0)
    for chart in nested_charts.find(before, overlay.base.base.nested_charts):
        if isinstance(chart, Finding):
            result.findings.append(chart)
        else:
            _convert(overlay, first, chart, result)
    result.resources = {resource.id: resource for resource in before}
    result.findings += [saying.contested(*found) for found in contested(result.credentials)]
    converted = [one for one in result.credentials if one.state != "referenced"]
    result.text = patching.write(result.resources, converted)
    # An extended environment may bring them already, by resources of its own.
    placed = needs.place(before, "default", {}, {})
    there = {key for one in placed for key in needs.brought(one)}
    result.wanted = [
        secret
        for secret in wanted(result.credentials)
        if ("Secret", secret.namespace, secret.name) not in there
    ]
    return result


def _missed_by_hand(overlay: Overlay, first: FirstOrder) -> list[Finding]:
    """Return what is against the first order, but for patches that are made anew."""
    files = (overlay.secrets_file, overlay.airgap_file)
    generated = tuple(f"{shown(path, overlay.root)}:" for path in files)
    return [found for found in first.findings if not found.place.startswith(generated)]


def _convert(overlay: Overlay, first: FirstOrder, chart: NestedChart, result: Conversion) -> None:
    """Prove the references of one nested chart."""
    rule, base = overlay.base.rule(chart.resource.id), overlay.base.name
    allowed = overlay.environment.allow_credentials
    result.findings += saying.no_rule(chart, rule, base, allowed)
    if rule is None or chart.values_path is None:
        return
    result.findings += saying.elsewhere(chart, rule)
    known = finding.credentials(chart, rule, patching.written(first.secrets, chart.resource))
    if not known:
        return
    result.findings += saying.copied(chart, known)
    prover = _Prover(overlay, first, chart, known)
    plain = prover.render(chart.resource.body)
    if isinstance(plain, str):
        result.findings += prover.refused
        result.examined = False
        return
    result.findings += [
        saying.taken(chart, one)
        for one in known
        if one.state == "literal" and proof.made(plain, one)
    ]
    with Progress(f"proving references in {chart.title}"):
        proven, unproven = prover.prove()
    for found in unproven:
        result.findings += saying.no_form(chart, base, found)
    result.credentials += proven


class _Prover:
    """Renders one nested chart with tokens, and with references."""

    def __init__(
        self, overlay: Overlay, first: FirstOrder, chart: NestedChart, known: Sequence[Credential]
    ) -> None:
        self.overlay = overlay
        self.manifests = first.before_secrets
        self.chart = chart
        self.known = known
        self.refused: list[Finding] = []

    def prove(self) -> tuple[list[Credential], list[Unproven]]:
        """Return those whose references do what their values did, and the others with reasons."""
        proven: list[Credential] = []
        unproven: list[Unproven] = []
        for one, outcome in self.planted():
            if isinstance(outcome, str):
                unproven.append(Unproven(credential=one, message=outcome))
            elif outcome.proven:
                proven.append(one)
            else:
                unproven.append(Unproven(credential=one, verdict=outcome))
        # Some charts look at the value before they refer to a Secret: then it goes for good.
        while proven and (lost := self.lost(proven)):
            unproven += lost
            proven = [one for one in proven if one not in [found.credential for found in lost]]
        return proven, unproven

    def planted(self) -> Iterator[tuple[Credential, proof.Verdict | str]]:
        """Render all with tokens and references; one by one when the chart refuses that."""
        resources = self.render(proof.planted(self.chart.resource.body, self.known))
        for one in self.known:
            if isinstance(resources, str):
                yield one, self.alone(one)
            else:
                yield one, proof.verdict(resources, one)

    def alone(self, one: Credential) -> proof.Verdict | str:
        """Judge one credential; without a token where the chart takes no such text."""
        body, message = self.chart.resource.body, ""
        for tried in (proof.planted(body, [one]), patching.converted(body, [one])):
            resources = self.render(tried)
            if not isinstance(resources, str):
                return proof.verdict(resources, one)
            message = resources
        return message

    def lost(self, proven: Sequence[Credential]) -> list[Unproven]:
        """Return those to which nothing refers once the values are gone, as the patches have it."""
        resources = self.render(patching.converted(self.chart.resource.body, proven))
        if isinstance(resources, str):
            return [Unproven(credential=one, message=resources) for one in proven]
        found = ((one, proof.verdict(resources, one)) for one in proven)
        return [Unproven(credential=one, verdict=v) for one, v in found if not v.proven]

    def render(self, body: Body) -> list[Resource] | str:
        """Return what a controller makes of the resource with another body; or why it fails."""
        own = self.chart.resource
        changed = self.manifests.replace(own.id, Resource(body=body, origin=own.origin))
        rules = self.overlay.base.base.nested_charts
        [chart] = [
            found
            for found in nested_charts.find(changed, rules)
            if isinstance(found, NestedChart) and found.resource.id == own.id
        ]
        outcome = expand.render(self.overlay, chart)
        if isinstance(outcome, Finding):
            cause = proof.redacted(outcome.cause, self.known)
            self.refused = [replace(outcome, cause=cause)]
            return cause
        deeper, _ = expand.expand(self.overlay, outcome.created, depth=1)
        return [*outcome.created, *(r for render in deeper for r in render.created)]
