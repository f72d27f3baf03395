"""A repository of two environments, prod and staging, each closed: made once, copied for a test."""

import shutil
from pathlib import Path

import pytest

from builder.cli import main
from tests.conftest import CHARTS
from tests.scaffolds import bare, init
from tests.source import Source

STAGING = ("--host", "staging.corp.example", "--registry", "staging.corp.example:5000/m")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of prod and staging, each closed; only to be copied."""
    folder = tmp_path_factory.mktemp("environments")
    root = folder / "platform"
    repository = str(bare(folder / "gitops.git"))
    at = ["--root", str(root)]
    for argv in (
        init(root, repository=repository),
        ["vendor", "wandb", "--from", str(CHARTS), *at],
        ["secrets", "prod", "--write", *at],
        ["airgap", "prod", *at],
        ["environment", "add", "staging", "--from", "prod", *STAGING, *at],
        ["secrets", "staging", "--write", *at],
        ["airgap", "staging", *at],
    ):
        assert main(argv) == 0, argv
    return root


@pytest.fixture
def source(platform: Path, tmp_path: Path) -> Source:
    """A copy of it, to work on."""
    shutil.copytree(platform, tmp_path / "platform")
    return Source(tmp_path / "platform")


def at(source: Source) -> list[str]:
    return ["--root", str(source.root)]
