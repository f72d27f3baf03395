"""Answers for ``sealift init``, as options, and what comes of them."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import Run

REGISTRY = "registry.corp.example/mirror"
ANSWERS = {
    "--registry": REGISTRY,
    "--chart-repository": "https://charts.corp.example",
    "--host": "wandb.corp.example",
    "--ingress-class": "traefik",
    "--kubernetes": "1.30",
    "--repository": "https://git.corp.example/platform/gitops.git",
    "--forge": "gitea",
    "--engine": "flux",
}


def options(**changed: str | None) -> list[str]:
    """Return the options, with some changed: ``chart_repository="..."``; None leaves one out."""
    given = {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    merged: dict[str, str | None] = {**ANSWERS, **given}
    return [word for name, value in merged.items() if value for word in (name, value)]


def init(folder: Path, name: str = "prod", **changed: str | None) -> list[str]:
    """Return the command line that makes a repository in a folder."""
    return ["init", str(folder), "--yes", "--name", name, *options(**changed)]


def bare(path: Path) -> Path:
    """Make an empty bare repository."""
    argv = ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)]
    subprocess.run(argv, check=True)
    return path


@pytest.fixture
def made(tmp_path: Path, run: Run) -> Path:
    """A folder with a scaffold of one environment, prod."""
    folder = tmp_path / "platform"
    assert run(*init(folder)).code == 0
    return folder
