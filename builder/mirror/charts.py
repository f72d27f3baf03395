"""Charts that the cluster fetches: brought to where it fetches them, from the vendored archives.

The place is an HTTP chart repository with ChartMuseum's upload API, an OCI registry, or a folder
with an ``index.yaml``, which any web server can serve.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from builder.build import Build
from builder.core import archive, yaml
from builder.core.errors import ConfigurationError, ToolError
from builder.core.findings import Finding
from builder.core.lock import LockedChart
from builder.files import write_bytes, write_text
from builder.registries import Registries
from builder.tools import answers
from builder.tools import charts as repositories
from builder.tools.charts import Login
from builder.tools.registry import MANIFEST

# As helm pushes them: helm.sh/docs/topics/registries.
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

State = Literal["copy", "present", "replace", "stays", "unasked"]


class Store(Protocol):
    """A place for charts."""

    @property
    def title(self) -> str:
        """The place, as people know it."""

    def digest(self, name: str, version: str) -> str | None:
        """Return the digest of the archive that is there; None when there is none."""

    def put(self, data: bytes, *, replace: bool) -> None:
        """Bring an archive there. Raises ToolError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartStep:
    """One chart, where it goes, and what is to be done, as for an image."""

    chart: LockedChart
    path: Path
    size: int
    target: str
    state: State


def open_store(
    text: str | None, registries: Registries, login: Login, *, url: str | None
) -> Store | None:
    """Return the place for charts: the one that is named, else the environment's repository."""
    place = text or url
    if place is None:
        return None
    if "://" not in place:
        return Folder(Path(place))
    repositories.check_url(place)
    if place.startswith("oci://"):
        return Oci(place, registries)
    return Http(place, login)


def chart_steps(
    built: Build, store: Store | None, *, ask: bool
) -> tuple[list[ChartStep], list[Finding]]:
    """Return the steps of all charts that controllers fetch in the cluster."""
    steps: list[ChartStep] = []
    found: list[Finding] = []
    for chart in built.lock.charts:
        vendored = built.overlay.base.chart(chart.name, chart.version)
        if not chart.repository or isinstance(vendored, Finding):
            continue  # kustomize inflates it; or the build has said that it is missing
        path = vendored[1]
        try:
            state = _state(chart, built, store, ask=ask)
        except ToolError as error:
            found.append(_failed(chart, error))
            continue
        target = chart.repository if state == "stays" or store is None else store.title
        steps.append(
            ChartStep(chart=chart, path=path, size=path.stat().st_size, target=target, state=state)
        )
    return steps, found


def _state(chart: LockedChart, built: Build, store: Store | None, *, ask: bool) -> State:
    inside = built.overlay.environment.chart_repository
    own = inside is not None and inside.url.rstrip("/") == chart.repository.rstrip("/")
    if store is None or not (own or isinstance(store, Folder)):
        return "stays"
    if not ask:
        return "unasked"
    there = store.digest(chart.name, chart.version)
    if there is None:
        return "copy"
    return "present" if there == chart.sha256 else "replace"


def copy_chart(step: ChartStep, store: Store, *, replace: bool) -> None:
    """Bring a chart to its place, and look whether it is there. Raises ToolError."""
    put_chart(step.chart, step.path.read_bytes(), store, replace=replace)


def put_chart(chart: LockedChart, data: bytes, store: Store, *, replace: bool) -> None:
    """Bring a chart's archive to its place, and look whether it is there. Raises ToolError."""
    store.put(data, replace=replace)
    there = store.digest(chart.name, chart.version)
    if there != chart.sha256:
        raise ToolError(
            f"{store.title} has {there or 'no'} {chart.name} {chart.version} after the upload, "
            f"not {chart.sha256}",
            hint="does it rewrite charts, or take a while to index them?",
        )


class Http:
    """A repository that takes uploads as ChartMuseum does."""

    def __init__(self, url: str, login: Login) -> None:
        self.title = url
        self._login = login

    def digest(self, name: str, version: str) -> str | None:
        """Look into the index."""
        return repositories.digests(self.title, self._login).get((name, version))

    def put(self, data: bytes, *, replace: bool) -> None:
        """Upload."""
        repositories.upload(self.title, data, self._login, replace=replace)


class Oci:
    """A path in an OCI registry, below which each chart is a repository."""

    def __init__(self, url: str, registries: Registries) -> None:
        self.title = url.rstrip("/")
        host, _, self._path = self.title.removeprefix("oci://").partition("/")
        self._registry = registries.at(host)

    def repository(self, name: str) -> str:
        """Return the repository of a chart: helm lets the reference end with its name or not."""
        if self._path.rpartition("/")[2] == name:
            return self._path
        return f"{self._path}/{name}" if self._path else name

    def digest(self, name: str, version: str) -> str | None:
        """Read the digest of the archive off the manifest."""
        found = self._registry.pull(self.repository(name), _tag(version))
        if found is None:
            return None
        what = f"{self.title} has a manifest of {name} {version}"
        manifest = answers.mapping(answers.loaded(found.body, what), what)
        layers = answers.mappings(manifest.get("layers"), f"{what} with a list of layers")
        return next((str(x.get("digest")) for x in layers if x.get("mediaType") == _CONTENT), "")

    def put(self, data: bytes, *, replace: bool) -> None:  # noqa: ARG002
        """Push as helm does; the caller has looked for what is there."""
        metadata = _metadata(data, "the chart")
        repository = self.repository(str(metadata["name"]))
        config, manifest = artifact(data)
        for blob in (config, data):
            self._registry.push_blob(repository, blob)
        self._registry.push_manifest(repository, _tag(str(metadata["version"])), manifest)


class Folder:
    """A folder of archives with an index, for any web server."""

    def __init__(self, path: Path) -> None:
        self.title = str(path)
        self._path = path

    def digest(self, name: str, version: str) -> str | None:
        """Take the digest of the archive, where the index has it."""
        path = self._path / f"{name}-{version}.tgz"
        if not path.is_file() or path.name not in self._listed(name):
            return None
        return _sha256(path.read_bytes())

    def _listed(self, name: str) -> set[str]:
        """Return the archives of a chart that the index has."""
        index = self._path / "index.yaml"
        if not index.is_file():
            return set()
        value = yaml.load(index.read_text(errors="replace"), source=str(index))
        entries = value.get("entries") if isinstance(value, dict) else None
        versions = entries.get(name) if isinstance(entries, dict) else None
        urls = [v.get("urls") for v in versions or () if isinstance(v, dict)]
        return {str(url).rpartition("/")[2] for found in urls for url in found or ()}

    def put(self, data: bytes, *, replace: bool) -> None:  # noqa: ARG002
        """Write the archive, then an index of all that are in the folder."""
        try:
            self._put(data)
        except OSError as error:
            raise ToolError(
                f"{error.filename or self._path} cannot be written: {error.strerror}",
                hint="make room in this folder, or name another",
            ) from error

    def _put(self, data: bytes) -> None:
        metadata = _metadata(data, "the chart")
        write_bytes(self._path / f"{metadata['name']}-{metadata['version']}.tgz", data)
        entries: dict[str, list[dict[str, Any]]] = {}
        for path in sorted(self._path.glob("*.tgz")):
            content = path.read_bytes()
            metadata = _metadata(content, path.name)
            entry = {**metadata, "digest": _sha256(content)[7:], "urls": [path.name]}
            entries.setdefault(str(metadata["name"]), []).append(entry)
        write_text(self._path / "index.yaml", yaml.dump({"apiVersion": "v1", "entries": entries}))


def artifact(data: bytes) -> tuple[bytes, bytes]:
    """Return configuration and manifest of a chart's archive as an OCI artifact."""
    metadata = _metadata(data, "the chart")
    config = json.dumps(metadata, sort_keys=True).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(_CONFIG, config),
        "layers": [_descriptor(_CONTENT, data)],
        "annotations": {
            "org.opencontainers.image.title": str(metadata["name"]),
            "org.opencontainers.image.version": str(metadata["version"]),
        },
    }
    return config, json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()


def _metadata(data: bytes, source: str) -> dict[str, Any]:
    text = archive.read(data, source=source).files["Chart.yaml"].decode("utf-8", "replace")
    documents = yaml.load_all(text, source=f"{source}: Chart.yaml")
    value = documents[0].value if documents else None
    if not isinstance(value, dict):
        raise ConfigurationError("is not a mapping", where=f"{source}: Chart.yaml")
    return value


def _tag(version: str) -> str:
    return version.replace("+", "_")  # a tag may hold no plus sign; helm writes an underscore


def _descriptor(media_type: str, blob: bytes) -> dict[str, str | int]:
    return {"mediaType": media_type, "digest": _sha256(blob), "size": len(blob)}


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _failed(chart: LockedChart, error: ToolError) -> Finding:
    return Finding(
        code="chart-store-failed",
        subject=f"chart {chart.name}-{chart.version}",
        place=chart.repository,
        cause=error.what,
        hint=f"{error.hint or 'is it reachable from here?'} Or name another place: --charts-to",
    )
