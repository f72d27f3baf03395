"""A move that ends in between: killed while it writes, and done again."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.build import build
from builder.cli import main
from builder.upgrade import copy
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.source import Source, snapshot
from tests.styles.model import Style
from tests.test_upgrade_styles import NEW, OLD, source_of, upgrade

pytestmark = pytest.mark.usefixtures("no_pause")


def killed(source: Source, monkeypatch: pytest.MonkeyPatch, step: int, argv: list[str]) -> bool:
    """Run a command in a process that is killed before its ``step``-th write; True when it was."""
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    done = 0

    def counted(write: Callable[..., None]) -> Callable[..., None]:
        def call(target: Path, *more: object, **named: object) -> None:
            nonlocal done
            if Path(target).is_relative_to(source.root):
                if done == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                done += 1
            write(target, *more, **named)

        return call

    for module, name in ((copy, "write_bytes"), (copy, "write_tree"), (shutil, "rmtree")):
        monkeypatch.setattr(module, name, counted(getattr(module, name)))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))
    # A killed process leaves its copy behind.
    monkeypatch.setattr(tempfile, "tempdir", str(source.root.parent))
    os._exit(main(argv))


def test_a_second_run_finishes(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(tmp_path / "one", run)
    whole = source_of(tmp_path / "whole", run)
    assert upgrade(whole, run).code == 0
    wanted, before = snapshot(whole.root), snapshot(source.root)
    charts = tmp_path / "one" / "charts"
    argv = ["upgrade", "prod", "--chart-version", "2.0.0", "--from", str(charts)]
    steps = 0
    seen = set()
    while True:
        trial = Source(tmp_path / f"trial{steps}")
        shutil.copytree(source.root, trial.root)
        if not killed(trial, monkeypatch, steps, [*argv, "--root", str(trial.root)]):
            break
        seen.add(tuple(sorted(snapshot(trial.root).items())))
        again = run(*argv, "--root", str(trial.root))
        assert again.code == 0, again.err
        assert snapshot(trial.root) == wanted, f"after step {steps}"
        assert build(find_overlay(trial.root, "prod")).ships
        steps += 1
    assert snapshot(trial.root) == wanted
    # The chart, its archive, patches, resource, lock, base.yaml; then the old chart goes.
    assert steps >= 8
    assert len(seen) >= 8
    assert tuple(sorted(before.items())) in seen


@pytest.mark.parametrize("new", [
    Style(name="fails", templates={"x.yaml": '{{ fail "no" }}'}),
    Style(name="no YAML", templates={"x.yaml": "a: [\n"}),
])  # fmt: skip
def test_a_chart_that_cannot_be_examined_leaves_all_as_it_was(
    tmp_path: Path, run: Run, new: Style
) -> None:
    source = source_of(tmp_path, run, new)
    before = snapshot(source.root)
    result = upgrade(source, run)
    assert result.code == 1
    assert snapshot(source.root) == before


def test_patches_with_a_conflict_are_made_anew(tmp_path: Path, run: Run) -> None:
    source = source_of(tmp_path, run, NEW, OLD)
    file = "overlays/prod/patches/airgap.yaml"
    text = source.read(file)
    conflict = "<<<<<<< HEAD\napiVersion: builtin\n=======\n>>>>>>> theirs\napiVersion: builtin\n"
    source.write(file, text.replace("apiVersion: builtin\n", conflict, 1))
    result = upgrade(source, run)
    assert result.code == 0, result.err
    assert build(find_overlay(source.root, "prod")).ships
