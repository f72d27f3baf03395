"""Blobs that stand in files: an archive that is read, a chart that is packed."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.core.transport import Span
from builder.tools.checked_reader import CheckedReader
from builder.transport.volume import Volume


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSource:
    """One blob, which is a file."""

    path: Path

    @contextmanager
    def reading(
        self, digest: str, size: int, advanced: Callable[[int], None]
    ) -> Iterator[CheckedReader]:
        """Open the file; its end is refused when it is not what the digest says."""
        with self.path.open("rb") as file:
            yield CheckedReader(file, digest, self.path.name, size, advanced)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveSource:
    """The blobs of an archive, by digest."""

    volume: Volume
    spans: Mapping[str, Span]

    @contextmanager
    def reading(
        self, digest: str, size: int, advanced: Callable[[int], None]
    ) -> Iterator[CheckedReader]:
        """Open a blob; its end is refused when it is not what the digest says."""
        span = self.spans[digest]
        reader = io.BufferedReader(_Range(self.volume, span.content, span.size))
        yield CheckedReader(
            reader, digest, self.volume.names(span.start, span.size), size, advanced
        )

    def whole(self, digest: str) -> bytes:
        """Return a blob that is small, as a chart's archive. Raises RegistryError."""
        with self.reading(digest, self.spans[digest].size, lambda _: None) as reader:
            return reader.read()


class _Range(io.RawIOBase):
    """A range of a volume as a stream."""

    def __init__(self, volume: Volume, offset: int, size: int) -> None:
        self._volume = volume
        self._offset = offset
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._volume.read(self._offset, min(len(buffer), self._left))
        buffer[: len(piece)] = piece
        self._offset += len(piece)
        self._left -= len(piece)
        return len(piece)
