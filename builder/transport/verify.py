"""An archive is looked at, all of it, before anything is done with it.

Closed world: the files hold what ``checksums.json`` says, byte for byte, and nothing else; what the
locks name is all there, and nothing else is.
"""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from builder.content import UNKNOWN, Content, Part
from builder.core import archive as charts
from builder.core import image as images
from builder.core import images_lock, oci_layout, tarball, transport
from builder.core import lock as locks
from builder.core.errors import ConfigurationError
from builder.core.images_lock import SourcedImage
from builder.core.lock import Lock, LockedChart
from builder.core.oci_layout import Root
from builder.core.transport import Chart, Contents, Span, damaged
from builder.files import decode
from builder.mirror.charts import artifact
from builder.mirror.copy import Progress
from builder.tools.registry import Manifest
from builder.transport import volume as volumes
from builder.transport.packing import chart_root
from builder.transport.sources import ArchiveSource
from builder.transport.volume import Volume, file_hash

_MAX_DEPTH = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """A verified archive.

    ``images`` are those that it brings, by their names inside, ``expected`` those that have to be
    there, ``layouts`` what each image is made of; ``digest`` stands for all of it.
    """

    contents: Contents
    digest: str
    spans: Mapping[str, Span]
    source: ArchiveSource
    lock: Lock
    images: Mapping[str, SourcedImage]
    expected: Mapping[str, SourcedImage]
    layouts: Mapping[str, Content]

    def locked_chart(self, chart: Chart) -> LockedChart | None:
        """Return the entry of a chart in the bundle's lock."""
        for entry in self.lock.charts:
            if (entry.name, entry.version, entry.sha256) == (
                chart.name,
                chart.version,
                chart.sha256,
            ):
                return entry
        return None


def contents_of(volume: Volume) -> tuple[Contents, bytes]:
    """Read ``checksums.json``, checked against the member before it.

    Returns it as read, and its bytes. Raises ConfigurationError.
    """
    where = volume.paths[0].name
    first = transport.header(transport.SEAL, len(transport.seal(b"")))
    if volume.read(0, transport.BLOCK) != first:
        what = transport.stranger(volume.read(0, transport.BLOCK), transport.SEAL)
        raise damaged(f"is no archive of Sealift, or damaged: it {what}", where)
    sealed = volume.read(transport.BLOCK, len(transport.seal(b"")))
    second = volume.read(2 * transport.BLOCK, transport.BLOCK)
    size = _size(second)
    if second != transport.header(transport.CHECKSUMS, size):
        raise damaged(transport.stranger(second, transport.CHECKSUMS), where)
    data = volume.read(3 * transport.BLOCK, size)
    if transport.seal(data) != sealed:
        raise damaged(f"{transport.CHECKSUMS} is not what {transport.SEAL} says", where)
    return transport.load(data, source=f"{where}: {transport.CHECKSUMS}"), data


def _size(header: bytes) -> int:
    """Return the size that a header names, no more than is read whole."""
    digits = header[124:135]
    size = int(digits, 8) if len(digits) == 11 and digits.isdigit() and digits.isascii() else 0
    return size if size <= transport.MAX_CHECKSUMS else 0


def before(path: Path) -> Contents:
    """Read what an archive before had, off itself or off its ``checksums.json``.

    Raises ConfigurationError.
    """
    if path.name.endswith(".json"):
        volumes.check_file(path)
        if path.stat().st_size > transport.MAX_CHECKSUMS:
            raise damaged("is too large", str(path))
        return transport.load(path.read_bytes(), source=str(path))
    return contents_of(volumes.find(path))[0]


def verify(path: Path, progress: Progress, *, digest: str | None = None) -> Archive:
    """Check an archive, its other parts included; ``digest`` is the one that it has to have.

    Raises ConfigurationError and ToolError.
    """
    volume = volumes.find(path)
    beside = volumes.checksums(volume)
    contents, checksums = contents_of(volume)
    found = transport.digest(checksums)
    if digest not in (None, found):
        what = f"is {found}, not {digest}"
        raise ConfigurationError(what, where=str(path), hint="is it the right archive?")
    spans = transport.spans(contents, checksums)
    _check_layout(volume, spans)
    progress.planned(sum(span.size for span in spans))
    _check_bytes(volume, spans, beside, progress.advanced)
    named = {span.name: span for span in spans}
    return _read(contents, volume, named, digest=found)


def _check_layout(volume: Volume, spans: tuple[Span, ...]) -> None:
    """Compare every header, every padding, and the end, with what has to stand there."""
    total = spans[-1].end + len(transport.END)
    if volume.size < total:
        missing = f"{total - volume.size:,} of {total:,} bytes are missing"
        raise damaged(f"ends too early: {missing}", volume.paths[-1].name)
    for span in spans:
        block = volume.read(span.start, transport.BLOCK)
        if block != transport.header(span.name, span.size):
            where = volume.names(span.start, transport.BLOCK)
            raise damaged(transport.stranger(block, span.name), where)
        if volume.read(span.content + span.size, span.padding) != bytes(span.padding):
            where = volume.names(span.content + span.size, span.padding)
            raise damaged(f"has something behind {span.name}", where)
    end = volume.read(total - len(transport.END), len(transport.END))
    if end != transport.END or volume.size > total:
        block = volume.read(total - len(transport.END), transport.BLOCK)
        what = "goes on behind its end"
        if block.strip(b"\0"):
            what = transport.stranger(block, "its end")
        raise damaged(what, volume.names(spans[-1].end, transport.BLOCK))


def _check_bytes(
    volume: Volume,
    spans: tuple[Span, ...],
    beside: Mapping[Path, str],
    progress: Callable[[int], None],
) -> None:
    """Hash all members, and in a thread of its own the files as their checksums have them."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        files = pool.submit(lambda: [p for p, known in beside.items() if file_hash(p) != known])
        for span in spans:
            found = hashlib.sha256()
            for piece in volume.chunks(span.content, span.size):
                found.update(piece)
                progress(len(piece))
            if f"sha256:{found.hexdigest()}" != span.sha256:
                where = volume.names(span.start, span.end - span.start)
                raise damaged(f"{span.name} is not what its checksum says", where)
    for path in files.result():
        name = volumes.sidecar(volume.base).name
        raise damaged(f"is not what {name} says", path.name)


def _read(contents: Contents, volume: Volume, spans: Mapping[str, Span], *, digest: str) -> Archive:
    """Read the locks, and hold what they need against what is there."""
    source = ArchiveSource(
        volume=volume,
        spans={s.sha256: s for s in spans.values() if s.name.startswith(transport.BLOBS)},
    )
    where = volume.paths[0].name
    texts = {name: _small(volume, spans[name]) for name in transport.FIXED if name != transport.GIT}
    locked = images_lock.load(
        _text(texts, transport.IMAGES_LOCK, where), source=f"{where}: {transport.IMAGES_LOCK}"
    )
    lock = locks.load(
        _text(texts, transport.BUNDLE_LOCK, where), source=f"{where}: {transport.BUNDLE_LOCK}"
    )
    crossing = {e.image: e for e in locked.images if e.image != e.source}
    brought = {name: e for name, e in crossing.items() if name not in contents.expected}
    for name in crossing:
        if images.parse(name) is None:
            raise damaged(f"{name!r} is not an image reference", where)
    if lock.environment != contents.environment:
        raise damaged(f"is of {contents.environment}, and its lock of {lock.environment}", where)
    if set(contents.expected) - crossing.keys():
        raise damaged(f"expects {contents.expected[0]}, which is not locked", where)
    for image in lock.images:
        if locked.find(image.image) is None:
            raise damaged(f"has no digest of {image.image}", where)
    archive = Archive(
        contents=contents,
        digest=digest,
        spans=spans,
        source=source,
        lock=lock,
        images=brought,
        expected={name: crossing[name] for name in contents.expected},
        layouts={name: _layout(entry, source, where) for name, entry in brought.items()},
    )
    _check_closure(archive, texts, where)
    return archive


def _text(texts: Mapping[str, bytes], name: str, where: str) -> str:
    return decode(texts[name], f"{where}: {name}")


def _small(volume: Volume, span: Span) -> bytes:
    if span.size > transport.MAX_SMALL:
        raise damaged(f"has {span.name} with {span.size:,} bytes", volume.paths[0].name)
    return volume.read(span.content, span.size)


def _layout(entry: SourcedImage, source: ArchiveSource, where: str) -> Content:
    """Read an image's indexes and manifests, level by level."""
    level = [_manifest(entry.digest, entry.media_type, source, where)]
    seen: set[str] = set()
    indexes: list[Manifest] = []
    parts: list[Part] = []
    for _ in range(_MAX_DEPTH):
        deeper: list[Manifest] = []
        for manifest in level:
            seen.add(manifest.digest)
            place = f"{where}: {manifest.digest}"
            below = oci_layout.below(manifest.body, manifest.media_type, source=place)
            if manifest.media_type in oci_layout.INDEXES:
                indexes.append(manifest)
                fresh = {d: t for d, t in below.manifests.items() if d not in seen}
                deeper += [_manifest(d, kind, source, where) for d, kind in fresh.items()]
            else:
                parts.append(Part(platform=UNKNOWN, manifest=manifest, blobs=below.blobs))
        level = deeper
    if level:
        raise damaged(f"{entry.image} has indexes in indexes, too deep", where)
    root = indexes[0] if indexes else parts[0].manifest
    return Content(root=root, indexes=tuple(indexes), parts=tuple(parts))


def _manifest(digest: str, media_type: str, source: ArchiveSource, where: str) -> Manifest:
    if digest not in source.spans:
        raise damaged(f"has no manifest {digest}, which its locks need", where)
    body = _small(source.volume, source.spans[digest])
    return Manifest(body=body, digest=digest, media_type=media_type)


def _check_closure(archive: Archive, texts: Mapping[str, bytes], where: str) -> None:
    """Compare the blobs that the locks need, and the layout's index, with those that are named."""
    needed: dict[str, int] = {}
    roots = []
    for name, layout in archive.layouts.items():
        needed |= {m.digest: len(m.body) for m in layout.manifests} | layout.blobs
        entry = archive.images[name]
        roots.append(
            Root(
                name=name,
                digest=entry.digest,
                media_type=entry.media_type,
                size=len(layout.root.body),
            )
        )
    for chart in archive.contents.charts:
        manifest = _manifest(chart.manifest, oci_layout.MANIFEST, archive.source, where)
        below = oci_layout.below(manifest.body, manifest.media_type, source=where)
        needed |= {chart.manifest: len(manifest.body), **below.blobs}
        roots.append(chart_root(chart, len(manifest.body)))
        if not _is_chart(chart, below.blobs, archive):
            raise damaged(f"the chart {chart.name} {chart.version} is not the locked one", where)
    known = {blob.digest: blob.size for blob in archive.contents.blobs}
    for digest in needed.keys() - known.keys():
        raise damaged(f"its locks need {digest}, which it does not name", where)
    for digest in known.keys() - needed.keys():
        raise damaged(f"it names {digest}, which its locks do not need", where)
    if needed != known:
        raise damaged("its blobs have other sizes than its manifests say", where)
    if texts[transport.INDEX] != oci_layout.index(roots):
        raise damaged(f"{transport.INDEX} is not the index of its locks", where)
    if texts[transport.OCI_LAYOUT] != oci_layout.LAYOUT:
        raise damaged(f"{transport.OCI_LAYOUT} is of another version", where)


def _is_chart(chart: Chart, blobs: Mapping[str, int], archive: Archive) -> bool:
    """Tell whether a chart is that of the lock, and its manifest the one of its archive."""
    size = blobs.get(chart.sha256)
    if size is None or size > tarball.MAX_BYTES or archive.locked_chart(chart) is None:
        return False
    if chart.sha256 not in archive.source.spans:
        return True
    data = archive.source.whole(chart.sha256)
    found = charts.read(data, source=f"chart {chart.name}-{chart.version}")
    named = (found.name, found.version.lstrip("v")) == (chart.name, chart.version.lstrip("v"))
    return named and transport.digest(artifact(data)[1]) == chart.manifest
