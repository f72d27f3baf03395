"""Charts in many styles: each closes, or ends in a finding that says what to do."""

from pathlib import Path

import pytest
import yaml

from builder.build import Build, build
from builder.core.overrides import leaves
from builder.core.pointer import pointer
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.source import Source
from tests.styles.closing import STYLES
from tests.styles.leaving import STYLES as LEAVING
from tests.styles.model import Style, write

PATCHES = "overlays/prod/patches/airgap.yaml"


def vendored(tmp_path: Path, run: Run, style: Style, carrier: str | None = None) -> Source:
    """The source repository of a style, with its chart vendored."""
    source = write(tmp_path, style, carrier)
    charts = str(tmp_path / "charts")
    result = run("vendor", "app", "--from", charts, "--root", str(source.root))
    assert result.code == 0, result.err
    return source


def built(source: Source) -> Build:
    return build(find_overlay(source.root, "prod"))


def images(result: Build) -> list[str]:
    """The images of second order, as a reader of the rendered text would find them."""
    return sorted(r.value for r in result.references if r.kind == "image" and r.nested)


def value_paths(source: Source) -> tuple[str, ...]:
    """The values that the patch file sets, below ``/spec/values``."""
    found: set[str] = set()
    for document in yaml.safe_load_all(source.read(PATCHES)):
        for operation in yaml.safe_load(document["patch"]):
            if operation["path"].startswith("/spec/values"):
                at = operation["path"].removeprefix("/spec/values")
                found |= {at + pointer(path) for path, _ in leaves(operation["value"])}
    return tuple(sorted(found))


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_the_style_closes(tmp_path: Path, run: Run, style: Style) -> None:
    source = vendored(tmp_path, run, style)
    result = run("airgap", "prod", "--root", str(source.root), "-v")
    after = built(source)
    assert [f for f in after.findings if f.severity == "error"] == [], result.err
    assert images(after) == sorted(style.images)
    # -v says what is run as well.
    said = [line for line in result.err.splitlines() if not line.startswith("$ ")]
    assert (result.code, said) == (0, [])
    if style.sets is not None:
        assert value_paths(source) == tuple(sorted(style.sets))


@pytest.mark.parametrize("style", LEAVING, ids=str)
def test_the_style_ends_in_a_finding(tmp_path: Path, run: Run, style: Style) -> None:
    source = vendored(tmp_path, run, style)
    result = run("airgap", "prod", "--root", str(source.root), "-v")
    assert result.code == 1
    assert f"[{style.finding}]" in result.err
    for words in style.says:
        assert words in result.err
    after = built(source)
    # Two sources of one name are seen only where both are: the build has the mirrored one.
    assert after.ships == (style.finding == "mirror-collision")
    assert images(after) == sorted(style.images)
