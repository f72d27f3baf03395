"""``sealift build``: what ships, what does not, and that the same inputs give the same bytes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import Refused, Run
from tests.source import Source, plain_kustomize, snapshot

REFERENCES = ("bundle.lock.yaml", "kustomization.yaml")


def test_writes_one_file_for_each_resource_beside_kustomization_and_lock(
    source: Source, run: Run
) -> None:
    result = run("build", "example", "-o", "out")
    folder = source.path("out/example")
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    written = sorted(path.name for path in folder.iterdir())
    assert (result.code, result.err) == (0, "")
    assert written == sorted([*kustomization["resources"], *REFERENCES])
    assert kustomization["resources"] == sorted(kustomization["resources"])
    assert "00-namespace-wandb.yaml" in written


def test_the_bundle_renders_to_what_the_build_put_into_it(source: Source, run: Run) -> None:
    run("build", "example", "-o", "out")
    folder = source.path("out/example")
    rendered = plain_kustomize(folder)
    files = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    assert list(yaml.safe_load_all(rendered)) == [
        yaml.safe_load((folder / name).read_text()) for name in files
    ]


def test_nothing_of_the_nested_render_is_written(source: Source, run: Run) -> None:
    run("build", "example", "-o", "out")
    written = "".join(p.read_text() for p in source.path("out/example").iterdir())
    lock = yaml.safe_load(source.read("out/example/bundle.lock.yaml"))
    assert "kind: Secret" not in written
    assert any("Secret/" in name for name in lock["nested"][0]["resources"])


def test_building_twice_gives_the_same_bytes(source: Source, run: Run) -> None:
    assert run("build", "example", "-o", "one").code == 0
    assert run("build", "example", "-o", "two").code == 0
    assert snapshot(source.path("one")) == snapshot(source.path("two"))


@pytest.mark.parametrize(
    "surroundings",
    [
        {"PYTHONHASHSEED": "1"},
        {"LC_ALL": "C"},
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
        {"TZ": "Pacific/Kiritimati"},
        {"HELM_NAMESPACE": "elsewhere", "HELM_DEBUG": "true"},
        {"HELM_PLUGINS": "/", "HELM_KUBEAPISERVER": "https://127.0.0.1:1"},
        {"KUBECONFIG": "/none", "KUBERNETES_SERVICE_HOST": "10.0.0.1"},
        {"HTTPS_PROXY": "http://127.0.0.1:9"},
        {"COLUMNS": "20"},
    ],
    ids=lambda surroundings: "-".join(surroundings),
)
def test_the_surroundings_leave_no_trace(
    source: Source, run: Run, tmp_path: Path, surroundings: dict[str, str]
) -> None:
    run("build", "example", "-o", "here")
    elsewhere = shutil.copytree(source.root, tmp_path / "a folder, elsewhere")
    command = [sys.executable, "-m", "builder", "build", "example", "-o", str(tmp_path / "there")]
    subprocess.run(
        [*command, "--root", str(elsewhere)],
        check=True,
        cwd="/",
        env={**os.environ, **surroundings},
        capture_output=True,
    )
    assert snapshot(source.path("here")) == snapshot(tmp_path / "there")


@pytest.mark.parametrize("named", ["example", "overlays/example", "./overlays/example/"])
def test_an_environment_is_a_name_or_a_folder(source: Source, run: Run, named: str) -> None:
    run("build", "example", "-o", "one")
    assert run("build", named, "-o", "two").code == 0
    assert snapshot(source.path("one")) == snapshot(source.path("two"))


def test_a_folder_of_another_repository_is_built_there(
    source: Source, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run("build", "example", "-o", str(tmp_path / "one"))
    monkeypatch.chdir(tmp_path / "home")
    assert run("build", f"{source.root}/overlays/example", "-o", str(tmp_path / "two")).code == 0
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_the_guide_leaks_and_is_not_written(source: Source, run: Run) -> None:
    before = snapshot(source.root)
    result = run("build", "guide")
    assert result.code == 1
    for leak in (
        "docker.io/bitnami/redis",
        "quay.io/prometheus/prometheus:v2.47.0",
        "alpine/k8s:1.31.12",
        "https://charts.wandb.ai",
        "AIRGAPPED=true",
    ):
        assert f"error: {leak}" in result.out
    assert "guide: does not ship" in result.out
    assert snapshot(source.root) == before


def test_check_writes_nothing(source: Source, run: Run) -> None:
    before = snapshot(source.root)
    assert run("build", "example", "--check").code == 0
    assert snapshot(source.root) == before


@pytest.mark.parametrize(("env", "ships"), [("example", True), ("guide", False)])
def test_json_is_json_and_nothing_else(source: Source, run: Run, env: str, ships: bool) -> None:
    result = run("build", env, "--json", "-o", "out")
    report = json.loads(result.out)
    assert (result.code, report["ships"], result.err) == (0 if ships else 1, ships, "")
    assert report["folder"] == (f"out/{env}" if ships else None)
    assert {f["severity"] for f in report["findings"]} >= {"warning"}


def patched(source: Source, patch: str) -> None:
    """An overlay upon the example with one more patch of the custom resource."""
    source.overlay(
        "more",
        "resources: [../example]\npatches:\n- path: patch.yaml\n"
        "  target: {kind: WeightsAndBiases, name: wandb}\n",
    )
    source.write("overlays/more/patch.yaml", patch)


def test_all_findings_come_at_once(source: Source, run: Run) -> None:
    """A patch that misses, one that opens a leak, a floating tag, an old cluster: in one run."""
    patched(source, "- {op: replace, path: /spec/values/ingres/class, value: x}\n")
    source.write("overlays/more/environment.yaml", "extends: example\nkubernetes: '1.27'\n")
    with source.path("overlays/more/kustomization.yaml").open("a") as file:
        file.write(
            "- target: {kind: WeightsAndBiases}\n  patch: |-\n"
            "    - {op: add, path: /spec/values/app/image/tag, value: latest}\n"
            "    - {op: add, path: /spec/values/console/image/repository, value: wandb/console}\n"
        )
    findings = json.loads(run("build", "more", "--json").out)["findings"]
    assert {f["code"] for f in findings} >= {
        "patch-missed",
        "outside-reference",
        "floating-tag",
        "kubernetes-too-old",
    }
    assert all(f["place"] and f["cause"] and f["hint"] for f in findings)


def test_a_patch_that_missed_names_file_operation_resource_and_the_nearest(
    source: Source, run: Run
) -> None:
    patched(
        source,
        "- {op: test, path: /spec/chart/name, value: operator-wandb}\n"
        "- {op: replace, path: /spec/values/ingres/class, value: x}\n",
    )
    result = run("build", "more")
    assert result.code == 1
    assert "error: overlays/more/patch.yaml:2 (operation 2) [patch-missed]" in result.out
    assert "replace /spec/values/ingres/class on WeightsAndBiases/wandb/wandb" in result.out
    assert "did you mean /spec/values/ingress?" in result.out


def test_a_target_that_matches_nothing_is_a_finding(source: Source, run: Run) -> None:
    patched(source, "- {op: remove, path: /spec/values/ingress}\n")
    source.edit("overlays/more/kustomization.yaml", "name: wandb", "name: wand")
    result = run("build", "more")
    assert result.code == 1
    assert "error: overlays/more/kustomization.yaml:3 [patch-missed]" in result.out
    assert "no resource matches the target (kind: WeightsAndBiases, name: wand)" in result.out
    assert "the nearest is WeightsAndBiases/wandb/wandb" in result.out


def test_a_patch_file_of_airgap_that_is_stale_does_not_ship(source: Source, run: Run) -> None:
    source.edit("base/wandb/weightsandbiases.yaml", "tag: 2.12.2", "tag: 2.12.3")
    result = run("build", "example")
    assert result.code == 1
    assert "error: overlays/example/patches/airgap.yaml [airgap-stale]" in result.out
    assert "run `sealift airgap example`" in result.out
    assert run("airgap", "example").code == 0
    assert run("build", "example").code == 0


def test_a_cluster_that_is_too_old_does_not_ship(source: Source, run: Run) -> None:
    source.edit("overlays/guide/environment.yaml", '"1.30"', '"1.27"')
    result = run("build", "example")
    assert result.code == 1
    assert "error: Kubernetes 1.27 [kubernetes-too-old]" in result.out
    assert "needs Kubernetes 1.28 or newer" in result.out


@pytest.mark.parametrize("field", ["name", "version", "url"])
def test_an_incomplete_chart_of_the_custom_resource_does_not_ship(
    source: Source, run: Run, field: str
) -> None:
    patched(source, f"- {{op: remove, path: /spec/chart/{field}}}\n")
    result = run("build", "more")
    assert result.code == 1
    assert f"cause: {field} missing" in result.out
    assert "[incomplete-chart]" in result.out
    assert f"set /spec/chart/{field}" in result.out


def test_a_duplicate_key_of_a_chart_is_a_warning(source: Source, run: Run) -> None:
    result = run("build", "example")
    assert result.code == 0
    assert "warning: imagePullPolicy [duplicate-key]" in result.out


def test_a_chart_of_the_base_that_is_not_vendored(source: Source, run: Run) -> None:
    source.path("base/wandb/charts/operator-1.3.3.tgz").unlink()
    result = run("build", "example")
    assert result.code == 1
    assert "error: operator-1.3.3 [chart-not-vendored]" in result.out
    assert "run `sealift vendor wandb`" in result.out


def test_a_nested_chart_that_is_not_vendored(source: Source, run: Run) -> None:
    source.edit("base/wandb/weightsandbiases.yaml", "version: 0.28.0", "version: 0.29.0")
    result = run("build", "example")
    assert result.code == 1
    assert "error: operator-wandb-0.29.0 [chart-not-vendored]" in result.out
    assert "run `sealift vendor wandb --chart operator-wandb=0.29.0`" in result.out


def test_nothing_is_vendored(source: Source, run: Run) -> None:
    shutil.rmtree(source.path("base/wandb/charts"))
    source.path("base/wandb/charts.lock.yaml").unlink()
    result = run("build", "example")
    assert result.code == 1
    assert "error: operator-1.3.3 [chart-not-vendored]" in result.out


@pytest.mark.parametrize("chart", ["operator-1.3.3", "operator-wandb-0.28.0"])
def test_an_archive_that_was_changed_is_refused(
    source: Source, refused: Refused, chart: str
) -> None:
    archive = source.path(f"base/wandb/charts/{chart}.tgz")
    archive.write_bytes(archive.read_bytes() + b"\0")
    said = refused("build", "example")
    assert f"base/wandb/charts/{chart}.tgz: the archive has sha256:" in said
    assert "sealift vendor wandb" in said


@pytest.mark.parametrize("change", ["edited", "added", "removed", "linked"])
def test_an_unpacked_chart_that_was_changed_is_refused(
    source: Source, refused: Refused, change: str
) -> None:
    folder = source.path("base/wandb/charts/operator-1.3.3/operator")
    values = folder / "values.yaml"
    match change:
        case "edited":
            values.write_text("image: {}\n")
        case "added":
            (folder / "templates" / "more.yaml").write_text("kind: ConfigMap\n")
        case "removed":
            values.unlink()
        case "linked":
            values.rename(folder.parent / "values.yaml")
            values.symlink_to("../values.yaml")
    said = refused("build", "example")
    assert "base/wandb/charts/operator-1.3.3/operator: differs from the vendored archive: " in said


def test_a_folder_that_sealift_did_not_write_is_left_alone(
    source: Source, refused: Refused
) -> None:
    source.write("out/example/notes.txt", "mine")
    said = refused("build", "example", "-o", "out")
    assert said == (
        "error: out/example: holds files that Sealift did not write\n"
        "hint: name another folder, or remove this one yourself\n"
    )


def test_an_older_bundle_is_replaced_whole(source: Source, run: Run) -> None:
    run("build", "example", "-o", "out")
    fresh = snapshot(source.path("out"))
    source.write("out/example/40-deployment-gone.yaml", "old\n")
    assert run("build", "example", "-o", "out").code == 0
    assert snapshot(source.path("out")) == fresh


def test_an_environment_without_resources_is_refused(source: Source, refused: Refused) -> None:
    source.write("overlays/guide/kustomization.yaml", "resources: []\n")
    said = refused("build", "guide")
    assert "overlays/guide/kustomization.yaml: holds no resources: its bundle would remove" in said


def test_the_lock_names_every_chart_by_digest(source: Source, run: Run) -> None:
    run("build", "example", "-o", "out")
    lock = yaml.safe_load(source.read("out/example/bundle.lock.yaml"))
    vendored = yaml.safe_load(source.read("base/wandb/charts.lock.yaml"))
    known = {(c["name"], c["version"]): c["sha256"] for c in vendored["charts"]}
    assert {(c["name"], c["version"]): c["sha256"] for c in lock["charts"]} == known


def test_a_setting_that_matches_nothing_is_a_warning(source: Source, run: Run) -> None:
    source.edit("overlays/example/environment.yaml", "pins:\n", "pins:\n  wandb/locl: 1.2.3\n")
    assert run("airgap", "example").code == 0
    result = run("build", "example", "--check")
    assert result.code == 0
    assert "warning: wandb/locl [unmatched-setting]" in result.out
    assert "did you mean wandb/local?" in result.out


def test_settings_are_not_held_against_what_could_not_be_seen(source: Source, run: Run) -> None:
    source.edit("overlays/example/environment.yaml", "pins:\n", "pins:\n  wandb/locl: 1.2.3\n")
    for path in source.path("base/wandb/charts").glob("operator-wandb-*.tgz"):
        path.unlink()
    out = run("build", "example", "--check").out
    assert "[chart-not-vendored]" in out
    assert "[unmatched-setting]" not in out
