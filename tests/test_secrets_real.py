"""Credentials of the vendor's own charts, where they are at hand: SEALIFT_CHARTS names them."""

import re
from pathlib import Path

import pytest

from builder.build import build
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.secret_site import PATCHES, PLATFORM, assert_hidden, rendered
from tests.source import Source
from tests.test_airgap_real import SHARED, closed, workspace
from tests.test_real_charts import FOLDER, versions

PLANTED = {
    "license": "planted-a8f3-license-eyJhbGciOi",
    "accessKey": "planted-b1c7-access-AKIA",
    "secretKey": "planted-c9d2-secret-kXq",
    "password": "planted-d4e6-password-hunter2",
}
FIRST = {"license": "0.18.3", "MySQL password": "0.18.8", "bucket keys": "0.21.0"}
CHARTS = versions("operator-wandb")

pytestmark = [
    pytest.mark.real_charts,
    pytest.mark.skipif(not FOLDER, reason="SEALIFT_CHARTS names no folder"),
    pytest.mark.skipif(not SHARED.is_dir(), reason="the vendor's resources are not at hand"),
]


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def guide(root: Path, run: Run, version: str) -> Source:
    """The guide's resource at a version, with a value of our own in each place; pinned."""
    source = workspace(root, run, version, "seed-cr.yaml")
    text = source.read(PLATFORM)
    for key, value in PLANTED.items():
        text, found = re.subn(rf"(?m)^( +{key}: ).*$", rf"\g<1>{value}", text)
        assert found == 1, key
    source.write(PLATFORM, text)
    closed(source)  # the first run asks for pins
    source.write("overlays/example/kustomization.yaml", "resources:\n  - ../guide\n")
    source.path("overlays/example/patches/airgap.yaml").unlink()
    return source


def first(version: str) -> dict[str, str]:
    """What a version has not got yet, and the first version that has it."""
    return {name: since for name, since in FIRST.items() if number(version) < number(since)}


@pytest.mark.parametrize("version", [v for v in CHARTS if not first(v)])
def test_the_guides_resource_ships_by_reference(tmp_path: Path, run: Run, version: str) -> None:
    source = guide(tmp_path, run, version)
    root = ("--root", str(source.root))
    before = build(find_overlay(source.root, "example"))
    assert sum(f.code == "plaintext-credential" for f in before.findings) == 4
    result = run("secrets", "example", "--write", *root)
    assert (result.code, result.err) == (0, "")
    assert_hidden(result.out, PLANTED.values())
    assert run("airgap", "example", *root).code == 0
    built = run("build", "example", "-o", str(tmp_path / "out"), *root)
    assert built.code == 0, built.out + built.err
    assert_hidden(rendered(source), PLANTED.values())
    bundle = "".join(p.read_text() for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert_hidden(bundle, PLANTED.values())
    assert run("secrets", "example", "--check", *root).code == 0


@pytest.mark.parametrize("version", [v for v in CHARTS if first(v)])
def test_a_version_without_a_form_names_the_first_that_has_it(
    tmp_path: Path, run: Run, version: str
) -> None:
    source = guide(tmp_path, run, version)
    result = run("secrets", "example", "--write", "--root", str(source.root))
    assert result.code == 1
    blocks = re.split(r"\n(?=error)", result.err)
    said = {
        re.findall(r"error: (.*) \[", b)[0]: re.findall(r"(\S+) is the first", b) for b in blocks
    }
    assert said == {name: [since] for name, since in first(version).items()}
    converted = source.read(PATCHES) if source.path(PATCHES).exists() else ""
    assert [f"# {name}: " in converted for name in FIRST] == [n not in said for n in FIRST]
    assert_hidden(result.out + result.err + converted, PLANTED.values())
