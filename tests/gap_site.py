"""Both sides of a gap: a source with its registries here, registry, charts and Git over there."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.mirror_site import IMAGES, PASSWORD, USER, MirrorSite, mirror_site
from tests.servers.chart_repository import ChartRepository, chart_repository
from tests.servers.git_http import GitServer, git_http
from tests.source import Result, Source, snapshot

CHART = """\
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: app, namespace: kube-system}
spec: {chart: app, version: 1.0.0, repo: "https://charts.acme.example", targetNamespace: app}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: app}
spec: {containers: [{name: main, image: "{{ .Values.image }}"}]}
"""


@dataclass
class GapSite:
    """``near`` is the side with the sources; ``shelf`` and ``git`` are on the far side."""

    near: MirrorSite
    shelf: Path
    charts: ChartRepository
    repositories: Path
    git: GitServer

    def export(self, output: Path, *argv: str) -> Result:
        """Export the environment, on the near side."""
        return self.near.sealift("mirror", "export", "site", "-o", str(output), *argv)

    @property
    def flags(self) -> list[str]:
        """Where everything goes on the far side."""
        return [
            f"--registry={self.near.inside.host}/m",
            f"--ca-file={self.near.inside.cafile}",
            f"--charts={self.charts.url}",
            f"--repository={self.git.url('gitops.git')}",
        ]

    def bring(self, archive: Path, *argv: str) -> Result:
        """Import an archive, on the far side."""
        return self.near.run("mirror", "import", str(archive), *self.flags, *argv)

    def state(self) -> dict[str, str]:
        """All that the far side holds, down to the last file."""
        folders = (self.near.folder / "inside" / "storage", self.shelf, self.repositories)
        return {f"{f.name}/{k}": v for f in folders for k, v in snapshot(f).items()}

    def tree(self, name: str = "main:site") -> str:
        """The tree of a folder on a branch of the far Git repository."""
        argv = ["git", "-C", str(self.repositories / "gitops.git"), "rev-parse", name]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    def lose_the_near_side(self) -> None:
        """Take the sources away: what comes now has to come from the archive."""
        shutil.rmtree(self.near.source.root)
        shutil.rmtree(self.near.folder / "outside" / "storage")


def environment(site: MirrorSite, names: tuple[str, ...] = IMAGES) -> None:
    """Write the environment, with a chart that a controller fetches, and lock it."""
    site.environment('chartRepository: {url: "https://charts.site.example"}\n', names)
    chart = site.folder / "chart" / "app"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.0.0\n")
    (chart / "values.yaml").write_text(f"image: {IMAGES[1]}\n")
    (chart / "templates" / "pod.yaml").write_text(POD)
    entry = {"name": "app", "version": "1.0.0", "repository": "https://charts.acme.example"}
    site.source.write("base/plain/base.yaml", json.dumps({"charts": [entry]}))
    site.source.write("overlays/site/chart.yaml", CHART)
    text = site.source.read("overlays/site/kustomization.yaml")
    site.source.write(
        "overlays/site/kustomization.yaml", text.replace("app.yaml", "app.yaml, chart.yaml", 1)
    )
    for argv in (
        ("vendor", "plain", "--from", str(chart.parent)),
        ("airgap", "site"),
        ("lock", "site", *site.flags),
    ):
        result = site.run(*argv)
        assert result.code == 0, result


@contextmanager
def gap_site(
    source: Source, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GapSite]:
    """Start all servers; the environment is locked, and the far side is empty."""
    shelf, repositories = folder / "shelf", folder / "repositories"
    shelf.mkdir()
    repositories.mkdir()
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "-b", "main", str(repositories / "gitops.git")],
        check=True,
    )
    for kind in ("CHARTS", "GIT"):
        monkeypatch.setenv(f"SEALIFT_{kind}_USERNAME", USER)
        monkeypatch.setenv(f"SEALIFT_{kind}_PASSWORD", PASSWORD)
    with ExitStack() as stack:
        near = stack.enter_context(mirror_site(source, run, folder))
        environment(near)
        charts = stack.enter_context(chart_repository(shelf, username=USER, password=PASSWORD))
        git = stack.enter_context(git_http(repositories, username=USER, password=PASSWORD))
        monkeypatch.setenv("SEALIFT_GIT_HOST", git.base_url)
        yield GapSite(near, shelf, charts, repositories, git)
