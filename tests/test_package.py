"""What is handed out: wheel and sdist hold what they need and no more, and come out the same."""

import ast
import email
import os
import stat
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from builder import __version__
from tests.archives import SAFELY
from tests.conftest import REPOSITORY
from tests.installed import build

EPOCH = 1_700_000_000
PACKED = "builder/scaffold/packed/"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("sdist"), "sdist", epoch=EPOCH)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, sdist: Path) -> Path:
    """Return the unpacked sdist."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, **SAFELY)
    return folder / f"sealift-{__version__}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    """Return the wheel that the sdist makes."""
    return build(tmp_path_factory.mktemp("wheel"), "wheel", source=source, epoch=EPOCH)


def kept(*paths: str) -> set[str]:
    """Return the files of these paths that Git has, or would take."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths]
    done = subprocess.run(argv, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return set(filter(None, done.stdout.split("\0")))


def test_the_wheel_has_the_package_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        names = set(archive.namelist())
    info = f"sealift-{__version__}.dist-info/"
    described = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert {n for n in names if n.startswith(info)} == {info + name for name in described}
    own = {n for n in names if not n.startswith((info, PACKED))}
    assert own == kept("builder")
    assert "builder/py.typed" in own
    assert {n for n in names if n.startswith(PACKED)} == {
        PACKED + name for name in kept("base", "templates/ci")
    }


def test_the_sdist_has_what_git_has(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    assert all(m.isfile() and not m.mode & stat.S_IWOTH for m in members)
    names = {
        PurePosixPath(m.name).relative_to(f"sealift-{__version__}").as_posix() for m in members
    }
    assert names <= kept(".") | {"PKG-INFO"}
    assert kept("builder", "base", "templates", "tests", "tools") <= names
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "Makefile"} <= names


def test_nothing_tells_of_the_machine(built: Path, source: Path) -> None:
    here = [str(REPOSITORY).encode(), str(source).encode()]
    with zipfile.ZipFile(built) as archive:
        for name in archive.namelist():
            assert not name.startswith("/")
            assert ".." not in PurePosixPath(name).parts
            assert not any(path in archive.read(name) for path in here), name


def test_the_checkout_makes_the_same_wheel(built: Path, tmp_path: Path) -> None:
    again = build(tmp_path, "wheel", epoch=EPOCH)
    assert again.read_bytes() == built.read_bytes()


def test_the_sdist_comes_out_the_same(sdist: Path, tmp_path: Path) -> None:
    assert build(tmp_path, "sdist", epoch=EPOCH).read_bytes() == sdist.read_bytes()


def test_the_time_is_that_of_the_commit(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(2023, 11, 14)}


def test_the_metadata(built: Path) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    with zipfile.ZipFile(built) as archive:
        info = f"sealift-{__version__}.dist-info/"
        described = email.message_from_bytes(archive.read(f"{info}METADATA"))
        entry = archive.read(f"{info}entry_points.txt").decode()
    assert described["Name"] == "sealift"
    assert described["Version"] == __version__ == project["version"]
    assert described["Requires-Python"] == ">=3.11"
    assert described["License-Expression"] == "Apache-2.0"
    classifiers = described.get_all("Classifier") or []
    assert len(classifiers) == len(set(classifiers))
    assert "Typing :: Typed" in classifiers
    assert {"Programming Language :: Python :: 3.11", "Operating System :: POSIX"} <= set(
        classifiers
    )
    assert set(described.get_all("Provides-Extra") or []) == set(project["optional-dependencies"])
    assert entry == "[console_scripts]\nsealift = builder.cli:run\n"


def test_every_import_is_of_a_dependency_that_is_declared(built: Path) -> None:
    """Modules of the tests are in no wheel."""
    with zipfile.ZipFile(built) as archive:
        for name in (n for n in archive.namelist() if n.endswith(".py") and PACKED not in n):
            tree = ast.parse(archive.read(name))
            imported = {
                node.module.partition(".")[0]
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and node.module
            }
            assert "tests" not in imported, name


def test_a_build_needs_no_git(source: Path) -> None:
    assert not (source / ".git").exists()
    assert os.access(source / "tools" / "install.sh", os.X_OK)
