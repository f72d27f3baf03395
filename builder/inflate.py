"""A chart that the base itself inflates, rendered with other values: as kustomize would, in a copy.

What kustomize does to its resources (a namespace, a prefix) is done in the copy as well.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder import cache, sources
from builder.core import yaml
from builder.core.encoding import decoded
from builder.core.manifests import Resource, from_kustomize
from builder.core.pointer import get
from builder.files import shown
from builder.probe import EFFECTIVE, TEMPLATE
from builder.render import is_plain
from builder.sources import HelmChart, Kustomization
from builder.tools import helm, kustomize
from builder.workspace import Overlay

_VALUES = "sealift-values.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Inflated:
    """A chart, the entry of ``helmCharts`` that names it, and the folder that kustomize builds."""

    chart: HelmChart
    kustomization: Kustomization
    index: int
    folder: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Inflation:
    """What kustomize makes of a folder; ``values`` are those of the chart that was asked for."""

    resources: Mapping[Any, Resource]
    values: dict[str, Any]


def find(overlay: Overlay, name: str) -> Iterator[Inflated]:
    """Yield each place where a kustomization of the environment inflates the chart."""
    for folder in dict.fromkeys(_built(sources.read(overlay.folder, overlay.root))):
        for kustomization in sources.tree(folder, overlay.root):
            for index, chart in enumerate(sources.helm_charts(kustomization)):
                if chart.name == name:
                    yield Inflated(
                        chart=chart, kustomization=kustomization, index=index, folder=folder
                    )


def _built(kustomization: Kustomization) -> Iterator[Path]:
    """Yield the folders that kustomize builds, each with all below it."""
    if not is_plain(kustomization):
        yield kustomization.folder
        return
    for entry, place in kustomization.texts("resources"):
        path = kustomization.target(entry, place)
        if path.is_dir():
            yield from _built(sources.read(path, kustomization.root))


def inflate(overlay: Overlay, inflated: Inflated, values: Mapping[str, Any]) -> Inflation:
    """Build the folder with ``values`` over those that the base gives the chart.

    Raises CommandError when the chart does not render.
    """
    kube_version = overlay.environment.kubernetes
    place = (shown(inflated.kustomization.path, overlay.root), inflated.index)
    versions = (kustomize.find()[1], helm.find()[1])
    files = sources.digest(inflated.folder, overlay.root)
    text = cache.remember(
        cache.key("inflate", versions, kube_version, place, files, values),
        lambda: _text(overlay, inflated, values),
    )
    manifests = from_kustomize(text, source=shown(inflated.folder, overlay.root))
    told = next(r for r in manifests if r.id.kind == "ConfigMap" and EFFECTIVE in r.id.name)
    return Inflation(
        resources={r.id: r for r in manifests if r is not told},
        values=json.loads(decoded(str(get(told.body, ("data", "values"))))),
    )


def _text(overlay: Overlay, inflated: Inflated, values: Mapping[str, Any]) -> str:
    with tempfile.TemporaryDirectory(prefix="sealift-") as folder:
        copy = Path(folder).resolve()

        def at(path: Path) -> Path:
            return copy / path.relative_to(overlay.root)

        for source in _copied(overlay, inflated.folder):
            shutil.copytree(
                source, at(source), dirs_exist_ok=True, ignore=_unneeded(overlay, inflated)
            )
        kustomization = inflated.kustomization
        templates = at(inflated.chart.folder) / "templates"
        templates.mkdir(exist_ok=True)
        (templates / f"{EFFECTIVE}.yaml").write_text(TEMPLATE)
        (at(kustomization.folder) / _VALUES).write_text(json.dumps(values))
        at(kustomization.path).write_text(yaml.dump(_with_values(kustomization, inflated.index)))
        return kustomize.build(at(inflated.folder), kube_version=overlay.environment.kubernetes)


def _copied(overlay: Overlay, folder: Path) -> Iterator[Path]:
    """Yield the folders that kustomize reads: it takes no file from outside of them."""
    for kustomization in sources.tree(folder, overlay.root):
        yield kustomization.folder
        for chart in sources.helm_charts(kustomization):
            yield chart.folder


def _unneeded(overlay: Overlay, inflated: Inflated) -> Any:
    """Return what leaves out the charts that only controllers render."""

    def ignored(folder: str, names: list[str]) -> list[str]:
        if Path(folder) != overlay.base.charts:
            return [name for name in names if name == ".git"]
        return [n for n in names if not inflated.chart.folder.is_relative_to(Path(folder) / n)]

    return ignored


def _with_values(kustomization: Kustomization, index: int) -> dict[str, Any]:
    """Return the kustomization's fields with one more file of values, which wins over all others.

    Later files win, and so does any over what stands in the kustomization.
    """
    charts = [dict(entry) for entry, _ in kustomization.mappings("helmCharts")]
    listed = charts[index].get("additionalValuesFiles") or []
    charts[index]["additionalValuesFiles"] = [*listed, _VALUES]
    return {**kustomization.fields, "helmCharts": charts}
