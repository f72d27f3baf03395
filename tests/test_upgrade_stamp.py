"""Patches stay fresh while another environment of the base has another version of the chart."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import CHARTS, Run
from tests.source import Source
from tests.upgrades import BASE, NAME, OLD, folder


@pytest.mark.parametrize(
    ("name", "old", "stale"), [(NAME, OLD, False), ("operator", "1.3.3", True)]
)
def test_another_version_beside_the_one_in_use(
    source: Source, run: Run, tmp_path: Path, name: str, old: str, stale: bool
) -> None:
    """What no resource names may be brought in by a chart, and so counts."""
    charts = folder(tmp_path, v9_9_9={})
    shutil.copytree(CHARTS / "operator", charts / "operator-9.9.9")
    metadata = charts / "operator-9.9.9" / "Chart.yaml"
    metadata.write_text(metadata.read_text().replace("version: 1.3.3", "version: 9.9.9"))
    entry = f"  - name: {name}\n    version: {{}}\n    repository: https://charts.wandb.ai\n"
    source.edit(BASE, entry.format(old), entry.format(old) + entry.format("9.9.9"))
    assert run("vendor", "wandb", "--from", str(charts)).code == 0
    assert ("[airgap-stale]" in run("build", "example", "--check").out) is stale
