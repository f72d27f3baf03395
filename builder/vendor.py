"""Bringing a base's charts into its ``charts/`` folder, each checked against the lock."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from builder.bases import BaseFolder
from builder.core import archive, charts_lock, yaml
from builder.core.archive import ChartArchive
from builder.core.base import ChartSource
from builder.core.charts_lock import VendoredChart
from builder.core.errors import ConfigurationError, nearest
from builder.core.versions import exact, near
from builder.files import shown, write_bytes, write_text, write_tree
from builder.progress import Progress
from builder.tools import charts as repositories
from builder.tools import helm
from builder.tools.charts import Login


@dataclass(frozen=True, kw_only=True, slots=True)
class Vendored:
    """What was brought: the lock entry, the archive's path and whether it is new."""

    chart: VendoredChart
    path: Path
    fresh: bool


def login(named: str | None = None) -> Login:
    """Read the credentials for chart repositories from the environment of this process.

    They are for the host in SEALIFT_CHARTS_HOST, else for the URL that the command line names.
    """
    ca_file = os.environ.get("SEALIFT_CA_FILE")
    return Login(
        host_in="SEALIFT_CHARTS_HOST",
        named=named if named and "://" in named else "",
        username=os.environ.get("SEALIFT_CHARTS_USERNAME", ""),
        password=os.environ.get("SEALIFT_CHARTS_PASSWORD", ""),
        ca_file=Path(ca_file) if ca_file else None,
    )


def vendor(
    base: BaseFolder,
    *,
    source: str | None = None,
    versions: Mapping[str, str] | None = None,
    only: tuple[str, str] | None = None,
    credentials: Login | None = None,
) -> list[Vendored]:
    """Bring the charts that ``base.yaml`` names; all are checked before any is written.

    ``source`` takes the place of the repositories that it names: a folder of charts, or the URL of
    a repository. ``versions`` maps a chart's name to another version, ``only`` is the name and the
    version of the one that is brought. Raises ConfigurationError for
    a chart that is unsafe, incomplete or not the one in the lock; ToolError when it cannot be had.
    """
    wanted = [
        chart
        for chart in _wanted(base, versions or {})
        if only is None or (chart.name, chart.version) == only
    ]
    brought = []
    with Progress("bringing charts", len(wanted)) as progress:
        for chart in wanted:
            brought.append((chart, *_bring(base, chart, source, credentials or Login())))
            progress.step(f"{chart.name}-{chart.version}")
    results = []
    for chart, data, content, origin in brought:
        entry = _checked(base, chart, data, content, origin)
        path = base.charts / f"{entry.name}-{entry.version}.tgz"
        fresh = not path.is_file() or path.read_bytes() != data
        results.append(Vendored(chart=entry, path=path, fresh=fresh))
    lock = base.lock.with_charts(result.chart for result in results)
    for result, (_, data, content, _) in zip(results, brought, strict=True):
        write_bytes(result.path, data)
        # kustomize inflates from a folder: the place where it looks when a repository is named.
        write_tree(
            result.path.with_suffix(""), _unpacked(content), marker=f"{content.name}/Chart.yaml"
        )
    write_text(base.folder / charts_lock.FILE, charts_lock.dump(lock))
    return results


def _unpacked(content: ChartArchive) -> dict[str, bytes]:
    return {f"{content.name}/{path}": data for path, data in content.files.items()}


def _wanted(base: BaseFolder, versions: Mapping[str, str]) -> Iterator[ChartSource]:
    names = [chart.name for chart in base.base.charts]
    for name, version in versions.items():
        if not exact(version):
            raise ConfigurationError(
                f"{version!r} is not a version of {name}", hint="name one exactly, like 1.2.3"
            )
        if name not in names:
            near = nearest(name, names)
            raise ConfigurationError(
                f"base.yaml names no chart {name!r}",
                where=shown(base.folder / "base.yaml", base.root),
                hint=f"did you mean {near!r}?" if near else f"it names {', '.join(names)}",
            )
    for chart in base.base.charts:
        version = versions.get(chart.name, chart.version)
        same = version == chart.version
        yield ChartSource(
            name=chart.name,
            version=version,
            repository=chart.repository,
            digest=chart.digest if same else None,
        )


def _bring(
    base: BaseFolder, chart: ChartSource, source: str | None, credentials: Login
) -> tuple[bytes, ChartArchive, str]:
    """Return the archive, what is in it, and where it came from."""
    repository = source or chart.repository
    title = f"{chart.name}-{chart.version}"
    if "://" in repository:
        repositories.check_url(repository)
    if repository.startswith("oci://"):
        data = _pull(repository, chart, credentials)
    elif "://" in repository:
        data = repositories.fetch(repository, chart.name, chart.version, credentials)
    else:
        data = _from_folder(Path(repository), chart)
        repository = f"folder {_relative(Path(repository), base.root)}"
    return data, archive.read(data, source=title), repository


def _relative(folder: Path, root: Path) -> str:
    """Name a folder without saying where on this machine it is."""
    resolved = folder.resolve()
    return shown(resolved, root) if resolved.is_relative_to(root) else resolved.name


def _pull(repository: str, chart: ChartSource, credentials: Login) -> bytes:
    reference = repository.rstrip("/")
    if not reference.endswith(f"/{chart.name}"):
        reference += f"/{chart.name}"
    with tempfile.TemporaryDirectory(prefix="sealift-") as folder:
        plain = os.environ.get("SEALIFT_PLAIN_HTTP") == "1"
        sent = credentials.counts_for(repository, plain_http=plain)
        path = helm.pull_oci(
            reference,
            chart.version,
            Path(folder),
            username=credentials.username if sent else "",
            password=credentials.password if sent else "",
            ca_file=credentials.ca_file,
            plain_http=plain,
        )
        return path.read_bytes()


def _from_folder(folder: Path, chart: ChartSource) -> bytes:
    """Find a chart in a folder: as ``<name>-<version>.tgz``, or as a folder with a Chart.yaml."""
    if not folder.is_dir():
        raise ConfigurationError(f"there is no folder {folder}")
    path = folder / f"{chart.name}-{chart.version}.tgz"
    if path.is_file():
        return path.read_bytes()
    unpacked = _unpacked_charts(folder, chart.name)
    if chart.version in unpacked:
        return _packaged(unpacked[chart.version], chart.name)
    raise ConfigurationError(
        f"{folder} has no chart {chart.name} {chart.version}",
        hint=near(chart.version, _in_folder(folder, chart.name)) or None,
    )


def _unpacked_charts(folder: Path, name: str) -> dict[str, Path]:
    """Return the folders in a folder that hold a chart of that name, by version."""
    found: dict[str, Path] = {}
    for candidate in sorted(folder.glob("*/Chart.yaml")):
        text = candidate.read_bytes().decode("utf-8", "replace")
        metadata = yaml.load_all(text, source=str(candidate))
        value = metadata[0].value if metadata else None
        if isinstance(value, dict) and value.get("name") == name:
            found.setdefault(str(value.get("version")), candidate.parent)
    return found


def archives(folder: Path, name: str) -> dict[str, Path]:
    """Return the archives of a chart in a folder, ``<name>-<version>.tgz``, by version."""
    found = {path.name[len(name) + 1 : -len(".tgz")]: path for path in folder.glob(f"{name}-*.tgz")}
    return {version: found[version] for version in sorted(found) if exact(version)}


def _in_folder(folder: Path, name: str) -> list[str]:
    return [*archives(folder, name), *_unpacked_charts(folder, name)]


def known_versions(repository: str, name: str, credentials: Login | None = None) -> list[str]:
    """Return the versions of a chart that a folder, or an index, has; none for an OCI registry.

    Raises ConfigurationError and ToolError.
    """
    if "://" not in repository:
        return _in_folder(Path(repository), name)
    if repository.startswith("oci://"):
        return []
    found = repositories.digests(repository, credentials or Login())
    return [version for chart, version in found if chart == name]


def _packaged(folder: Path, name: str) -> bytes:
    """Package a chart's folder as helm does, then write it again without times and owners."""
    for path in folder.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            raise ConfigurationError(
                f"{path.relative_to(folder)} is a link out of the chart", where=str(folder)
            )
    own = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    _complete(own, name)
    with tempfile.TemporaryDirectory(prefix="sealift-") as destination:
        packaged = helm.package(folder, Path(destination)).read_bytes()
    chosen = archive.read(packaged, source=name)
    # helm says which files belong to the chart; its Chart.yaml is written anew by each version.
    files = {path: own.get(path, data) for path, data in chosen.files.items()}
    return archive.pack(replace(chosen, files=files))


def _complete(files: Mapping[str, bytes], title: str) -> None:
    missing = archive.missing_dependencies(files, title)
    if missing:
        raise ConfigurationError(
            f"declares charts that are not in it: {', '.join(missing)}",
            where=title,
            hint="helm would leave them out in silence, with their images: "
            "run `helm dependency build` where the chart is made, or get its release archive",
        )


def _checked(
    base: BaseFolder, chart: ChartSource, data: bytes, content: ChartArchive, origin: str
) -> VendoredChart:
    """Hold a chart against what was asked for, against base.yaml and against the lock."""
    title = f"{chart.name}-{chart.version}"
    found = (content.name, content.version.lstrip("v"))
    if found != (chart.name, chart.version.lstrip("v")):
        raise ConfigurationError(
            f"is {content.name} {content.version}", where=f"{title} from {origin}"
        )
    _complete(content.files, title)
    archive.check_schemas(content.files, title)
    sha256 = f"sha256:{hashlib.sha256(data).hexdigest()}"
    locked = base.lock.find(chart.name, chart.version)
    for expected, where in (
        (locked.sha256 if locked else None, charts_lock.FILE),
        (chart.digest, "base.yaml"),
    ):
        if expected and expected != sha256:
            raise ConfigurationError(
                f"has {sha256}, but {where} has {expected}",
                where=f"{title} from {origin}",
                hint=f"a published version does not change: find out why, "
                f"then remove its entry from {where}",
            )
    return VendoredChart(name=chart.name, version=chart.version, sha256=sha256, source=origin)
