"""A part that cannot be built: the script says which, the tests that need it are skipped.

In CI they fail, so that nothing is left out there without notice.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.desk import REPOSITORY
from tests.cluster.namespace import MARK, UNSHARE

_BROKEN, _SOUND = "a-broken", "b-sound"


@pytest.mark.parametrize(
    ("engine", "ci", "code", "word"), [("flux", "", 0, "SKIPPED"), ("argocd", "true", 1, "ERROR")]
)
def test_without_the_parts_tests_are_skipped_but_fail_in_ci(
    tmp_path: Path, engine: str, ci: str, code: int, word: str
) -> None:
    run = [sys.executable, "-m", "tests.cluster", "--inside", str(tmp_path)]
    none_built = {"XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [*UNSHARE, "--", *run, f"--engine={engine}", "-k=test_drift_is_repaired"],
        cwd=REPOSITORY,
        env=os.environ | none_built | {"CI": ci, MARK: "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout
    assert word in done.stdout
    assert f"not built: etcd, kubernetes, kwok, {engine}" in done.stdout


def test_the_script_goes_on_after_a_part_that_does_not_build(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    for name in ("cluster.sh", "go.sh"):
        shutil.copy(REPOSITORY / "tools" / name, tmp_path / "tools")
    # The script sources a recipe: a function in it replaces what would build.
    for name, steps in (
        (_BROKEN, "wheel=x\nwheel_part() { echo no such module >&2; return 1; }\n"),
        (_SOUND, 'wheel=x\nwheel_part() { touch "$1/program"; }\n'),
    ):
        recipe = tmp_path / "tests" / "cluster" / "pins" / name / "recipe"
        recipe.parent.mkdir(parents=True)
        recipe.write_text(steps)
    first, second = _built(tmp_path), _built(tmp_path)
    for said in (first, second):
        assert f"no such module\ntools: cannot build {_BROKEN}: the tests that need it" in said
    assert f"building {_SOUND}" in first
    assert f"building {_SOUND}" not in second, "once is enough"
    (folder,) = (tmp_path / "cache" / "sealift" / "cluster").iterdir()
    assert folder.name.startswith(f"{_SOUND}-")
    assert (folder / "program").is_file()


def _built(root: Path) -> str:
    """What the script says, which cannot build all."""
    done = subprocess.run(
        ["bash", "tools/cluster.sh"],
        cwd=root,
        env=os.environ | {"XDG_CACHE_HOME": str(root / "cache")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done.stderr
    return done.stderr
