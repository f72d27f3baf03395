"""Every file that a build may read, under one digest.

Those are all files in the folders of an environment's kustomizations, of the environments that it
extends, of its base with all charts. What more than files decides has no digest: certificates
expire.
"""

import functools
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from builder import certificates, sources
from builder.workspace import Overlay

_Status = tuple[str, int, int, int, int]


class NotSealedError(Exception):
    """A folder that holds something else than files and folders."""


class Inputs(msgspec.Struct, frozen=True):
    """What a build may read: paths below the root, and one SHA-256 over all that stands there.

    With ``timeless`` false, the time decides as well.
    """

    paths: tuple[str, ...]
    digest: str
    timeless: bool = True


def inputs(overlay: Overlay) -> Inputs | None:
    """Return what the build of an environment may read; None where that has no digest.

    Raises ConfigurationError as :func:`builder.sources.tree` does.
    """
    found = {overlay.folder, overlay.base.folder}
    found.update(overlay.root / path for path in overlay.environment.certificates)
    for kustomization in sources.tree(overlay.folder, overlay.root):
        found.add(kustomization.folder)
        found.update(sources.files(kustomization))
        found.update(chart.folder for chart in sources.helm_charts(kustomization))
    if not all(path.is_relative_to(overlay.root) for path in found):
        return None
    paths = sorted(path.relative_to(overlay.root).as_posix() for path in _outermost(found))
    timeless = certificates.load(overlay) == certificates.Trusted()
    return sealed(overlay.root, paths, timeless=timeless)


def _outermost(paths: Iterable[Path]) -> Iterator[Path]:
    """Leave out what stands in another of the folders."""
    last = None
    for path in sorted(paths):
        if last is None or not path.is_relative_to(last):
            yield path
            last = path


def sealed(root: Path, paths: Sequence[str], *, timeless: bool = True) -> Inputs | None:
    """Return the paths with the digest of what stands there now; None when that has no digest."""
    total = hashlib.sha256()
    try:
        for path in paths:
            total.update(f"{path}\0".encode() + _digest(root / path))
    except (OSError, NotSealedError):
        return None
    return Inputs(paths=tuple(paths), digest=total.hexdigest(), timeless=timeless)


def _digest(path: Path) -> bytes:
    return _read(tuple(_statuses(str(path), "")), str(path))


@functools.lru_cache(maxsize=256)
def _read(statuses: tuple[_Status, ...], path: str) -> bytes:
    """Digest files that have not changed since: a base is read once for all its environments."""
    total = hashlib.sha256()
    for name, *_ in statuses:
        with open(path + name, "rb") as file:  # noqa: PTH123 - thousands
            content = file.read()
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.digest()


def _statuses(path: str, name: str) -> Iterator[_Status]:
    """Yield all files at a path, sorted, and what tells that one is another than before."""
    status = os.lstat(path + name)
    if stat.S_ISLNK(status.st_mode):  # to where, is looked at by the build
        status = os.stat(path + name)  # noqa: PTH116
        if stat.S_ISDIR(status.st_mode):
            raise NotSealedError(path + name)
    if stat.S_ISREG(status.st_mode):
        yield name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
    elif stat.S_ISDIR(status.st_mode):
        for below in sorted(os.listdir(path + name)):  # noqa: PTH208
            yield from _statuses(path, f"{name}/{below}")
    else:
        raise NotSealedError(path + name)
