"""What applies when, and what is never removed without asking: written into the bundle.

Three stages: what others are defined by (namespaces, CRDs), the platform's own workloads, and then
what those workloads serve (their custom resources, webhooks, ingresses). Argo CD reads them as
sync waves, Flux as two Kustomizations over one folder.

A custom resource whose controller does not come with the bundle (a cert-manager ``Certificate``,
an ``ExternalSecret``) belongs to the platform: its workloads may wait for what it makes, and an
engine that waits for the workloads first would wait forever. Likewise a PersistentVolumeClaim
stands beside the Pod that binds it, and an Ingress, which may never get an address, last.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

from builder.core.bundle import CUSTOM, phase
from builder.core.manifests import Manifests, Resource
from builder.core.pointer import get, mapping
from builder.core.sync.model import Engine, Kind

STAGE = "sealift.dev/stage"
INSTANCES = "instances"
WAVE = "argocd.argoproj.io/sync-wave"
OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE = "argocd.argoproj.io/compare-options"
FLUX_PRUNE = "kustomize.toolkit.fluxcd.io/prune"

_DEFINED = 5
_SERVED = 50
_DATA = frozenset({("", "PersistentVolumeClaim"), ("", "PersistentVolume")})
_CONTAINERS = frozenset({("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition")})


class Stage(IntEnum):
    """When a resource applies; the value is its sync wave."""

    definitions = -1
    platform = 0
    instances = 1


def waves(number: int, *, ours: bool = True) -> int:
    """Return the sync wave of a phase of :func:`builder.core.bundle.phase`.

    ``ours`` tells of a custom resource whether its controller comes with the bundle.
    """
    if number <= _DEFINED:
        return Stage.definitions
    if number == _SERVED or (number >= CUSTOM and ours):
        return Stage.instances
    return Stage.platform


def stage(resource: Resource, instances: frozenset[Kind]) -> Stage:
    """Return the stage of a resource."""
    return Stage(waves(phase(resource), ours=_kind(resource) in instances))


def instance_kinds(manifests: Manifests, rules: Iterable[Kind] = ()) -> frozenset[Kind]:
    """Return the kinds whose controller comes with the bundle: its CRDs', and those of a base."""
    defined = {
        (str(get(r.body, ("spec", "group"))), str(get(r.body, ("spec", "names", "kind"))))
        for r in manifests
        if r.id.kind == "CustomResourceDefinition"
    }
    return frozenset(defined | set(rules))


def mark(manifests: Manifests, engine: Engine, instances: frozenset[Kind]) -> Manifests:
    """Return the resources with the engine's annotations; those that stand there already win."""
    return Manifests(_marked(r, annotations(r, engine, instances)) for r in manifests)


def annotations(resource: Resource, engine: Engine, instances: frozenset[Kind]) -> dict[str, str]:
    """Return the annotations by which an engine knows when to apply, and what not to prune.

    Argo CD (3.x): ``Prune=confirm`` asks a person first; data is kept whatever happens. Flux knows
    only ``disabled``. Custom resources are among them: removing one uninstalls the platform.
    """
    kind = _kind(resource)
    ours = kind in instances
    guarded = kind in _CONTAINERS or ours
    found: dict[str, str] = {}
    if engine == "flux":
        if stage(resource, instances) is Stage.instances:
            found[STAGE] = INSTANCES
        if guarded or kind in _DATA:
            found[FLUX_PRUNE] = "disabled"
        return found
    if wave := stage(resource, instances).value:
        found[WAVE] = str(wave)
    options = []
    if kind in _DATA:
        options += ["Prune=false", "Delete=false"]
        # What stays behind would keep the application out of sync, and syncing, for ever.
        found[COMPARE] = "IgnoreExtraneous"
    elif guarded:
        options += ["Prune=confirm", "Delete=confirm"]
    if phase(resource) >= CUSTOM:
        options.append("SkipDryRunOnMissingResource=true")
    if options:
        found[OPTIONS] = ",".join(options)
    return found


def _kind(resource: Resource) -> Kind:
    return resource.id.group, resource.id.kind


def _marked(resource: Resource, added: Mapping[str, str]) -> Resource:
    if not added:
        return resource
    metadata = dict(resource.body.get("metadata") or {})
    standing = mapping(metadata, ("annotations",))
    metadata["annotations"] = {**added, **standing}
    if OPTIONS in added and OPTIONS in standing:
        metadata["annotations"][OPTIONS] = _options(str(standing[OPTIONS]), added[OPTIONS])
    # A new key goes behind the others: a bundle of another engine differs by lines, not by order.
    return Resource(body={**resource.body, "metadata": metadata}, origin=resource.origin)


def _options(standing: str, added: str) -> str:
    """Join sync options; an option that stands there already is not set again."""
    present = [option.strip() for option in standing.split(",") if option.strip()]
    names = {option.partition("=")[0] for option in present}
    return ",".join([*present, *(o for o in added.split(",") if o.partition("=")[0] not in names)])
