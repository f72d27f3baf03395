"""Work that was done once: results by the digest of all that determines them.

In this process as they are, on disk as MessagePack under ``$XDG_CACHE_HOME/sealift`` (else
``~/.cache/sealift``). A result is whatever its key says: what a key leaves out must not matter.
What is read from disk is checked against the digest that it was written with. Renders hold what
people put into values, so folder and files are their owner's alone.
"""

import functools
import hashlib
import itertools
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from builder import __version__, log

T = TypeVar("T")
SETTING = "SEALIFT_CACHE"
OFF = "off"
SIZE_SETTING = "SEALIFT_CACHE_MEGABYTES"
_MEGABYTES = 1024
_IN_PROCESS = 512
_DIGEST = 32

_encode = msgspec.msgpack.encode  # in the order of the maps: bundles are written in it
_anew = ContextVar("anew", default=False)
_recent: OrderedDict[bytes, Any] = OrderedDict()
_numbers = itertools.count()


def key(kind: str, *parts: Any) -> bytes:
    """Return the key of a result: ``parts`` are values that MessagePack can hold.

    Raises TypeError or OverflowError for others.
    """
    return hashlib.sha256(_encode((_code(), kind, parts))).digest()


@functools.cache
def _code() -> str:
    """Tell this code from any other: what it makes of the same input may differ.

    With what is installed beside it: a folder of packages changes when one comes, goes or is
    replaced, as the folder of its metadata is named after its version.
    """
    installed = [
        (path, os.stat(path).st_mtime_ns)  # noqa: PTH116
        for path in sys.path
        if path.endswith(("site-packages", "dist-packages")) and os.path.isdir(path)  # noqa: PTH112
    ]
    package = Path(__file__).parent
    sources = [
        (path, status.st_size, status.st_mtime_ns)
        for path in sorted(map(str, package.rglob("*.py")))
        for status in [os.stat(path)]  # noqa: PTH116 - of hundreds
    ]
    return hashlib.sha256(repr((__version__, installed, sources)).encode()).hexdigest()


def remember(
    name: bytes,
    make: Callable[[], T],
    *,
    pack: Callable[[T], Any] | None = None,
    unpack: Callable[[Any], T] | None = None,
) -> T:
    """Return the result of that key: of this process, of an earlier one, or made now.

    Without ``pack`` and ``unpack`` it lives in this process only. It is shared: nobody changes it.
    """
    if _anew.get() or os.environ.get(SETTING) == OFF:
        return make()
    if name in _recent:
        _recent.move_to_end(name)
        found: T = _recent[name]
        return found
    folder = _folder() if pack and unpack else None
    data = _read(folder, name) if folder else None
    if data is not None and unpack:
        result = unpack(msgspec.msgpack.decode(data))
    else:
        result = make()
        if folder and pack:
            with suppress(TypeError, OverflowError):  # a number that only Python holds
                _write(folder, name, _encode(pack(result)))
    _recent[name] = result
    if len(_recent) > _IN_PROCESS:
        _recent.popitem(last=False)
    return result


def get(name: bytes) -> Any:
    """Return what was put under a key, by whichever process; None when there is nothing."""
    if _anew.get() or os.environ.get(SETTING) == OFF:
        return None
    folder = _folder()
    data = _read(folder, name) if folder else None
    return None if data is None else msgspec.msgpack.decode(data)


def put(name: bytes, value: Any) -> None:
    """Put a value that MessagePack can hold under a key, in the place of one before."""
    folder = None if os.environ.get(SETTING) == OFF else _folder()
    if folder:
        _write(folder, name, _encode(value))


@contextmanager
def anew() -> Iterator[None]:
    """Do all work again inside of the block: what is random comes out otherwise."""
    token = _anew.set(True)
    try:
        yield
    finally:
        _anew.reset(token)


def off() -> None:
    """Use no cache from now on, in what this process starts either."""
    os.environ[SETTING] = OFF


def forget() -> None:
    """Drop what this process keeps."""
    _recent.clear()


def _folder() -> Path | None:
    """Return the folder, made where it is missing; None where it cannot be trusted or written."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    parent = Path(base) if base.startswith("/") else Path.home() / ".cache"
    folder = parent / "sealift" / "results"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        _note(f"{folder} is open to others, and not used: chmod 700, or remove it")
        return None
    return folder


def _path(folder: Path, name: bytes) -> Path:
    text = name.hex()
    return folder / text[:2] / text[2:]


def _read(folder: Path, name: bytes) -> bytes | None:
    path = _path(folder, name)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    data = content[_DIGEST:]
    if _seal(name, data) != content[:_DIGEST]:
        _note(f"{path} is not what was written, and is made anew")
        with suppress(OSError):
            path.unlink()
        return None
    with suppress(OSError):
        os.utime(path)
    return data


def _seal(name: bytes, data: bytes) -> bytes:
    return hashlib.sha256(name + data).digest()


def _write(folder: Path, name: bytes, data: bytes) -> None:
    """Write an entry whole; a full disk, or a folder that is gone, is no error."""
    path = str(_path(folder, name))
    # Not by tempfile, which takes as long as all the rest: the folder is the owner's alone.
    temporary = f"{path[:-62]}.new.{os.getpid()}.{next(_numbers)}"
    try:
        handle = _opened(temporary)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_seal(name, data) + data)
            os.rename(temporary, path)  # noqa: PTH104 - of thousands
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError:
        return
    if name[-1] == 0:  # one of 256 new entries
        _prune(folder)


def _opened(path: str) -> int:
    """Open a file that is new, in a folder that may be."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        Path(path).parent.mkdir(mode=0o700, exist_ok=True)
        return os.open(path, flags, 0o600)


def _prune(folder: Path) -> None:
    """Remove what was not used for longest, once there is more than the limit."""
    limit = _limit()
    entries = sorted(_entries(folder))
    size = sum(entry[1] for entry in entries)
    for _, length, path in entries:
        if size <= limit:
            break
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108 - a path object for each of thousands takes longer
            size -= length


def _entries(folder: Path) -> Iterator[tuple[float, int, str]]:
    """Yield when each entry was used, its size in bytes, and its path."""
    for shelf in os.scandir(folder):
        with suppress(OSError):
            for entry in os.scandir(shelf.path):
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    yield status.st_mtime, status.st_size, entry.path


def _limit() -> int:
    """Return the largest size of all entries, in bytes."""
    text = os.environ.get(SIZE_SETTING, "")
    return (int(text) if text.isdigit() else _MEGABYTES) * 1024 * 1024


def _note(text: str) -> None:
    log.say("info", "cache", f"note: cache: {text}")
