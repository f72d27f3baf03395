"""What makes releases and what users take: pinned, with least rights, each part like its twin."""

import os
import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import crds
from tests.conftest import REPOSITORY

WORKFLOWS = REPOSITORY / ".github" / "workflows"
RELEASE = WORKFLOWS / "release.yml"
ACTION = REPOSITORY / "action.yml"
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


def loaded(path: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(path.read_text())
    return content


JOBS = loaded(RELEASE)["jobs"]


def test_actionlint() -> None:
    program = shutil.which("actionlint") or str(crds.TOOLS / "bin" / "actionlint")
    if not Path(program).is_file():
        crds.missing("actionlint", "actionlint")
    argv = [program, "-no-color", "-shellcheck=", "-pyflakes=", *map(str, WORKFLOWS.iterdir())]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("path", [RELEASE, ACTION], ids=lambda path: path.name)
def test_actions_are_pinned_and_scripts_take_nothing_of_others(path: Path) -> None:
    content = loaded(path)
    jobs = content["jobs"].values() if "jobs" in content else [content["runs"]]
    steps = [step for job in jobs for step in job["steps"]]
    assert all(PINNED.fullmatch(step["uses"]) for step in steps if "uses" in step)
    assert not any("${{" in step.get("run", "") for step in steps)
    assert "secrets." not in path.read_text()


def test_one_commit_a_version_of_an_action() -> None:
    seen: dict[str, set[str]] = {}
    for path in (RELEASE, ACTION, *(REPOSITORY / "templates" / "ci").glob("github*.yml")):
        for name, commit in re.findall(r"uses: (\S+)@([0-9a-f]{40})", path.read_text()):
            seen.setdefault(name, set()).add(commit)
    assert seen
    assert {name: commits for name, commits in seen.items() if len(commits) > 1} == {}


def test_the_rights_of_the_jobs() -> None:
    assert loaded(RELEASE)["permissions"] == {}
    rights = {
        name: {right for right, level in job["permissions"].items() if level == "write"}
        for name, job in JOBS.items()
    }
    assert rights == {
        "test": set(),
        "build": set(),
        "sign": {"id-token", "attestations"},
        "image": {"packages", "id-token", "attestations"},
        "pypi": {"id-token"},
        "release": {"contents"},
    }
    for job in JOBS.values():
        assert job["timeout-minutes"]
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_nothing_is_handed_out_untested_or_unsigned() -> None:
    needs = {name: set(re.findall(r"\w+", str(job.get("needs", "")))) for name, job in JOBS.items()}
    assert needs["build"] == {"test"}
    assert needs["pypi"] == {"sign", "image"}
    assert needs["release"] == {"pypi"}
    assert JOBS["pypi"]["environment"] == "pypi"


def test_notes() -> None:
    notes = runpy.run_path(str(REPOSITORY / ".ci" / "notes"))["notes"]
    text = (
        "# Changelog\n\n## Unreleased\n\n- a\n\n## [1.2.0] - 2026-01-01\n\n- b\n\n## 1.1.0\n\n- c\n"
    )
    assert notes(text, "1.2.0") == "- b"
    assert notes(text, "1.1.0") == "- c"
    for unknown in ("1.2", "2.0.0"):
        with pytest.raises(LookupError):
            notes(text, unknown)


def test_the_component_has_the_jobs_of_the_template() -> None:
    template = loaded(REPOSITORY / "templates" / "ci" / "gitlab-ci.yml")
    text = (REPOSITORY / "templates" / "sealift" / "template.yml").read_text()
    head, jobs = yaml.safe_load_all(text)
    inputs = head["spec"]["inputs"]
    used = set(re.findall(r"\$\[\[ inputs\.([a-z-]+) \]\]", text))
    assert used == set(inputs)
    assert inputs["environments"]["type"] == "array"
    for name in ("check", "diff", "publish"):
        assert jobs[name].pop("image") == "$[[ inputs.image ]]"
        assert jobs[name].pop("timeout") == template["default"]["timeout"]
        assert jobs[name].pop("stage") == f"$[[ inputs.stage-{name} ]]"
        template[name].pop("stage")
        assert jobs[name] == template[name]
    assert set(jobs) == {".environments", "check", "diff", "publish"}


@pytest.mark.parametrize(
    ("command", "code", "verbs"),
    [
        ("build", 0, ["airgap", "build", "report"]),
        ("diff", 0, ["airgap", "build", "diff", "report"]),
        ("publish", 0, ["airgap", "build", "publish"]),
        ("erase", 2, []),
    ],
)
def test_the_step_of_the_action(command: str, code: int, verbs: list[str], tmp_path: Path) -> None:
    """A stand-in records what is run; the commands' own behaviour is tested with them."""
    program = tmp_path / "bin" / "sealift"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$1" >>"$LOG"\ntest "$1" != "$FAILS"\n')
    program.chmod(0o755)
    assert run_step(command, "", tmp_path).returncode == code
    log = tmp_path / "log"
    assert (log.read_text().split() if log.exists() else []) == verbs


def run_step(command: str, fails: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "LOG": str(folder / "log"), "FAILS": fails, "COMMAND": command, "ENVIRONMENT": "prod",
        "ROOT": str(folder), "PULL_REQUEST": "false", "RUNNER_TEMP": str(folder),
        "GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary"),
    }  # fmt: skip
    return subprocess.run(
        ["bash", REPOSITORY / ".ci" / "step"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("fails", "code"), [("airgap", 1), ("build", 1), ("publish", 1)])
def test_what_fails_fails_the_step(fails: str, code: int, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "sealift"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$1" >>"$LOG"\ntest "$1" != "$FAILS"\n')
    program.chmod(0o755)
    assert run_step("publish", fails, tmp_path).returncode == code
    ran = (tmp_path / "log").read_text().split()
    assert ("publish" in ran) == (fails == "publish")
    assert "Sealift: " in (tmp_path / "summary").read_text()


def test_what_builds_a_release_is_pinned() -> None:
    installed = re.findall(r"pip install --quiet '([^']+)'", RELEASE.read_text())
    assert installed
    assert all(re.fullmatch(r"[a-z-]+==[\d.]+", name) for name in installed)
    required = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["build-system"]
    assert required["requires"] == ["hatchling>=1.27"]
