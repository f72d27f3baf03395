"""Manual pages: man and mandoc take them, and they say what --help says."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Run


@pytest.fixture
def pages(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    result = run("man", "-o", str(tmp_path / "man"))
    folder = tmp_path / "man" / "man1"
    assert result == (0, f"written: {len(list(folder.iterdir()))} pages to {folder}\n", "")
    return folder


def test_each_command_has_a_page(pages: Path, run: Run) -> None:
    names = {path.name for path in pages.iterdir()}
    assert {"sealift.1", "sealift-build.1", "sealift-mirror.1", "sealift-mirror-copy.1"} <= names
    for line in run("--help").out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines():
        if line[2] != " ":
            assert f"sealift-{line.split()[0]}.1" in names


def test_the_same_day_gives_the_same_bytes(pages: Path, run: Run, tmp_path: Path) -> None:
    assert run("man", "-o", str(tmp_path / "again")).code == 0
    for path in pages.iterdir():
        assert (tmp_path / "again" / "man1" / path.name).read_bytes() == path.read_bytes()


def test_mandoc_finds_nothing_wrong(pages: Path) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    argv = ["mandoc", "-T", "lint", "-W", "warning", *sorted(map(str, pages.iterdir()))]
    done = subprocess.run(argv, capture_output=True, text=True)
    # A page may name another that is not installed on this machine.
    said = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
    assert said == []


def test_man_shows_a_page(pages: Path) -> None:
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("man is not installed")
    argv = ["man", "--warnings=w", "-l", str(pages / "sealift-build.1")]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    shown = " ".join(done.stdout.split())
    assert (
        "sealift-build - Build a bundle, and prove that nothing in it leaves the network" in shown
    )
    assert "-o, --output <path> Write each bundle to FOLDER/ENV." in shown
    assert "sealift build example -o out" in shown
    assert "130 Interrupted." in shown
