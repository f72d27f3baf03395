"""Where an image stands in the registry inside: one function decides it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from builder.core.environment import Environment, Registry
from builder.core.image import ImageName, parse


def mirrored(image: ImageName, registry: Registry) -> ImageName:
    """Return the name of ``image`` inside, with tag and digest as they are.

    An explicit mapping wins; else the layout decides: ``strip-host`` keeps the path,
    ``full-path`` puts the source's host before it, ``flat`` keeps the last part only.
    """
    mapped = _mapping(image, registry.mappings)
    if mapped is not None:
        target = (
            parse(f"{registry.prefix}/{mapped}")
            if "." not in mapped.partition("/")[0]
            else parse(mapped)
        )
        if target is not None:
            return replace(target, tag=image.tag, digest=image.digest)
    host, _, path = registry.prefix.partition("/")
    parts = {
        "strip-host": [image.repository],
        "full-path": [image.registry.replace(":", "_"), image.repository],
        "flat": [image.repository.rpartition("/")[2]],
    }[registry.layout]
    return ImageName(
        registry=host,
        repository="/".join([*([path] if path else []), *parts]),
        tag=image.tag,
        digest=image.digest,
    )


def _mapping(image: ImageName, mappings: Mapping[str, str]) -> str | None:
    for source, target in mappings.items():
        name = parse(source)
        if name is not None and _same(name, image):
            return target
    return None


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern, in which ``*`` stands for any text, covers ``text``."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def is_mirrored(image: ImageName, registry: Registry) -> bool:
    """Tell whether an image already stands under the registry's prefix."""
    return f"{image.registry}/{image.repository}".startswith(f"{registry.prefix}/")


def pinned(image: ImageName, environment: Environment) -> ImageName:
    """Return a floating image with the tag, or the digest, that the environment pins it to.

    A pin is for an image as the chart has it, wherever it is mirrored, or for one with its tag:
    the longer wins.
    """
    if not image.floating:
        return image
    found: str | None = None
    for source, pin in environment.pins.items():
        name = parse(source)
        if name is None or (name.tag and name.tag != image.tag):
            continue
        same = _same(name, image) or _same(mirrored(name, environment.registry), image)
        if same and (name.tag or found is None):
            found = pin
    if found is None:
        return image
    if found.startswith("sha256:"):
        return image.with_digest(found)
    tag, _, digest = found.partition("@")
    return replace(image, tag=tag, digest=digest)


def _same(one: ImageName, other: ImageName) -> bool:
    return (one.registry, one.repository) == (other.registry, other.repository)


def collisions(images: Iterable[ImageName], registry: Registry) -> dict[str, list[str]]:
    """Return the mirrored names that two different source images would share."""
    sources: dict[str, set[str]] = {}
    for image in images:
        bare = replace(image, digest="")
        sources.setdefault(str(mirrored(bare, registry)), set()).add(str(bare))
    return {target: sorted(names) for target, names in sorted(sources.items()) if len(names) > 1}
