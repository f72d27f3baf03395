"""``sealift init`` once more: what a second run brings, and what it keeps."""

import io
import sys
from pathlib import Path

import pytest
import yaml

from builder.core import scaffold
from tests.conftest import Run
from tests.scaffolds import REGISTRY, init, made
from tests.source import snapshot

__all__ = ["made"]
ENVIRONMENT = "overlays/prod/environment.yaml"


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_twice_changes_nothing(made: Path, run: Run) -> None:
    before = snapshot(made)
    result = run("init", str(made), "--yes")
    assert (result.code, result.err) == (0, "")
    assert result.out == "unchanged: 13 files\n"
    assert snapshot(made) == before


def test_a_dry_run_writes_nothing(made: Path, tmp_path: Path, run: Run) -> None:
    before = snapshot(made)
    result = run("init", str(made), "--dry-run", "--registry", "new.corp.example/m")
    assert result.code == 0
    assert "+  prefix: new.corp.example/m" in result.out
    assert "nothing was written" in result.out
    assert snapshot(made) == before
    assert run(*init(tmp_path / "p"), "--dry-run").code == 0
    assert not (tmp_path / "p").exists()


def test_changes_of_people_and_new_answers_come_together(made: Path, run: Run) -> None:
    change(made, ENVIRONMENT, "  wandb/local:", "  # the server\n  wandb/local:")
    change(made, "README.md", "# platform", "# The platform")
    result = run("init", str(made), "--yes", "--registry", "new.corp.example/m")
    assert result.code == 0
    text = (made / ENVIRONMENT).read_text()
    assert "prefix: new.corp.example/m" in text
    assert "# the server" in text
    assert f"merged: {ENVIRONMENT}, which you have changed" in result.out
    assert "kept: README.md, which you have changed" in result.out
    assert f"-  prefix: {REGISTRY}\n+  prefix: new.corp.example/m" in result.out
    again = run("init", str(made), "--yes")
    assert again.out.splitlines()[-1] == "unchanged: 11 files"


@pytest.mark.parametrize("answer", ["n", "y"])
def test_a_second_run_asks_before_it_writes(
    made: Path, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    before = snapshot(made)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{answer}\n"))
    result = run("init", str(made), "--registry", "new.corp.example/m")
    assert result.code == 0
    assert (snapshot(made) == before) is (answer == "n")


@pytest.mark.parametrize("way", ["stop", "mine", "markers"])
def test_the_same_lines_are_never_overwritten_silently(made: Path, run: Run, way: str) -> None:
    change(made, ENVIRONMENT, REGISTRY, "ours.corp.example/m")
    change(made, "base/wandb/namespace.yaml", "v1", "v1 # ours")
    before = snapshot(made)
    argv = ["init", str(made), "--yes", "--registry", "new.corp.example/m", "--conflicts", way]
    result = run(*argv)
    assert (
        f"conflict: {ENVIRONMENT}: you and the scaffold have changed the same lines" in result.out
    )
    text = (made / ENVIRONMENT).read_text()
    if way == "stop":
        assert result.code == 1
        assert snapshot(made) == before
        return
    assert result.code == 0
    assert "prefix: ours.corp.example/m" in text
    assert ("prefix: new.corp.example/m" in text) is (way == "markers")
    assert ("<<<<<<< yours" in text) is (way == "markers")
    # CI has the new registry, and the conflict is not told again.
    assert "new.corp.example/m" in (made / ".gitea/workflows/sealift.yml").read_text()
    assert run("init", str(made), "--yes").code == 0


def test_a_newer_scaffold(made: Path, run: Run) -> None:
    """What an older Sealift wrote is brought up to date; what is gone from it goes."""
    path = made / scaffold.FILE
    record = yaml.safe_load(path.read_text())
    older = record["files"]["README.md"].replace("see `sealift --help`", "see the manual")
    record["files"] |= {"README.md": older, ".ci/old.sh": "true\n"}
    (made / "README.md").write_text(older)
    (made / ".ci" / "old.sh").write_text("true\n")
    path.write_text(yaml.safe_dump(record))
    result = run("init", str(made), "--yes")
    assert result.code == 0
    assert "updated: README.md" in result.out
    assert "removed: .ci/old.sh" in result.out
    assert "sealift --help" in (made / "README.md").read_text()


def test_a_file_that_was_removed_stays_away(made: Path, run: Run) -> None:
    (made / ".ci" / "Dockerfile").unlink()
    result = run("init", str(made), "--yes")
    assert "left out: .ci/Dockerfile, which you have removed" in result.out
    assert not (made / ".ci" / "Dockerfile").exists()
