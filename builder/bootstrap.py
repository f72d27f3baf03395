"""The objects by which an engine syncs environments, as files, and committed beside the bundles."""

import textwrap
from collections.abc import Sequence
from dataclasses import replace

from builder.claims import SYNC, Claim
from builder.core import yaml
from builder.core.errors import ConfigurationError
from builder.core.sync import SyncObject
from builder.deliver import Way, signing_of, target_of
from builder.publish import Commit, publish
from builder.sync import Wanted
from builder.target import Target
from builder.tools.git import source_commit
from builder.workspace import Overlay, environments


def texts(found: Sequence[SyncObject]) -> dict[str, str]:
    """Return the objects as files: name to YAML, with what their reader has to know on top."""
    return {
        entry.file_name: "".join(f"# {line}\n" for line in textwrap.wrap(entry.note, 96))
        + yaml.dump(dict(entry.body))
        for entry in found
    }


def bootstrap(
    overlays: Sequence[Overlay],
    found: Sequence[SyncObject],
    wanted: Wanted,
    path: str,
    *,
    allow_older: bool = False,
    dry_run: bool = False,
) -> tuple[Target, Commit]:
    """Commit the objects as the whole content of a folder beside the bundles.

    A ``kustomization.yaml`` lists them: what the engine syncs from that folder are they. Fragments
    stand beside it, under a name that nothing applies: the engine would take the whole object for
    ours, and remove it with the folder. Raises ConfigurationError when the environments are
    published to several places, or into that folder, and when the folder has the objects of others,
    which would be dropped.
    """
    # Also with a hydrator: its branches hold a bundle each, and nothing beside it.
    way = Way(repository=wanted.repository, branch=wanted.branch, mode="commit")
    targets = [target_of(overlay, way) for overlay in overlays]
    places = {(target.repository, target.branch) for target in targets}
    if len(places) > 1:
        raise ConfigurationError(
            "the environments are published to several repositories or branches",
            hint="name those of one place, or give --repository and --branch",
        )
    for target in targets:
        if f"{path}/".startswith(f"{target.path}/") or f"{target.path}/".startswith(f"{path}/"):
            raise ConfigurationError(
                f"{path} would stand in, or above, the bundle at {target.path}",
                hint="choose a folder beside it",
            )
    target = replace(targets[0], path=path)
    listed = texts([entry for entry in found if not entry.fragment])
    files = {name: text.encode() for name, text in listed.items()}
    files["kustomization.yaml"] = yaml.dump(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": list(listed),
        }
    ).encode()
    for name, text in texts([entry for entry in found if entry.fragment]).items():
        files[f"{name}.fragment"] = text.encode()
    names = sorted(overlay.name for overlay in overlays)
    header = "# Written by sealift sync, which replaces all that stands beside this file.\n"
    files[SYNC] = (header + yaml.dump({"environments": names})).encode()
    commit = publish(
        files,
        target,
        environment=f"the sync objects of {', '.join(names)}",
        claim=_claim(overlays, names),
        source_commit=source_commit(overlays[0].root),
        source=None if allow_older else overlays[0].root,
        signing=signing_of(overlays[0]),
        dry_run=dry_run,
    )
    return target, commit


def _claim(overlays: Sequence[Overlay], names: Sequence[str]) -> Claim:
    """Return the claim to a folder: what is in it for other environments that exist has to stay."""
    others = set(environments(overlays[0].root)) - set(names)
    return Claim(
        marker=SYNC,
        ours=lambda name: name not in others,
        hint="these would be dropped: name them too, or give --all; or choose another folder",
    )
