"""The vendor's own charts, where they are at hand: SEALIFT_CHARTS names their folder."""

import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from builder.build import build
from builder.render import render
from builder.workspace import find_overlay
from tests.conftest import REPOSITORY, Run
from tests.source import Source
from tests.test_render import kustomize

# Read when the tests are collected: the fixtures take it out of the environment.
FOLDER = os.environ.get("SEALIFT_CHARTS", "")
FACTS = REPOSITORY.parent / "shared" / "wandb" / "images"
STAND_IN = "0.28.0"

pytestmark = [
    pytest.mark.real_charts,
    pytest.mark.skipif(not FOLDER, reason="SEALIFT_CHARTS names no folder"),
]


def versions(name: str) -> list[str]:
    """The versions of a chart in the folder: ``<name>-<version>.tgz``, or unpacked."""
    entries = list(Path(FOLDER).iterdir()) if FOLDER else []
    found = (re.fullmatch(rf"{name}-(\d.*?)(?:\.tgz)?", path.name) for path in entries)
    return sorted({match[1] for match in found if match})


@pytest.fixture
def real(source: Source) -> Source:
    """The source repository without the stand-in charts."""
    shutil.rmtree(source.path("base/wandb/charts"))
    source.path("base/wandb/charts.lock.yaml").unlink()
    return source


def use(source: Source, run: Run, platform: str, operator: str = "1.3.3") -> None:
    """Bring the versions in, and make the base name them."""
    for name in ("base.yaml", "weightsandbiases.yaml"):
        source.edit(f"base/wandb/{name}", f"version: {STAND_IN}", f"version: {platform}")
    for name in ("base.yaml", "kustomization.yaml"):
        source.edit(f"base/wandb/{name}", "version: 1.3.3", f"version: {operator}")
    result = run("vendor", "wandb", "--from", FOLDER)
    assert result.code == 0, result.err


@pytest.mark.parametrize("version", versions("operator-wandb"))
def test_the_images_of_the_platform_are_those_that_were_measured(
    real: Source, run: Run, version: str
) -> None:
    facts = FACTS / f"operator-wandb-{version}-images.json"
    if not facts.is_file():
        pytest.skip(f"{facts.name} is not at hand")
    use(real, run, version)
    result = build(find_overlay(real.root, "guide"))
    [nested] = result.nested
    found = Counter(
        (reference.value, f"{reference.resource.kind}/{reference.resource.name}")
        for reference in result.references
        if reference.kind == "image" and reference.origin.source == nested.chart.title
    )
    measured = json.loads(facts.read_text())["seed_cr"]
    assert found == Counter((entry["image"], entry["object"]) for entry in measured)


@pytest.mark.parametrize("version", versions("operator-wandb"))
def test_the_lock_is_the_same_although_the_render_is_not(
    real: Source, run: Run, version: str
) -> None:
    """Each render makes other passwords."""
    use(real, run, version)
    one, two = (build(find_overlay(real.root, "guide")) for _ in range(2))
    assert one.files == two.files
    assert one.findings == two.findings


@pytest.mark.parametrize("version", versions("operator-wandb"))
def test_nothing_of_the_example_lies_outside(real: Source, run: Run, version: str) -> None:
    """Newer platforms have images that float, for which the example names no pin."""
    use(real, run, version)
    assert run("airgap", "example").code in (0, 1)
    findings = build(find_overlay(real.root, "example")).findings
    assert {f.code for f in findings if f.severity == "error"} <= {"floating-tag"}


@pytest.mark.parametrize("version", versions("operator"))
def test_the_operator_renders_as_kustomize_renders_it(real: Source, run: Run, version: str) -> None:
    use(real, run, versions("operator-wandb")[0], version)
    first = render(find_overlay(real.root, "guide"))
    found = {resource.id: resource.body for resource in first.manifests}
    assert found == kustomize(real.path("overlays/guide"))
