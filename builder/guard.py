"""The secret guard of a build: what ships, and the files that it was made from.

What nested charts render is not looked at: it is made in the cluster, and never in Git.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from builder import sources, suspects
from builder.core import lock as locks
from builder.core import yaml
from builder.core.errors import ConfigurationError, SealiftError
from builder.core.findings import Finding
from builder.core.guard import Suspect
from builder.core.guard.findings import Shipped, Written, judge
from builder.core.lock import Lock
from builder.core.manifests import Manifests, Origin, Resource, objects
from builder.files import read_bytes, shown
from builder.render import FirstOrder, read_patches
from builder.sources import Kustomization
from builder.still import once, once_of
from builder.workspace import Overlay, settings_files


def check(overlay: Overlay, first: FirstOrder, shipped: Manifests, lock: Lock) -> list[Finding]:
    """Return what is to be said of credentials in the open; nothing when nothing was rendered.

    ``shipped`` are the resources of the bundle, ``lock`` is what goes beside them.
    """
    if not len(first.manifests):
        return []
    kustomizations = list(sources.tree(overlay.folder, overlay.root))
    settings = _settings(overlay)
    named = [p for k in kustomizations for p in (k.path, *sources.files(k))]
    texts = _texts([p for p in dict.fromkeys(named) if p not in settings], overlay.root)
    return judge(
        [*_in_bundle(overlay, shipped), *_in_lock(lock)],
        [
            *_in_settings(overlay.root, _texts(settings, overlay.root)),
            *_in_files(overlay, texts),
            *_in_patches(overlay, kustomizations),
        ],
        texts,
        overlay.environment.allow_credentials,
        overlay.name,
    )


def _in_bundle(overlay: Overlay, shipped: Manifests) -> Iterator[Shipped]:
    for resource in shipped:
        for suspect in _suspects(overlay, resource):
            yield Shipped(suspect=suspect, resource=resource)


def _suspects(overlay: Overlay, resource: Resource) -> Iterable[Suspect]:
    base = overlay.base
    return once_of(
        f"suspects {base.name}",
        resource,
        lambda: suspects.of_resource(resource, base.base.nested_charts),
    )


def _in_lock(lock: Lock) -> Iterator[Shipped]:
    for key, value in msgspec.to_builtins(lock).items():
        for suspect in suspects.of_value({key: value}, names=False):
            yield Shipped(suspect=suspect, file=locks.FILE)


def _settings(overlay: Overlay) -> list[Path]:
    """Return the files of a closed model: the environment's, those that it extends, the base's."""
    named = [path for path, _ in settings_files(overlay)]
    return [*named, overlay.base.folder / "base.yaml"]


def _in_settings(root: Path, texts: Mapping[str, str]) -> Iterator[Written]:
    for file, text in texts.items():
        yield from once(("settings looked at", root, file), partial(list, _in_one(file, text)))


def _in_one(file: str, text: str) -> Iterator[Written]:
    document = yaml.load(text, source=file)
    for suspect in suspects.of_value(document, names=False):
        yield Written(suspect=suspect, file=file, remains=True)
    yield from _in_comments(file, text)


def _in_patches(overlay: Overlay, kustomizations: Iterable[Kustomization]) -> Iterator[Written]:
    """Yield what the operations of patches hold, each with the place that it is set in."""
    for kustomization in kustomizations:
        key = ("patches looked at", kustomization.path, overlay.root, overlay.base.name)
        yield from once(key, partial(list, _in_patches_of(overlay, kustomization)))


def _in_patches_of(overlay: Overlay, kustomization: Kustomization) -> Iterator[Written]:
    rules = overlay.base.base.nested_charts
    for patch in read_patches(kustomization):
        target = (patch.target.group, patch.target.kind)
        owner = "/".join(filter(None, (patch.target.kind, patch.target.name)))
        file = patch.operations[0].place.rpartition(":")[0]
        bodies = [operation.body for operation in patch.operations]
        for suspect in suspects.of_operations(target, bodies, rules):
            yield Written(suspect=suspect, file=file, owner=owner)


def _in_files(overlay: Overlay, texts: Mapping[str, str]) -> Iterator[Written]:
    """Yield what kustomizations and the files that they name hold, but for patches' operations."""
    for file, text in texts.items():
        key = ("file looked at", file, overlay.root, overlay.base.name)
        yield from once(key, partial(list, _in_file(overlay, file, text)))


def _in_file(overlay: Overlay, file: str, text: str) -> Iterator[Written]:
    documents = _documents(file, text)
    for document in documents if documents is not None else ():
        yield from _in_document(overlay, file, document)
    if documents is None:
        for suspect in suspects.of_text(text):
            yield Written(suspect=suspect, file=file)
    else:
        yield from _in_comments(file, text)


def _documents(file: str, text: str) -> list[Any] | None:
    """Return the documents of a file; None where it is no YAML, or nothing but a text."""
    if not file.endswith((".yaml", ".yml", ".json")) and Path(file).name not in sources.FILES:
        return None
    try:
        documents = [document.value for document in yaml.load_all(text, source=file)]
    except SealiftError:
        return None
    return documents if all(isinstance(d, dict | list) for d in documents) else None


def _in_document(overlay: Overlay, file: str, document: Any) -> Iterator[Written]:
    if _is_patch(document):
        return
    try:
        bodies = list(objects(document, file))
    except ConfigurationError:
        kept = document
        if isinstance(document, dict):
            kept = {key: value for key, value in document.items() if key != "patches"}
        for suspect in suspects.of_value(kept):
            yield Written(suspect=suspect, file=file)
        return
    for body in bodies:
        resource = Resource(body=body, origin=Origin(source=file))
        owner = f"{resource.id.kind}/{resource.id.name}"
        for suspect in suspects.of_resource(resource, overlay.base.base.nested_charts):
            yield Written(suspect=suspect, file=file, owner=owner)


def _is_patch(document: Any) -> bool:
    if isinstance(document, list):
        return all(isinstance(entry, dict) and "op" in entry for entry in document)
    return isinstance(document, dict) and document.get("kind") == "PatchTransformer"


def _in_comments(file: str, text: str) -> Iterator[Written]:
    for suspect in suspects.of_comments(text):
        yield Written(suspect=suspect, file=file)


def _texts(paths: Iterable[Path], root: Path) -> dict[str, str]:
    return {shown(path, root): _text(path, root) for path in paths}


def _text(path: Path, root: Path) -> str:
    """Read a file as text; what of it is none may be a key store, and is not looked into."""
    key = ("any text", path, root)
    return once(key, lambda: read_bytes(path, root).decode("utf-8", "replace"))
