"""Git's id of a tree, held against Git."""

import subprocess
from pathlib import Path

import pytest

from builder.core.git_tree import tree_id


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"a": b"1", "b": b""},
        # A folder sorts as if its name ended with a slash: behind a.b, before a0.
        {"a/x": b"1", "a.b": b"2", "a0": b"3", "a/y/z": b"4", "ä": b"\xff"},
    ],
    ids=["empty", "flat", "nested"],
)
def test_it_is_that_of_git(tmp_path: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)

    def git(*argv: str) -> str:
        command = ["git", "-C", str(tmp_path), *argv]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    git("add", "-A")
    assert tree_id(files) == git("write-tree").strip()
