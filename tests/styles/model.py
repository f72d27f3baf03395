"""A chart in one style, and the source repository that carries it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.source import Source

INSIDE = "registry.corp.example/mirror"
WEB = f"{INSIDE}/acme/web:1.2.3"
JOB = f"{INSIDE}/acme/job:4.5.6"
ENVIRONMENT = f"""\
base: app
kubernetes: "1.30"
registry:
  prefix: {INSIDE}
chartRepository:
  url: https://charts.corp.example
"""
BASE = """\
charts:
  - name: app
    version: 1.0.0
    repository: https://charts.acme.example
nestedCharts:
  - group: acme.example
    kind: Platform
    chart: /spec/chart
    values: /spec/values
"""
PLATFORM = """\
apiVersion: acme.example/v1
kind: Platform
metadata: {name: app, namespace: apps}
spec:
  chart: {url: https://charts.acme.example, name: app, version: 1.0.0}
  values:
"""


@dataclass(frozen=True, kw_only=True)
class Style:
    """A chart, what a custom resource sets in it, and what is to come of it.

    ``templates`` and ``charts`` map names to texts; ``images`` are those that the cluster pulls
    in the end, ``sets`` the value paths that `airgap` sets, where a test wants to know them. What
    does not close ends in a ``finding`` of that code, which ``says`` these words.
    """

    name: str
    values: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    chart: str = ""
    user: str = "{}"
    environment: str = ""
    images: tuple[str, ...] = ()
    sets: tuple[str, ...] | None = None
    finding: str = ""
    says: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def metadata(name: str, more: str = "") -> str:
    """A Chart.yaml."""
    return f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n{more}"


def pod(name: str, *images: str) -> str:
    """A template of a Deployment with a container for each image expression."""
    containers = "".join(
        f"        - name: c{number}\n          image: {image}\n"
        for number, image in enumerate(images)
    )
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n"
        f"spec:\n  template:\n    spec:\n      containers:\n{containers}"
    )


def subchart(
    name: str, values: str, templates: Mapping[str, str], chart: str = ""
) -> dict[str, str]:
    """The files of a subchart."""
    return {
        f"charts/{name}/Chart.yaml": metadata(name, chart),
        f"charts/{name}/values.yaml": values,
        **{f"charts/{name}/templates/{file}": text for file, text in templates.items()},
    }


def below(name: str, files: Mapping[str, str]) -> dict[str, str]:
    """The files of a chart's subcharts, below the chart."""
    return {f"charts/{name}/{path}": text for path, text in files.items()}


def indent(text: str, width: int) -> str:
    """Move a text to the right."""
    return "".join(f"{' ' * width}{line}\n" for line in text.splitlines())


def write(root: Path, style: Style, carrier: str | None = None) -> Source:
    """Write a source repository: the chart beside it, a base that names it, one overlay."""
    source = Source(root / "source")
    write_chart(root / "charts" / "app", style)
    source.write("base/app/base.yaml", BASE)
    source.write("base/app/kustomization.yaml", "resources: [app.yaml]\n")
    source.write("base/app/app.yaml", carrier or PLATFORM + indent(style.user, 4))
    environment = yaml.safe_load(ENVIRONMENT) | (yaml.safe_load(style.environment) or {})
    source.write("overlays/prod/environment.yaml", yaml.safe_dump(environment))
    source.write("overlays/prod/kustomization.yaml", "resources: [../../base/app]\n")
    return source


def write_chart(folder: Path, style: Style) -> None:
    """Write the chart's own files."""
    files = {
        "Chart.yaml": metadata("app", style.chart),
        "values.yaml": style.values,
        **{f"templates/{name}": text for name, text in style.templates.items()},
        **style.files,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
