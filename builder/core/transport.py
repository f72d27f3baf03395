"""The archive that crosses the gap: its members, their order and their bytes.

A tar without compression that holds an OCI image layout, the locks and a Git bundle. Its first
members name and hash all others, so every byte of it follows from ``checksums.json`` and the
members' contents: where each member stands is known before it is written, and what is read back
is compared with what has to be there instead of being interpreted.
"""

import hashlib
import itertools
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from builder.core.errors import ConfigurationError
from builder.core.section import Section
from builder.core.texts import Sha256

FORMAT = 1
SEAL = "checksums.sha256"
CHECKSUMS = "checksums.json"
OCI_LAYOUT = "oci-layout"
INDEX = "index.json"
IMAGES_LOCK = "images.lock.yaml"
BUNDLE_LOCK = "bundle.lock.yaml"
GIT = "git.bundle"
FIXED = (OCI_LAYOUT, INDEX, IMAGES_LOCK, BUNDLE_LOCK, GIT)
BLOBS = "blobs/sha256/"

BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)
MAX_CHECKSUMS = 64 * 1024 * 1024
MAX_SMALL = 16 * 1024 * 1024  # a manifest, a lock: what is read whole
_BLOB = re.compile(r"blobs/sha256/[0-9a-f]{64}")
_HINT = "get it again from the other side; nothing was changed here"

Size = Annotated[int, msgspec.Meta(ge=0)]
Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40}\Z")]
# What these say is printed, and stands in messages of commits: nothing but plain characters.
Plain = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,252}\Z")]
Source = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{40}([0-9a-f]{24})?(-dirty)?)?\Z")]
Since = Annotated[str, msgspec.Meta(pattern=r"^(sha256:[0-9a-f]{64})?\Z")]
Repository = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.:-]+(/[a-z0-9._-]+)+\Z")]


class Member(Section, frozen=True):
    """One file of the archive, with its size in bytes."""

    name: str
    size: Size
    sha256: Sha256


class Held(Section, frozen=True):
    """A blob that the locks need, in the archive or left out of it.

    ``repositories`` are those, registry included, in which images need it now or did before.
    """

    digest: Sha256
    size: Size
    repositories: tuple[Repository, ...] = ()


class Chart(Section, frozen=True):
    """A chart: the digest of its archive, and of the OCI manifest that holds it."""

    name: Plain
    version: Plain
    sha256: Sha256
    manifest: Sha256


class Commits(Section, frozen=True):
    """What the Git bundle holds: a commit and its tree, and where they belong.

    With ``history`` the commits are those of the branch, pushed as they are, and ``tree`` stands at
    ``path``. Without, ``tree`` is the whole commit, and is published at ``path`` as a new one.
    """

    commit: Id
    tree: Id
    branch: str
    path: str
    source_commit: Source = ""
    history: bool = False


class Contents(Section, frozen=True):
    """``checksums.json``: all that the archive holds, and all that its locks need.

    ``expected`` are mirrored images that only the other side has; ``since`` is the digest of the
    archive before, where blobs that it had are left out.
    """

    format: int
    environment: Plain
    commits: Commits
    members: tuple[Member, ...]
    blobs: tuple[Held, ...]
    charts: tuple[Chart, ...] = ()
    expected: tuple[str, ...] = ()
    since: Since = ""

    @property
    def packed(self) -> frozenset[str]:
        """The digests of the blobs that the archive holds."""
        return frozenset(m.sha256 for m in self.members if m.name.startswith(BLOBS))

    @property
    def left_out(self) -> tuple[Held, ...]:
        """The blobs that the archive before had."""
        return tuple(blob for blob in self.blobs if blob.digest not in self.packed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Where a member stands: its header's first byte, its content's, and the size of that."""

    name: str
    sha256: str
    start: int
    size: int

    @property
    def content(self) -> int:
        """The offset of the content."""
        return self.start + BLOCK

    @property
    def padding(self) -> int:
        """How many zeros stand behind the content."""
        return -self.size % BLOCK

    @property
    def end(self) -> int:
        """The offset behind the member."""
        return self.content + self.size + self.padding


def member(name: str, data: bytes) -> Member:
    """Describe a file by its bytes."""
    return Member(name=name, size=len(data), sha256=digest(data))


def blob_member(sha256: str, size: int) -> Member:
    """Describe a blob by its digest."""
    return Member(name=BLOBS + sha256.removeprefix("sha256:"), size=size, sha256=sha256)


def digest(data: bytes) -> str:
    """Return the digest of bytes, as OCI writes it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def seal(checksums: bytes) -> bytes:
    """Return the first member: the checksum of the second, as sha256sum reads it."""
    return f"{digest(checksums)[7:]}  {CHECKSUMS}\n".encode()


def header(name: str, size: int) -> bytes:
    """Return the one header that a member can have: no time, no owner, a plain file."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o644, 0
    return info.tobuf(format=tarfile.GNU_FORMAT)


def spans(contents: Contents, checksums: bytes) -> tuple[Span, ...]:
    """Return where each member stands, in order; behind the last one comes ``END``."""
    found: list[Span] = []
    sealed = member(SEAL, seal(checksums)), member(CHECKSUMS, checksums)
    for entry in (*sealed, *contents.members):
        start = found[-1].end if found else 0
        found.append(Span(name=entry.name, sha256=entry.sha256, start=start, size=entry.size))
    return tuple(found)


def stranger(block: bytes, expected: str) -> str:
    """Say what a header that is not the expected one is about."""
    if not block.strip(b"\0"):
        return f"ends where {expected} should stand"
    try:
        found = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return f"is damaged where {expected} should stand"
    if not found.isreg():
        return f"holds {found.name!r}, which is no plain file, where {expected} should stand"
    if found.name != expected:
        return f"holds {found.name!r} where {expected} should stand"
    return f"has another header of {expected} than its checksums say"


def dump(contents: Contents) -> bytes:
    """Write ``checksums.json``: the same contents give the same bytes."""
    return msgspec.json.format(msgspec.json.encode(contents), indent=1) + b"\n"


def load(data: bytes, *, source: str) -> Contents:
    """Read ``checksums.json``; raise ConfigurationError for what Sealift does not write."""
    try:
        contents = msgspec.json.decode(data, type=Contents)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise damaged(f"is not what Sealift writes: {error}", source) from error
    if contents.format != FORMAT:
        raise ConfigurationError(
            f"has the format {contents.format}, and this Sealift reads {FORMAT}",
            where=source,
            hint="use the version of Sealift that wrote it",
        )
    for problem in _problems(contents):
        raise damaged(problem, source)
    if dump(contents) != data:
        raise damaged("is not written as Sealift writes it", source)
    return contents


def damaged(what: str, source: str) -> ConfigurationError:
    """Return the error of an archive that must not be used."""
    return ConfigurationError(what, where=source, hint=_HINT)


def _problems(contents: Contents) -> Iterator[str]:
    """Yield what is wrong in itself: names, order, digests that are not those of names."""
    fixed, blobs = contents.members[: len(FIXED)], contents.members[len(FIXED) :]
    names = tuple(entry.name for entry in fixed)
    if names != FIXED:
        yield f"has to name {', '.join(FIXED)} first, and names {', '.join(names)[:200]}"
    if any(entry.size > MAX_SMALL for entry in fixed if entry.name != GIT):
        yield f"names a lock or an index of more than {MAX_SMALL // 2**20} MiB"
    yield from _blob_problems(contents, blobs)


def _blob_problems(contents: Contents, blobs: Sequence[Member]) -> Iterator[str]:
    for entry in blobs:
        if not _BLOB.fullmatch(entry.name):
            yield f"names {entry.name[:120]!r}, which is no name of a blob"
        if entry.name != BLOBS + entry.sha256[7:]:
            yield f"gives {entry.sha256} for {entry.name}"
    if not _ascending(entry.name for entry in blobs):
        yield "names a blob twice, or its blobs are out of order"
    if not _ascending(blob.digest for blob in contents.blobs):
        yield "needs a blob twice, or what it needs is out of order"
    sizes = {blob.digest: blob.size for blob in contents.blobs}
    for entry in blobs:
        if sizes.get(entry.sha256) != entry.size:
            yield f"names {entry.name}, which its locks do not need, or not with that size"
    left = contents.left_out
    if left and not contents.since:
        yield f"needs {left[0].digest}, and does not name it"


def _ascending(values: Iterable[str]) -> bool:
    listed = list(values)
    return all(first < second for first, second in itertools.pairwise(listed))


def parts(total: int, size: int | None, name: str) -> list[tuple[str, int]]:
    """Return name and size of each file that an archive is split into; one without ``size``.

    Raises ConfigurationError when that would be more than 9,999.
    """
    if size is None:
        return [(name, total)]
    count = -(-total // size)
    if count > 9999:
        raise ConfigurationError(
            f"--split would make {count:,} parts", hint="9,999 is the most: name a larger size"
        )
    width = max(3, len(str(count)))
    sizes = [size] * (count - 1) + [total - size * (count - 1)]
    return [(f"{name}.{index:0{width}}", part) for index, part in enumerate(sizes, start=1)]


_UNITS: Mapping[str, int] = {
    "": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40,
    "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40,
}  # fmt: skip


def parse_size(text: str) -> int:
    """Read a size as ``split`` of coreutils does: 4GB is 4 * 1000³ bytes, 4G is 4 * 1024³."""
    found = re.fullmatch(r"([0-9]{1,12})\s*([A-Za-z]*)", text.strip())
    factor = _UNITS.get(found[2].upper()) if found else None
    if found is None or factor is None or int(found[1]) * factor < BLOCK:
        raise ConfigurationError(
            f"--split {text!r} is not a size", hint="as in --split 4GB, 700M or 2GiB"
        )
    return int(found[1]) * factor
