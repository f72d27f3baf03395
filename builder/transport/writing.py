"""An archive is written: each member at its place, and only those that are not there already.

A member's header is written when its content is there and checked: what was interrupted goes on
with the members that have none.
"""

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path

from builder.core import transport
from builder.core.errors import ToolError
from builder.core.transport import Contents, Span
from builder.mirror.copy import Progress
from builder.parallel import Failure, each
from builder.tools.checked_reader import DamagedError
from builder.tools.registry import RegistryError
from builder.tools.registry_session import ATTEMPTS
from builder.transport import volume as volumes
from builder.transport.packing import Packing
from builder.transport.volume import CHUNK, PARTIAL, Volume, VolumeError


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """An archive that stands on disk.

    ``digest`` is that of its checksums, and so of all that it holds; ``written`` is how many bytes
    this run wrote, ``size`` how many there are.
    """

    paths: tuple[Path, ...]
    contents: Contents
    digest: str
    size: int
    written: int


def write(
    packing: Packing, base: Path, progress: Progress, *, split: int | None, jobs: int
) -> tuple[Exported | None, list[Failure]]:
    """Write an archive, or what is missing of it; None when something could not be read.

    Raises ConfigurationError when another archive stands there, ToolError when the files cannot be
    written.
    """
    checksums = packing.checksums
    spans = transport.spans(packing.contents, checksums)
    total = spans[-1].end + len(transport.END)
    volume = volumes.prepare(base, total, split)
    checked, _ = each(
        lambda span: _done(volume, span),
        spans,
        jobs,
        lambda span: span.name,
        what="looking at what is there",
    )
    todo = [span for span, done in checked if not done]
    _check_finished(volume, todo)
    small = {
        **packing.small,
        transport.SEAL: transport.seal(checksums),
        transport.CHECKSUMS: checksums,
    }
    writer = _Writer(packing, volume, small, progress)
    progress.planned(sum(span.size for span in todo))
    _, failures = each(writer.member, todo, jobs, lambda span: span.name, stop=progress.stop)
    if writer.broken:
        raise writer.broken[0]  # one cause, whatever could not be written for it
    if failures:
        return None, failures
    if volume.read(total - len(transport.END), len(transport.END)) != transport.END:
        volume.write(total - len(transport.END), transport.END)
    paths = volumes.finish(volume)
    return Exported(
        paths=paths,
        contents=packing.contents,
        digest=transport.digest(checksums),
        size=total,
        written=sum(span.size for span in todo),
    ), []


def _done(volume: Volume, span: Span) -> bool:
    """Tell whether a member is there: its header, its content by digest, its padding."""
    if volume.read(span.start, transport.BLOCK) != transport.header(span.name, span.size):
        return False
    found = hashlib.sha256()
    for piece in volume.chunks(span.content, span.size):
        found.update(piece)
    tail = volume.read(span.content + span.size, span.padding)
    return f"sha256:{found.hexdigest()}" == span.sha256 and tail == bytes(span.padding)


def _check_finished(volume: Volume, todo: list[Span]) -> None:
    """Raise ConfigurationError where something has to be written into a file with its name."""
    ranges = [(span.start, span.end - span.start) for span in todo]
    touched = {path for start, size in ranges for path, _, _ in volume.pieces(start, size)}
    finished = sorted(path for path in touched if not path.name.endswith(PARTIAL))
    if finished:
        raise volumes.other(finished[0])


@dataclass(frozen=True)
class _Writer:
    packing: Packing
    volume: Volume
    small: dict[str, bytes]
    progress: Progress
    broken: list[VolumeError] = field(default_factory=list)

    def member(self, span: Span) -> None:
        """Write one member, its header last; nothing more once the medium takes no more."""
        if self.broken:
            raise self.broken[0]
        try:
            self._write(span)
        except VolumeError as error:
            self.broken.append(error)
            raise

    def _write(self, span: Span) -> None:
        if span.name in self.small:
            self.volume.write(span.content, self.small[span.name])
            self.progress.advanced(span.size)
        else:
            self._blob(span)
        self.volume.write(span.content + span.size, bytes(span.padding))
        self.volume.write(span.start, transport.header(span.name, span.size))

    def _blob(self, span: Span) -> None:
        """Stream a blob to its place; again when that breaks off."""
        for attempt in range(ATTEMPTS):
            told: list[int] = []

            def tell(piece: int, told: list[int] = told) -> None:
                told.append(piece)
                self.progress.advanced(piece)

            try:
                source = self.packing.sources[span.sha256]
                with source.reading(span.sha256, span.size, tell) as reader:
                    offset = span.content
                    while piece := reader.read(CHUNK):
                        self.volume.write(offset, piece)
                        offset += len(piece)
                return
            except RegistryError as error:
                self.progress.advanced(-sum(told))
                if attempt == ATTEMPTS - 1 or error.host or isinstance(error, DamagedError):
                    raise
            except OSError as error:
                raise ToolError(f"{span.name} cannot be read: {error.strerror}") from error
            time.sleep(0.2 * 2**attempt)
