"""``bundle.lock.yaml``: what a bundle brings into the cluster, by digest.

Neither tool versions nor the source commit are in it: they would change the bundle, and so wake
the cluster, without changing anything in it. The commit that publishes a bundle names them.
"""

from collections.abc import Iterable
from typing import Any

from builder.core import yaml
from builder.core.images_lock import ImagesLock
from builder.core.manifests import ResourceId
from builder.core.nested import NestedChart
from builder.core.references import Reference
from builder.core.section import Section, check_version, parse

FILE = "bundle.lock.yaml"
VERSION = 1


class LockedChart(Section, frozen=True):
    """A chart: ``sha256`` of its archive, and from where what uses it fetches it."""

    name: str
    version: str
    sha256: str
    repository: str
    used_by: tuple[str, ...]


class LockedImage(Section, frozen=True):
    """An image as the cluster pulls it; ``digest`` is empty while it is not known."""

    image: str
    digest: str
    used_by: tuple[str, ...]


class NestedInventory(Section, frozen=True):
    """What a controller makes from one resource: names only, for the content holds Secrets."""

    resource: str
    chart: str
    resources: tuple[str, ...]


class Lock(Section, frozen=True):
    """The contract between a bundle and the mirror."""

    lock_version: int
    environment: str
    kubernetes: str
    charts: tuple[LockedChart, ...]
    images: tuple[LockedImage, ...]
    nested: tuple[NestedInventory, ...]


def images(references: Iterable[Reference]) -> tuple[LockedImage, ...]:
    """Return every image that the cluster will pull, sorted: test hooks and comments are not."""
    used: dict[str, set[str]] = {}
    for reference in references:
        if reference.kind == "image" and not reference.comment and not reference.origin.test_hook:
            used.setdefault(reference.value, set()).add(str(reference))
    return tuple(
        LockedImage(image=image, digest=_digest(image), used_by=tuple(sorted(places)))
        for image, places in sorted(used.items())
    )


def with_digests(lock: Lock, images_lock: ImagesLock) -> Lock:
    """Return a lock with the digests that the lock of images has."""
    import msgspec

    filled = []
    for image in lock.images:
        entry = images_lock.find(image.image)
        digest = image.digest or (entry.digest if entry else "")
        filled.append(msgspec.structs.replace(image, digest=digest))
    return msgspec.structs.replace(lock, images=tuple(filled))


def _digest(image: str) -> str:
    return image.partition("@")[2]


def inventory(chart: NestedChart, manifests: Iterable[ResourceId]) -> NestedInventory:
    """Return the names of what a nested chart renders."""
    return NestedInventory(
        resource=str(chart.resource.id),
        chart=chart.title,
        resources=tuple(sorted({str(r) for r in manifests})),
    )


def dump(lock: Lock) -> str:
    """Write a lock as YAML."""
    import msgspec

    header = "# Written by sealift build. What this bundle brings into the cluster.\n"
    # One section at a time: what environments have in common is written once.
    return header + "".join(yaml.dump({k: v}) for k, v in msgspec.to_builtins(lock).items())


def load(text: str, *, source: str = FILE) -> Lock:
    """Read a lock; raise ConfigurationError with the key path and line of what is wrong."""
    value: Any = yaml.load(text, source=source)
    check_version(value, VERSION, source)
    return parse(Lock, value, text, source)
