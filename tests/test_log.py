"""What is said on standard error: how much, in which form, in which colours."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Run
from tests.source import Source

JSON = ["--log-format", "json"]


@pytest.mark.parametrize("argv", [[*JSON, "images", "exmple"], ["images", "exmple", *JSON]])
def test_an_error_as_json(source: Source, run: Run, argv: list[str]) -> None:
    result = run(*argv)
    [record] = map(json.loads, result.err.splitlines())
    assert result.code == 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("time"))
    assert record == {
        "level": "error",
        "event": "error",
        "message": "there is no environment 'exmple': overlays/exmple is not a folder",
        "hint": "did you mean 'example'?",
        "where": None,
    }


@pytest.mark.parametrize("argv", [["build", "--nope", *JSON], ["bild", *JSON]])
def test_wrong_usage_as_json(run: Run, argv: list[str]) -> None:
    result = run(*argv)
    records = [json.loads(line) for line in result.err.splitlines()]
    assert result.code == 2
    assert [record["event"] for record in records] == ["usage", "error"]


def test_findings_as_json(source: Source, run: Run) -> None:
    result = run("publish", "guide", "--repository", "gitops.git", *JSON)
    records = [json.loads(line) for line in result.err.splitlines()]
    assert result.code == 1
    found = [record for record in records if record["event"] == "finding"]
    assert {"error", "warning"} <= {record["level"] for record in found}
    assert all(record["hint"] and record["cause"] for record in found)
    assert records[-1]["event"] == "refused"
    assert records[-1]["message"].startswith("guide: does not ship, ")


def test_one_command_line_does_not_change_the_next(source: Source, run: Run) -> None:
    assert run("images", "exmple", *JSON).err.startswith("{")
    assert run("images", "exmple", "-q").err.startswith("error: ")
    assert run("images", "exmple").err.startswith("error: ")


def test_quiet_leaves_results_and_errors(source: Source, run: Run) -> None:
    argv = ["publish", "guide", "--repository", "gitops.git"]
    loud, quiet = run(*argv), run("-q", *argv)
    assert quiet.code == loud.code == 1
    assert "\nwarning: " in loud.err
    assert "warning: " not in quiet.err
    assert loud.err.split("\n\n")[-1] == quiet.err.split("\n\n")[-1]
    assert run("images", "exmple", "-q").err.startswith("error: ")
    assert run("images", "exmple").err.startswith("error: ")


def test_verbose_says_what_is_run(
    source: Source, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALIFT_RENDERER", "off")
    result = run("images", "example", "-v", "--no-cache")
    said = [line for line in result.err.splitlines() if line.startswith("$ ")]
    assert any(
        re.search(r"helm template .*operator-wandb.*  \(\d+\.\d\d s\)$", one) for one in said
    )
    # kustomize itself, or the one inside kubectl.
    assert any(re.search(r"kustomize build |kubectl kustomize ", line) for line in said)
    assert run("images", "example", "--no-cache").out == result.out


def test_verbose_shows_no_credential(source: Source, run: Run, tmp_path: Path) -> None:
    token = "ghp_" + "x7Q2" * 9
    argv = ["--repository", f"https://bot:{token}@127.0.0.1:9/g.git"]
    result = run("diff", "example", *argv, "-v")
    assert result.code in (2, 3)
    assert token not in result.out + result.err


def test_a_commands_own_v_says_what_is_run_as_well(source: Source, run: Run) -> None:
    result = run("airgap", "example", "-v", "--no-cache")
    assert "IMAGE" in result.out
    assert "$ " in result.err


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "", "NO_COLOR": ""}, False),
    ],
)
def test_colours(
    source: Source,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    env: dict[str, str],
    coloured: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    error, build = run("images", "exmple").err, run("build", "guide", "--check").out
    assert error.startswith("\x1b[1;31merror:\x1b[0m " if coloured else "error: ")
    assert ("\x1b[" in build) is coloured


def test_all_that_is_said_goes_the_same_way() -> None:
    """But for the help, and questions on a terminal."""
    folder = REPOSITORY / "builder"
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if "file=sys.stderr" in path.read_text()
    }
    assert found == {"cli.py", "commands/asking.py"}
