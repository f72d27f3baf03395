"""``environment.yaml``: one cluster target."""

from typing import Literal

import msgspec

from builder.core.section import Section
from builder.core.texts import (
    Allowed,
    ChartUrl,
    CredentialPlace,
    Duration,
    GitName,
    Host,
    Name,
    Prefix,
    Project,
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
    """Where controllers get charts: ``https://charts.example.com`` or ``oci://...``."""
    credential_secret: Text | None = None
    """Name of the Secret with which controllers log in to it."""


class Tls(Section, frozen=True):
    """With which certificate the platform is served."""

    secret: Text
    """Name of the Secret with the certificate and its key, of type kubernetes.io/tls."""


class Gateway(Section, frozen=True):
    """The Gateway, of gateway.networking.k8s.io, that routes to the platform: no Ingress then."""

    name: Name
    """Its name."""
    namespace: Name | None = None
    """Its namespace; the platform's when left out."""
    listener: Name | None = None
    """The listener that takes the route; any that matches when left out."""


Controller = Literal[
    "ingress-nginx", "f5-nginx", "haproxy", "haproxy-ingress", "traefik", "contour", "aws-alb",
    "gce", "azure-agic", "openshift", "kong", "istio", "cilium",
]  # fmt: skip
"""What serves an Ingress: it decides which annotations are read."""


class Ingress(Section, frozen=True):
    """How people reach the platform."""

    host: Host | None = None
    """The host under which people reach it."""
    class_: Name | None = msgspec.field(name="class", default=None)
    """The ingress class."""
    controller: Controller | None = None
    """What serves the class, where its name does not tell."""
    tls: Tls | None = None
    annotations: dict[Text, Text] = msgspec.field(default_factory=dict)
    """Annotations that every Ingress of the platform gets."""
    gateway: Gateway | None = None


class SecretStore(Section, frozen=True):
    """A store of the External Secrets Operator."""

    name: Name
    """Its name."""
    kind: Literal["ClusterSecretStore", "SecretStore"] = "ClusterSecretStore"
    """Whether it is of the cluster, or of the platform's namespace."""


class Secrets(Section, frozen=True):
    """How the Secrets that `sealift secrets` refers to come into the cluster."""

    form: Literal["list", "external-secret", "sops", "sealed-secret"] = "list"
    """``list``: somebody creates them; the others: a file of the overlay makes them."""
    store: SecretStore | None = None
    """For ``external-secret``: where their content is."""
    key: Text = "{environment}/{secret}"
    """For ``external-secret``: the name of a Secret's content in the store."""
    refresh: Duration | None = None
    """For ``external-secret``: how often the store is asked."""
    age: tuple[Text, ...] = ()
    """For ``sops``: the recipients, as ``age1...``."""
    age_secret: Text | None = None
    """For ``sops``: name of the Secret with the age key by which Flux decrypts."""
    certificate: Text | None = None
    """For ``sealed-secret``: path of the controller's certificate, from the repository's root."""


class CredentialAllowance(Section, frozen=True):
    """A text that looks like a credential and is none, or may be public, with the reason."""

    place: CredentialPlace
    """The place as the finding names it, with the file behind it or without; ``*`` stands for any
    text, but not for a whole name."""
    reason: Text
    """Why that is right, for reviewers."""


Mode = Literal["commit", "hydrator"]
"""How a bundle goes to Git."""


class Signing(Section, frozen=True):
    """How commits are signed; the key itself stays on the machine."""

    format: Literal["ssh", "openpgp"]
    """As git's gpg.format."""
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
    """Labels that pull requests get."""
    reviewers: tuple[Text, ...] = ()
    """Names of accounts; with a slash, of a team (``org/team``)."""


class Publish(Section, frozen=True):
    """Where the bundle is committed."""

    repository: Text
    """The Git repository, without credentials: a URL, or a path."""
    branch: GitName = "main"
    """The branch that the engine syncs."""
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
    """The GitOps engine of the cluster."""
    namespace: Name | None = None
    """Where the engine's objects live; its usual one when left out."""
    project: Name | None = None
    """Argo CD's AppProject; one of the environment's own when left out."""
    cluster: Text | None = None
    """Argo CD: name or URL of a cluster it knows. Flux: name of a Secret with a kubeconfig."""
    service_account: Name | None = None
    """The account that Flux applies as."""
    interval: Duration | None = None
    """How often Flux looks."""
    timeout: Duration | None = None
    """How long Flux waits until all is ready."""


class Allowance(Section, frozen=True):
    """A finding that was looked at and accepted, with the reason."""

    reference: Allowed
    """The reference as the finding names it; ``*`` stands for any text, but not for the host."""
    reason: Text
    """Why that is right, for reviewers."""


class Environment(Section, frozen=True):
    """One cluster target, after the environments that it extends were merged in."""

    kubernetes: Version
    """The cluster's version: what charts see, and which schemas hold."""
    registry: Registry
    base: Name
    """The platform: a folder under base/."""
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
    """References that stay outside, each with the reason."""
    certificates: tuple[Text, ...] = ()
    """PEM files of the authorities inside, from the repository's root: platform and operator
    trust them."""
    secrets: Secrets = Secrets()
    allow_credentials: tuple[CredentialAllowance, ...] = ()
    """Texts that look like credentials and may stand where they do, each with the reason."""
    api_versions: tuple[Text, ...] = ()
    """API versions beyond Kubernetes' own that the cluster serves, as ``helm --api-versions``."""
    publish: Publish | None = None
    sync: Sync | None = None
    extends: Name | None = None
    """The environment whose settings hold where this one has none: maps are merged."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts that the cluster may fetch from."""
        hosts = [self.registry.host, *self.allowed_hosts]
        if self.chart_repository:
            hosts.append(self.chart_repository.url.split("://", 1)[1].partition("/")[0])
        if self.ingress.host:
            hosts.append(self.ingress.host)
        return tuple(dict.fromkeys(hosts))
