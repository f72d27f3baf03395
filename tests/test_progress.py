"""How far a command has come: on a terminal, in a log, and not at all."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from builder import progress
from builder.progress import Progress, duration
from builder.tools import helm
from tests.source import Source
from tests.terminal import on_terminal

SEALIFT = [sys.executable, "-m", "builder"]


@pytest.fixture
def slow(source: Source, tmp_path: Path) -> dict[str, str]:
    """The environment in which every render takes over a second."""
    real, _ = helm.find()
    path = tmp_path / "helm"
    path.write_text(f'#!/bin/sh\n[ "$1" = version ] || sleep 1.2\nexec {real} "$@"\n')
    path.chmod(0o755)
    return {"SEALIFT_HELM": str(path), "SEALIFT_RENDERER": "off", "SEALIFT_PROGRESS": "on"}


def build(env: dict[str, str], *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SEALIFT, *flags, "build", "example", "--check", "--no-cache"],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )


def test_on_a_terminal_a_line_moves_and_goes_away(slow: dict[str, str]) -> None:
    seen = on_terminal("build", "example", "--check", "--no-cache", env=slow)
    assert seen.code == 0, seen
    states = seen.terminal.split("\r\x1b[K")
    moving = [state for state in states if state.startswith("rendering charts  ")]
    assert any(re.fullmatch(r"rendering charts  0 of \d  [\d.]+ s", state) for state in moving)
    assert any(re.match(r"rendering charts  1 of \d  operator-wandb", state) for state in moving)
    assert "\n" not in "".join(states[:-1])
    assert re.fullmatch(r"took [\d.]+ s: .*rendering charts [\d.]+ s \(\d\).*\r\n", states[-1])


def test_in_a_log_there_are_plain_lines(slow: dict[str, str]) -> None:
    done = build(slow)
    assert done.returncode == 0
    charts, timing = done.stderr.splitlines()[-2:]
    assert re.fullmatch(r"rendering charts: (\d) of \1, [\d.]+ s", charts)
    assert re.fullmatch(r"took [\d.]+ s: .*rendering charts.*", timing)
    assert "\x1b" not in done.stderr + done.stdout


def test_for_programs_there_are_lines_of_json(slow: dict[str, str]) -> None:
    records = [json.loads(line) for line in build(slow, "--log-format", "json").stderr.splitlines()]
    [charts] = [r for r in records if r.get("what") == "rendering charts"]
    assert charts["level"] == "info"
    assert charts["event"] == "progress"
    assert charts["done"] == charts["total"] >= 1
    assert records[-1]["event"] == "timing"
    assert records[-1]["parts"]["rendering charts"] >= 1.2


@pytest.mark.parametrize(("flags", "env"), [(["-q"], {}), ([], {"SEALIFT_PROGRESS": "off"})])
def test_nothing_when_that_is_asked(
    slow: dict[str, str], flags: list[str], env: dict[str, str]
) -> None:
    assert build({**slow, **env}, *flags).stderr == ""


def test_a_line_says_what_how_many_and_how_long() -> None:
    copying = Progress("copying", 2000)
    assert copying.line(3) == "copying  0 of 2,000  3.0 s"
    copying.step("registry.example.com/app:1", 1000)
    assert copying.line(90) == "copying  1,000 of 2,000  registry.example.com/app:1  2 min left"
    assert Progress("checking").line(3) == "checking  3.0 s"


def test_parts_of_a_part_are_not_counted_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEALIFT_PROGRESS", "on")
    monkeypatch.setattr(progress, "_LONG", 0.0)
    monkeypatch.setattr(progress, "_WORTH", 0.0)
    progress.begin()
    with Progress("outer", waits=False), Progress("inner", waits=False):
        pass
    progress.end()
    assert "outer" in (said := capsys.readouterr().err.splitlines()[-1])
    assert "inner" not in said


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (42.2, "42 s"), (150, "2 min"), (4200, "1 h 10 min")]
)
def test_times(seconds: float, text: str) -> None:
    assert duration(seconds) == text
