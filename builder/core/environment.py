"""The two files that people write: ``environment.yaml`` and ``base.yaml``."""

from typing import Annotated, Literal

import msgspec

from builder.core.section import Section
from builder.core.texts import (
    Allowed,
    ChartUrl,
    ChartVersion,
    Duration,
    GitName,
    Host,
    Name,
    Pointer,
    Prefix,
    Project,
    Sha256,
    Text,
    Version,
    WebUrl,
)


class Mirror(Section, frozen=True):
    """Where mirrored images stand: a prefix, and how their names are made from their sources'."""

    prefix: Prefix
    """Host, port and path under which mirrored images stand: ``registry.example.com/mirror``."""
    layout: Literal["strip-host", "full-path", "flat"] = "strip-host"
    """What of a source's name is kept below the prefix."""
    mappings: dict[Text, Text] = msgspec.field(default_factory=dict)
    """Where single images stand: source name (no tag) to path below the prefix, or to a name."""


class Registry(Mirror, frozen=True):
    """The container registry inside the network."""

    mirrors: tuple[Mirror, ...] = ()
    """Other mirrors that images may name already; those of extended environments are added."""
    pull_secret: Text | None = None
    """Name of the Secret that lets Pods pull from the registry."""

    @property
    def host(self) -> str:
        """The host, with its port."""
        return self.prefix.partition("/")[0]


class ChartRepository(Section, frozen=True):
    """The chart repository inside the network."""

    url: ChartUrl
    credential_secret: Text | None = None
    """Name of the Secret with which controllers log in to it."""


class Ingress(Section, frozen=True):
    """How people reach the platform."""

    host: Host | None = None
    class_: Text | None = msgspec.field(name="class", default=None)


Mode = Literal["commit", "hydrator"]
"""How a bundle goes to Git."""


class Signing(Section, frozen=True):
    """How commits are signed; the key itself stays on the machine."""

    format: Literal["ssh", "openpgp"]
    key: Text
    """As git's user.signingKey: the path of a public key, or the id of a key."""


class Forge(Section, frozen=True):
    """Where pull requests are opened; what is left out is told from the repository's URL."""

    kind: Literal["gitea", "github", "gitlab"] | None = None
    """What runs there; Forgejo is ``gitea``."""
    url: WebUrl | None = None
    """Its address, with the path below which it runs."""
    project: Project | None = None
    """``owner/name`` of the repository."""
    labels: tuple[Text, ...] = ()
    reviewers: tuple[Text, ...] = ()
    """Names of accounts; with a slash, of a team (``org/team``)."""


class Publish(Section, frozen=True):
    """Where the bundle is committed."""

    repository: Text
    branch: GitName = "main"
    path: GitName | None = None
    """Folder of the environment in the repository; its name when left out."""
    mode: Mode = "commit"
    """``hydrator``: to the branches of Argo CD's GitOps Promoter, one for each environment."""
    signing: Signing | None = None
    secret: Text | None = None
    """Name of the Secret with which the engine that syncs the bundle reads the repository."""
    ca_secret: Text | None = None
    """Name of the Secret with the certificate authority of an OCI registry, for Flux."""
    forge: Forge | None = None


class Sync(Section, frozen=True):
    """What applies the published bundle in the cluster."""

    engine: Literal["argocd", "flux"]
    namespace: Name | None = None
    """Where the engine's objects live; its usual one when left out."""
    project: Name | None = None
    """Argo CD's AppProject; one of the environment's own when left out."""
    cluster: Text | None = None
    """Argo CD: name or URL of a cluster it knows. Flux: name of a Secret with a kubeconfig."""
    service_account: Name | None = None
    """The account that Flux applies as."""
    interval: Duration | None = None
    timeout: Duration | None = None


class Allowance(Section, frozen=True):
    """A finding that was looked at and accepted, with the reason."""

    reference: Allowed
    """The reference as the finding names it; ``*`` stands for any text, but not for the host."""
    reason: Text


class Environment(Section, frozen=True):
    """One cluster target, after the environments that it extends were merged in."""

    kubernetes: Version
    registry: Registry
    base: Name
    chart_repository: ChartRepository | None = None
    ingress: Ingress = Ingress()
    allowed_hosts: tuple[Host, ...] = ()
    """Further hosts inside the network; ``*.example.com`` means every host below."""
    pins: dict[Text, Text] = msgspec.field(default_factory=dict)
    """Tag or digest for images whose tag floats: source name to ``1.2.3`` or ``sha256:...``."""
    digests: bool = False
    """Whether images are pinned to the digests of ``images.lock.yaml``."""
    urls: dict[Text, Text] = msgspec.field(default_factory=dict)
    """Outside URL to the one that takes its place inside."""
    allow: tuple[Allowance, ...] = ()
    api_versions: tuple[Text, ...] = ()
    """API versions beyond Kubernetes' own that the cluster serves, as ``helm --api-versions``."""
    publish: Publish | None = None
    sync: Sync | None = None
    extends: Name | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts that the cluster may fetch from."""
        hosts = [self.registry.host, *self.allowed_hosts]
        if self.chart_repository:
            hosts.append(self.chart_repository.url.split("://", 1)[1].partition("/")[0])
        if self.ingress.host:
            hosts.append(self.ingress.host)
        return tuple(dict.fromkeys(hosts))


class ChartSource(Section, frozen=True):
    """A chart that the platform needs, in its base or in a custom resource."""

    name: Name
    version: ChartVersion
    repository: ChartUrl
    digest: Sha256 | None = None


class OffSwitch(Section, frozen=True):
    """A value that ends an outbound URL."""

    url: Text
    """The URL; ``*`` stands for any text."""
    value: Pointer
    """The value to set, as a pointer into the chart's values."""
    to: str
    reason: Text


class NestedChartRule(Section, frozen=True):
    """Where a custom resource names a chart that its controller installs."""

    group: Text
    kind: Text
    chart: Pointer
    """Mapping with ``url``, ``name`` and ``version``."""
    values: Pointer
    lists: Literal["concatenate", "replace"] = "replace"
    """What the controller does with lists when it merges several sources of values."""
    credential_secret: Pointer | None = None
    """Where the resource refers to the chart repository's Secret, by name."""
    ingress_class: Pointer | None = None
    """The value that is the ingress class, where the chart has none by default."""
    off_switches: tuple[OffSwitch, ...] = ()
    """Values that keep the platform from calling out."""
    values_secret: Text | None = None
    """Name of a Secret that is merged below the values; ``{name}`` is the resource's."""


class Switch(Section, frozen=True):
    """An environment variable that has to have a value, or a controller calls out by itself."""

    kind: Text
    env: Text
    value: str
    reason: Text


class Health(Section, frozen=True):
    """How the health of a custom resource is read off a phase, where it has no conditions."""

    group: Text
    kind: Text
    phase: Pointer
    ready: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    degraded: tuple[Text, ...] = ()
    """Phases from which it does not come back by itself; all others mean: still at work."""
    message: Pointer | None = None


class Base(Section, frozen=True):
    """A platform: which charts it needs, and what its controllers render."""

    charts: tuple[ChartSource, ...] = ()
    kubernetes: Annotated[str, msgspec.Meta(pattern=r"^v?[0-9]+\.[0-9]+$")] | None = None
    """The oldest Kubernetes version that the platform supports."""
    nested_charts: tuple[NestedChartRule, ...] = ()
    switches: tuple[Switch, ...] = ()
    health: tuple[Health, ...] = ()
