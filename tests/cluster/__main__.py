"""``python -m tests.cluster [PYTEST ARGUMENTS]``: run these tests where nothing can get out.

Those that share the cluster of one engine run beside those of the other, and beside those that
stand apart, each in a namespace; with ``--engine NAME`` one of the three does, on the terminal.
What the programs of a run that failed have logged is kept: see docs/cluster-tests.md.
"""

import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

from tests.cluster.namespace import enter, first_process, shut_in

_ENGINES = ("flux", "argocd", "apart")
_INSIDE = "--inside"
_TEMPORARY = "tmp"
_NO_TESTS = int(pytest.ExitCode.NO_TESTS_COLLECTED)
_REPOSITORY = Path(__file__).parents[2]
_KEPT = _REPOSITORY / "build" / "cluster"


def main(argv: list[str]) -> int:
    """Enter the namespaces, and run pytest in each; returns the worst exit code."""
    if argv[:1] == [_INSIDE]:
        return _inside(Path(argv[1]), argv[2:])
    # Before any test: they hold that nothing in the repository changes.
    shutil.rmtree(_KEPT, ignore_errors=True)
    _KEPT.mkdir(parents=True)
    if any(argument.startswith("--engine") for argument in argv):
        return _one(argv, _KEPT)
    with ThreadPoolExecutor(len(_ENGINES)) as pool:
        codes = list(pool.map(lambda name: _beside(argv, name), _ENGINES))
    # What was asked for need not be among the tests of each.
    return max((code for code in codes if code != _NO_TESTS), default=_NO_TESTS)


def _beside(argv: list[str], name: str) -> int:
    """Run one of the three; prints what they printed when they have ended."""
    kept = _KEPT / name
    kept.mkdir()
    log = kept / "output.log"
    with log.open("wb") as output:
        code = _one([*argv, f"--engine={name}"], kept, output)
    print(f"== {name}\n{log.read_text(errors='replace')}", flush=True)
    return code


def _one(argv: list[str], kept: Path, output: IO[bytes] | None = None) -> int:
    """Run pytest in a namespace; of a run that fails the logs are kept, and it says where."""
    with tempfile.TemporaryDirectory(prefix="sealift-cluster-") as folder:
        command = [sys.executable, "-m", "tests.cluster", _INSIDE, folder, *argv]
        code = enter(command, output)
        if code != 0 and _keep(Path(folder), kept):
            message = f"logs of all programs: {kept.relative_to(_REPOSITORY)}\n"
            (output.write(message.encode()) if output else sys.stderr.write(message))
    return code


def _keep(folder: Path, kept: Path) -> int:
    """Copy the logs; returns how many there were."""
    below = folder / _TEMPORARY
    # Databases have files of that name too, in their folders for data.
    logs = [path for path in below.rglob("*.log") if "data" not in path.parts and path.is_file()]
    for log in logs:
        target = kept / log.relative_to(below)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, target)
    return len(logs)


def _inside(folder: Path, argv: list[str]) -> int:
    shut_in(folder)
    here = str(Path(__file__).parent)
    flags = ["-p", "no:cacheprovider", f"--basetemp={folder / _TEMPORARY}"]
    return first_process([sys.executable, "-m", "pytest", here, *flags, *argv])


sys.exit(main(sys.argv[1:]))
