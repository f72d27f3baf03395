"""``sealift diff``: a build compared with what is published, nested charts rendered again."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from builder import diff as stage
from builder.build import build
from builder.commands.diff import DiffFormat
from builder.commands.diff import diff as command
from builder.core import rendered
from builder.core.diff import Diff, NestedSide, Side, compare
from builder.core.diff.randomness import stable
from builder.core.errors import ConfigurationError
from builder.core.manifests import ResourceId
from builder.diff import diff
from builder.publish import Target, publish
from builder.published import read
from builder.tools import helm
from builder.workspace import find_overlay
from tests.conftest import CHARTS, Run
from tests.source import Source

REAL = Path(os.environ.get("SEALIFT_CHARTS") or "no-charts-at-hand")
CR = "base/wandb/weightsandbiases.yaml"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "PAUSE", 0)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    path = tmp_path / "gitops.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(path)], check=True)
    return Target(repository=str(path), branch="main", path="example")


def put(source: Source, target: Target) -> None:
    """Publish the environment as it is now."""
    publish(build(find_overlay(source.root, "example")).files, target, environment="example")


def found(source: Source, target: Target) -> Diff:
    return diff(build(find_overlay(source.root, "example")), read(target))


def bump(source: Source, run: Run, folder: Path, version: str = "0.29.0") -> None:
    """Bring another version of the stand-in, and let the environment use it."""
    chart = folder / "operator-wandb"
    if not chart.exists():
        shutil.copytree(CHARTS / "operator-wandb", chart)
    text = (chart / "Chart.yaml").read_text().replace("version: 0.28.0", f"version: {version}")
    (chart / "Chart.yaml").write_text(text)
    shutil.copytree(CHARTS / "operator", folder / "operator", dirs_exist_ok=True)
    result = run("vendor", "wandb", "--from", str(folder), "--chart", f"operator-wandb={version}")
    assert result.code == 0, result.err
    source.edit(CR, "version: 0.28.0", f"version: {version}")


def changed(diff_: Diff) -> list[str]:
    return [f"{c.action} {c.id}" for n in diff_.nested for c in n.resources]


def test_the_first_publication(source: Source, target: Target) -> None:
    first = found(source, target)
    assert first.first
    assert {c.action for c in first.changes} == {"added"}
    assert first.against.endswith("gitops.git, which does not have it yet")


def test_what_was_published_just_now_does_not_differ(source: Source, target: Target) -> None:
    put(source, target)
    assert found(source, target).empty


def test_a_value_changes_the_resource_and_what_its_controller_makes(
    source: Source, target: Target
) -> None:
    put(source, target)
    source.edit(CR, "host: https://wandb.yourdomain.com", "host: https://other.yourdomain.com")
    result = found(source, target)
    [resource] = result.resources
    assert str(resource.id) == "WeightsAndBiases/wandb/wandb"
    assert [f.path for f in resource.fields] == [("spec", "values", "global", "host")]
    assert "changed Ingress/wandb" in changed(result)
    assert not [c for c in changed(result) if "Secret/" in c], "random passwords are no change"
    assert [(d.code, d.subject) for d in result.dangers] == [
        ("outbound-reference", "https://other.yourdomain.com")
    ]


def test_a_chart_bump(source: Source, target: Target, run: Run, tmp_path: Path) -> None:
    put(source, target)
    chart = tmp_path / "charts" / "operator-wandb"
    shutil.copytree(CHARTS / "operator-wandb", chart)
    (chart / "templates" / "extra.yaml").write_text(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n"
        "  annotations: {helm.sh/hook: pre-upgrade}\n"
        "spec: {template: {spec: {containers: [{name: m, image: registry.yourdomain.com/m:1}]}}}\n"
    )
    redis = chart / "charts" / "redis" / "templates" / "redis.yaml"
    redis.write_text(redis.read_text().replace("-redis-headless\n  replicas", "-new\n  replicas"))
    bump(source, run, tmp_path / "charts")
    result = found(source, target)
    assert [(n.title, n.left_out) for n in result.nested] == [
        ("operator-wandb 0.28.0 → 0.29.0", "")
    ]
    assert changed(result) == ["added Job/migrate", "recreated StatefulSet/wandb-redis-master"]
    assert [(d.code, d.subject) for d in result.dangers] == [
        ("immutable-field", "StatefulSet/wandb-redis-master"),
        ("upgrade-hook", "Job/migrate"),
        ("chart-major", "operator-wandb 0.28.0 → 0.29.0"),
    ]
    assert [(i.action, i.after) for i in result.images] == [
        ("added", "registry.yourdomain.com/m:1")
    ]


def test_a_chart_that_is_not_vendored_any_more_is_said(
    source: Source, target: Target, run: Run, tmp_path: Path
) -> None:
    put(source, target)
    bump(source, run, tmp_path / "charts")
    source.path("base/wandb/charts/operator-wandb-0.28.0.tgz").unlink()
    result = found(source, target)
    [nested] = result.nested
    assert nested.resources == ()
    assert nested.left_out.startswith("operator-wandb-0.28.0: the chart is not there")
    assert nested.left_out.endswith("run `sealift vendor wandb`")
    assert [c.name for c in result.charts] == ["operator-wandb"]


def test_an_archive_that_is_another_is_not_compared(
    source: Source, target: Target, run: Run, tmp_path: Path
) -> None:
    put(source, target)
    chart = tmp_path / "charts" / "operator-wandb"
    shutil.copytree(CHARTS / "operator-wandb", chart)
    with (chart / "values.yaml").open("a") as values:
        values.write("# other bytes\n")
    shutil.copytree(CHARTS / "operator", tmp_path / "charts" / "operator")
    for name in ("operator-wandb-0.28.0.tgz", "operator-1.3.3.tgz"):
        source.path(f"base/wandb/charts/{name}").unlink()
    source.path("base/wandb/charts.lock.yaml").unlink()
    assert run("vendor", "wandb", "--from", str(tmp_path / "charts")).code == 0
    result = found(source, target)
    [nested] = result.nested
    assert nested.left_out == (
        "the vendored archive of operator-wandb-0.28.0 is not the one that was published"
    )
    assert "chart-content" in {d.code for d in result.dangers}


def test_the_published_side_is_rendered_for_its_kubernetes(
    source: Source, target: Target, run: Run, tmp_path: Path
) -> None:
    chart = tmp_path / "charts" / "operator-wandb"
    shutil.copytree(CHARTS / "operator-wandb", chart)
    (chart / "templates" / "version.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: version}\n"
        "data: {minor: {{ .Capabilities.KubeVersion.Minor | quote }}}\n"
    )
    bump(source, run, tmp_path / "charts")
    put(source, target)
    text = source.read("overlays/guide/environment.yaml")
    old = next(line for line in text.splitlines() if line.startswith("kubernetes:"))
    source.edit("overlays/guide/environment.yaml", old, 'kubernetes: "1.31"')
    result = found(source, target)
    assert result.kubernetes is not None
    assert result.kubernetes[1] == "1.31"
    assert changed(result) == ["changed ConfigMap/version"]


def test_a_credential_that_changed_is_told_and_not_shown(
    source: Source, target: Target, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    source.edit("overlays/example/kustomization.yaml", "  - patches/secrets.yaml\n", "")
    put(source, target)
    source.edit(CR, "password: replace-with-your-password", "password: Tr0ub4dor")
    result = found(source, target)
    assert {d.code for d in result.dangers} == {"secret-changed"}
    assert "WeightsAndBiases/wandb/wandb" in {d.subject for d in result.dangers}
    for output in DiffFormat:
        assert call(source, target, output) == 1
        captured = capsys.readouterr()
        for secret in ("Tr0ub4dor", "replace-with-your-password"):
            assert secret not in captured.out + captured.err
        assert "spec.values.global.mysql.password" in captured.out


def call(
    source: Source, target: Target, output: DiffFormat = DiffFormat.text, limit: int | None = None
) -> int:
    return command(
        "example", repository=target.repository, output=output, limit=limit, root=source.root
    )


def test_the_command(source: Source, target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    put(source, target)
    assert call(source, target) == 0
    assert capsys.readouterr().out.startswith("example: no difference\ncompared with example/ on ")
    source.edit(CR, "tag: 2.12.2", "tag: 2.12.3")
    assert call(source, target) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "does not ship: overlays/example/patches/airgap.yaml" in out
    assert "  retagged registry.yourdomain.com/console:2.12.2 → " in out
    assert call(source, target, DiffFormat.markdown) == 1
    assert capsys.readouterr().out.startswith("**example: does not ship: 1 error; no danger seen; ")
    assert call(source, target, DiffFormat.markdown, limit=1000) == 1
    assert len(capsys.readouterr().out.encode()) < 1000
    with pytest.raises(ConfigurationError, match="--limit is for Markdown"):
        call(source, target, limit=1000)
    assert call(source, target, DiffFormat.json) == 1
    assert json.loads(capsys.readouterr().out)["differs"] is True


def test_findings_are_shown_and_do_not_stop_a_diff(
    source: Source, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    put(source, target)
    source.edit(CR, "repository: registry.yourdomain.com/console", "repository: quay.io/console")
    assert call(source, target) == 1
    out = capsys.readouterr().out
    assert "does not ship: quay.io/console:2.12.2" in out
    assert "New outbound reference" in out


def test_other_bytes_with_the_same_meaning(source: Source, target: Target) -> None:
    files = dict(build(find_overlay(source.root, "example")).files)
    [path] = [name for name in files if "weightsandbiases-wandb" in name and "crd" not in name]
    publish({**files, path: b"# a comment\n" + files[path]}, target, environment="example")
    result = found(source, target)
    assert (result.empty, result.rewritten) == (False, (path,))


def test_nothing_to_compare_with_is_an_error(source: Source, target: Target) -> None:
    put(source, target)
    for path in source.path("base/wandb/charts").glob("*.tgz"):
        path.unlink()
    with pytest.raises(ConfigurationError, match="renders nothing, so nothing can be compared"):
        found(source, target)


def test_renders_of_the_real_chart_do_not_differ_from_themselves() -> None:
    chart = REAL / "operator-wandb-0.43.8"
    if not chart.is_dir():
        pytest.skip("the vendor's charts are not at hand")
    owner = ResourceId(group="g", kind="WeightsAndBiases", namespace="wandb", name="wandb")

    def render() -> rendered.Rendered:
        text = helm.template(
            chart, release="wandb", namespace="wandb", values={}, kube_version="1.30"
        )
        return rendered.read(text, chart="operator-wandb-0.43.8", parent=owner)

    def side(*, again: bool) -> Side:
        resources = render().resources
        resources = stable(resources, render().resources) if again else resources
        nested = NestedSide(
            owner=owner, chart="c", version="1", namespace="wandb", resources=resources
        )
        return Side(resources=resources[:1], nested=(nested,))

    unmarked = compare(side(again=False), side(again=False), environment="x")
    assert {c.id.kind for c in unmarked.changes} == {"Secret"}
    assert compare(side(again=True), side(again=True), environment="x").empty


def test_the_bundle_of_another_environment_is_not_compared(
    source: Source, run: Run, tmp_path: Path
) -> None:
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    assert run("publish", "example", "--repository", str(remote)).code == 0
    source.overlay("other", "resources: [../example]\n",
                   "extends: example\npublish: {path: example}\n")  # fmt: skip
    result = run("diff", "other", "--repository", str(remote))
    assert (result.code, result.out) == (2, "")
    assert "example/ on main holds the bundle of example\n" in result.err
