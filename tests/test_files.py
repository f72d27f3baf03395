"""Files are written whole or not at all, and read inside their root."""

import os
from pathlib import Path
from typing import Any

import pytest

from builder import files
from builder.core.errors import ConfigurationError
from tests.conftest import Run
from tests.source import Source, snapshot

OLD = {"bundle.lock.yaml": b"old", "a.yaml": b"old", "deep/b.yaml": b"old"}
NEW = {"bundle.lock.yaml": b"new", "c.yaml": b"new", "deep/er/d.yaml": b"new"}


def write(folder: Path, content: dict[str, bytes]) -> None:
    files.write_tree(folder, content, marker="bundle.lock.yaml")


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_tree_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    for tree in (OLD, NEW):
        write(tmp_path / "out" / "env", tree)
        assert content(tmp_path / "out") == {f"env/{name}": data for name, data in tree.items()}


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=type)
@pytest.mark.parametrize(
    ("step", "last"), [("write_bytes", 1), ("write_bytes", 3), ("rename", 1), ("rename", 2)]
)
def test_a_tree_that_fails_leaves_the_old_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, step: str, last: int
) -> None:
    """At a file, and at each of the two renames."""
    folder = tmp_path / "out" / "env"
    write(folder, OLD)
    original = getattr(Path, step)
    calls = []

    def failing(self: Path, *rest: Any) -> Any:
        calls.append(self)
        if len(calls) == last:
            raise error
        return original(self, *rest)

    monkeypatch.setattr(Path, step, failing)
    with pytest.raises(type(error)):
        write(folder, NEW)
    assert content(tmp_path / "out") == {f"env/{name}": data for name, data in OLD.items()}
    assert list((tmp_path / "out").iterdir()) == [folder]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    write(tmp_path / "env", NEW)
    assert content(tmp_path / "env") == NEW


def test_a_folder_without_the_marker_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="holds files that Sealift did not write"):
        write(tmp_path, NEW)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert not (tmp_path / "c.yaml").exists()


@pytest.mark.parametrize("kind", ["file", "link", "broken"])
def test_what_is_no_folder_is_left_alone(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "env"
    if kind == "file":
        target.write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir() if kind == "link" else None
        target.symlink_to(tmp_path / "elsewhere")
    before = snapshot(tmp_path)
    with pytest.raises(ConfigurationError, match="is not a folder"):
        write(target, NEW)
    assert snapshot(tmp_path) == before


def test_a_file_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_text(tmp_path / "new" / "a.yaml", "old")

    def failing(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="disk full"):
        files.write_text(tmp_path / "new" / "a.yaml", "new")
    assert content(tmp_path / "new") == {"a.yaml": b"old"}


def test_modes_are_those_of_other_files(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a.yaml", "a")
    write(tmp_path / "env", NEW)
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o755


def test_reads_inside_the_root(tmp_path: Path) -> None:
    files.write_text(tmp_path / "root" / "a.yaml", "a")
    (tmp_path / "root" / "b.yaml").symlink_to("a.yaml")
    assert files.read_text(tmp_path / "root" / "b.yaml", tmp_path / "root") == "a"


@pytest.mark.parametrize("name", ["../secret", "link", "folder/secret"])
def test_does_not_read_outside_the_root(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to("../secret")
    (root / "folder").symlink_to("..")
    with pytest.raises(ConfigurationError, match="leads out of the source repository"):
        files.read_text(root / name, root, named_in="here")


def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ConfigurationError, match="loop"):
        files.read_text(tmp_path / "loop", tmp_path)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """Reading it would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="there is no file pipe"):
        files.read_text(tmp_path / "pipe", tmp_path)


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)
    with pytest.raises(ConfigurationError, match="is larger than 100 MiB"):
        files.read_bytes(tmp_path / "large", tmp_path)


def test_a_build_that_ends_in_the_middle_leaves_the_old_bundle(
    source: Source, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("build", "example", "-o", "out")
    source.write("out/example/more.yaml", "what another build wrote\n")
    before = snapshot(source.path("out"))

    def interrupted(self: Path, data: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    assert run("build", "example", "-o", "out").code == 130
    assert snapshot(source.path("out")) == before
