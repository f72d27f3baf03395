"""Numbered files of one size that are one run of bytes, with their checksums beside them."""

import errno
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from builder.core import transport
from builder.core.errors import ConfigurationError, ToolError
from builder.files import write_text

CHUNK = 1 << 20
PARTIAL = ".partial"
_NUMBERED = re.compile(r"(.+\.tar)\.([0-9]{3,4})")
_LINE = re.compile(r"([0-9a-f]{64})  ([^/\\\0]+)")


class VolumeError(ToolError):
    """The medium does not take what is written to it, or give what stands on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """Files that are read, and written, as one; safe from several threads.

    ``base`` is the archive's path without a number. All files but the last have ``part`` bytes.
    """

    base: Path
    paths: tuple[Path, ...]
    part: int
    size: int

    def pieces(self, offset: int, size: int) -> Iterator[tuple[Path, int, int]]:
        """Yield which files a range lies in: path, offset in it, and how many bytes."""
        while size > 0:
            index, inside = divmod(offset, self.part)
            count = min(size, self.part - inside)
            yield self.paths[index], inside, count
            offset, size = offset + count, size - count

    def read(self, offset: int, size: int) -> bytes:
        """Return a range; fewer bytes where the files are shorter. Raises ToolError."""
        found = []
        for path, inside, count in self.pieces(offset, min(size, self.size - offset)):
            try:
                with path.open("rb") as file:
                    file.seek(inside)
                    found.append(file.read(count))
            except OSError as error:
                raise _failed("cannot be read", path, error) from error
        return b"".join(found)

    def chunks(self, offset: int, size: int) -> Iterator[bytes]:
        """Yield a range in pieces of at most 1 MiB; ends early where the files do."""
        for start in range(offset, offset + size, CHUNK):
            piece = self.read(start, min(CHUNK, offset + size - start))
            if not piece:
                return
            yield piece

    def write(self, offset: int, data: bytes) -> None:
        """Write a range. Raises VolumeError."""
        done = 0
        for path, inside, count in self.pieces(offset, len(data)):
            try:
                with _opened(path) as file:
                    file.seek(inside)
                    file.write(data[done : done + count])
            except OSError as error:
                raise _failed("cannot be written", path, error) from error
            done += count

    def names(self, offset: int, size: int) -> str:
        """Name the files that a range lies in."""
        return ", ".join(dict.fromkeys(p.name for p, _, _ in self.pieces(offset, max(size, 1))))


def prepare(base: Path, total: int, split: int | None) -> Volume:
    """Return the files of an archive to be written: those that are there, or partial ones.

    Files that are there already are the finished ones, and not to be written to. Raises
    ConfigurationError when they are of another archive, and for links: what they lead to is not to
    be written to.
    """
    named = transport.parts(total, split, base.name)
    for name, _ in named:
        _check_plain(base.parent / name)
        _check_plain(base.parent / (name + PARTIAL))
    _check_plain(sidecar(base))
    finished = [name for name, _ in named if (base.parent / name).exists()]
    lines = _lines(sidecar(base)) if sidecar(base).exists() else {}
    sizes = [(base.parent / name).stat().st_size for name in finished]
    if (lines and list(lines) != [name for name, _ in named]) or any(
        dict(named)[name] != size for name, size in zip(finished, sizes, strict=True)
    ):
        raise other(sidecar(base) if lines else base.parent / finished[0])
    paths = []
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        for name, size in named:
            path = base.parent / name
            if not path.exists():
                path = base.parent / (name + PARTIAL)
                with _opened(path, os.O_CREAT) as file:
                    file.truncate(size)
            paths.append(path)
    except OSError as error:
        raise _failed("cannot be written", base, error) from error
    return Volume(base=base, paths=tuple(paths), part=split or total, size=total)


def _check_plain(path: Path) -> None:
    """Raise ConfigurationError for what stands where a file is to be written, and is none."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ConfigurationError(
            "is a link, or no file at all, where the archive is to be written",
            where=str(path),
            hint="name another folder with -o, or remove it yourself",
        )


def _opened(path: Path, flags: int = 0) -> BinaryIO:
    """Open a file to read and write, unless it is a link."""
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o666)
    return os.fdopen(handle, "r+b")


def other(path: Path) -> ConfigurationError:
    """Return the error of a file that stands where an archive is to be written."""
    return ConfigurationError(
        "is of another archive",
        where=str(path),
        hint="name another file with -o, or remove this one, and what belongs to it, yourself",
    )


def finish(volume: Volume) -> tuple[Path, ...]:
    """Write the files' checksums, then give them their names; returns those."""
    lines = []
    finals = [path.with_name(path.name.removesuffix(PARTIAL)) for path in volume.paths]
    for path, final in zip(volume.paths, finals, strict=True):
        _flush(path)
        lines.append(f"{file_hash(path)}  {final.name}\n")
    try:
        write_text(sidecar(volume.base), "".join(lines))
        for path, final in zip(volume.paths, finals, strict=True):
            if path != final:
                path.replace(final)
    except OSError as error:
        raise _failed("cannot be written", sidecar(volume.base), error) from error
    return tuple(finals)


def _flush(path: Path) -> None:
    """Have a file on its medium, which may be pulled out next. Raises ToolError."""
    try:
        with _opened(path) as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise _failed("cannot be written", path, error) from error


def sidecar(base: Path) -> Path:
    """Return where the checksums of an archive's files stand."""
    return base.with_name(base.name + ".sha256")


def find(path: Path) -> Volume:
    """Return the archive at a path: one file, or the first of the numbered ones.

    Raises ConfigurationError when one of them is missing, too many, or of another size.
    """
    check_file(path)
    numbered = _NUMBERED.fullmatch(path.name)
    if numbered is None:
        size = path.stat().st_size
        return Volume(base=path, paths=(path,), part=max(size, 1), size=size)
    base, width = path.with_name(numbered[1]), len(numbered[2])
    if int(numbered[2]) != 1:
        first = f"{numbered[1]}.{1:0{width}}"
        raise ConfigurationError("is not the first part", where=str(path), hint=f"name {first}")
    paths = sorted(
        entry
        for entry in path.parent.iterdir()
        for found in [_NUMBERED.fullmatch(entry.name)]
        if found and found[1] == numbered[1]
    )
    for number, entry in enumerate(paths, start=1):
        check_file(entry)
        if entry.name != f"{base.name}.{number:0{width}}":
            raise transport.damaged(
                f"part {number} of {base.name} is missing, or {entry.name} is one too many",
                str(path.parent),
            )
    part = path.stat().st_size
    for entry in paths[:-1]:
        if entry.stat().st_size != part:
            found = f"{entry.stat().st_size:,} bytes, and the first part {part:,}"
            raise transport.damaged(f"has {found}", str(entry))
    size = part * (len(paths) - 1) + paths[-1].stat().st_size
    if not part or paths[-1].stat().st_size > part:
        raise transport.damaged("has not the size of a part", str(paths[-1]))
    return Volume(base=base, paths=tuple(paths), part=part, size=size)


def checksums(volume: Volume) -> Mapping[Path, str]:
    """Read the checksums beside an archive; none where there is no such file.

    Raises ConfigurationError when they are not of these files.
    """
    path = sidecar(volume.base)
    if not path.exists():
        return {}
    check_file(path)
    lines = _lines(path)
    if list(lines) != [entry.name for entry in volume.paths]:
        raise transport.damaged(
            f"names other files than {', '.join(entry.name for entry in volume.paths)[:200]}",
            str(path),
        )
    return {entry: lines[entry.name] for entry in volume.paths}


def _lines(path: Path) -> dict[str, str]:
    """Read a file of checksums: name to SHA-256; what is no such line has a name of its own."""
    text = path.read_bytes()[: 1 << 21].decode("utf-8", "replace")
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines()):
        match = _LINE.fullmatch(line)
        name = match[2] if match else ""
        found[name if name and name not in found else f"line {number}"] = match[1] if match else ""
    return found


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal. Raises ToolError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _failed("cannot be read", path, error) from error


def check_file(path: Path) -> None:
    """Raise ConfigurationError where there is no file of this name."""
    if not path.exists():
        raise ConfigurationError("there is no such archive", where=str(path))
    if not path.is_file():
        raise ConfigurationError(
            "is not a file", where=str(path), hint="name ENV.tar, or the first part, ENV.tar.001"
        )


def _failed(what: str, path: Path, error: OSError) -> VolumeError:
    hints = {
        errno.EFBIG: "the file system takes no file of that size: use --split 4GB",
        errno.ENOSPC: "make room; the next run goes on with what is there",
    }
    reason = f"{path} {what}: {error.strerror}"
    return VolumeError(reason, hint=hints.get(error.errno or 0))
