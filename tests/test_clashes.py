"""A build with an object that Git has, and a chart makes."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import CHARTS, Run
from tests.source import Source

SECRET = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: wandb-mysql, namespace: wandb}
spec: {secretStoreRef: {name: store}, data: [{secretKey: a, remoteRef: {key: a}}]}
"""


@pytest.fixture
def mine(source: Source) -> str:
    """An environment that brings the Secret of its database, as the chart does."""
    text = "resources: [../example, secret.yaml]\n"
    source.write("overlays/mine/secret.yaml", SECRET)
    return source.overlay("mine", text)


def told(run: Run, name: str) -> list[str]:
    result = run("build", name, "--check")
    lines = f"{result.out}\n{result.err}".splitlines()
    return [line for line in lines if "[made-twice]" in line]


def test_a_build_names_what_git_and_a_chart_make(source: Source, run: Run, mine: str) -> None:
    assert told(run, mine) == ["error: Secret/wandb/wandb-mysql [made-twice]"]
    source.edit("overlays/mine/secret.yaml", "name: wandb-mysql", "name: wandb-own")
    assert told(run, mine) == []


def test_a_chart_that_looks_first_may_leave_it_out(
    source: Source, run: Run, mine: str, tmp_path: Path
) -> None:
    charts = shutil.copytree(CHARTS, tmp_path / "charts")
    template = charts / "operator-wandb" / "templates" / "config.yaml"
    template.write_text('{{- $old := lookup "v1" "Secret" "a" "b" }}\n' + template.read_text())
    shutil.rmtree(source.path("base/wandb/charts"))
    source.path("base/wandb/charts.lock.yaml").unlink()
    assert run("vendor", "wandb", "--from", str(charts)).code == 0
    assert told(run, mine) == ["warning: Secret/wandb/wandb-mysql [made-twice]"]
