"""What the objects of a sync engine are made from, and what they come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from builder.core.manifests import Manifests

Engine = Literal["argocd", "flux"]
Kind = tuple[str, str]
"""Group and kind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where the engine fetches a bundle: a Git repository, or an OCI artifact (``oci://``).

    ``path`` is the folder in the repository, empty for its root. ``secret`` and ``ca_secret`` name
    Secrets with credentials and with a certificate authority: by reference, never by value.
    """

    url: str
    branch: str = "main"
    tag: str = ""
    path: str = ""
    secret: str | None = None
    ca_secret: str | None = None

    @property
    def oci(self) -> bool:
        """Tell whether the source is an OCI artifact."""
        return self.url.startswith("oci://")


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthRule:
    """How the health of a custom resource is read off a phase, where it has no conditions.

    ``phase`` and ``message`` are JSON pointers into the resource. A phase that is neither
    ``ready`` nor ``degraded``, an unknown one included, is one in which it is still at work.
    """

    group: str
    kind: str
    phase: str
    ready: tuple[str, ...]
    degraded: tuple[str, ...] = ()
    message: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    """One environment as an engine shall sync it.

    ``namespace`` is where the engine's objects live. ``cluster`` is for Argo CD the name or URL of
    a cluster it knows, for Flux the name of a Secret with a kubeconfig; ``None`` is the engine's
    own cluster. ``project`` is Argo CD's; ``interval``, ``timeout``, ``service_account`` and
    ``age_secret`` (the Secret with the key that decrypts) are Flux's. ``instances`` are the kinds
    whose controller comes with the bundle: they apply last. ``marked`` tells whether the bundle
    carries the engine's annotations (:func:`builder.core.sync.mark`); nothing is pruned from one
    that does not.
    """

    environment: str
    source: Source
    manifests: Manifests
    instances: frozenset[Kind]
    health: tuple[HealthRule, ...] = ()
    marked: bool = True
    namespace: str
    project: str = ""
    cluster: str | None = None
    interval: str = "10m"
    timeout: str = "15m"
    service_account: str | None = None
    age_secret: str | None = None

    @property
    def known_health(self) -> tuple[HealthRule, ...]:
        """The health rules for kinds that the bundle has."""
        kinds = {(r.id.group, r.id.kind) for r in self.manifests}
        return tuple(rule for rule in self.health if (rule.group, rule.kind) in kinds)


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncObject:
    """One object to create beside the engine. ``note`` is what its reader has to know.

    A ``fragment`` is an object of somebody else, with only the keys that are to be added to it.
    """

    body: Mapping[str, Any] = field(hash=False)
    note: str = ""
    fragment: bool = False

    @property
    def file_name(self) -> str:
        """A name for a file of its own."""
        metadata = self.body["metadata"]
        return f"{str(self.body['kind']).lower()}-{metadata['namespace']}-{metadata['name']}.yaml"
