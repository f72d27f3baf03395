"""``python -m tests.cluster [PYTEST ARGUMENTS]``: run these tests where nothing can get out.

The tests of the engines run at the same time, in a namespace each; with ``--engine NAME`` those of
one.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.cluster.namespace import enter, first_process, shut_in

_ENGINES = ("flux", "argocd")
_INSIDE = "--inside"


def main(argv: list[str]) -> int:
    """Enter the namespaces, and run pytest in each; returns the worst exit code."""
    if argv[:1] == [_INSIDE]:
        return _inside(Path(argv[1]), argv[2:])
    if any(argument.startswith("--engine") for argument in argv):
        return _one(argv)
    with ThreadPoolExecutor(len(_ENGINES)) as pool:
        return max(pool.map(lambda name: _one([*argv, f"--engine={name}"], name), _ENGINES))


def _one(argv: list[str], name: str = "") -> int:
    """Run pytest in a namespace; of several runs, each shows what it printed when it has ended."""
    with tempfile.TemporaryDirectory(prefix="sealift-cluster-") as folder:
        command = [sys.executable, "-m", "tests.cluster", _INSIDE, folder, *argv]
        if not name:
            return enter(command)
        log = Path(folder) / "log"
        with log.open("wb") as output:
            code = enter(command, output)
        print(f"== {name}\n{log.read_text(errors='replace')}", flush=True)
        return code


def _inside(folder: Path, argv: list[str]) -> int:
    shut_in(folder)
    here = str(Path(__file__).parent)
    return first_process([sys.executable, "-m", "pytest", here, "-p", "no:cacheprovider", *argv])


sys.exit(main(sys.argv[1:]))
