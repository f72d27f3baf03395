"""What an archive will hold, all of it known before the first byte is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from builder.build import Build
from builder.content import Content, read
from builder.core import image as images
from builder.core import images_lock, oci_layout, transport
from builder.core import lock as locks
from builder.core.errors import ConfigurationError
from builder.core.images_lock import ImagesLock, SourcedImage
from builder.core.oci_layout import Root
from builder.core.transport import Commits, Contents, Held
from builder.mirror.charts import ChartStep, artifact
from builder.mirror.plan import Plan, of_plan
from builder.parallel import Failure
from builder.registries import Registries
from builder.tools.registry import Source
from builder.transport.sources import FileSource

Side = Literal["source", "mirror"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Packing:
    """The archive's contents; ``small`` members by name, ``sources`` of the others by digest."""

    contents: Contents
    small: Mapping[str, bytes]
    sources: Mapping[str, Source]

    @property
    def checksums(self) -> bytes:
        """The bytes of ``checksums.json``."""
        return transport.dump(self.contents)


@dataclass(kw_only=True)
class _Blobs:
    """Blobs, gathered: each once, with all repositories that need it."""

    held: dict[str, int] = field(default_factory=dict)
    repositories: dict[str, set[str]] = field(default_factory=dict)
    small: dict[str, bytes] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    def add_small(self, data: bytes) -> str:
        digest = transport.digest(data)
        self.held[digest], self.small[digest] = len(data), data
        return digest

    def add(self, digest: str, size: int, source: Source) -> None:
        self.held[digest] = size
        self.sources.setdefault(digest, source)

    def needed(self, digest: str, repositories: Iterable[str]) -> None:
        self.repositories.setdefault(digest, set()).update(repositories)


def pack(
    built: Build,
    plan: Plan,
    lock: ImagesLock,
    commits: Commits,
    git_bundle: bytes,
    registries: Registries,
    *,
    side: Side = "source",
    before: Contents | None = None,
    jobs: int,
) -> tuple[Packing, list[Failure]]:
    """Read what the images of a plan are made of, and lay out the archive.

    ``side`` tells whose names are read, ``before`` is the archive whose blobs are left out. With
    failures, the packing is not whole and must not be written.
    """
    crossing = [step.image for step in plan.images if step.state != "stays"]
    names = {entry: name for entry in crossing if (name := _name(entry, side))}
    contents, failures = read(dict.fromkeys(names.values()), registries, jobs)
    blobs = _Blobs()
    roots = []
    for entry, name in names.items():
        if name in contents:
            _add_image(blobs, entry, contents[name], _source(name, registries))
            roots.append(_root(entry, contents[name]))
    carried = [step for step in plan.charts if step.state != "stays"]
    charts = tuple(_add_chart(blobs, step) for step in carried)
    roots += [chart_root(c, blobs.held[c.manifest]) for c in charts]
    files = {
        transport.OCI_LAYOUT: oci_layout.LAYOUT,
        transport.INDEX: oci_layout.index(roots),
        transport.IMAGES_LOCK: images_lock.dump(of_plan(lock, plan)).encode(),
        transport.BUNDLE_LOCK: built.files[locks.FILE],
        transport.GIT: git_bundle,
    }
    expected = sorted(entry.image for entry in crossing if entry not in names)
    contents_file = _contents(built.overlay.name, commits, files, blobs, before)
    contents_file = msgspec.structs.replace(contents_file, charts=charts, expected=tuple(expected))
    small = files | {transport.blob_member(d, 0).name: b for d, b in blobs.small.items()}
    return Packing(contents=contents_file, small=small, sources=blobs.sources), failures


def _name(entry: SourcedImage, side: Side) -> str:
    """Return the name that is read; empty when nobody knows from where the image comes."""
    if side == "mirror":
        return entry.pinned
    return f"{entry.source.partition('@')[0]}@{entry.digest}" if entry.source else ""


def _source(name: str, registries: Registries) -> Source:
    parsed = images.parse(name)
    assert parsed is not None  # noqa: S101 - it was read by this name
    return registries.of(parsed)


def _add_image(blobs: _Blobs, entry: SourcedImage, content: Content, source: Source) -> None:
    repository = repository_of(entry.image)
    for manifest in content.manifests:
        blobs.needed(blobs.add_small(manifest.body), [repository])
    for digest, size in content.blobs.items():
        blobs.add(digest, size, source)
        blobs.needed(digest, [repository])


def _root(entry: SourcedImage, content: Content) -> Root:
    return Root(
        name=entry.image,
        digest=entry.digest,
        media_type=entry.media_type,
        size=len(content.root.body),
    )


def chart_root(chart: transport.Chart, size: int) -> Root:
    """Return how the layout's index names a chart."""
    tag = chart.version.replace("+", "_")  # as helm writes it: a tag may hold no plus sign
    return Root(
        name=f"charts/{chart.name}:{tag}",
        digest=chart.manifest,
        media_type=oci_layout.MANIFEST,
        size=size,
    )


def repository_of(name: str) -> str:
    """Return registry and repository of an image's name."""
    parsed = images.parse(name)
    if parsed is None:
        raise ConfigurationError(f"{name!r} is not an image reference")
    return f"{parsed.registry}/{parsed.repository}"


def _add_chart(blobs: _Blobs, step: ChartStep) -> transport.Chart:
    config, manifest = artifact(step.path.read_bytes())
    blobs.add_small(config)
    blobs.add(step.chart.sha256, step.size, FileSource(path=step.path))
    return transport.Chart(
        name=step.chart.name,
        version=step.chart.version,
        sha256=step.chart.sha256,
        manifest=blobs.add_small(manifest),
    )


def _contents(
    environment: str,
    commits: Commits,
    files: Mapping[str, bytes],
    blobs: _Blobs,
    before: Contents | None,
) -> Contents:
    """Describe the archive: what stands in it, and what it needs of the one before."""
    known = {blob.digest: blob for blob in before.blobs} if before else {}
    left = blobs.sources.keys() & known.keys() - blobs.small.keys()
    for digest in left:
        blobs.needed(digest, known[digest].repositories)
    held = tuple(
        Held(
            digest=digest,
            size=size,
            repositories=tuple(sorted(blobs.repositories.get(digest, ()))),
        )
        for digest, size in sorted(blobs.held.items())
    )
    members: Sequence[transport.Member] = [
        *(transport.member(name, files[name]) for name in transport.FIXED),
        *(transport.blob_member(b.digest, b.size) for b in held if b.digest not in left),
    ]
    return Contents(
        format=transport.FORMAT,
        environment=environment,
        commits=commits,
        members=tuple(members),
        blobs=held,
        since=transport.digest(transport.dump(before)) if before else "",
    )


def default_base(output: Path, environment: str) -> Path:
    """Return the archive's path: the file that is named, or one in the folder that is."""
    return output if output.name.endswith(".tar") else output / f"{environment}.tar"
