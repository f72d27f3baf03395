"""Kustomizations as they stand on disk, looked at before kustomize runs.

Nothing in them may lead out of the source repository: no remote base, no link, no chart to pull.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.core import yaml
from builder.core.errors import ConfigurationError, nearest
from builder.files import check_links, inside, read_text, shown

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# Fields that name files or folders, in kustomize's own words.
_PATH_LISTS = ("resources", "components", "crds", "configurations", "generators", "transformers",
               "validators", "patchesStrategicMerge", "bases")  # fmt: skip
_INLINE = ("generators", "transformers", "validators", "patchesStrategicMerge")
_FIELDS = (
    *_PATH_LISTS, "apiVersion", "kind", "metadata", "namespace", "namePrefix", "nameSuffix",
    "commonLabels", "labels", "commonAnnotations", "patches", "patchesJson6902", "images",
    "imageTags", "replacements", "replicas", "vars", "sortOptions", "configMapGenerator",
    "secretGenerator", "generatorOptions", "helmGlobals", "helmCharts",
    "helmChartInflationGenerator", "inventory", "buildMetadata", "openapi",
)  # fmt: skip
_REMOTE = re.compile(
    r"[a-z][a-z0-9+.-]*://|^git::|^[\w.-]+@[\w.-]+:|\?(?:ref|version|timeout|submodules)=|"
    r"\.git(?:$|[/?])|^(?:github\.com|gitlab\.com|bitbucket\.org)/|[^:/]//",
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

    def texts(self, field: str) -> list[tuple[str, str]]:
        """Return the entries of a list of texts, each with its place."""
        entries = self.fields.get(field) or []
        if not isinstance(entries, list) or not all(isinstance(e, str) for e in entries):
            raise ConfigurationError(f"{field} is not a list of texts", where=self.at(field))
        return [(entry, self.at(field, index)) for index, entry in enumerate(entries)]

    def target(self, entry: str, place: str) -> Path:
        """Return the file or folder that an entry names; it exists, inside the root."""
        path = self.folder / entry
        if "\n" in entry or not path.exists():
            if _REMOTE.search(entry):
                raise ConfigurationError(
                    f"{entry} is a remote base: the build fetches nothing",
                    where=place,
                    hint="copy what you need of it into the repository",
                )
            known = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            near = nearest(path.name, known)
            raise ConfigurationError(
                f"there is no {entry}", where=place, hint=f"did you mean {near}?" if near else None
            )
        return inside(path, self.root, named_in=place)


@dataclass(frozen=True, kw_only=True, slots=True)
class HelmChart:
    """A chart that kustomize inflates, and the folder that it would look in."""

    name: str
    version: str
    folder: Path
    place: str


def read(folder: Path, root: Path, *, named_in: str = "") -> Kustomization:
    """Read the kustomization of a folder. Raises ConfigurationError."""
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
                where=kustomization.at(key),
                hint=f"did you mean {near!r}?" if near else None,
            )
    return kustomization


def tree(folder: Path, root: Path) -> Iterator[Kustomization]:
    """Yield the kustomization of ``folder`` and all that it leads to, all paths checked.

    Raises ConfigurationError for anything remote, missing, or outside the root.
    """
    seen: set[Path] = set()
    waiting = [(folder, "")]
    while waiting:
        current, place = waiting.pop(0)
        if current in seen:
            continue
        seen.add(current)
        check_links(current, root)
        kustomization = read(current, root, named_in=place)
        yield kustomization
        waiting += [(path, place) for path, place in _paths(kustomization) if path.is_dir()]


def _paths(kustomization: Kustomization) -> list[tuple[Path, str]]:
    """Return every path that a kustomization names, checked."""
    paths = []
    for field in _PATH_LISTS:
        for entry, place in kustomization.texts(field):
            if "\n" in entry and field in _INLINE:
                _check_plugin(yaml.load_all(entry, source=place), place)
                continue
            path = kustomization.target(entry, place)
            if field in ("generators", "transformers", "validators") and path.is_file():
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
        entries = kustomization.fields.get(field) or []
        if not isinstance(entries, list):
            raise ConfigurationError(f"{field} is not a list", where=kustomization.at(field))
        for index, entry in enumerate(entries):
            place = kustomization.at(field, index)
            if not isinstance(entry, dict):
                raise ConfigurationError(f"an entry of {field} is not a mapping", where=place)
            for key in keys:
                value = entry.get(key) or []
                for path in [value] if isinstance(value, str) else value:
                    yield str(path).partition("=")[2] or str(path), place
    openapi = kustomization.fields.get("openapi") or {}
    if isinstance(openapi, dict) and openapi.get("path"):
        yield str(openapi["path"]), kustomization.at("openapi")


def _check_plugin(documents: list[yaml.Document], place: str) -> None:
    for document in documents:
        kind = document.value.get("kind") if isinstance(document.value, dict) else None
        if kind == "HelmChartInflationGenerator":
            raise ConfigurationError(
                "a HelmChartInflationGenerator may pull its chart", where=place,
                hint="use the field helmCharts, and vendor the chart",
            )  # fmt: skip


def helm_charts(kustomization: Kustomization) -> Iterator[HelmChart]:
    """Yield the charts that kustomize would inflate, where it would look for them."""
    if kustomization.fields.get("helmChartInflationGenerator"):
        raise ConfigurationError(
            "helmChartInflationGenerator is outdated, and may pull its chart",
            where=kustomization.at("helmChartInflationGenerator"),
            hint="use the field helmCharts",
        )
    settings = kustomization.fields.get("helmGlobals") or {}
    home = kustomization.folder / str(settings.get("chartHome") or "charts")
    for index, entry in enumerate(kustomization.fields.get("helmCharts") or []):
        place = kustomization.at("helmCharts", index)
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
