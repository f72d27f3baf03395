"""What makes a chart of the base itself trust the environment's certificates.

kustomize inflates such a chart, so no value of it can be set from an overlay: the chart is rendered
with and without them, and what differs becomes patches and added resources.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from builder import certificates, trust
from builder.certificates import Trusted
from builder.core import additions, graft
from builder.core.base import TrustedBy
from builder.core.certificates import missing
from builder.core.changes import Change
from builder.core.findings import Finding
from builder.core.first_order import pod_paths
from builder.core.guard.veil import redacted
from builder.core.manifests import Body, Manifests, Origin, Resource, ResourceId
from builder.core.overrides import Path, with_values
from builder.core.renaming import KINDS, renamed
from builder.inflate import Inflated, find, inflate
from builder.tools import kustomize
from builder.tools.command import CommandError
from builder.trust import Form
from builder.workspace import Overlay

Bodies = dict[ResourceId, Body]


@dataclass(kw_only=True, slots=True)
class BaseTrust:
    """What has to change in Git, what has to be added, and what cannot be done."""

    changes: list[Change] = field(default_factory=list)
    additions: list[Body] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    renders: int = 0

    def add(self, other: "BaseTrust") -> None:
        """Take over what another has."""
        self.changes += other.changes
        self.additions += other.additions
        self.findings += other.findings
        self.renders += other.renders


def trust_base(overlay: Overlay, before: Manifests, made: Collection[ResourceId]) -> BaseTrust:
    """Return what makes the base's own charts trust the environment's certificates.

    ``before`` are the resources in Git, ``made`` what controllers make beside them in the cluster,
    each with its namespace.
    """
    trusted = certificates.load(overlay)
    result = BaseTrust()
    if not (trusted.certificates or trusted.gone):
        return result
    for wanted in overlay.base.base.certificates:
        places = list(find(overlay, wanted.chart))
        for inflated in places:
            chart = _Chart(overlay, inflated, before, made)
            result.add(chart.trusting(wanted, trusted))
        if not places and trusted.certificates:
            cause = "no kustomization of the environment inflates the chart"
            hint = "take it out of base.yaml, or let a kustomization inflate it"
            result.findings.append(
                certificates.not_trusted(
                    wanted.chart, "base.yaml certificates", trusted.certificates, hint, cause
                )
            )
    return result


class _Chart:
    """A chart where a kustomization inflates it, and what has become of its resources since."""

    def __init__(
        self,
        overlay: Overlay,
        inflated: Inflated,
        before: Manifests,
        made: Collection[ResourceId],
    ) -> None:
        self.overlay = overlay
        self.inflated = inflated
        self.before = before
        self.made = made
        self.renders = 0
        self.plain, self.values = self.render({})

    def render(self, assignments: Mapping[Path, Any]) -> tuple[Bodies, dict[str, Any]]:
        """Render the chart with some values set; return also those that it then has."""
        self.renders += 1
        values = with_values({}, {}, assignments)
        found = inflate(self.overlay, self.inflated, values)
        return {key: resource.body for key, resource in found.resources.items()}, found.values

    def trusting(self, wanted: TrustedBy, trusted: Trusted) -> BaseTrust:
        """Return the first way that brings the certificates into a Pod."""
        name = f"{wanted.chart}-trusted-certificates"
        now = Trusted(certificates=trusted.certificates)
        earlier = Trusted(certificates=trusted.inherited)
        refused = ""
        for form in trust.forms(wanted, self.values, now, name, ""):
            inherited = [
                other
                for other in trust.forms(wanted, self.values, earlier, name, "")
                if other.path == form.path and trusted.inherited
            ]
            try:
                found = self.with_form(form, inherited, trusted)
            except CommandError as error:
                refused = redacted(kustomize.message(error), self.values)
                continue
            if found is not None:
                return replace(found, renders=self.renders)
        cause = trust.cause(wanted, refused)
        title = f"{self.inflated.chart.name}-{self.inflated.chart.version}"
        finding = certificates.not_trusted(
            title, self.inflated.chart.place, trusted.certificates, trust.FITTING, cause
        )
        return BaseTrust(findings=[finding], renders=self.renders)

    def with_form(
        self, form: Form, inherited: Sequence[Form], trusted: Trusted
    ) -> BaseTrust | None:
        """Return what the chart does with a value; None when no certificate arrives by it.

        What an extended environment has done the same way is taken back before.
        """
        after, _ = self.render({form.path: form.value})
        earlier = self.plain
        for other in inherited:
            earlier, _ = self.render({other.path: other.value})
        namespace = self.namespace(after)
        for kind, name in sorted(self.taken(after, namespace) | self.taken(earlier, namespace)):
            own = f"{name}-{self.inflated.chart.name}"
            after, earlier = (_renamed(side, kind, name, own) for side in (after, earlier))
        added = [*(b for key, b in after.items() if key not in self.plain), *form.additions]
        placed = [_placed(body, namespace) for body in added]
        grafted = self.grafted(earlier, after)
        resources = [Resource(body=b, origin=Origin(source="")) for b in (*grafted, *placed)]
        if missing(trusted.certificates, resources, resources, namespace):
            return None
        changes = list(additions.changed(placed, self.before, trust.REASON))
        for body in grafted:
            present = self.before.get(ResourceId.of(body))
            if present is not None:
                changes += graft.changes(present, body, trust.REASON)
        return BaseTrust(changes=changes, additions=additions.added(placed, self.before))

    def grafted(self, earlier: Bodies, after: Bodies) -> list[Body]:
        """Return the chart's resources as they have to be; those that are gone by now are not."""
        found = []
        for key, plain in self.plain.items():
            resource = self.before.get(key)
            if resource is not None:
                body = graft.graft(resource.body, earlier.get(key, plain), plain)
                found.append(graft.graft(body, plain, after.get(key, plain)))
        return found

    def namespace(self, after: Bodies) -> str:
        """Return the namespace of the Pods that a value changes."""
        for key, body in after.items():
            resource = Resource(body=body, origin=Origin(source=""))
            if body != self.plain.get(key) and any(pod_paths(resource)):
                return key.namespace
        return ""

    def taken(self, bodies: Bodies, namespace: str) -> set[tuple[str, str]]:
        """Return kind and name of what comes in addition, and a controller makes as well.

        An operator beside its platform may give its own ConfigMap the name that the platform's has:
        helm refuses to install over what somebody else has made.
        """
        return {
            (key.kind, key.name)
            for key in bodies
            if key not in self.plain and key.kind in KINDS
            if replace(key, namespace=key.namespace or namespace) in self.made
        }


def _renamed(bodies: Bodies, kind: str, old: str, new: str) -> Bodies:
    listed = [renamed(body, kind, old, new) for body in bodies.values()]
    return {ResourceId.of(body): body for body in listed}


def _placed(body: Body, namespace: str) -> Body:
    """Put a ConfigMap or Secret that names no namespace beside the Pods that read it.

    helm installs it into that of its release, which kustomize does not know.
    """
    metadata = body["metadata"]
    if body["kind"] not in KINDS or metadata.get("namespace") or not namespace:
        return body
    return {**body, "metadata": {**metadata, "namespace": namespace}}
