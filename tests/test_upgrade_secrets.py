"""Credentials during an upgrade: which forms are used, which are named, and that none is shown."""

import re
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.secret_site import assert_hidden, at_version, plant, rendered, unpatched
from tests.source import Source
from tests.upgrades import NAME, folder, upgrade

pytestmark = pytest.mark.usefixtures("no_pause")

NAMES = ("license", "MySQL password", "bucket keys")


def in_the_open(said: str) -> set[str]:
    """The credentials that findings are about."""
    return set(re.findall(r"^error: (.*) \[plaintext-credential\]", said, re.MULTILINE))


@pytest.mark.parametrize("argv", [(), ("-o", "json"), ("--dry-run",)])
def test_a_version_without_the_forms_is_left(
    source: Source, run: Run, tmp_path: Path, argv: tuple[str, ...]
) -> None:
    """The guide's own version: what it has in the open is named, and what takes it out."""
    plant(source)
    at_version(unpatched(source), run, "0.18.0")
    result = upgrade(run, "example", folder(tmp_path, v0_40_0={}), *argv)
    assert result.code == 1
    assert_hidden(result.out + result.err)
    assert in_the_open(result.err) == set(NAMES)
    if argv != ("-o", "json"):
        for name in NAMES:
            said = "its value stands in the resource: see `sealift secrets example`"
            assert re.search(rf"  {name} \(since [0-9.]+\): {said}\n", result.out)
        assert "4 errors left to you, see above: the build would not pass" in result.out


def test_references_that_the_environment_has_stay(source: Source, run: Run, tmp_path: Path) -> None:
    plant(source)
    assert run("airgap", "example").code == 0
    result = upgrade(run, "example", folder(tmp_path, v0_40_0={}))
    assert result.code == 0, result.err
    assert f"example is closed at {NAME} 0.40.0" in result.out
    assert_hidden(result.out + result.err + rendered(source))


def test_a_step_back_behind_the_forms(source: Source, run: Run, tmp_path: Path) -> None:
    """At 0.20.0 the bucket has no form: its reference goes, and its keys are said to be open."""
    plant(source)
    charts = folder(tmp_path, v0_20_0={})
    result = upgrade(run, "example", charts, "--chart-version", "0.20.0")
    assert result.code == 1
    assert_hidden(result.out + result.err)
    patches = source.read("overlays/example/patches/secrets.yaml")
    assert "passwordSecret" in patches
    assert "accessKeyName" not in patches
    assert in_the_open(result.err) == {"bucket keys"}
