"""Sync objects: what makes Argo CD or Flux apply a published bundle, and keep it applied.

    synced = Synced(environment="prod", source=Source(url=...), manifests=..., ...)
    for found in objects("flux", [synced]):
        print(yaml.dump(found.body))

Pure: settings and manifests in, objects out. :mod:`.stages` tells what applies when, and which
annotations the bundle carries for it.
"""

from collections.abc import Sequence

from builder.core.errors import ConfigurationError
from builder.core.sync import argocd, flux
from builder.core.sync.model import (
    Engine,
    HealthRule,
    Kind,
    Source,
    Synced,
    SyncObject,
)
from builder.core.sync.stages import Stage, instance_kinds, mark, waves

NAMESPACES: dict[Engine, str] = {"argocd": argocd.NAMESPACE, "flux": flux.NAMESPACE}
"""Where each engine's objects live unless an environment says otherwise."""


def objects(engine: Engine, synced: Sequence[Synced]) -> list[SyncObject]:
    """Return the objects for one engine, in the order in which they have to be created.

    Raises ConfigurationError when two would have one name, or the engine cannot read a source.
    """
    found = argocd.objects(synced) if engine == "argocd" else flux.objects(synced)
    names = [entry.file_name for entry in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(
            f"two objects would have one name: {', '.join(n.removesuffix('.yaml') for n in twice)}",
            hint="rename an environment, or sync them into namespaces of their own",
        )
    return found


__all__ = [
    "NAMESPACES",
    "Engine",
    "HealthRule",
    "Kind",
    "Source",
    "Stage",
    "SyncObject",
    "Synced",
    "instance_kinds",
    "mark",
    "objects",
    "waves",
]
