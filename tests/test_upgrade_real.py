"""An upgrade of the vendor's own platform, where SEALIFT_CHARTS names a folder with its charts."""

import re
from pathlib import Path

import pytest

from builder.build import build
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.source import Source, snapshot
from tests.test_airgap_real import SHARED, configure, errors, floating, outside, workspace
from tests.test_real_charts import FOLDER, versions
from tests.upgrades import NAME, PLATFORM, lines_changed

OLD, NEW = "0.18.0", "0.43.8"
LEFT = {"no-pin", "floating-tag", "plaintext-credential"}

pytestmark = [
    pytest.mark.real_charts,
    pytest.mark.skipif(not FOLDER, reason="SEALIFT_CHARTS names no folder"),
    pytest.mark.skipif(not SHARED.is_dir(), reason="the vendor's resources are not at hand"),
    pytest.mark.skipif(
        not {OLD, NEW} <= set(versions(NAME)), reason="the two versions are not at hand"
    ),
]


def test_the_guide_from_its_version_to_the_newest(tmp_path: Path, run: Run) -> None:
    source = workspace(tmp_path, run, OLD, "seed-cr.yaml")
    configure(source, {"docker.io/wandb/local": "0.59.2"})
    assert run("airgap", "example", "--root", str(source.root)).code == 0
    platform = source.read(PLATFORM)
    argv = ("upgrade", "example", "--chart-version", NEW, "--from", FOLDER, "--base")
    root = ("--root", str(source.root))
    result = run(*argv, *root)
    # Nothing has to be edited but what only people know: pins for images that are new, and float.
    found = errors(build(find_overlay(source.root, "example")))
    assert {finding.code for finding in found} <= LEFT
    for finding in found:
        assert finding.subject in result.err
    assert (result.code, bool(found)) in ((0, False), (1, True))
    [(before, after)] = lines_changed(platform, source.read(PLATFORM))
    assert (before.strip(), after.strip()) == (f"version: {OLD}", f"version: {NEW}")
    for said in (
        f"example: {NAME} {OLD} → {NEW}",
        "enters 25 minor versions (0.19 to 0.43): below 1.0 each may break something",
        f"removed: {NAME} {OLD}, which nothing uses",
        "  docker.io/alpine/k8s:1.31.12 → ",
        "  docker.io/bitnamilegacy/redis:",
        "credentials that can refer to a Secret now:\n  license (since 0.18.3)",
        "  Job/wandb-app-rename-pre-hook (pre-upgrade)",
        "dangers:",
    ):
        assert said in result.out
    assert "replace-with-your" not in result.out + result.err
    pinned(source, run, result.err)


def pinned(source: Source, run: Run, said: str) -> None:
    """Name the pins that were asked for: then it is closed, and a second run has nothing to do."""
    root = ("--root", str(source.root))
    names = re.findall(r"pins: \{(docker\.io/\S+): VERSION\}", said)
    assert names
    configure(source, dict.fromkeys(names, "0.0.1"))
    run("secrets", "example", "--write", *root)
    assert run("airgap", "example", *root).code == 0
    after = build(find_overlay(source.root, "example"))
    assert errors(after) == []
    assert outside(after) == []
    assert floating(after) == []
    before = snapshot(source.root)
    again = run("upgrade", "example", "--chart-version", NEW, "--from", FOLDER, *root)
    assert (again.code, again.out) == (0, f"example: {NAME} {NEW} already, nothing to do\n")
    assert snapshot(source.root) == before
