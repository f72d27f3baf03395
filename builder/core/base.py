"""``base.yaml``: what a platform is made of, and what its controllers render in the cluster."""

from typing import Annotated, Literal

import msgspec

from builder.core.section import Section
from builder.core.texts import ChartUrl, ChartVersion, Name, Pointer, Sha256, Text


class ChartSource(Section, frozen=True):
    """A chart that the platform needs, in its base or in a custom resource."""

    name: Name
    """Its name in the repository."""
    version: ChartVersion
    """Its version, exactly."""
    repository: ChartUrl
    """Where `sealift vendor` gets it."""
    digest: Sha256 | None = None
    """What the archive has to be."""


class OffSwitch(Section, frozen=True):
    """A value that ends an outbound URL."""

    url: Text
    """The URL; ``*`` stands for any text."""
    value: Pointer
    """The value to set, as a pointer into the chart's values."""
    to: str
    """What it is set to."""
    reason: Text
    """Why, for reviewers of the patch."""


class IngressValues(Section, frozen=True):
    """Where a chart's values hold what makes its Ingress, as pointers into them."""

    class_: Pointer | None = msgspec.field(name="class", default=None)
    """The ingress class, where the chart has none by default."""
    annotations: Pointer | None = None
    """Map of the Ingress's annotations."""
    tls: Pointer | None = None
    """List of ``hosts`` and ``secretName``, as in an Ingress."""
    create: Pointer | None = None
    """The switch that leaves the Ingress out when it is false."""


class CertificateValues(Section, frozen=True):
    """Where a chart takes certificates that its programs trust, as pointers into its values."""

    pem: Pointer | None = None
    """List of texts, a PEM certificate each."""
    config_map: Pointer | None = None
    """Name of a ConfigMap whose keys end in ``.crt``."""


class TrustedBy(CertificateValues, frozen=True, kw_only=True):
    """A chart of the base itself that has to trust the environment's certificates."""

    chart: Name
    """Its name, as in ``charts``."""


class CredentialRule(Section, frozen=True):
    """A credential in a nested chart's values, and the form that refers to a Secret instead."""

    name: Text
    """What it is, for people."""
    values: Annotated[dict[Pointer, Text], msgspec.Meta(min_length=1)]
    """The literal values, as pointers, each with its key in the Secret."""
    reference: Annotated[dict[Pointer, Text], msgspec.Meta(min_length=1)]
    """Pointer to what stands there instead; ``{secret}`` is the Secret's name."""
    secret: Text
    """The Secret's name; ``{name}`` is the custom resource's."""
    since: ChartVersion | None = None
    """The chart's first version that has the form."""


class NestedChartRule(Section, frozen=True):
    """Where a custom resource names a chart that its controller installs."""

    group: Text
    """API group of the custom resource."""
    kind: Text
    """Its kind."""
    chart: Pointer
    """Mapping with ``url``, ``name`` and ``version``."""
    values: Pointer
    """The chart's values in the resource."""
    lists: Literal["concatenate", "replace"] = "replace"
    """What the controller does with lists when it merges several sources of values."""
    credential_secret: Pointer | None = None
    """Where the resource refers to the chart repository's Secret, by name."""
    ingress: IngressValues = IngressValues()
    """The values that make the platform's Ingress."""
    certificates: CertificateValues = CertificateValues()
    """The values that make the platform trust certificates."""
    credentials: tuple[CredentialRule, ...] = ()
    """The values that are credentials, and what refers to a Secret in their place."""
    off_switches: tuple[OffSwitch, ...] = ()
    """Values that keep the platform from calling out."""
    values_secret: Text | None = None
    """Name of a Secret that is merged below the values; ``{name}`` is the resource's."""


class Switch(Section, frozen=True):
    """An environment variable that has to have a value, or a controller calls out by itself."""

    kind: Text
    """Kind of the workload that has it."""
    env: Text
    """Name of the variable."""
    value: str
    """What it has to be."""
    reason: Text
    """Why, for reviewers."""


class Health(Section, frozen=True):
    """How the health of a custom resource is read off a phase, where it has no conditions."""

    group: Text
    """API group of the custom resource."""
    kind: Text
    """Its kind."""
    phase: Pointer
    """Where its status names the phase."""
    ready: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    """Phases in which it is well."""
    degraded: tuple[Text, ...] = ()
    """Phases from which it does not come back by itself; all others mean: still at work."""
    message: Pointer | None = None
    """Where its status says more."""


class Base(Section, frozen=True):
    """A platform: which charts it needs, and what its controllers render."""

    charts: tuple[ChartSource, ...] = ()
    """The charts that `sealift vendor` brings."""
    kubernetes: Annotated[str, msgspec.Meta(pattern=r"^v?[0-9]+\.[0-9]+$")] | None = None
    """The oldest Kubernetes version that the platform supports."""
    nested_charts: tuple[NestedChartRule, ...] = ()
    """Custom resources from which controllers install charts."""
    switches: tuple[Switch, ...] = ()
    """Variables that keep controllers from calling out."""
    health: tuple[Health, ...] = ()
    """How the engines read the health of custom resources."""
    certificates: tuple[TrustedBy, ...] = ()
    """Charts of the base's own that have to trust the environment's certificates."""
