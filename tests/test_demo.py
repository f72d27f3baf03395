"""The demonstration: the main job from leaks to a commit."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY


def test_the_demonstration_ends_with_a_bundle_in_git(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "tests/demo.py", str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-3000:]
    for shown in (
        "docker.io/bitnami/redis",
        "example: closed, nothing leaves the network",
        "nothing to do, already published",
        "example/bundle.lock.yaml",
        "example/90-weightsandbiases-wandb-wandb.yaml",
    ):
        assert shown in done.stdout
    log = subprocess.run(
        ["git", "-C", str(folder / "gitops.git"), "log", "--format=%s", "main"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert log.stdout == "Publish example\n"
