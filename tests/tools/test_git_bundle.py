"""Bundles of commits, read back with Git's own commands."""

import hashlib
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.core.errors import ConfigurationError
from builder.tools import git_branch, git_bundle
from builder.tools.git import git, scratch

FILES = {"a.yaml": b"a: 1\n" * 200, "b/c.yaml": b"c: 2\n"}


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Path]:
    with scratch(tmp_path / "repo.git") as folder:
        yield folder


def made(repo: Path, files: dict[str, bytes], parent: str | None = None) -> str:
    written = git_branch.write(repo, files, path="", parent=parent, message="x\n")
    tree = str(git_branch.lookup(repo, f"{written}^{{tree}}"))
    return git_bundle.commit_tree(repo, tree, "Publish site\n")


def test_git_clones_it(repo: Path, tmp_path: Path) -> None:
    commit = made(repo, FILES)
    path = tmp_path / "git.bundle"
    path.write_bytes(git_bundle.create(repo, commit))
    argv = ["git", "clone", "-q", "-b", "published", str(path), str(tmp_path / "clone")]
    subprocess.run(argv, check=True)
    assert (tmp_path / "clone" / "b" / "c.yaml").read_bytes() == FILES["b/c.yaml"]
    assert git(tmp_path / "clone", ["rev-parse", "HEAD"]).decode().strip() == commit


def test_the_same_commits_give_the_same_bytes(repo: Path, tmp_path: Path) -> None:
    first = git_bundle.create(repo, made(repo, FILES))
    git(repo, ["repack", "-adq", "--depth=50", "--window=50"])
    with scratch(tmp_path / "other.git") as other:
        made(other, {"more.yaml": b"a: 1\n" * 201})
        commit = made(other, FILES)
        git(other, ["repack", "-adq"])
        assert git_bundle.create(other, commit) == first
    assert git_bundle.create(repo, made(repo, FILES)) == first


def test_a_history_is_whole(repo: Path, tmp_path: Path) -> None:
    first = git_branch.write(repo, FILES, path="", parent=None, message="1")
    second = git_branch.write(repo, {"d": b"d"}, path="", parent=first, message="2")
    path = tmp_path / "git.bundle"
    path.write_bytes(git_bundle.create(repo, second))
    with scratch(tmp_path / "other.git") as other:
        git_bundle.unpack(other, path, second, source="x")
        assert git_branch.parents(other, second) == [first]
        assert git_bundle.contains(other, second, first)
        assert not git_bundle.contains(other, first, second)


def test_another_commit_and_no_bundle_are_refused(repo: Path, tmp_path: Path) -> None:
    path = tmp_path / "git.bundle"
    data = git_bundle.create(repo, made(repo, FILES))
    other = made(repo, {"x": b"x"})
    with scratch(tmp_path / "other.git") as empty:
        path.write_bytes(data)
        with pytest.raises(ConfigurationError, match="holds the commit"):
            git_bundle.unpack(empty, path, other, source="x")
    for number, spoiled in enumerate((data[:-30], b"", data[:200] + b"?" + data[201:], b"?" * 99)):
        path.write_bytes(spoiled)
        refused = pytest.raises(ConfigurationError, match="is not a Git bundle")
        with scratch(tmp_path / f"{number}.git") as empty, refused:
            git_bundle.unpack(empty, path, other, source="x")


@pytest.mark.parametrize("mode", ["120000", "100755", "160000"])
def test_what_is_no_plain_file(repo: Path, mode: str) -> None:
    blob = git(repo, ["hash-object", "-w", "--stdin"], stdin=b"/etc/passwd").decode().strip()
    entry = f"160000 commit {'1' * 40}" if mode == "160000" else f"{mode} blob {blob}"
    tree = git(repo, ["mktree", "--missing"], stdin=f"{entry}\tx\n".encode())
    assert "links or programs" in git_bundle.unlike_a_bundle(repo, tree.decode().strip())


def folder(repo: Path, entries: list[str]) -> str:
    listed = "".join(f"{entry}\n" for entry in entries).encode()
    return git(repo, ["mktree"], stdin=listed).decode().strip()


@pytest.mark.parametrize(("depth", "said"), [(3, ""), (5, "more than 20,000 files and folders")])
def test_a_folder_that_stands_in_itself_often(repo: Path, depth: int, said: str) -> None:
    blob = git(repo, ["hash-object", "-w", "--stdin"], stdin=b"x: 1\n").decode().strip()
    tree = folder(repo, [f"100644 blob {blob}\tx.yaml"])
    for _ in range(depth):
        tree = folder(repo, [f"040000 tree {tree}\t{name}" for name in "abcdefghij"])
    assert said in git_bundle.unlike_a_bundle(repo, tree)
    assert bool(git_bundle.unlike_a_bundle(repo, tree)) == bool(said)


def test_files_that_are_too_much_together(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = git(repo, ["hash-object", "-w", "--stdin"], stdin=b"12345").decode().strip()
    tree = folder(repo, [f"100644 blob {blob}\t{name}" for name in "abc"])
    monkeypatch.setattr(git_bundle, "MAX_BYTES", 15)
    assert git_bundle.unlike_a_bundle(repo, tree) == ""
    monkeypatch.setattr(git_bundle, "MAX_BYTES", 14)
    assert "more than 14 bytes in all" in git_bundle.unlike_a_bundle(repo, tree)
    monkeypatch.setattr(git_bundle, "MAX_FILE", 4)
    assert "a file of 5 bytes" in git_bundle.unlike_a_bundle(repo, tree)


def packed(kind: int, size: int, *, before: bytes = b"", data: bytes) -> bytes:
    """One object of a pack (git-scm.com/docs/gitformat-pack)."""
    head = [kind << 4 | size & 15]
    size >>= 4
    while size:
        head[-1] |= 128
        head.append(size & 127)
        size >>= 7
    return bytes(head) + before + zlib.compress(data)


def varint(number: int) -> bytes:
    found = bytearray([number & 127])
    while number := number >> 7:
        found[-1] |= 128
        found.append(number & 127)
    return bytes(found)


def test_a_delta_that_unfolds_to_more_than_git_may_hold(tmp_path: Path) -> None:
    piece, times = 0xFFFF00, 20  # 320 MiB out of 16 MiB of zeros, out of 16 kB
    delta = varint(piece) + varint(piece * times) + b"\xe0\xff\xff" * times
    base = bytes(piece)
    name = hashlib.sha1(b"blob %d\0" % piece + base).digest()
    body = b"PACK" + (2).to_bytes(4, "big") + (2).to_bytes(4, "big")
    body += packed(3, piece, data=base) + packed(7, len(delta), before=name, data=delta)
    body += hashlib.sha1(body).digest()
    commit = "1" * 40
    path = tmp_path / "git.bundle"
    path.write_bytes(f"# v2 git bundle\n{commit} {git_bundle.REF}\n\n".encode() + body)
    assert path.stat().st_size < 20_000
    refused = pytest.raises(ConfigurationError, match="over limit")
    with scratch(tmp_path / "other.git") as empty, refused:
        git_bundle.unpack(empty, path, commit, source="x")
