"""Chart archives: read in memory, nothing unpacked before all of it was looked at."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from builder.core import tarball, yaml
from builder.core.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartArchive:
    """A chart: ``files`` maps paths below the chart's folder to their bytes."""

    name: str
    version: str
    files: Mapping[str, bytes]


def read(data: bytes, *, source: str) -> ChartArchive:
    """Read a ``.tgz`` chart; raise ConfigurationError when it is none, or not safe to unpack."""
    files = tarball.read(data, source=source)
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
    if not re.fullmatch(r"v?[0-9][0-9A-Za-z.+-]*", str(metadata["version"])):  # it names files
        raise ConfigurationError(f"the version {metadata['version']!r} is not one", where=where)
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
    return tarball.write({f"{chart.name}/{path}": data for path, data in chart.files.items()})


_DRAFTS = re.compile(r"https?://json-schema\.org/[\w./-]*#?")


def check_schemas(files: Mapping[str, bytes], source: str) -> None:
    """Raise ConfigurationError for a values schema, at any depth, that helm would go and fetch."""
    for path, content in files.items():
        if path.endswith(".tgz") and "charts/" in path:
            check_schemas(read(content, source=f"{source}: {path}").files, source)
        elif path.rpartition("/")[2] == "values.schema.json":
            where = f"{source}: {path}"
            try:
                schema = json.loads(content)
            except (ValueError, RecursionError) as error:
                raise ConfigurationError(f"is not JSON: {error}", where=where) from error
            for reference in _references(schema):
                raise ConfigurationError(
                    f"helm would fetch {reference}",
                    where=where,
                    hint="use a chart whose values.schema.json refers to itself only",
                )


def _references(schema: Any) -> Iterator[str]:
    """Yield what a JSON Schema refers to outside of itself and of the published drafts."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            for key in ("$ref", "$dynamicRef", "$recursiveRef", "$schema"):
                value = node.get(key)
                outside = isinstance(value, str) and not value.startswith("#")
                if outside and not _DRAFTS.fullmatch(str(value)):
                    yield str(value)


_ASKS = {
    "upgrade": re.compile(rb"\bIsUpgrade\b|\bIsInstall\b|\.Revision\b"),
    "api-versions": re.compile(rb"\bAPIVersions\b"),
}
_LOOKUP = re.compile(rb"\blookup\b")


def asks(data: bytes, *, source: str) -> frozenset[str]:
    """Tell what a chart, at any depth, may ask beside its values.

    ``upgrade``: whether it is installed or upgraded; ``api-versions``: what the cluster serves. Any
    file counts but prose: a value may hold a template, and ``with .Release`` hides its name.
    """
    return frozenset(_asks(read(data, source=source).files, source))


def _asks(files: Mapping[str, bytes], source: str) -> Iterator[str]:
    for path, content in files.items():
        if path.endswith(".tgz"):
            yield from asks(content, source=f"{source}: {path}")
        elif not path.endswith(("NOTES.txt", ".md")):
            yield from (what for what, pattern in _ASKS.items() if pattern.search(content))


def looking(data: bytes, *, source: str) -> frozenset[str]:
    """Name the templates that look at what is in the cluster, at any depth, as helm names them.

    They may leave out what is there already; ``helm template`` sees an empty cluster.
    """
    chart = read(data, source=source)
    return frozenset(_looking(chart.files, chart.name, source))


def _looking(files: Mapping[str, bytes], name: str, source: str) -> Iterator[str]:
    for path, content in files.items():
        if path.endswith(".tgz"):
            below = read(content, source=f"{source}: {path}")
            yield from _looking(below.files, f"{name}/charts/{below.name}", source)
        elif _LOOKUP.search(content):
            yield f"{name}/{path}"


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
