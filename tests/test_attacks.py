"""What a base, an overlay or a chart of somebody else's must not do to the person who builds."""

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Refused, Run
from tests.source import Source

CHARTS = Path(__file__).parent / "charts"
KUSTOMIZATION = "base/wandb/kustomization.yaml"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("releaseName: wandb", 'releaseName: "--post-renderer=/tmp/x"', "releaseName '--post-rend"),
        ("releaseName: wandb", "nameTemplate: '{{ env \"HOME\" }}'", "takes no 'nameTemplate'"),
        ("namespace: wandb", "namespace: --debug", "namespace '--debug' is not one"),
        ("includeCRDs: true", "configHome: /tmp/x", "takes no 'configHome'"),
        ("includeCRDs: true", "apiVersions: [--x]", "apiVersions is not a list of names"),
    ],
    ids=["a flag as release", "a template", "a flag as namespace", "unknown", "a flag in a list"],
)
def test_a_chart_entry_that_reaches_further(
    source: Source, refused: Refused, old: str, new: str, said: str
) -> None:
    source.edit(KUSTOMIZATION, old, new)
    assert said in refused("build", "guide")


@pytest.mark.parametrize("kind", ["List", "SecretList", "MyExecPlugin"])
def test_a_plugin_that_hides_another(source: Source, refused: Refused, kind: str) -> None:
    source.write(
        "base/wandb/g.yaml",
        f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: l}}\nitems:\n"
        "- {apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: x}, name: o,"
        " repo: 'http://127.0.0.1:9/charts', version: 1.0.0}\n",
    )
    source.edit(KUSTOMIZATION, "resources:", "generators: [g.yaml]\nresources:")
    assert f"'{kind}' is not a plugin that a build runs" in refused("build", "guide")


def test_a_remote_with_a_user_and_a_slash(source: Source, refused: Refused) -> None:
    source.path("base/wandb/git@host/foo").mkdir(parents=True)
    source.edit(KUSTOMIZATION, "resources:", "resources:\n  - git@host/foo")
    assert "git@host/foo is a remote base" in refused("build", "guide")


@pytest.mark.parametrize(
    "reference", ["http://127.0.0.1:9/s.json", "file:///etc/passwd", "other.json"]
)
def test_a_chart_whose_schema_is_fetched(
    source: Source, refused: Refused, tmp_path: Path, reference: str
) -> None:
    shutil.copytree(CHARTS, tmp_path / "charts")
    schema = {"properties": {"image": {"$ref": reference}}}
    path = tmp_path / "charts" / "operator" / "values.schema.json"
    path.write_text(json.dumps(schema))
    source.path("base/wandb/charts.lock.yaml").unlink()
    said = refused("vendor", "wandb", "--from", str(tmp_path / "charts"))
    assert f"helm would fetch {reference}" in said


def test_a_schema_of_a_published_draft_is_fine(source: Source, run: Run, tmp_path: Path) -> None:
    shutil.copytree(CHARTS, tmp_path / "charts")
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"x": {"$ref": "#"}},
    }
    path = tmp_path / "charts" / "operator" / "values.schema.json"
    path.write_text(json.dumps(schema))
    source.path("base/wandb/charts.lock.yaml").unlink()
    assert run("vendor", "wandb", "--from", str(tmp_path / "charts")).code == 0


def test_a_repository_inside_the_source_is_not_published_to(
    source: Source, refused: Refused
) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(source.path("evil.git"))], check=True)
    hook = source.write("evil.git/hooks/post-receive", "#!/bin/sh\ntouch $GIT_DIR/pwned\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    source.edit(
        "overlays/example/environment.yaml",
        "repository: https://git.yourdomain.com/platform/gitops.git",
        "repository: evil.git",
    )
    said = refused("publish", "example")
    assert "publish.repository evil.git lies inside the source repository" in said
    assert not source.path("evil.git/pwned").exists()


def test_a_repository_inside_the_source_by_a_url_is_not_published_to(
    source: Source, refused: Refused
) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(source.path("evil.git"))], check=True)
    url = f"file://{source.path('evil.git')}"
    text = source.read("overlays/example/environment.yaml")
    text = text.replace("https://git.yourdomain.com/platform/gitops.git", url)
    source.write("overlays/example/environment.yaml", text)
    assert "lies inside the source repository" in refused("publish", "example")


def test_a_repository_beside_the_source_in_the_same_work_tree_is_not_published_to(
    source: Source, refused: Refused
) -> None:
    whole = source.root.parent
    subprocess.run(["git", "init", "-q", str(whole)], check=True)
    subprocess.run(["git", "init", "-q", "--bare", str(whole / "evil.git")], check=True)
    source.edit(
        "overlays/example/environment.yaml",
        "repository: https://git.yourdomain.com/platform/gitops.git",
        "repository: ../evil.git",
    )
    said = refused("publish", "example")
    assert "publish.repository ../evil.git lies inside the source repository" in said


def test_hooks_of_a_local_repository_see_no_password(
    source: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = tmp_path / "gitops.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    hook = remote / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    hook.chmod(0o755)
    monkeypatch.setenv("SEALIFT_GIT_USERNAME", "jane")
    monkeypatch.setenv("SEALIFT_GIT_PASSWORD", "hunter2")
    assert run("publish", "example", "--repository", str(remote)).code == 0
    seen = tmp_path / "seen"
    assert not seen.exists() or "hunter2" not in seen.read_text()
