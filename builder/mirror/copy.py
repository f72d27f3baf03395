"""Copying images to the mirror: each blob once, checked, and taken up again where it broke off.

A tag is written last, when all that it means is there: an interrupted copy leaves nothing that a
cluster could pull by half.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from builder.content import Content, read
from builder.core import image as images
from builder.core.errors import ToolError
from builder.core.image import ImageName
from builder.core.images_lock import SourcedImage
from builder.parallel import Failure, each
from builder.registries import Registries
from builder.tools.registry import Place, RegistryError, Source


class Progress(Protocol):
    """Who is told how a copy goes on; from several threads."""

    def planned(self, size: int) -> None:
        """Take in how many bytes are to be copied, at most."""

    def advanced(self, size: int) -> None:
        """Take in that so many bytes are dealt with; raise to break off."""

    def finished(self, image: str, copied: int) -> None:
        """Take in that an image is there, and how many bytes were copied for it."""

    def stop(self) -> None:
        """Make :meth:`advanced` raise from now on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """An image that is in the mirror now, and the bytes that had to be copied for it."""

    image: SourcedImage
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """A blob, and where it is needed."""

    digest: str
    size: int
    source: Source
    targets: tuple[Place, ...]


def copy(
    entries: Iterable[SourcedImage], registries: Registries, progress: Progress, jobs: int
) -> tuple[list[Copied], list[Failure]]:
    """Copy images from their sources, by the locked digests; return what is there, what failed.

    An image that fails does not keep others from being copied. An interrupt breaks off at once; the
    next run goes on with the blobs that are missing.
    """
    todo = {_origin(entry): entry for entry in entries}
    contents, failures = read(todo, registries, jobs)
    copied, more = push(
        todo, contents, lambda name, _: registries.of(_named(name)), registries, progress, jobs
    )
    return copied, [*failures, *more]


def push(
    todo: Mapping[str, SourcedImage],
    contents: Mapping[str, Content],
    source: Callable[[str, str], Source],
    registries: Registries,
    progress: Progress,
    jobs: int,
    near: Mapping[str, Place] = MappingProxyType({}),
) -> tuple[list[Copied], list[Failure]]:
    """Bring images whose content is known to the mirror, each under its entry's name.

    ``source`` returns what holds a blob, by the key of an image in ``todo`` and ``contents``, and
    by digest. ``near`` are blobs that other repositories of the mirror hold.
    """
    copier = _Copier(registries, progress, contents, source, near)
    work = copier.jobs(todo)
    progress.planned(sum(job.size for job in work))
    done, broken = each(copier.blob, work, jobs, lambda job: job.digest, stop=progress.stop)
    lost = {failure.subject: failure.error for failure in broken}
    failures = [
        Failure(subject=name, error=lost[digest])
        for name, content in contents.items()
        for digest in content.blobs
        if digest in lost
    ]
    copier.sizes = {job.digest: size for job, size in done}
    whole = [n for n, content in contents.items() if not content.blobs.keys() & lost.keys()]
    results, refused = each(
        lambda n: copier.manifests(n, todo[n]), whole, jobs, str, what="writing tags"
    )
    return [copied for _, copied in results], [*failures, *refused]


def _origin(entry: SourcedImage) -> str:
    """Return the name that is read: what the lock says, whatever the tag means by now."""
    return f"{entry.source.partition('@')[0]}@{entry.digest}"


class _Copier:
    """One run of copying; knows what each image is made of."""

    def __init__(
        self,
        registries: Registries,
        progress: Progress,
        contents: Mapping[str, Content],
        source: Callable[[str, str], Source],
        near: Mapping[str, Place],
    ) -> None:
        self.registries = registries
        self.progress = progress
        self.contents = contents
        self.source = source
        self.near = near
        self.sizes: Mapping[str, int] = {}
        self._counted: set[str] = set()
        self._lock = threading.Lock()

    def jobs(self, todo: Mapping[str, SourcedImage]) -> list[_Job]:
        """Return every blob once, with all repositories that need it; the largest first."""
        found: dict[str, _Job] = {}
        for name, content in self.contents.items():
            target = self.place(todo[name].image)
            for digest, size in content.blobs.items():
                known = found.get(digest)
                targets = (*known.targets, target) if known else (target,)
                found[digest] = _Job(
                    digest=digest,
                    size=size,
                    source=known.source if known else self.source(name, digest),
                    targets=tuple(dict.fromkeys(targets)),
                )
        return sorted(found.values(), key=lambda job: (-job.size, job.digest))

    def blob(self, job: _Job) -> int:
        """Bring a blob to all its repositories; return how many bytes that took."""
        present = [t for t in job.targets if t.registry.has_blob(t.repository, job.digest)]
        held = [*present, *([self.near[job.digest]] if job.digest in self.near else [])]
        copied = 0
        for target in job.targets:
            if target in present:
                continue
            if not (held and target.registry.mount(
                target.repository, job.digest, held[0].repository
            )):  # fmt: skip
                target.registry.copy_blob(
                    target.repository, job.digest, job.size, job.source, self.progress.advanced
                )
                copied += job.size
            held.append(target)
        if not copied:
            self.progress.advanced(job.size)
        return copied

    def manifests(self, name: str, entry: SourcedImage) -> Copied:
        """Push the manifests of an image, its tag last, and look at what the mirror then says."""
        content, target = self.contents[name], self.place(entry.image)
        for manifest in content.manifests:
            target.registry.push_manifest(
                target.repository, manifest.digest, manifest.body, manifest.media_type
            )
        tag = _named(entry.image).tag
        root = content.root
        if tag:
            target.registry.push_manifest(target.repository, tag, root.body, root.media_type)
        there = target.registry.resolve(target.repository, tag or root.digest)
        if there is None or there.digest != entry.digest:
            found = there.digest if there else "nothing"
            raise RegistryError(f"{entry.image} is {found} after it was pushed as {entry.digest}")
        size = self.counted(content)
        self.progress.finished(entry.image, size)
        return Copied(image=entry, size=size)

    def counted(self, content: Content) -> int:
        """Return the bytes that were copied for an image, and for none before it."""
        with self._lock:
            fresh = content.blobs.keys() - self._counted
            self._counted |= fresh
        return sum(self.sizes.get(digest, 0) for digest in fresh)

    def place(self, name: str) -> Place:
        return self.registries.of(_named(name))


def _named(text: str) -> ImageName:
    name = images.parse(text)
    if name is None:
        raise ToolError(f"{text!r} is not an image reference")
    return name
