"""Chart archives: read in memory, nothing unpacked before all of it was looked at."""

import gzip
import io
import re
import struct
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from builder.core import yaml
from builder.core.errors import ConfigurationError

MAX_BYTES = 100 * 1024 * 1024
MAX_MEMBERS = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartArchive:
    """A chart: ``files`` maps paths below the chart's folder to their bytes."""

    name: str
    version: str
    files: Mapping[str, bytes]


def read(data: bytes, *, source: str) -> ChartArchive:
    """Read a ``.tgz`` chart; raise ConfigurationError when it is none, or not safe to unpack."""
    files: dict[str, bytes] = {}
    total = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
            for member in tar:
                check_member(member, source)
                total += member.size
                if total > MAX_BYTES or len(files) >= MAX_MEMBERS:
                    raise ConfigurationError(
                        f"unpacks to more than {MAX_BYTES // 2**20} MiB or {MAX_MEMBERS:,} files",
                        where=source,
                    )
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None:
                    files[str(PurePosixPath(member.name))] = content.read()
    except (tarfile.TarError, EOFError, OSError, gzip.BadGzipFile) as error:
        raise ConfigurationError(f"is not a .tgz archive: {error}", where=source) from error
    folders = {path.partition("/")[0] for path in files}
    if len(folders) != 1:
        raise ConfigurationError("does not hold one folder with a chart", where=source)
    folder = folders.pop()
    below = {path.partition("/")[2]: content for path, content in files.items()}
    metadata = chart_yaml(below, source)
    if metadata["name"] != folder:
        raise ConfigurationError(
            f"the chart {metadata['name']} stands in a folder {folder}", where=source
        )
    return ChartArchive(name=metadata["name"], version=str(metadata["version"]), files=below)


def check_member(member: tarfile.TarInfo, source: str) -> None:
    """Refuse a member that would leave the folder, or is neither file nor folder."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name:
        raise ConfigurationError(
            f"the member {member.name!r} leaves the archive's folder",
            where=source,
            hint="do not use this archive; get it from its source again",
        )
    if not (member.isfile() or member.isdir()):
        raise ConfigurationError(f"the member {member.name!r} is a link or a device", where=source)


def chart_yaml(files: Mapping[str, bytes], source: str) -> dict[str, Any]:
    """Return the chart's metadata; raise ConfigurationError when name or version are missing."""
    if "Chart.yaml" not in files:
        raise ConfigurationError("has no Chart.yaml", where=source)
    where = f"{source}: Chart.yaml"
    documents = yaml.load_all(files["Chart.yaml"].decode("utf-8", "replace"), source=where)
    metadata = documents[0].value if documents else None
    if not isinstance(metadata, dict) or not metadata.get("name") or not metadata.get("version"):
        raise ConfigurationError("has no name or no version", where=where)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", str(metadata["name"])):
        raise ConfigurationError(f"the name {metadata['name']!r} is not one", where=where)
    return metadata


def conditions(
    files: Mapping[str, bytes], source: str, path: tuple[str, ...] = ()
) -> dict[tuple[str, ...], str]:
    """Return which value path switches each subchart on, by the subchart's path of aliases."""
    found: dict[tuple[str, ...], str] = {}
    present = _subcharts(files, source)
    for dependency in chart_yaml(files, source).get("dependencies") or []:
        below = (*path, str(dependency.get("alias") or dependency.get("name")))
        if dependency.get("condition"):
            first = str(dependency["condition"]).partition(",")[0]
            found[below] = ".".join((*path, first))
        if dependency.get("name") in present:
            found |= conditions(present[str(dependency["name"])], source, below)
    return found


def pack(chart: ChartArchive) -> bytes:
    """Write a chart as ``.tgz``: the same files give the same bytes, on every machine."""
    return tarball({f"{chart.name}/{path}": content for path, content in chart.files.items()})


def tarball(files: Mapping[str, bytes]) -> bytes:
    """Write files as a ``.tar.gz`` without times, owners or compression."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode, member.mtime = len(content), 0o644, 0
            tar.addfile(member, io.BytesIO(content))
    return _gzip(raw.getvalue())


def _gzip(data: bytes) -> bytes:
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


_TELLS_UPGRADES = re.compile(rb"\.Release\.(?:IsUpgrade|IsInstall|Revision)\b")


def tells_upgrades(data: bytes, *, source: str) -> bool:
    """Tell whether a template of a chart, at any depth, asks if it is installed or upgraded."""
    return _tells_upgrades(read(data, source=source).files, source)


def _tells_upgrades(files: Mapping[str, bytes], source: str) -> bool:
    for path, content in files.items():
        if path.endswith(".tgz"):
            if _tells_upgrades(read(content, source=f"{source}: {path}").files, source):
                return True
        elif "templates/" in path and not path.endswith("NOTES.txt"):  # nobody creates notes
            found = _TELLS_UPGRADES.search(content)
            if found:
                return True
    return False


def missing_dependencies(files: Mapping[str, bytes], source: str, path: str = "") -> list[str]:
    """Name the declared dependencies that are not in ``charts/``, at any depth.

    ``helm template`` looks at the top level only and drops the images of the others in silence.
    """
    metadata = chart_yaml(files, f"{source}{path}")
    declared = metadata.get("dependencies")
    if declared is None and "requirements.yaml" in files:
        text = files["requirements.yaml"].decode("utf-8", "replace")
        documents = yaml.load_all(text, source=f"{source}{path}/requirements.yaml")
        declared = documents[0].value.get("dependencies") if documents else None
    present = _subcharts(files, source)
    missing = [
        f"{path}/{dependency['name']}".lstrip("/")
        for dependency in declared or []
        if dependency.get("name") not in present
    ]
    for name, below in sorted(present.items()):
        missing += missing_dependencies(below, source, f"{path}/{name}")
    return missing


def _subcharts(files: Mapping[str, bytes], source: str) -> dict[str, Mapping[str, bytes]]:
    """Return the charts in ``charts/``, by name: folders and archives."""
    folders: dict[str, dict[str, bytes]] = {}
    charts: dict[str, Mapping[str, bytes]] = {}
    for path, content in files.items():
        parts = path.split("/", 2)
        if parts[0] != "charts" or len(parts) == 1 or parts[1].startswith(("_", ".")):
            continue
        if len(parts) == 3:
            folders.setdefault(parts[1], {})[parts[2]] = content
        elif parts[1].endswith(".tgz"):
            archive = read(content, source=f"{source}: {path}")
            charts[archive.name] = archive.files
    for folder, below in folders.items():
        if "Chart.yaml" in below:
            charts[str(chart_yaml(below, f"{source}: charts/{folder}")["name"])] = below
    return charts
