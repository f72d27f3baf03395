"""Kustomizations as they stand on disk, looked at before kustomize runs.

Nothing in them may lead out of the source repository: no remote base, no link, no chart to pull.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.core import inflation, yaml
from builder.core.errors import ConfigurationError, Where, nearest
from builder.files import check_links, fingerprint, inside, read_text, shown
from builder.still import once

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_VERSIONS = {
    "Kustomization": "kustomize.config.k8s.io/v1beta1",
    "Component": "kustomize.config.k8s.io/v1alpha1",
}
# Fields that name files or folders, in kustomize's own words.
_PATH_LISTS = ("resources", "components", "crds", "configurations", "generators", "transformers",
               "validators", "patchesStrategicMerge", "bases")  # fmt: skip
_PLUGINS = ("generators", "transformers", "validators")
_INLINE = (*_PLUGINS, "patchesStrategicMerge")
# The keys of kustomize's plugins that name files, which may be URLs.
_FILE_KEYS = {"path", "paths", "file", "files", "env", "envs", "valuesFile",
              "additionalValuesFiles"}  # fmt: skip
_FIELDS = (
    *_PATH_LISTS, "apiVersion", "kind", "metadata", "namespace", "namePrefix", "nameSuffix",
    "commonLabels", "labels", "commonAnnotations", "patches", "patchesJson6902", "images",
    "imageTags", "replacements", "replicas", "vars", "sortOptions", "configMapGenerator",
    "secretGenerator", "generatorOptions", "helmGlobals", "helmCharts",
    "helmChartInflationGenerator", "inventory", "buildMetadata", "openapi",
)  # fmt: skip
_REMOTE = re.compile(
    r"[a-z][a-z0-9+.-]*://|^git::|^[^/]*@|\?(?:ref|version|timeout|submodules)=|"
    r"\.git(?:$|[/?])|^gh:|^(?:github\.com|gitlab\.com|bitbucket\.org)[/:]|[^:/]//",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kustomization:
    """A kustomization file: its folder, its text and its fields."""

    root: Path
    path: Path
    text: str
    fields: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        """The folder that the paths in it are relative to."""
        return self.path.parent

    @property
    def shown(self) -> str:
        """The file, as errors name it."""
        return shown(self.path, self.root)

    def at(self, *path: object) -> str:
        """Name the place of a field: file and line."""
        return yaml.lines(self.text, source=self.shown).at(tuple(map(str, path)))

    def where(self, *path: object) -> Where:
        """Name the place of a field for an error."""
        return yaml.lines(self.text, source=self.shown).where(tuple(map(str, path)))

    def texts(self, field: str) -> list[tuple[str, str]]:
        """Return the entries of a list of texts, each with its place."""
        entries = self.fields.get(field) or []
        if not isinstance(entries, list) or not all(isinstance(e, str) for e in entries):
            raise ConfigurationError(f"{field} is not a list of texts", where=self.where(field))
        return [(entry, self.where(field, index)) for index, entry in enumerate(entries)]

    def mappings(self, field: str) -> list[tuple[dict[str, Any], str]]:
        """Return the entries of a list of mappings, each with its place."""
        entries = self.fields.get(field) or []
        if not isinstance(entries, list):
            raise ConfigurationError(f"{field} is not a list", where=self.where(field))
        for index, entry in enumerate(entries):
            if not isinstance(entry, dict):
                raise ConfigurationError(
                    f"an entry of {field} is not a mapping", where=self.where(field, index)
                )
        return [(entry, self.where(field, index)) for index, entry in enumerate(entries)]

    def mapping(self, field: str) -> dict[str, Any]:
        """Return a field that is a mapping, or an empty one."""
        value = self.fields.get(field) or {}
        if not isinstance(value, dict):
            raise ConfigurationError(f"{field} is not a mapping", where=self.where(field))
        return value

    def target(self, entry: str, place: str) -> Path:
        """Return the file or folder that an entry names; it exists, inside the root."""
        # Before all else: kustomize would fetch it although a folder of that name is there.
        if _REMOTE.search(entry):
            raise ConfigurationError(
                f"{entry} is a remote base: the build fetches nothing",
                where=place,
                hint="copy what you need of it into the repository",
            )
        path = self.folder / entry
        if "\n" in entry or not path.exists():
            known = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            near = nearest(path.name, known)
            raise ConfigurationError(
                f"there is no {entry}", where=place, hint=f"did you mean {near}?" if near else None
            )
        resolved = inside(path, self.root, named_in=place)
        if resolved.is_file() and not resolved.is_relative_to(self.folder.resolve()):
            raise ConfigurationError(
                f"kustomize takes no file from outside its folder: {entry}",
                where=place,
                hint="move it, or put a kustomization.yaml beside it and name its folder",
            )
        return resolved


@dataclass(frozen=True, kw_only=True, slots=True)
class HelmChart:
    """A chart that kustomize inflates, and the folder that it would look in."""

    name: str
    version: str
    folder: Path
    place: str


def read(folder: Path, root: Path, *, named_in: str = "") -> Kustomization:
    """Read the kustomization of a folder. Raises ConfigurationError."""
    return once(("kustomization", folder, root), lambda: _read(folder, root, named_in))


def _read(folder: Path, root: Path, named_in: str) -> Kustomization:
    found = [folder / name for name in FILES if (folder / name).is_file()]
    if len(found) != 1:
        raise ConfigurationError(
            f"{shown(folder, root)} has {'more than one' if found else 'no'} kustomization.yaml",
            where=named_in or None,
        )
    text = read_text(found[0], root)
    source = shown(found[0], root)
    fields = yaml.load(text, source=source)
    kustomization = Kustomization(root=root, path=found[0], text=text, fields=fields or {})
    if not isinstance(kustomization.fields, dict):
        raise ConfigurationError("is not a mapping", where=source)
    for key in kustomization.fields:
        if key not in _FIELDS:
            near = nearest(str(key), list(_FIELDS))
            raise ConfigurationError(
                f"kustomize knows no field {key!r}",
                where=kustomization.where(key),
                hint=f"did you mean {near!r}?" if near else None,
            )
    _check_kind(kustomization)
    return kustomization


def _check_kind(kustomization: Kustomization) -> None:
    kind = kustomization.fields.get("kind") or "Kustomization"
    if kind not in _VERSIONS:
        raise ConfigurationError(
            f"kind {kind!r} is neither {' nor '.join(_VERSIONS)}", where=kustomization.where("kind")
        )
    if kustomization.fields.get("apiVersion") not in (None, _VERSIONS[kind]):
        raise ConfigurationError(
            f"the apiVersion of a {kind} is {_VERSIONS[kind]}",
            where=kustomization.where("apiVersion"),
        )


def tree(folder: Path, root: Path) -> Iterator[Kustomization]:
    """Yield the kustomization of ``folder`` and all that it leads to, all paths checked.

    Raises ConfigurationError for anything remote, missing, outside the root, or that leads back.
    """
    yield from once(("tree", folder, root), lambda: list(_walk(folder, root, "", {})))


def _walk(
    folder: Path, root: Path, place: str, finished: dict[Path, bool]
) -> Iterator[Kustomization]:
    if finished.get(folder):
        return
    if folder in finished:
        raise ConfigurationError(f"leads back to {shown(folder, root)}", where=place)
    finished[folder] = False
    check_links(folder, root)
    kustomization = read(folder, root, named_in=place)
    yield kustomization
    for path, named_in in _paths(kustomization):
        if path.is_dir():
            yield from _walk(path, root, named_in, finished)
    finished[folder] = True


def digest(folder: Path, root: Path) -> str:
    """Return one SHA-256 over all files that kustomize may read to build a folder.

    Raises ConfigurationError as :func:`tree` does.
    """
    return once(("digest", folder, root), lambda: _digest(folder, root))


def _digest(folder: Path, root: Path) -> str:
    found: set[Path] = set()
    for kustomization in tree(folder, root):
        found.add(kustomization.folder)
        found.update(path for path, _ in _paths(kustomization))
        found.update(chart.folder for chart in helm_charts(kustomization))
    total = hashlib.sha256()
    for path in sorted(found):
        total.update(f"{shown(path, root)}\0".encode() + fingerprint(path))
    return total.hexdigest()


def files(kustomization: Kustomization) -> list[Path]:
    """Return the files that a kustomization names, checked."""
    return [path for path, _ in _paths(kustomization) if path.is_file()]


def _paths(kustomization: Kustomization) -> list[tuple[Path, str]]:
    """Return every path that a kustomization names, checked."""
    return once(
        ("paths", kustomization.path, kustomization.root), lambda: _found_paths(kustomization)
    )


def _found_paths(kustomization: Kustomization) -> list[tuple[Path, str]]:
    paths = []
    for field in _PATH_LISTS:
        for entry, place in kustomization.texts(field):
            if "\n" in entry and field in _INLINE:
                _check_plugin(yaml.load_all(entry, source=place), place)
                continue
            path = kustomization.target(entry, place)
            if field in _PLUGINS:
                if path.is_dir():
                    raise ConfigurationError(
                        f"{entry} is a folder", where=place, hint=f"name the files in {field}"
                    )
                text = read_text(path, kustomization.root)
                _check_plugin(yaml.load_all(text, source=shown(path, kustomization.root)), place)
            paths.append((path, place))
    for entry, place in _inner_paths(kustomization):
        paths.append((kustomization.target(entry, place), place))
    return paths


def _inner_paths(kustomization: Kustomization) -> Iterator[tuple[str, str]]:
    """Yield the paths that stand deeper: in patches, generators, replacements and helm charts."""
    for field, keys in (
        ("patches", ("path",)),
        ("patchesJson6902", ("path",)),
        ("replacements", ("path",)),
        ("helmCharts", ("valuesFile", "additionalValuesFiles")),
        ("configMapGenerator", ("files", "envs", "env")),
        ("secretGenerator", ("files", "envs", "env")),
    ):
        for entry, place in kustomization.mappings(field):
            for key in keys:
                value = entry.get(key) or []
                for path in value if isinstance(value, list) else [value]:
                    if not isinstance(path, str):
                        raise ConfigurationError(f"{key} names no file: {path!r}", where=place)
                    # Only files may have a name before them: name=path.
                    named = key == "files" and "=" in path
                    yield path.partition("=")[2] if named else path, place
    openapi = kustomization.mapping("openapi")
    if openapi.get("path"):
        yield str(openapi["path"]), kustomization.at("openapi")


def _check_plugin(documents: list[yaml.Document], place: str) -> None:
    for document in documents:
        kind = document.value.get("kind") if isinstance(document.value, dict) else None
        inflation.check_plugin(kind, place)
        for path in _files(document.value):
            if _REMOTE.search(path):
                raise ConfigurationError(
                    f"{path} is remote: the build fetches nothing",
                    where=place,
                    hint="copy it into the repository",
                )


def _files(value: Any) -> Iterator[str]:
    """Yield the texts that may name files in the settings of a plugin."""
    if isinstance(value, list):
        for item in value:
            yield from _files(item)
    elif isinstance(value, dict):
        for key, below in value.items():
            texts = below if isinstance(below, list) else [below]
            if key in _FILE_KEYS:
                yield from (text for text in texts if isinstance(text, str))
            yield from _files(below)


def literals(kustomization: Kustomization) -> Iterator[str]:
    """Yield the values that a kustomization gives to Secrets; kustomize quotes wrong ones."""
    for entry, _ in kustomization.mappings("secretGenerator"):
        listed = entry.get("literals")
        for text in listed if isinstance(listed, list) else ():
            yield from (str(text), str(text).partition("=")[2])


def helm_charts(kustomization: Kustomization) -> Iterator[HelmChart]:
    """Yield the charts that kustomize would inflate, where it would look for them."""
    if kustomization.fields.get("helmChartInflationGenerator"):
        raise ConfigurationError(
            "helmChartInflationGenerator is outdated, and may pull its chart",
            where=kustomization.where("helmChartInflationGenerator"),
            hint="use the field helmCharts",
        )
    settings = kustomization.mapping("helmGlobals")
    home = kustomization.folder / str(settings.get("chartHome") or "charts")
    for entry, place in kustomization.mappings("helmCharts"):
        inflation.check(entry, place)
        name, version = str(entry.get("name") or ""), str(entry.get("version") or "")
        if not name or not version:
            raise ConfigurationError(
                "a helm chart needs a name and a version", where=place,
                hint="without a version kustomize takes what it finds",
            )  # fmt: skip
        # kustomize looks in chartHome/name-version when a repository is named, else in chartHome.
        folder = home / f"{name}-{version}" / name if entry.get("repo") else home / name
        inside(folder, kustomization.root, named_in=place)
        yield HelmChart(name=name, version=version, folder=folder, place=place)
