"""Renovate's configuration: what its expressions match, and what finishes its pull requests."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.build import build
from builder.workspace import find_overlay
from tests.conftest import REPOSITORY, Run
from tests.source import Source
from tests.upgrades import BASE, LOCK, NAME, OLD, PATCH, PLATFORM, folder, upgrade

pytestmark = pytest.mark.usefixtures("no_pause")

URL = "https://charts.wandb.ai"
Match = tuple[str, str, str]


def configuration() -> dict[str, Any]:
    """The file, which is JSON5: without its comments it is YAML."""
    text = (REPOSITORY / ".github" / "renovate.json5").read_text()
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("//"))
    found: dict[str, Any] = yaml.safe_load("\n".join(lines))
    return found


def managers(path: str) -> list[re.Pattern[str]]:
    """The expressions for a file; Python writes the names of groups with a P."""
    return [
        re.compile(expression.replace("(?<", "(?P<"))
        for manager in configuration()["customManagers"]
        if any(re.search(p.strip("/"), path) for p in manager["managerFilePatterns"])
        for expression in manager["matchStrings"]
    ]


def matches(path: str, text: str) -> list[Match]:
    return [
        (found["depName"], found["currentValue"], found["registryUrl"])
        for expression in managers(path)
        for found in expression.finditer(text)
    ]


def bump(source: Source, path: str, version: str) -> None:
    """Write a version as Renovate does: in the place of the one that matched."""
    text = source.read(path)
    for expression in managers(path):
        for found in reversed(list(expression.finditer(text))):
            if found["depName"] == NAME:
                start, end = found.span("currentValue")
                text = text[:start] + version + text[end:]
    source.write(path, text)


def test_the_files_of_the_base(source: Source) -> None:
    found = {
        path.relative_to(source.root).as_posix(): matches(
            path.relative_to(source.root).as_posix(), path.read_text()
        )
        for path in sorted(source.root.rglob("*"))
        if path.is_file() and path.suffix in (".yaml", ".tpl")
    }
    assert {path: listed for path, listed in found.items() if listed} == {
        BASE: [("operator", "1.3.3", URL), (NAME, OLD, URL)],
        PLATFORM: [(NAME, OLD, URL)],
    }


@pytest.mark.parametrize("form", ['"0.28.0"', "'0.28.0'"])
def test_versions_in_quotes(source: Source, form: str) -> None:
    for path in (BASE, PLATFORM):
        text = source.read(path).replace(OLD, form)
        assert (NAME, OLD, URL) in matches(path, text)


def test_a_comment_above_a_version() -> None:
    text = (
        "spec:\n  # renovate: datasource=docker depName=r.example/charts/wb\n  version: 1.2.3\n"
        "  # renovate: datasource=helm depName=wb registryUrl=https://r.example\n"
        "  targetRevision: 1.2.4\n"
    )
    assert matches("base/wandb/release.yaml", text) == [
        ("r.example/charts/wb", "1.2.3", None),
        ("wb", "1.2.4", "https://r.example"),
    ]


def test_expressions_are_those_of_re2() -> None:
    """Renovate takes no others: no look around, no reference back."""
    expressions = [e for m in configuration()["customManagers"] for e in m["matchStrings"]]
    assert len(expressions) == 3
    assert not any(re.search(r"\(\?(?:[=!]|<[=!])|\\[1-9]", e) for e in expressions)


def test_upgrade_finishes_what_was_bumped_in_the_base(
    source: Source, run: Run, tmp_path: Path
) -> None:
    charts = folder(tmp_path, v0_40_0={})
    for path in (BASE, PLATFORM):
        bump(source, path, "0.40.0")
    assert not build(find_overlay(source.root, "example")).ships
    result = run("upgrade", "example", "--from", str(charts))
    assert result.code == 0, result.err
    assert f"example: {NAME} {OLD} → 0.40.0" in result.out
    assert "enters 12 minor versions (0.29 to 0.40)" in result.out
    assert build(find_overlay(source.root, "example")).ships
    assert [chart["version"] for chart in yaml.safe_load(source.read(LOCK))["charts"]] == [
        "1.3.3", "0.40.0",
    ]  # fmt: skip


def test_upgrade_finishes_what_was_bumped_in_an_environment(
    source: Source, run: Run, tmp_path: Path
) -> None:
    charts = folder(tmp_path, v0_40_0={}, v0_41_0={})
    assert upgrade(run, "example", charts).code == 0
    assert matches(PATCH, source.read(PATCH)) == [(NAME, "0.40.0", URL)]
    bump(source, PATCH, "0.41.0")
    result = run("upgrade", "example", "--from", str(charts))
    assert result.code == 0, result.err
    assert f"example: {NAME} 0.40.0 → 0.41.0" in result.out
    assert f"stays vendored: {OLD}; guide uses it" in result.out
    assert f"removed: {NAME} 0.40.0, which nothing uses" in result.out
    assert build(find_overlay(source.root, "example")).ships
