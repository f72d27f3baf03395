"""The demonstration: the main job from leaks to a commit, as the README shows it."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PATCHES = "overlays/example/patches/airgap.yaml"
SECRETS = "overlays/example/patches/secrets.yaml"
KUSTOMIZATION = "overlays/example/kustomization.yaml"


@dataclass(frozen=True)
class Demo:
    folder: Path
    returncode: int
    out: str
    err: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    done = subprocess.run(
        [sys.executable, "tests/demo.py", str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    return Demo(folder, done.returncode, done.stdout, done.stderr)


def test_the_demonstration_ends_with_a_bundle_in_git(demo: Demo) -> None:
    assert (demo.returncode, demo.err) == (0, ""), demo.out[-3000:]
    for shown in (
        "docker.io/bitnami/redis",
        f"\nwritten: {SECRETS}\n",
        f"\nwritten: {PATCHES}; ",
        f"\nwritten: {KUSTOMIZATION}; ",
        "example: closed, nothing leaves the network",
        "nothing to do, already published",
        "example/bundle.lock.yaml",
        "example/90-weightsandbiases-wandb-wandb.yaml",
    ):
        assert shown in demo.out
    log = subprocess.run(
        ["git", "-C", str(demo.folder / "gitops.git"), "log", "--format=%s", "main"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert log.stdout == "Publish example\n"


@pytest.mark.parametrize("name", [SECRETS, PATCHES, KUSTOMIZATION])
def test_what_it_writes_is_what_the_repository_holds(demo: Demo, name: str) -> None:
    assert (demo.folder / "source" / name).read_text() == (REPOSITORY / name).read_text()


def test_the_readme_shows_what_it_prints(demo: Demo) -> None:
    """Line by line, in order: whole lines, or the first columns of a table; ``...`` leaves out."""
    printed = [
        cells(line) for line in demo.out.replace(str(demo.folder), "build/demo").splitlines()
    ]
    at = 0
    for line in shown_in_readme():
        wanted = cells(line)
        while at < len(printed) and printed[at][: len(wanted)] != wanted:
            at += 1
        assert at < len(printed), f"the demonstration does not print: {line}"
        at += 1


def test_the_readme_counts_the_places(demo: Demo) -> None:
    table = demo.out.partition("$ sealift images guide\n")[2].partition("\n\n")[0].splitlines()[1:]
    outside = sum("  outside" in line for line in table)
    assert f"({len(table)} places, {outside} of them outside)" in readme()


def cells(line: str) -> list[str]:
    """The columns of a line, without the ids, which no two runs need to share."""
    line = re.sub(r"^(commit|tree  ) [0-9a-f]+(\.\.\.)?$", r"\1", line)
    return re.split(r"\s{2,}", line.strip())


def readme() -> str:
    return (REPOSITORY / "README.md").read_text()


def shown_in_readme() -> list[str]:
    block = readme().partition("$ sealift images guide")
    lines = (block[1] + block[2].partition("```")[0]).splitlines()
    assert len(lines) > 12
    return [line for line in lines if line and not line.startswith("...")]
