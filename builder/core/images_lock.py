"""``images.lock.yaml``: the images of an environment, as their registries hold them.

It stands beside ``environment.yaml`` and is reviewed and committed, like ``charts.lock.yaml``: what
a tag named when it was written, and so what the mirror has to hold.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from builder.core import yaml
from builder.core.findings import Finding
from builder.core.section import Section, check_version, parse
from builder.core.texts import Sha256

FILE = "images.lock.yaml"
VERSION = 1
MediaType = Annotated[
    str, msgspec.Meta(pattern=r"^[!-~]{0,255}$", description="a media type, without spaces")
]


class Platform(Section, frozen=True):
    """One platform of an image.

    ``platform`` is ``os/architecture`` or ``os/architecture/variant``, ``digest`` that of its
    manifest, ``size`` the bytes of its manifest, configuration and layers.
    """

    platform: str
    digest: Sha256
    size: int


class SourcedImage(Section, frozen=True):
    """One image: where it comes from, where it is mirrored, and what it is.

    ``image`` is the name by which the cluster pulls it, without the digest that the lock adds;
    ``source`` the name from which it is mirrored, empty where nobody knows it; ``digest`` and
    ``media_type`` are those of what the name resolves to, an index or a manifest; ``size`` is in
    bytes, each blob counted once.
    """

    image: str
    source: str
    digest: Sha256
    media_type: MediaType
    size: int
    platforms: tuple[Platform, ...] = ()

    @property
    def pinned(self) -> str:
        """The mirrored name with the digest."""
        return f"{self.image.partition('@')[0]}@{self.digest}"

    @property
    def untagged(self) -> str:
        """The mirrored name with the digest in the place of the tag."""
        name = self.image.partition("@")[0]
        head, slash, last = name.rpartition("/")
        return f"{head}{slash}{last.partition(':')[0]}@{self.digest}"


class ImagesLock(Section, frozen=True):
    """All images of an environment, sorted by their mirrored names.

    ``platforms`` are those that were asked for; without any, images are locked whole.
    """

    lock_version: int
    images: tuple[SourcedImage, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether an image is one platform's manifest alone, not the whole index."""
        return len(set(self.platforms)) == 1

    def find(self, image: str) -> SourcedImage | None:
        """Return the entry of an image by its mirrored name, with its digest or without.

        A digest may take the place of the tag.
        """
        for entry in self.images:
            if image in (entry.image, entry.pinned, entry.untagged):
                return entry
        return None


def moved(before: ImagesLock, after: ImagesLock, *, place: str) -> Iterator[Finding]:
    """Yield a finding for each image whose name means something else than in the lock before.

    Locks of other platforms are held against each other by the platforms that both have; where
    there is none, that is a warning. Images are told by their sources: their mirrored names change
    with the registry's prefix and layout.
    """
    sources = {entry.source: entry for entry in before.images if entry.source}
    alike = before.platforms == after.platforms or not (before.alone or after.alone)
    for entry in after.images:
        known = sources.get(entry.source) or before.find(entry.image)
        if known is None or known.digest == entry.digest:
            continue
        both = _both(known, entry)
        if alike or any(one != other for one, other in both.values()):
            changes = [(known.digest, entry.digest)] if alike else both.values()
            was, now = next((one, other) for one, other in changes if one != other)
            yield Finding(
                code="moved-tag",
                subject=entry.source or entry.image,
                place=place,
                cause=f"it was {was} when it was locked, and is {now} now",
                hint="find out who moved it, then lock it again with --accept-moved",
            )
        elif not both:
            yield Finding(
                code="moved-unknown",
                severity="warning",
                subject=entry.source or entry.image,
                place=place,
                cause=f"it was locked for {_listed(before)} and is now for {_listed(after)}, so "
                "nothing tells whether its tag has moved since",
                hint=f"to know, run `sealift lock --check` for {_listed(before)} first",
            )


def _both(known: SourcedImage, entry: SourcedImage) -> dict[str, tuple[str, str]]:
    """Return the digests, before and after, of each platform that both have."""
    one, other = (_digests(image) for image in (known, entry))
    return {platform: (one[platform], other[platform]) for platform in one if platform in other}


def _digests(image: SourcedImage) -> dict[str, str]:
    """Return the digests by platform; an image may have several manifests for one."""
    found: dict[str, list[str]] = {}
    for part in image.platforms:
        found.setdefault(part.platform, []).append(part.digest)
    return {platform: ", ".join(sorted(digests)) for platform, digests in found.items()}


def _listed(lock: ImagesLock) -> str:
    return ", ".join(lock.platforms) or "all platforms"


def dump(lock: ImagesLock) -> str:
    """Write the lock as YAML."""
    header = "# Written by sealift lock: what the images of this environment are. Review, commit.\n"
    return header + yaml.dump(msgspec.to_builtins(lock))


def load(text: str, *, source: str = FILE) -> ImagesLock:
    """Read the lock; raise ConfigurationError with line and key path of what is wrong."""
    value: Any = yaml.load(text, source=source)
    check_version(value, VERSION, source)
    return parse(ImagesLock, value, text, source)
