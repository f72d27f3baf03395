"""From nothing to a published bundle with only the wheel installed, as docs/start.md shows it."""

import os
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from builder.tools import kustomize
from tests.conftest import CHARTS, REPOSITORY
from tests.documentation.markdown import examples
from tests.documentation.run import shows
from tests.installed import installed, wheel


def steps() -> Sequence[tuple[str, list[str]]]:
    """Return the commands of the tutorial, each with the lines that it is to print."""
    return next(examples("docs/start.md")).commands


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory, built: Path) -> Path:
    return installed(tmp_path_factory.mktemp("installed") / "venv", built)


def test_the_wheel_carries_the_base_and_the_templates_of_the_repository(built: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "base", "templates/ci"], cwd=REPOSITORY, check=True,
        capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    with zipfile.ZipFile(built) as archive:
        packed = "builder/scaffold/packed/"
        carried = {
            name.removeprefix(packed): archive.read(name)
            for name in archive.namelist()
            if name.startswith(packed)
        }
        metadata = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        assert b"Requires-Dist: copier" in archive.read(metadata)
    assert carried == {name: (REPOSITORY / name).read_bytes() for name in listed}


def test_from_nothing_to_a_published_bundle(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "empty"
    here.mkdir()
    shutil.copytree(CHARTS, here / "charts")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv(kustomize.SETTING, kustomize.find()[0][0])  # of the extra `tools`
    edited = {}
    for command, shown in steps():
        argv = shlex.split(command)
        if argv[0] == "cd":
            here /= argv[1]
            edited = contents(here)
            continue
        done = subprocess.run(argv, cwd=here, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert shows(done.stdout, shown), (command, done.stdout)
        if argv[:2] == ["sealift", "init"]:
            announced = [line.strip() for line in done.stderr.splitlines() if line[:2] == "  "]
            named = [line.partition("  #")[0].strip() for line in announced]
            later = [c.partition(" --from")[0] for c, _ in steps()[2:]]
            assert named == later
    # No file but those that commands write.
    written = {path for path, text in contents(here).items() if edited.get(path) != text}
    assert {path for path in written if not path.startswith(("base/wandb/charts", "build/"))} == {
        "overlays/prod/kustomization.yaml",
        "overlays/prod/patches/secrets.yaml",
        "overlays/prod/patches/airgap.yaml",
    }
    log = subprocess.run(
        ["git", "-C", str(tmp_path / "empty" / "gitops.git"), "log", "--format=%s", "main"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert log.stdout == "Publish prod\n"


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_program_is_that_of_the_wheel(programs: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [programs / "python", "-c", "import builder; print(builder.__file__)"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert Path(done.stdout.strip()).is_relative_to(programs.parent)
