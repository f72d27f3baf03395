"""Where an image stands in the registry inside: one function decides it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from builder.core.environment import Environment, Mirror, Registry
from builder.core.image import ImageName, parse

# How much of a source's name each layout keeps.
_KEPT = {"flat": 0, "strip-host": 1, "full-path": 2}
_WHOLE = 2


def mirrored(image: ImageName, registry: Registry) -> ImageName | None:
    """Return the name of ``image`` inside, with tag and digest as they are.

    An explicit mapping wins; else the layout decides: ``strip-host`` keeps the path,
    ``full-path`` puts the source's host before it, ``flat`` keeps the last part only. An image that
    stands in another mirror is placed by its source's name; None when too little is left of that.
    """
    source, kept = _origin(image, registry)
    return _placed(source, registry) if kept >= _KEPT[registry.layout] else None


def source(image: ImageName, registry: Registry) -> ImageName | None:
    """Return the name from which an image in the registry, or in another mirror, is mirrored.

    None where the layout has dropped the source's host and no mapping names it.
    """
    own = Mirror(prefix=registry.prefix, layout=registry.layout, mappings=registry.mappings)
    known = msgspec.structs.replace(registry, mirrors=(*registry.mirrors, own))
    found, kept = _origin(image, known)
    unknown = kept < _WHOLE or (
        found == image and any(is_mirrored(image, m) for m in known.mirrors)
    )
    return None if unknown else found


def _origin(image: ImageName, registry: Registry) -> tuple[ImageName, int]:
    """Return the source of an image, and how much of its name is known."""
    for mirror in registry.mirrors:
        source = _by_mapping(image, mirror, registry)
        if source is not None:
            return source, _WHOLE
    inside = [m for m in registry.mirrors if is_mirrored(image, m)]
    if not inside:
        return image, _WHOLE
    mirror = max(inside, key=lambda m: len(m.prefix))
    source = _backwards(image, mirror)
    return source, _WHOLE if source.registry else _KEPT[mirror.layout]


def _by_mapping(image: ImageName, mirror: Mirror, registry: Registry) -> ImageName | None:
    """Return the source of an image in a mirror, where a mapping names it."""
    for text in (*mirror.mappings, *registry.mappings):
        name = parse(text)
        if name is not None and _same(_placed(name, mirror), image):
            return replace(name, tag=image.tag, digest=image.digest)
    return None


def _backwards(image: ImageName, mirror: Mirror) -> ImageName:
    """Read a name in a mirror backwards; without a registry where the layout has dropped it."""
    rest = f"{image.registry}/{image.repository}".removeprefix(f"{mirror.prefix}/")
    if mirror.layout != "full-path":
        return replace(image, registry="", repository=rest)
    host, _, path = rest.partition("/")
    host = host.replace("_", ":")
    if path and ("." in host or ":" in host or host == "localhost"):
        return replace(image, registry=host, repository=path)
    return image  # it has no other source: it was put there by hand


def _placed(image: ImageName, mirror: Mirror) -> ImageName:
    mapped = _mapping(image, mirror.mappings)
    if mapped is not None:
        target = (
            parse(f"{mirror.prefix}/{mapped}")
            if "." not in mapped.partition("/")[0]
            else parse(mapped)
        )
        if target is not None:
            return replace(target, tag=image.tag, digest=image.digest)
    host, _, path = mirror.prefix.partition("/")
    parts = {
        "strip-host": [image.repository],
        "full-path": [image.registry.replace(":", "_"), image.repository],
        "flat": [image.repository.rpartition("/")[2]],
    }[mirror.layout]
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


def is_mirrored(image: ImageName, mirror: Mirror) -> bool:
    """Tell whether an image already stands under the mirror's prefix."""
    return f"{image.registry}/{image.repository}".startswith(f"{mirror.prefix}/")


def pinned(image: ImageName, environment: Environment) -> ImageName:
    """Return an image with the tag, or the digest, that the environment pins it to.

    A pin is for an image as the chart has it, wherever it is mirrored, or for one with its tag:
    the longer wins. One whose tag does not float is pinned to digests only, and by its tag.
    """
    return _with_digest(_unfloated(image, environment), environment)


def _with_digest(image: ImageName, environment: Environment) -> ImageName:
    """Return an image with the digest that a pin names for its tag."""
    if image.digest or not image.tag:
        return image
    for source, pin in environment.pins.items():
        tag, at, digest = pin.rpartition("@")
        if digest.startswith("sha256:") and source.endswith(f":{image.tag}"):
            name = parse(source) if not at or tag == image.tag else None
            if name and name.tag == image.tag and stands_for(name, image, environment.registry):
                return image.with_digest(digest)
    return image


def _unfloated(image: ImageName, environment: Environment) -> ImageName:
    if not image.floating:
        return image
    found: str | None = None
    for source, pin in environment.pins.items():
        name = parse(source)
        if name is None or (name.tag and name.tag != image.tag):
            continue
        if stands_for(name, image, environment.registry) and (name.tag or found is None):
            found = pin
    if found is None:
        return image
    if found.startswith("sha256:"):
        return image.with_digest(found)
    tag, _, digest = found.partition("@")
    return replace(image, tag=tag, digest=digest)


def stands_for(name: ImageName, image: ImageName, registry: Registry) -> bool:
    """Tell whether ``name`` is the image, or is mirrored as it, here or in another mirror."""
    places = [name, mirrored(name, registry), *(_placed(name, m) for m in registry.mirrors)]
    return any(place is not None and _same(place, image) for place in places)


def _same(one: ImageName, other: ImageName) -> bool:
    return (one.registry, one.repository) == (other.registry, other.repository)


def collisions(images: Iterable[ImageName], registry: Registry) -> dict[str, list[str]]:
    """Return the mirrored names that two different source images would share.

    Of an image in another mirror often only the path is known: where that is the same, it is taken
    for the same image.
    """
    sources: dict[str, dict[tuple[str, str], str]] = {}
    for image in images:
        bare = replace(image, digest="")
        target = mirrored(bare, registry)
        if target is not None:
            source, _ = _origin(bare, registry)
            sources.setdefault(str(target), {})[source.registry, source.repository] = str(bare)
    shared = {}
    for target_name, found in sorted(sources.items()):
        whole = {path for registry_, path in found if registry_}
        names = [text for (host, path), text in found.items() if host or path not in whole]
        if len(names) > 1:
            shared[target_name] = sorted(names)
    return shared
