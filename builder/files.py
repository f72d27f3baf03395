"""Files of the source repository: reading inside its root, and writing whole or not at all."""

import functools
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from builder.core.errors import ConfigurationError, nearest
from builder.still import once

MAX_BYTES = 100 * 1024 * 1024
_DEEPEST = 40  # folders; more is a link that leads to itself


def shown(path: Path, root: Path) -> str:
    """Return a path as errors and outputs show it: relative to the root when it is below."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def inside(path: Path, root: Path, *, named_in: str) -> Path:
    """Return ``path`` with its links followed; raise ConfigurationError when it leaves the root."""
    return once(("inside", str(path), str(root)), lambda: _inside(path, root, named_in))


def _inside(path: Path, root: Path, named_in: str) -> Path:
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError before Python 3.13
        raise ConfigurationError(
            f"{shown(path, root)} is a link that leads to itself", where=named_in
        ) from error
    if not resolved.is_relative_to(once(("resolved", str(root)), root.resolve)):
        raise ConfigurationError(
            f"{shown(path, root)} leads out of the source repository",
            where=named_in,
            hint="keep everything that is built below the repository's root; no links out of it",
        )
    return resolved


def read_text(path: Path, root: Path, *, named_in: str = "") -> str:
    """Read a text file below the root. Raises ConfigurationError."""

    def read() -> str:
        return decode(read_bytes(path, root, named_in=named_in), shown(path, root))

    return once(("text", str(path), str(root)), read)


def read_if_there(path: Path, root: Path) -> str:
    """Read a text file below the root; empty when there is none. Raises ConfigurationError."""
    return read_text(path, root) if path.is_file() else ""


def decode(data: bytes, source: str) -> str:
    """Decode UTF-8; raise ConfigurationError when it is not."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"is not UTF-8 text: byte {error.start}", where=source) from error


def read_bytes(path: Path, root: Path, *, named_in: str = "") -> bytes:
    """Read a regular file below the root. Raises ConfigurationError."""
    where = named_in or shown(path, root)
    resolved = inside(path, root, named_in=where)
    try:
        if not resolved.is_file():
            raise FileNotFoundError
        if resolved.stat().st_size > MAX_BYTES:
            raise ConfigurationError(f"is larger than {MAX_BYTES // 2**20} MiB", where=where)
        return resolved.read_bytes()
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there is no file {shown(path, root)}", where=named_in or None, hint=_near(path)
        ) from error
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", where=where) from error


def _near(path: Path) -> str | None:
    """Name the file that was probably meant."""
    if not path.parent.is_dir():
        return None
    near = nearest(path.name, [entry.name for entry in path.parent.iterdir()])
    return f"did you mean {near}?" if near else None


def check_links(folder: Path, root: Path) -> None:
    """Raise ConfigurationError for a link below ``folder`` that leads out of the root."""

    def check() -> None:
        for path in _links(str(folder)):
            inside(Path(path), root, named_in=shown(Path(path), root))

    once(("links", str(folder), str(root)), check)


def _links(folder: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            yield entry.path
        elif entry.is_dir(follow_symlinks=False):
            yield from _links(entry.path)


def fingerprint(path: Path) -> bytes:
    """Return the SHA-256 over names and contents of all files at a path, a file or a folder.

    What has not changed since it was read last, by size, times and inode, is not read again. Links
    are followed. Raises ConfigurationError for what is neither file nor folder, OSError for what is
    not there.
    """
    name = str(path)
    return once(("fingerprint", name), lambda: _digest(name, tuple(_statuses(name, "", 0))))


_Status = tuple[str, int, int, int, int]


@functools.lru_cache(maxsize=256)
def _digest(path: str, statuses: tuple[_Status, ...]) -> bytes:
    total = hashlib.sha256()
    for name, *_ in statuses:
        with open(path + name, "rb") as file:  # noqa: PTH123 - thousands
            content = file.read()
        total.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    return total.digest()


def _statuses(path: str, name: str, depth: int) -> Iterator[_Status]:
    """Yield all files at a path, sorted, and what tells that one is another than before."""
    status = os.stat(path + name)  # noqa: PTH116
    if stat.S_ISREG(status.st_mode):
        yield name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
    elif stat.S_ISDIR(status.st_mode) and depth < _DEEPEST:
        for below in sorted(os.listdir(path + name)):  # noqa: PTH208
            yield from _statuses(path, f"{name}/{below}", depth + 1)
    else:
        raise ConfigurationError("is no file or folder, or leads to itself", where=path + name)


def write_text(path: Path, text: str) -> None:
    """Write a file whole: to a temporary name beside it, then renamed."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole: to a temporary name beside it, then renamed."""
    import tempfile  # which loads much: who only reads files needs none of it

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.strerror:
            error.filename = str(path)  # a full disk has no name of its own
        raise


def write_tree(folder: Path, files: Mapping[str, bytes], *, marker: str) -> None:
    """Write a folder whole, in the place of the one before.

    A folder that is not empty and does not hold ``marker`` was not written by Sealift: it is left
    alone, and ConfigurationError is raised.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ConfigurationError("is not a folder", where=str(folder))
    if folder.is_dir() and any(folder.iterdir()) and not (folder / marker).is_file():
        raise ConfigurationError(
            "holds files that Sealift did not write",
            where=str(folder),
            hint="name another folder, or remove this one yourself",
        )
    import shutil
    import tempfile

    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for parent in {path.rpartition("/")[0] for path in files}:
            (fresh / parent).mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            (fresh / path).write_bytes(content)
        fresh.chmod(0o755)
        _swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def has_tree(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Tell whether a folder holds these files, byte for byte, and no others."""
    found = set(_files(str(folder), ""))
    if found != files.keys():
        return False
    for name, content in files.items():
        with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123 - thousands
            if file.read() != content:
                return False
    return True


def _files(folder: str, below: str) -> Iterator[str]:
    """Yield what stands in a folder but folders that hold something."""
    try:
        entries = list(os.scandir(f"{folder}/{below}"))
    except OSError:
        return
    for entry in entries:
        name = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _files(folder, f"{name}/") if any(os.scandir(entry.path)) else [f"{name}/"]
        else:
            yield f"{name}@" if entry.is_symlink() else name


def _swap(fresh: Path, folder: Path) -> None:
    """Put ``fresh`` in the place of ``folder``; a folder cannot be renamed over a full one."""
    if not folder.exists():
        fresh.rename(folder)
        return
    import shutil
    import tempfile

    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    try:
        folder.rename(old / folder.name)
        try:
            fresh.rename(folder)
        except BaseException:
            (old / folder.name).rename(folder)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
