"""A run of the harness that is killed, with its programs: no process stays, and no namespace."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.conftest import need
from tests.cluster.desk import REPOSITORY
from tests.cluster.parts import CACHE
from tests.cluster.patience import eventually

_ENTER = """\
import sys
from tests.cluster.namespace import enter
sys.exit(enter([sys.executable, "-m", "tests.cluster", "--inside", *sys.argv[1:]]))
"""
_TEST = "test_all_that_is_there_is_found"
_SERVER = "kube-apiserver"
# What runs one in the other: the command, unshare, the first process of the namespace, pytest.
_COMMAND, _PYTEST = 0, 3


@pytest.mark.parametrize("depth", [_COMMAND, _PYTEST], ids=["the command", "pytest"])
def test_a_run_that_is_killed_leaves_nothing(tmp_path: Path, depth: int) -> None:
    need("etcd", "kubernetes")
    # It does not end by itself: it waits for somebody who debugs the test.
    flags = [f"-k={_TEST}", "--engine=apart", "--trace"]
    command = [sys.executable, "-c", _ENTER, str(tmp_path), *flags]
    with (tmp_path / "output.log").open("wb") as output:
        run = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(CACHE)},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
    assert run.stdin is not None
    try:
        eventually(
            lambda: _below(run.pid, _SERVER) or run.poll() is not None,
            "the run within this one has an API server",
            state=(tmp_path / "output.log").read_text,
        )
        line = _below(run.pid, _SERVER)
        assert len(line) == 5, (line, (tmp_path / "output.log").read_text())
        network = _network(line[-1])
        assert network != _network(os.getpid())
        os.kill(line[depth], signal.SIGKILL)
        eventually(lambda: not _within(network), "all has ended", state=lambda: _within(network))
    finally:
        run.stdin.close()
        run.kill()
        run.wait()


def _below(pid: int, name: str) -> list[int]:
    """The processes from one down to the one of that name below it; none, where there is none."""
    parents = {child: parent for child, parent, _ in _processes()}
    for child, _, found in _processes():
        if found == name:
            line = [child]
            while line[0] != pid and line[0] in parents:
                line.insert(0, parents[line[0]])
            if line[0] == pid:
                return line
    return []


def _within(network: str) -> list[str]:
    """The names of the processes in a network namespace."""
    return [name for pid, _, name in _processes() if _network(pid) == network]


def _network(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:  # it has ended
        return ""


def _processes() -> list[tuple[int, int, str]]:
    """Every process: its number, its parent's, and its name (proc(5), 15 characters of it)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:  # it has ended
            continue
        name = text[text.index("(") + 1 : text.rindex(")")]
        parent = int(text[text.rindex(")") + 2 :].split()[1])
        found.append((int(path.parent.name), parent, name))
    return found
