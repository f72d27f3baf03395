"""What an image is made of: its indexes, the manifests of its platforms, their blobs.

Media types and fields as the OCI image specification and Docker's image manifest version 2 have
them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from builder.core import image as images
from builder.core.errors import ToolError
from builder.parallel import Failure, each
from builder.registries import Registries
from builder.tools import answers
from builder.tools.registry import DOCKER_LIST, INDEX, Manifest, Place, RegistryError

UNKNOWN = "unknown/unknown"
_MAX_DEPTH = 3
_IMPLIED = (("arm64", "v8"), ("amd64", "v1"))
_PLATFORM = re.compile(r"[\w.-]+", re.ASCII)
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One manifest of an image: its platform (``os/architecture[/variant]``), its blobs by size.

    The platform of what is no image, as an attestation, is ``unknown/unknown``.
    """

    platform: str
    manifest: Manifest
    blobs: Mapping[str, int]

    @property
    def size(self) -> int:
        """The bytes of manifest and blobs."""
        return len(self.manifest.body) + sum(self.blobs.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """An image: the manifest or index that its name means, and all below it.

    ``manifests`` has everything that is pushed, what is referred to before what refers to it.
    """

    root: Manifest
    indexes: tuple[Manifest, ...]
    parts: tuple[Part, ...]

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """All manifests, the root last."""
        return (*(part.manifest for part in self.parts), *reversed(self.indexes))

    @property
    def blobs(self) -> dict[str, int]:
        """All blobs with their sizes."""
        return {digest: size for part in self.parts for digest, size in part.blobs.items()}

    @property
    def size(self) -> int:
        """The bytes of everything, each blob once."""
        bodies = {m.digest: len(m.body) for m in self.manifests}
        return sum((bodies | self.blobs).values())

    def only(self, platform: str) -> "Content":
        """Return the image of one platform alone, which is what its manifest is."""
        for part in self.parts:
            if part.platform == platform:
                return Content(root=part.manifest, indexes=(), parts=(part,))
        raise KeyError(platform)


def read(
    names: Iterable[str], registries: Registries, jobs: int
) -> tuple[dict[str, Content], list[Failure]]:
    """Read what names mean, with all below it: level by level, each level many at a time."""
    roots, failures = each(
        lambda name: _root(name, registries), names, jobs, str, what="reading images"
    )
    found = {name: Content(root=r, indexes=(), parts=()) for name, r in roots}
    level = [(name, _Child(platform="", manifest=root)) for name, root in roots]
    for _ in range(_MAX_DEPTH):
        below: list[tuple[str, _Child]] = []
        for name, known in level:
            try:
                below += [(name, child) for child in _children(name, known)]
            except RegistryError as error:
                failures.append(Failure(subject=name, error=error))
                continue
            if _is_index(known.manifest):
                indexes = (*found[name].indexes, known.manifest)
                found[name] = replace(found[name], indexes=indexes)
        got, more = each(
            lambda pair: _complete(*pair, registries),
            below,
            jobs,
            lambda pair: pair[0],
            what="reading manifests",
        )
        failures += more
        level = []
        for (name, _), part in got:
            if isinstance(part, Part):
                found[name] = replace(found[name], parts=(*found[name].parts, part))
            else:
                level.append((name, part))
        if not level:
            break
    failures += [Failure(subject=name, error=_too_deep(name)) for name in {n: 0 for n, _ in level}]
    for failure in failures:
        found.pop(failure.subject, None)
    return found, failures


def _too_deep(name: str) -> RegistryError:
    return RegistryError(
        f"{name} has indexes of indexes, more than {_MAX_DEPTH} deep",
        hint="is it an image? Look at it with `skopeo inspect --raw`",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Child:
    """A manifest below another, which may not be read yet."""

    platform: str
    manifest: Manifest


def _root(name: str, registries: Registries) -> Manifest:
    image = images.parse(name)
    if image is None:
        raise ToolError(f"{name!r} is not an image reference")
    place = registries.of(image)
    found = place.registry.pull(place.repository, image.digest or image.tag or "latest")
    if found is None:
        raise RegistryError(
            f"{image.registry} has no {name}", hint="was it removed, or is the name wrong?"
        )
    return found


def _children(name: str, known: _Child) -> Sequence[_Child]:
    """Return the manifests of an index, unread; of a manifest, itself."""
    if not _is_index(known.manifest):
        return [known]
    return [
        _Child(
            platform=_platform(entry.get("platform") or {}, name),
            manifest=Manifest(
                body=b"", digest=_digest(entry, name), media_type=str(entry.get("mediaType"))
            ),
        )
        for entry in answers.mappings(
            _value(known.manifest, name).get("manifests"), f"{name} has a list of manifests"
        )
    ]


def _complete(name: str, child: _Child, registries: Registries) -> Part | _Child:
    image = images.parse(name)
    assert image is not None  # noqa: S101 - it was read by this name
    place, manifest = registries.of(image), child.manifest
    if not manifest.body:
        found = place.registry.pull(place.repository, manifest.digest)
        if found is None:
            raise RegistryError(f"{name}: the registry has lost {manifest.digest} of its index")
        manifest = found
    if _is_index(manifest):
        return _Child(platform=child.platform, manifest=manifest)
    value = _value(manifest, name)
    platform = child.platform or _configured(place, value, name)
    return Part(platform=platform, manifest=manifest, blobs=dict(_blobs(value, name)))


def _blobs(value: Mapping[str, Any], name: str) -> Iterable[tuple[str, int]]:
    """Yield digest and size of what a manifest refers to."""
    if "config" not in value:
        kind = value.get("mediaType") or f"schema version {value.get('schemaVersion')}"
        raise RegistryError(
            f"{name} has a manifest of a kind that cannot be mirrored: {answers.shown(kind)}"
        )
    layers = answers.mappings(value.get("layers"), f"{name} has a list of layers")
    for entry in (answers.mapping(value["config"], f"{name} has a configuration"), *layers):
        if not entry.get("urls"):  # a layer that may not be distributed stands elsewhere
            yield _digest(entry, name), answers.size(entry.get("size"), f"{name} has a blob")


def _configured(place: Place, value: Mapping[str, Any], name: str) -> str:
    """Read the platform of an image without an index off its configuration."""
    what = f"{name} has a configuration"
    config = answers.mapping(value.get("config") or {}, what)
    if not str(config.get("mediaType")).endswith(("image.config.v1+json", "image.v1+json")):
        return UNKNOWN
    found = answers.loaded(place.registry.blob(place.repository, _digest(config, name)), what)
    return _platform(answers.mapping(found, what), name)


def _digest(entry: Mapping[str, Any], name: str) -> str:
    """Return the digest of a descriptor; it becomes a part of URLs, and may hold nothing else."""
    digest = str(entry.get("digest"))
    if not _SHA256.fullmatch(digest):
        raise RegistryError(
            f"{name} refers to {answers.shown(digest)!r}, which is not a sha256 digest"
        )
    return digest


def _platform(value: Any, name: str) -> str:
    """Write a platform; a variant that its architecture implies is left out, as containerd does."""
    known = answers.mapping(value, f"{name} has a platform")
    parts = [known.get("os") or "unknown", known.get("architecture") or "unknown"]
    variant = known.get("variant")
    if (parts[1], variant) not in _IMPLIED and variant:
        parts.append(variant)
    for part in parts:
        if not isinstance(part, str) or not _PLATFORM.fullmatch(part):
            raise RegistryError(f"{name} has a platform {answers.shown(part)}, which is none")
    return "/".join(parts)


def _is_index(manifest: Manifest) -> bool:
    return manifest.media_type in (INDEX, DOCKER_LIST)


def _value(manifest: Manifest, name: str) -> dict[str, Any]:
    what = f"{name} has a manifest"
    return answers.mapping(answers.loaded(manifest.body, what), what)
