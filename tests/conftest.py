"""Fixtures: a source repository of the test's own, the command line in process, nothing shared."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import hypothesis
import pytest

from builder import cache, diff, log, progress
from builder.cli import main
from builder.tools import helm, kustomize, renderer
from tests.servers.registry import registry_command
from tests.source import Result, Source, snapshot

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background so; the programs that tests interrupt inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A machine that is busy with other work is slow, not wrong.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# What is said must not depend on how quick the machine is.
os.environ[progress.SETTING] = progress.OFF

REPOSITORY = Path(__file__).parents[1]
CHARTS = REPOSITORY / "tests" / "charts"


class Run(Protocol):
    """Runs a command line: ``run("build", "example")``."""

    def __call__(self, *argv: str) -> Result: ...


class Refused(Protocol):
    """Runs a command line that must fail with ``code``; returns what it said."""

    def __call__(self, *argv: str, code: int = 2) -> str: ...


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the user's settings away, and the way to any network."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("SEALIFT_", "GIT_", "XDG_", "HELM_", "KUBE", "KUSTOMIZE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv(progress.SETTING, progress.OFF)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        # Nothing listens on port 9: what leaves the machine fails at once.
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    log.reset()  # a command line before may have been verbose
    cache.forget()
    helm.find.cache_clear()
    renderer.find.cache_clear()
    kustomize.find.cache_clear()


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files: what a test leaves in it is a leak."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    left = [path.name for path in folder.iterdir() if path.name.startswith("sealift-")]
    assert left == [], f"temporary files were left behind: {left}"


@pytest.fixture(autouse=True)
def _untouched_repository() -> Iterator[None]:
    """Fail a test that changes the repository it stands in."""
    before = _work_tree()
    yield
    assert _work_tree() == before, "the test changed the real repository"


def _work_tree() -> dict[str, int]:
    folders = [REPOSITORY / name for name in ("base", "overlays", "tests/charts")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): path.stat().st_mtime_ns for path in files} | {
        str(path): 0
        for folder in (REPOSITORY, REPOSITORY / "build")
        for path in (folder.iterdir() if folder.is_dir() else ())
        if not path.name.startswith(".")
    }


@pytest.fixture(scope="session")
def vendored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source repository with the stand-in charts vendored; only to be copied."""
    root = tmp_path_factory.mktemp("vendored")
    ignored = shutil.ignore_patterns("charts", "charts.lock.yaml")
    shutil.copytree(REPOSITORY / "base", root / "base", ignore=ignored)
    shutil.copytree(REPOSITORY / "overlays", root / "overlays")
    assert main(["vendor", "wandb", "--from", str(CHARTS), "--root", str(root)]) == 0
    return root


@pytest.fixture
def source(vendored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """A source repository of the test's own, as the working directory."""
    root = tmp_path / "source"
    shutil.copytree(vendored, root)
    monkeypatch.chdir(root)
    return Source(root)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, in this process."""

    def run(*argv: str) -> Result:
        capsys.readouterr()
        code = main(list(argv))
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture
def refused(run: Run, source: Source) -> Refused:
    """A run that must fail: with the exit code, without a traceback, with nothing written."""

    def refused(*argv: str, code: int = 2) -> str:
        before = snapshot(source.root)
        result = run(*argv)
        assert (result.code, result.out) == (code, ""), result
        assert snapshot(source.root) == before
        assert result.err.startswith("error: ")
        assert "Traceback" not in result.err
        return result.err

    return refused


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare renders at once: no chart of the test has a time in it."""
    monkeypatch.setattr(diff, "PAUSE", 0)


@pytest.fixture
def needs_registry() -> None:
    """Skip where the registry program is missing; fail in CI, where it must not be."""
    if registry_command() is None:
        missing: Callable[[str], None] = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("the registry program is not on PATH")


@pytest.fixture
def needs_renderer() -> None:
    """Skip where sealift-renderer is missing, or of another helm; fail in CI, as above."""
    if renderer.find(helm.find()[1]) is None:
        missing: Callable[[str], None] = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("sealift-renderer is not on PATH, or was built with another version of helm")
