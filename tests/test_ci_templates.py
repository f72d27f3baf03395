"""CI templates: they parse, name commands that exist, and give jobs no more than they need."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import crds
from tests.conftest import Run

REPOSITORY = Path(__file__).parents[1]
CI = REPOSITORY / "templates" / "ci"
TEMPLATES = ["github-actions.yml", "gitea-actions.yml", "gitlab-ci.yml"]
ACTIONS = TEMPLATES[:2]
SHELL = re.compile(r"sealift [a-z]+ [^|>#\n]*")


def template(name: str) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((CI / name).read_text())
    return loaded


def commands(text: str) -> list[list[str]]:
    """Return the command lines of sealift in a text."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [shlex.split(found)[1:] for line in lines for found in SHELL.findall(line)]


def steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = job["steps"]
    return found


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_jobs(name: str) -> None:
    content = template(name)
    jobs = content.get("jobs", content)
    assert {"check", "diff", "publish"} <= set(jobs)
    verbs = [argv[0] for argv in commands((CI / name).read_text())]
    assert verbs == ["airgap", "build", "report", "diff", "report", "publish"]


@pytest.mark.parametrize(
    "name", [*(f"templates/ci/{t}" for t in TEMPLATES), ".pre-commit-hooks.yaml"]
)
def test_commands_and_options_exist(name: str, run: Run) -> None:
    found = commands((REPOSITORY / name).read_text())
    assert found
    for verb, *rest in found:
        text = run(verb, "--help")
        assert text.code == 0
        for option in (word for word in rest if word.startswith("-")):
            assert re.search(rf"(?<!\S){re.escape(option)}\b", text.out), (verb, option)


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_have_least_privileges(name: str) -> None:
    content = template(name)
    assert content["permissions"] in ({}, {"contents": "read"})
    jobs = content["jobs"]
    for title, job in jobs.items():
        writes = {k for k, v in job.get("permissions", {}).items() if v == "write"}
        assert writes <= ({"pull-requests", "issues"} if title == "diff" else set())
        assert job["timeout-minutes"]
        for step in steps(job):
            if "uses" in step:
                assert re.fullmatch(r"\S+@[0-9a-f]{40}", step["uses"])
                assert step["with"].get("persist-credentials") is (
                    None if "upload-artifact" in step["uses"] else False
                )
            # What others wrote (titles, branch names) reaches a shell through its environment only.
            assert "${{" not in step.get("run", "")
    assert "pull_request_target" not in content[True]
    assert jobs["publish"]["if"] == "github.event_name == 'push'"
    assert jobs["publish"]["needs"] == jobs["diff"]["needs"] == "check"


@pytest.mark.parametrize("name", TEMPLATES)
def test_secrets_are_where_they_are_needed(name: str) -> None:
    content = template(name)
    jobs = content.get("jobs", content)
    for title, job in jobs.items():
        text = json.dumps(job)
        assert ("_WRITE_" in text) == (title == "publish")
        assert ("_READ_" in text) == (title == "diff")
        assert not re.search(r"\b(echo|printf|set -x|env\b *$)", text)
    for argv in commands((CI / name).read_text()):
        assert not any("PASSWORD" in word or "TOKEN" in word for word in argv)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_image_is_pinned(name: str) -> None:
    images = re.findall(r"(?:image|container): (\S+)", (CI / name).read_text())
    assert images
    assert all(re.search(r":[0-9][\w.-]*$", image) for image in images)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_pull_request_gets_the_page(name: str) -> None:
    content = template(name)
    jobs = content.get("jobs", content)
    pages = {"check": 'report "$ENVIRONMENT" -o', "diff": 'report "$ENVIRONMENT" --published'}
    for title, command in pages.items():
        job = jobs[title]
        if name in ACTIONS:
            [upload] = [s for s in steps(job) if "upload-artifact" in s.get("uses", "")]
            assert upload["with"]["path"] == "sealift-${{ matrix.environment }}.html"
            assert upload.get("if") == ("failure()" if title == "check" else None)
            said = "".join(step.get("run", "") for step in steps(job))
        else:
            assert "report.html" in job["artifacts"]["paths"]
            assert job["artifacts"]["expire_in"]
            said = "".join([*job["script"], *job.get("after_script", [])])
        assert command in said


def test_gitlab_stages_and_rules() -> None:
    content = template("gitlab-ci.yml")
    for title in ("check", "diff", "publish"):
        job = content[title]
        assert job["stage"] in content["stages"]
        assert job["extends"] == ".environments"
        assert all(isinstance(line, str) for line in job["script"])
    assert "merge_request_event" in content["diff"]["rules"][0]["if"]
    assert content["publish"]["rules"] == [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}]
    assert content["publish"]["resource_group"]


@pytest.mark.parametrize("name", ACTIONS)
def test_git_trusts_the_checkout_before_anything_is_published(name: str) -> None:
    """Actions check out as another account than the container's: then git tells no commit."""
    said = [step.get("run", "") for step in steps(template(name)["jobs"]["publish"])]
    trusted = next(n for n, line in enumerate(said) if "--add safe.directory" in line)
    assert trusted < next(n for n, line in enumerate(said) if line.startswith("sealift publish"))


@pytest.mark.parametrize("name", ACTIONS)
def test_actionlint(name: str, tmp_path: Path) -> None:
    program = shutil.which("actionlint") or str(crds.TOOLS / "bin" / "actionlint")
    if not Path(program).is_file():
        crds.missing("actionlint", "actionlint")
    path = tmp_path / name
    # Gitea takes actions by URL, GitHub does not.
    path.write_text((CI / name).read_text().replace("https://git.example.com/", ""))
    argv = [program, "-no-color", "-shellcheck=", "-pyflakes=", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == ""
    assert done.returncode == 0


def test_pre_commit_hooks() -> None:
    """The keys that pre-commit requires of a hook (clientlib.py)."""
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"] for hook in hooks} == {"sealift-airgap", "sealift-build"}
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
        assert re.search(hook["files"], "overlays/example/environment.yaml")
        assert not re.search(hook["files"], "README.md")
    kubectl = {entry for hook in hooks for entry in hook["additional_dependencies"]}
    assert f'tools = ["{kubectl.pop()}"]' in (REPOSITORY / "pyproject.toml").read_text()


def test_sealift_itself_comes_from_no_index() -> None:
    """A name on a public index may be someone else's."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wheel = f"{project['name']}-{project['version']}-py3-none-any.whl"
    text = (CI / "Dockerfile").read_text()
    assert f"COPY {wheel} /tmp/" in text
    installed = re.findall(r"pip install .*?'([^']+)'", text)
    assert installed == [f"/tmp/{wheel}[tools,schemas]"]
    assert "pip wheel --no-deps ." in (REPOSITORY / "docs" / "ci.md").read_text()


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_comment_has_room_beside_the_difference(name: str) -> None:
    [diff] = [argv for argv in commands((CI / name).read_text()) if argv[0] == "diff"]
    assert int(diff[diff.index("--limit") + 1]) <= 65_000


def test_the_documentation_names_what_the_templates_use() -> None:
    text = (REPOSITORY / "docs" / "ci.md").read_text()
    used = {
        name
        for path in CI.iterdir()
        for name in re.findall(r"\b(?:SEALIFT_[A-Z_]+|COMMENT_[A-Z]+)\b", path.read_text())
    }
    hidden = {"SEALIFT_GIT_USERNAME", "SEALIFT_GIT_PASSWORD", "SEALIFT_WRITE_"}
    assert {name for name in used - hidden if name not in text} == set()
    assert all(path.name in text for path in CI.iterdir())
