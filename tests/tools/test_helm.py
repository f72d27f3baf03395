"""helm, as a subprocess: by its command, and by the renderer that stands in for it."""

from pathlib import Path

import pytest
import yaml

from builder.core.errors import ToolError
from builder.tools import helm, renderer
from builder.tools.command import CommandError
from tests.conftest import CHARTS


@pytest.fixture(autouse=True, params=["command", "renderer"])
def _program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "command":
        monkeypatch.setenv(renderer.SETTING, renderer.OFF)
    else:
        request.getfixturevalue("needs_renderer")
        helm.find.cache_clear()


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart that shows what it was rendered with."""
    folder = tmp_path / "shown"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: shown\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text("a: default\nlist: [1]\n")
    (folder / "templates" / "shown.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\n"
        "metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}\n"
        "data:\n  values: {{ .Values | toJson | quote }}\n"
        "  kubernetes: {{ .Capabilities.KubeVersion.Version }}\n"
        "  upgrade: {{ .Release.IsUpgrade | quote }}\n"
        '  served: {{ .Capabilities.APIVersions.Has "example.com/v1" | quote }}\n'
        "{{ if .Values.fail }}{{ fail .Values.fail }}{{ end }}"
    )
    return folder


def rendered(chart: Path, **options: object) -> dict[str, str]:
    settings = {"release": "r", "namespace": "n", "values": {}, "kube_version": "1.30", **options}
    data: dict[str, str] = yaml.safe_load(helm.template(chart, **settings))["data"]  # type: ignore[arg-type]
    return data


def test_renders_with_what_was_asked(chart: Path) -> None:
    data = rendered(chart, values={"b": {"c": "ü"}}, api_versions=["example.com/v1"], upgrade=True)
    assert yaml.safe_load(data["values"]) == {"a": "default", "b": {"c": "ü"}, "list": [1]}
    assert (data["kubernetes"], data["upgrade"], data["served"]) == ("v1.30", "true", "true")


def test_sets_come_last_and_may_be_texts(chart: Path) -> None:
    sets = [("a", "1", False), ("b", "1", True)]
    data = rendered(chart, values={"a": "x"}, sets=sets)
    assert yaml.safe_load(data["values"]) == {"a": 1, "b": "1", "list": [1]}


def test_the_settings_of_the_user_change_nothing(
    chart: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = rendered(chart)
    for name, value in {
        "HELM_NAMESPACE": "elsewhere",
        "HELM_DEBUG": "true",
        "HELM_PLUGINS": str(tmp_path),
        "HELM_KUBECONTEXT": "none",
        "KUBECONFIG": "/none",
    }.items():
        monkeypatch.setenv(name, value)
    assert rendered(chart) == before


def test_kustomize_runs_helm_without_the_settings_of_the_user(
    chart: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A chart without a namespace would take the one of HELM_NAMESPACE."""
    from builder.tools import kustomize

    folder = tmp_path / "k"
    folder.mkdir()
    (folder / "charts").mkdir()
    chart.rename(folder / "charts" / "shown")
    (folder / "kustomization.yaml").write_text("helmCharts: [{name: shown, version: 1.0.0}]\n")
    before = kustomize.build(folder, kube_version="1.30")
    monkeypatch.setenv("HELM_NAMESPACE", "elsewhere")
    monkeypatch.setenv("HELM_DEBUG", "true")
    assert kustomize.build(folder, kube_version="1.30") == before


def test_a_name_like_an_option_is_none(chart: Path) -> None:
    with pytest.raises(CommandError) as raised:
        rendered(chart, release="--post-renderer=/bin/false")
    assert "invalid release name" in helm.message(raised.value)


def test_a_failure_is_told_without_advice(chart: Path) -> None:
    with pytest.raises(CommandError) as raised:
        rendered(chart, values={"fail": "replicas is missing"})
    message = helm.message(raised.value)
    assert "replicas is missing" in message
    assert "--debug" not in message
    assert not message.startswith("Error:")


def test_a_chart_for_newer_clusters(chart: Path) -> None:
    with (chart / "Chart.yaml").open("a") as file:
        file.write("kubeVersion: '>=1.99.0'\n")
    with pytest.raises(CommandError, match="incompatible with Kubernetes"):
        rendered(chart)


def test_packages_a_folder(tmp_path: Path) -> None:
    archive = helm.package(CHARTS / "operator", tmp_path)
    assert archive == tmp_path / "operator-1.3.3.tgz"


def test_finds_helm_once() -> None:
    path, version = helm.find()
    assert Path(path).is_file()
    assert version.startswith("v3.")


def test_nothing_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="helm is not on PATH") as raised:
        helm.find()
    assert raised.value.hint == "install helm 3.14 or newer, or name it in SEALIFT_HELM"
