"""Tar archives in gzip: read in memory, nothing taken before all of it was looked at."""

import io
import struct
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from builder.core.errors import ConfigurationError

MAX_BYTES = 100 * 1024 * 1024
MAX_MEMBERS = 20_000


def read(data: bytes, *, source: str) -> dict[str, bytes]:
    """Return the files of a ``.tar.gz``, path to bytes.

    Raises ConfigurationError for what is none, is damaged, is too large, or would leave its folder.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(_unzip(data, source)), mode="r:") as tar:
            for member in tar:
                path = _checked(member, files, source)
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None:
                    files[path] = content.read()
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ConfigurationError(f"is not a .tgz archive: {error}", where=source) from error
    _check_folders(files, source)
    return files


def _unzip(data: bytes, source: str) -> bytes:
    """Decompress all of a gzip member: its checksum stands at the very end."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = stream.decompress(data, MAX_BYTES + 1)
    except zlib.error as error:
        raise ConfigurationError(f"is not a .tgz archive: {error}", where=source) from error
    if len(plain) > MAX_BYTES:
        raise ConfigurationError(f"unpacks to more than {MAX_BYTES // 2**20} MiB", where=source)
    if not stream.eof:
        raise ConfigurationError("is not a .tgz archive: it ends too early", where=source)
    if stream.unused_data.strip(b"\0"):  # helm would read on
        raise ConfigurationError("is not a .tgz archive: it goes on after its end", where=source)
    return plain


def _checked(member: tarfile.TarInfo, files: Mapping[str, bytes], source: str) -> str:
    """Return a member's path; refuse one that leaves the folder, or is neither file nor folder."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name:
        raise ConfigurationError(
            f"the member {member.name!r} leaves the archive's folder",
            where=source,
            hint="do not use this archive; get it from its source again",
        )
    if not (member.isfile() or member.isdir()):
        raise ConfigurationError(f"the member {member.name!r} is a link or a device", where=source)
    if member.issparse():  # a few bytes that unfold to any number of zeros
        raise ConfigurationError(f"the member {member.name!r} has holes", where=source)
    if str(path) in files:
        raise ConfigurationError(f"the member {member.name!r} stands twice", where=source)
    if len(files) >= MAX_MEMBERS:
        raise ConfigurationError(f"holds more than {MAX_MEMBERS:,} files", where=source)
    return str(path)


def _check_folders(files: Mapping[str, bytes], source: str) -> None:
    """Refuse a path that is a file and a folder at once."""
    for path in files:
        for above in PurePosixPath(path).parents:
            if str(above) in files:
                raise ConfigurationError(f"{str(above)!r} is a file and a folder", where=source)


def write(files: Mapping[str, bytes]) -> bytes:
    """Write files as a ``.tar.gz`` without times, owners or compression."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode, member.mtime = len(content), 0o644, 0
            tar.addfile(member, io.BytesIO(content))
    return _stored(raw.getvalue())


def _stored(data: bytes) -> bytes:
    """Write a gzip member (RFC 1952) of stored blocks (RFC 1951).

    What a compressor makes of the same bytes differs between zlib and its successors, and with it
    the archive's digest.
    """
    parts = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"]
    starts = range(0, len(data), 0xFFFF)
    for start in starts:
        block = data[start : start + 0xFFFF]
        last = start == starts[-1]
        parts.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    parts.append(struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(parts)
