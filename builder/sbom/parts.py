"""What a bill of materials lists, whatever its format."""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from builder.core.errors import ConfigurationError
from builder.core.image import parse
from builder.core.lock import FILE, Lock, LockedChart, LockedImage

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:x-sealift:sbom")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A chart or an image.

    ``ref`` names it within the document, ``sha256`` is that of its archive, empty for an image,
    whose digest is its ``version`` where it is known. ``depends`` are the refs of the images that
    the render of a chart pulls.
    """

    kind: Literal["chart", "image"]
    ref: str
    name: str
    version: str
    purl: str
    sha256: str = ""
    depends: tuple[str, ...] = ()


def parts(lock: Lock) -> list[Part]:
    """Return all charts, then all images of a lock, each with its package URL (purl-spec).

    Raises ConfigurationError for a lock with a part that can have none, or that stands twice.
    """
    try:
        found = [*(_chart(chart, lock) for chart in lock.charts), *map(_image, lock.images)]
    except ValueError as error:
        raise ConfigurationError(
            f"names a chart or an image that has no name: {error}", where=FILE
        ) from error
    twice = [ref for ref, times in Counter(part.ref for part in found).items() if times > 1]
    if twice:
        raise ConfigurationError(f"names {twice[0]} twice", where=FILE)
    return found


def serial(lock: Lock, tree: str) -> uuid.UUID:
    """Return the number of a bundle's document: by its name and its tree, not by chance."""
    return uuid.uuid5(_NAMESPACE, f"{lock.environment} {tree}")


def needs(module: str, extra: str) -> None:
    """Raise ConfigurationError when a library is missing, with the command that brings it."""
    if find_spec(module) is None:
        raise ConfigurationError(
            f"{module} is not installed, which writes this format",
            hint=f"pip install 'sealift[{extra}]'",
        )


def _chart(chart: LockedChart, lock: Lock) -> Part:
    from packageurl import PackageURL

    title = f"{chart.name}-{chart.version}"
    place = {"repository_url": chart.repository} if chart.repository else None
    made = {name for entry in lock.nested if entry.chart == title for name in entry.resources}
    return Part(
        kind="chart",
        ref=f"chart:{title}" + (f"@{chart.repository}" if _twins(chart, lock) else ""),
        name=chart.name,
        version=chart.version,
        purl=PackageURL("helm", None, chart.name, chart.version, place).to_string(),
        sha256=chart.sha256.removeprefix("sha256:"),
        depends=tuple(_pulled(made, lock)),
    )


def _twins(chart: LockedChart, lock: Lock) -> bool:
    """Tell whether a chart is fetched from several places, as one by kustomize and by Flux."""
    key = (chart.name, chart.version)
    return sum((other.name, other.version) == key for other in lock.charts) > 1


def _pulled(made: set[str], lock: Lock) -> Iterator[str]:
    for image in lock.images:
        if any(place.partition(" ")[0] in made for place in image.used_by):
            yield f"image:{image.image}"


def _image(image: LockedImage) -> Part:
    from packageurl import PackageURL

    name = parse(image.image)
    place = f"{name.registry}/{name.repository}" if name else image.image
    tag = name.tag if name else ""
    more = {"repository_url": place, **({"tag": tag} if tag else {})}
    last = place.rpartition("/")[2].lower()
    return Part(
        kind="image",
        ref=f"image:{image.image}",
        name=place,
        version=image.digest or tag,
        purl=PackageURL("oci", None, last, image.digest or None, more).to_string(),
    )
