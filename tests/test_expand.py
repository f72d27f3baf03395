import shutil
from pathlib import Path

import pytest

from builder.bases import find_base
from builder.build import Build, build
from builder.vendor import vendor
from builder.workspace import find_overlay
from tests.source import Source

STAND_INS = Path(__file__).parent / "charts"


def chart(folder: Path, template: str) -> None:
    """Write a platform's chart that has one template."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: operator-wandb\nversion: 0.28.0\n")
    (folder / "templates" / "all.yaml").write_text(template)


def built(source: Source, folder: Path, template: str) -> Build:
    """Vendor the chart in the place of the platform's, and build the guide on it."""
    chart(folder / "operator-wandb", template)
    shutil.copytree(STAND_INS / "operator", folder / "operator")
    source.path("base/wandb/charts.lock.yaml").unlink()
    vendor(find_base(source.root, "wandb"), source=str(folder))
    return build(find_overlay(source.root, "guide"))


POD = """
apiVersion: v1
kind: Pod
metadata: {name: NAME}
spec: {containers: [{name: main, image: "IMAGE"}]}
"""


# A release of the same chart, with a value that only an upgrade sets.
RELEASE = """
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: wandb}
spec: {url: "https://charts.wandb.ai"}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: inner, namespace: wandb}
spec:
  chart:
    spec:
      chart: operator-wandb
      version: 0.28.0
      sourceRef: {kind: HelmRepository, name: charts}
  values: {inner: true, late: {{ .Release.IsUpgrade }}}
"""


def pod(name: str, image: str) -> str:
    return POD.replace("NAME", name).replace("IMAGE", image)


@pytest.mark.parametrize(
    "template",
    [
        pod("always", "{{ if .Release.IsUpgrade }}quay.io/late/one:1{{ else }}in/a:1{{ end }}"),
        "{{ if .Release.IsUpgrade }}" + pod("late", "quay.io/late/one:1") + "{{ end }}",
        "{{ if not .Release.IsInstall }}" + pod("late", "quay.io/late/one:1") + "{{ end }}",
        '{{ if gt (int .Release.Revision) 1 }}{{ fail "no" }}{{ end }}'
        "{{ if .Release.IsUpgrade }}" + pod("late", "quay.io/late/one:1") + "{{ end }}",
        "{{ with .Release }}{{ if .IsUpgrade }}"
        + pod("late", "quay.io/late/one:1")
        + "{{ end }}{{ end }}",
        '{{ if .Capabilities.APIVersions.Has "apps.wandb.com/v1" }}'
        + pod("late", "quay.io/late/one:1")
        + "{{ end }}",
        "{{ if .Values.late }}"
        + pod("late", "quay.io/late/one:1")
        + "{{ else if not .Values.inner }}"
        + RELEASE
        + "{{ end }}",
    ],
    ids=[
        "another image",
        "another Pod",
        "not an installation",
        "beside the revision",
        "inside with",
        "once a definition is there",
        "another release",
    ],
)
def test_an_image_that_only_an_upgrade_brings_is_seen(
    source: Source, tmp_path: Path, template: str
) -> None:
    result = built(source, tmp_path / "charts", template)
    outside = {f.subject for f in result.findings if f.code == "outside-reference"}
    assert "quay.io/late/one:1" in outside


def test_a_chart_that_cannot_be_upgraded_without_a_cluster_is_said(
    source: Source, tmp_path: Path
) -> None:
    template = '{{ if .Release.IsUpgrade }}{{ fail "give the old password" }}{{ end }}'
    result = built(source, tmp_path / "charts", template + pod("a", "in/a:1"))
    (finding,) = [f for f in result.findings if f.code == "upgrade-not-examined"]
    assert finding.severity == "warning"
    assert "give the old password" in finding.cause
