"""Moving an environment to another version of the platform's chart."""

import json
from pathlib import Path

import pytest

from builder.build import build
from builder.core import yaml
from builder.render import render
from builder.workspace import find_overlay
from tests.conftest import Refused, Run
from tests.servers.chart_repository import chart_repository
from tests.source import Source, snapshot
from tests.test_render import kustomize
from tests.upgrades import (
    AIRGAP,
    BASE,
    CHANGES,
    KUSTOMIZATION,
    LOCK,
    NAME,
    OLD,
    PATCH,
    PLATFORM,
    by_hand,
    folder,
    lines_changed,
    upgrade,
)

pytestmark = pytest.mark.usefixtures("no_pause")


def versions(source: Source, name: str = BASE) -> list[str]:
    charts = yaml.load(source.read(name), source=name)["charts"]
    return [chart["version"] for chart in charts if chart["name"] == NAME]


def nested(source: Source, env: str) -> str:
    [one] = build(find_overlay(source.root, env)).nested
    return one.chart.version


def closed(source: Source, env: str = "example") -> bool:
    return build(find_overlay(source.root, env)).ships


def test_a_value_an_image_and_a_form_that_are_new(source: Source, run: Run, tmp_path: Path) -> None:
    """The overlay closes with no edit by hand; what is left of the old one is named."""
    charts = folder(tmp_path, v0_40_0=CHANGES)
    own = by_hand(source)
    assert run("airgap", "example").code == 0
    assert not closed(source)  # the old version takes no Secret for the mail password
    guide = snapshot(source.path("overlays/guide")), source.read(PLATFORM)
    result = upgrade(run, "example", charts)
    assert result.code == 0, result.err
    assert closed(source)
    assert (nested(source, "example"), nested(source, "guide")) == ("0.40.0", OLD)
    assert (snapshot(source.path("overlays/guide")), source.read(PLATFORM)) == guide
    assert versions(source) == versions(source, LOCK) == [OLD, "0.40.0"]
    listed = yaml.load(source.read(KUSTOMIZATION), source=KUSTOMIZATION)["transformers"]
    assert listed == [f"patches/{n}.yaml" for n in ("chart-version", "own", "secrets", "airgap")]
    first = render(find_overlay(source.root, "example"))
    assert {r.id: r.body for r in first.manifests} == kustomize(source.path("overlays/example"))
    # New paths in the patches of the new version, none of the old one's.
    assert "/spec/values/app/worker\n" in source.read(AIRGAP)
    assert "/spec/values/console/sidecarImage" in source.read(AIRGAP)
    for said in (
        f"example: {NAME} {OLD} → 0.40.0",
        "version set in overlays/example/patches/chart-version.yaml",
        f"stays vendored: {OLD}; guide uses it",
        "enters 12 minor versions (0.29 to 0.40)",
        "values that nothing reads any more:\n"
        f"  app.workerImage, set in {own}:7\n"
        f"    nothing in {NAME}-0.40.0 names it: neither its values nor its templates; "
        "perhaps it is app.worker.image now",
        "  docker.io/wandb/launch-worker:1.2.3 → registry.yourdomain.com/wandb/launch-worker:1.2.3",
        "  quay.io/stand-in/metrics:2.0.0 → registry.yourdomain.com/stand-in/metrics:2.0.0",
        "images that are gone:\n  registry.yourdomain.com/acme/worker:4.5.6\n",
        "  mail password (since 0.40.0): refers to one\n  not set here: OIDC secret\n",
        "  Job/wandb-app-rename-pre-hook (pre-upgrade)",
        f"example is closed at {NAME} 0.40.0",
        "next: `sealift mirror copy example`, before it is merged",
    ):
        assert said in result.out
    assert "correct-horse" not in result.out + result.err
    before = snapshot(source.root)
    again = upgrade(run, "example", "/nowhere")
    assert again == (0, f"example: {NAME} 0.40.0 already, nothing to do\n", "")
    assert snapshot(source.root) == before


def test_in_the_base(source: Source, run: Run, tmp_path: Path) -> None:
    charts = folder(tmp_path, v0_40_0={})
    platform, base = source.read(PLATFORM), source.read(BASE)
    result = upgrade(run, "example", charts, "--base")
    assert result.code == 0, result.err
    moved = ("    version: 0.28.0", "    version: 0.40.0")
    assert lines_changed(platform, source.read(PLATFORM)) == [moved]
    assert lines_changed(base, source.read(BASE)) == [moved]
    assert not source.path(PATCH).exists()
    assert (nested(source, "example"), nested(source, "guide")) == ("0.40.0", "0.40.0")
    assert versions(source, LOCK) == ["0.40.0"]
    assert list(source.path("base/wandb/charts").glob(f"*{OLD}*")) == []
    assert f"version set in {PLATFORM}\nmoves along: guide\n" in result.out
    assert f"removed: {NAME} {OLD}, which nothing uses" in result.out
    assert "next: `sealift upgrade guide`, which moved along" in result.out


def test_the_base_again_after_an_environment_of_its_own(
    source: Source, run: Run, tmp_path: Path
) -> None:
    charts = folder(tmp_path, v0_40_0={}, v0_41_0={})
    kustomization = source.read(KUSTOMIZATION)
    assert upgrade(run, "example", charts).code == 0
    assert upgrade(run, "example", charts, "--chart-version", "0.41.0").code == 0
    assert "value: 0.41.0" in source.read(PATCH)
    assert versions(source) == [OLD, "0.41.0"]
    assert upgrade(run, "example", charts, "--chart-version", "0.41.0", "--base").code == 0
    assert not source.path(PATCH).exists()
    assert source.read(KUSTOMIZATION) == kustomization
    assert versions(source) == versions(source, LOCK) == ["0.41.0"]
    assert nested(source, "guide") == "0.41.0"


def test_the_old_chart_is_kept_when_that_is_asked_for(
    source: Source, run: Run, tmp_path: Path
) -> None:
    result = upgrade(run, "example", folder(tmp_path, v0_40_0={}), "--base", "--keep")
    assert versions(source) == versions(source, LOCK) == [OLD, "0.40.0"]
    assert f"stays vendored: {OLD}; as was asked for" in result.out


def test_a_dry_run_writes_nothing(source: Source, run: Run, tmp_path: Path) -> None:
    charts = folder(tmp_path, v0_40_0={})
    before = snapshot(source.root)
    result = upgrade(run, "example", charts, "--dry-run", "-o", "json")
    assert snapshot(source.root) == before
    found = json.loads(result.out)
    assert (found["before"], found["after"], found["failed"]) == (OLD, "0.40.0", False)
    assert {"path": PATCH, "action": "written"} in found["files"]
    assert found["review"]["kubernetes"] == "1.30"


def test_a_step_back(source: Source, run: Run, tmp_path: Path) -> None:
    """Below its versions the forms of credentials are not there: the build says which."""
    charts = folder(tmp_path, v0_20_0={})
    result = upgrade(run, "example", charts, "--chart-version", "0.20.0")
    assert result.code == 1
    assert "warning: a step back: what the newer version migrated stays migrated" in result.out
    assert nested(source, "example") == "0.20.0"
    assert "credentials that cannot refer to a Secret any more:\n  bucket keys" in result.out
    assert "[plaintext-credential]" in result.err
    assert "left to you, see above: the build would not pass" in result.out


def test_a_version_that_is_not_there(refused: Refused, tmp_path: Path) -> None:
    charts = folder(tmp_path, v0_39_0={}, v0_40_1={}, v0_50_0={}, v0_51_0={})
    said = refused("upgrade", "example", "--chart-version", "0.40.0", "--from", str(charts))
    assert said == (
        f"error: {charts} has no chart {NAME} 0.40.0\n"
        f"hint: it has {OLD}, 0.39.0, 0.40.1, 0.50.0; the newest is 0.51.0\n"
    )


def test_a_version_that_the_index_does_not_have(
    source: Source, refused: Refused, tmp_path: Path
) -> None:
    with chart_repository(source.path("base/wandb/charts")) as site:
        argv = ("--chart-version", "0.40.0", "--from", site.url)
        assert refused("upgrade", "example", *argv, code=3) == (
            f"error: {site.url} has no {NAME} 0.40.0\nhint: it has {OLD}\n"
        )


def test_a_repository_that_does_not_answer(refused: Refused) -> None:
    url = "http://127.0.0.1:9"
    said = refused("upgrade", "example", "--chart-version", "0.40.0", "--from", url, code=3)
    assert f"error: cannot fetch {url}/index.yaml" in said


@pytest.mark.parametrize(
    ("edits", "code", "cause"),
    [
        ({"templates/test-pod.yaml": {"apiVersion: v1": '{{ fail "not with these" }}'}},
         "render-failed", "not with these"),
        ({"Chart.yaml": {">=1.25.0-0": ">=1.31.0-0"}},
         "kubernetes-too-old", "requires kubeVersion: >=1.31.0-0"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("env", ["example", "guide"])
def test_a_version_that_does_not_render(
    source: Source, run: Run, tmp_path: Path, env: str,
    edits: dict[str, dict[str, str]], code: str, cause: str,
) -> None:  # fmt: skip
    charts = folder(tmp_path, v0_40_0=edits)
    before = snapshot(source.root)
    result = upgrade(run, env, charts)
    assert result.code == 1
    assert snapshot(source.root) == before
    assert cause in result.err
    assert "nothing was written" in result.out
    if env == "guide":  # `sealift airgap` has the same in words of its own
        assert f"[{code}]" in result.err


@pytest.mark.parametrize(
    ("argv", "said", "hint"),
    [
        (("--chart-version", "0.x"), "'0.x' is not a version of operator-wandb", "like 1.2.3"),
        (("--chart", "operator-wanb"), "has no nested chart 'operator-wanb'",
         "did you mean 'operator-wandb'?"),
        (("--chart", "operator"), "has no nested chart 'operator'",
         "no controller renders it: set its version in the base's kustomization and base.yaml"),
    ],
)  # fmt: skip
def test_what_is_no_version_and_no_chart(
    refused: Refused, argv: tuple[str, str], said: str, hint: str
) -> None:
    found = refused("upgrade", "example", *argv)
    assert said in found
    assert hint in found


def test_an_environment_without_patches(source: Source, run: Run, tmp_path: Path) -> None:
    charts = folder(tmp_path, v0_40_0={})
    result = upgrade(run, "guide", charts)
    assert result.code == 1  # it never was closed
    assert not source.path("overlays/guide/patches/airgap.yaml").exists()
    assert "next: `sealift airgap guide`, which it has no patches of" in result.out
    # What is built on it moves along, and is told how to follow; until then the old chart stays.
    assert "moves along: example" in result.out
    assert f"stays vendored: {OLD}; example has to be compared with it" in result.out
    follows = run("upgrade", "example")
    assert follows.code == 0
    assert f"example: {NAME} {OLD} → 0.40.0" in follows.out
    assert "the sources name 0.40.0 already: what rests on it is made anew" in follows.out
    assert f"removed: {NAME} {OLD}, which nothing uses" in follows.out
    assert closed(source)
