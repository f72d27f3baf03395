"""Many environments at once: which are meant, and that none stands in another's way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core.errors import ConfigurationError
from builder.fleet import report
from builder.fleet.names import Shard, chosen, is_many
from builder.fleet.processes import Fresh, Lost, Processes
from tests.conftest import Refused, Run
from tests.processes import has_ended
from tests.source import Source, snapshot

ON_EXAMPLE = "resources: [../example]\n"


@pytest.fixture
def fleet(source: Source) -> Source:
    """The example, three that extend it, and the guide, which does not ship."""
    for name in ("eu-1", "eu-2", "us-1"):
        source.overlay(name, ON_EXAMPLE)
    return source


@pytest.fixture
def dying(fleet: Source, monkeypatch: pytest.MonkeyPatch) -> Source:
    """A fleet in which kustomize kills the process that started it, for eu-1 only."""
    program = fleet.path("kustomize")
    real = subprocess.run(
        [sys.executable, "-c", "from builder.tools.kustomize import find; print(*find()[0])"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = version ]; then echo v5.7.1; exit; fi\nshift\n'
        'case "$*" in *overlays/fatal) kill -KILL $PPID; sleep 60;; esac\n'
        f'exec {real} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("SEALIFT_KUSTOMIZE", str(program))
    # Not plain, so that kustomize builds the overlay itself.
    fleet.overlay("fatal", "resources: [../../base/wandb]\nnamePrefix: a-\n", "extends: example\n")
    text = fleet.read("overlays/guide/environment.yaml")
    fleet.write("overlays/fatal/environment.yaml", text)
    return fleet


def test_each_is_built_as_if_alone(fleet: Source, run: Run) -> None:
    alone = {}
    for name in ("eu-1", "example"):
        alone[name] = run("build", name, "-o", "alone")
    many = run("build", "example", "eu-1", "-o", "many")
    assert (many.code, many.err) == (0, "")
    texts = [alone[name].out.replace("alone/", "many/") for name in ("eu-1", "example")]
    assert many.out.startswith("\n".join(texts) + "\n2 of 2 environments closed, in ")
    assert snapshot(fleet.path("many")) == snapshot(fleet.path("alone"))


def test_all_of_them_are_told_in_the_order_of_names(fleet: Source, run: Run) -> None:
    result = run("build", "--all", "--check", "--json", "--jobs", "3")
    found = json.loads(result.out)
    assert [one["environment"] for one in found] == ["eu-1", "eu-2", "example", "guide", "us-1"]
    assert [one["ships"] for one in found] == [True, True, True, False, True]
    assert found[2] == json.loads(run("build", "example", "--check", "--json").out)
    assert result.code == 1
    assert result.err.startswith("4 of 5 environments closed, in ")
    assert "\n  guide: 26 errors: floating-tag, " in result.err
    assert not fleet.path("build").exists()


def test_one_that_is_wrong_stops_no_other(fleet: Source, run: Run) -> None:
    fleet.edit("overlays/eu-1/environment.yaml", "example", "exampel")
    fleet.write("overlays/us-1/environment.yaml", "base: [\n")
    result = run("build", "eu-*", "us-*", "guide", "-o", "out", "--json")
    assert result.code == 2
    assert [path.name for path in fleet.path("out").iterdir()] == ["eu-2"]
    wrong = json.loads(result.out)[0]
    assert (wrong["environment"], wrong["ships"], wrong["findings"]) == ("eu-1", False, [])
    alone = run("build", "eu-1")
    assert alone.err == f"error: {wrong['error']['what']}\n"
    assert alone.err.replace("error: ", "error: eu-1: ") in result.err
    assert "error: us-1: overlays/us-1/environment.yaml:" in result.err


def test_one_whose_process_dies_stops_no_other(dying: Source, run: Run, scratch: Path) -> None:
    result = run("build", "fatal", "eu-1", "eu-2", "us-1", "-o", "out", "--jobs", "1")
    assert result.code == 3
    assert sorted(path.name for path in dying.path("out").iterdir()) == ["eu-1", "eu-2", "us-1"]
    assert (
        "error: fatal: could not be built: its process was ended by SIGKILL\nhint: " in result.err
    )
    assert "3 of 4 environments closed" in result.out
    for left in scratch.glob("sealift-helm-*"):  # nobody was there any more to clear it up
        shutil.rmtree(left)


def test_a_bug_is_told_with_its_log(
    fleet: Source, run: Run, monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    def wrong(*_: object) -> None:
        raise RuntimeError("this was not thought of")

    monkeypatch.setattr("builder.fleet.work.build", wrong)  # which the forks inherit
    result = run("build", "eu-*", "--check")
    assert result.code == 4
    assert "error: eu-2: RuntimeError: a bug in sealift\nhint: please report it with" in result.err
    logs = list(scratch.glob("sealift-*.log"))
    assert len(logs) == 2
    for log in logs:
        assert "this was not thought of" in log.read_text()
        log.unlink()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_at_once(
    fleet: Source, number: signal.Signals, tmp_path: Path, scratch: Path
) -> None:
    slow = fleet.path("kustomize")
    slow.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = version ]; then echo v5.7.1; exit; fi\n'
        f"echo $$ $PPID >> {tmp_path}/started\nsleep 600\n"
    )
    slow.chmod(0o755)
    environment = {**os.environ, "SEALIFT_KUSTOMIZE": str(slow), "SEALIFT_CACHE": "off"}
    process = subprocess.Popen(
        [sys.executable, "-m", "builder", "build", "--all", "--jobs", "2", "-o", "out"],
        env=environment, cwd=fleet.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    started = tmp_path / "started"
    while not (started.exists() and started.read_text().count("\n") == 2):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    pids = [int(pid) for pid in started.read_text().split()]
    assert len(set(pids)) == 4
    assert all(map(has_ended, pids))
    assert not fleet.path("out").exists()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "name environments, or give --all"),
        (("--all", "example"), "name environments, or give --all"),
        (("eu-*",), "no environment under overlays/ matches 'eu-*'"),
        (("example", "exampel"), "there is no environment 'exampel'"),
        (("--all", "--shard", "3/2"), "--shard 3/2: is not one share"),
        (("--all", "--shard", "0/2"), "--shard 0/2: is not one share"),
        (("--all", "--shard", "x"), "--shard x: is not one share"),
        (("--all", "--jobs", "0"), "--jobs"),
        (("example", "--executor", "slurm"), "--executor slurm"),
    ],
)
def test_what_is_no_choice_is_said(
    run: Run, source: Source, argv: tuple[str, ...], said: str
) -> None:
    result = run("build", *argv, "--check")
    assert result.code == 2
    assert said in result.err


def test_two_folders_of_one_name_are_not_mixed_up(source: Source, refused: Refused) -> None:
    other = source.path("more/example")
    other.mkdir(parents=True)
    assert "two environments of one name" in refused("build", "example", str(other))
    assert chosen(source.root, ["example", str(source.path("overlays/example"))]) == ["example"]


def test_no_environments_at_all(tmp_path: Path, run: Run) -> None:
    assert (
        "there is no environment under overlays/"
        in run("build", "--all", "--root", str(tmp_path)).err
    )


def test_a_list_is_told_by_its_form(source: Source, run: Run) -> None:
    assert len(json.loads(run("build", "exampl?", "--check", "--json").out)) == 1
    assert isinstance(json.loads(run("build", "example", "--check", "--json").out), dict)
    assert not is_many(["a"], every=False, shard=None)
    assert is_many([], every=True, shard=None)
    assert is_many(["a"], every=False, shard="1/2")


NAMES = st.sets(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), min_size=1, max_size=40)


@given(NAMES, st.integers(1, 7))
def test_shares_have_each_name_once(names: set[str], of: int) -> None:
    shards = [Shard(number=number, of=of) for number in range(1, of + 1)]
    assert all(sum(shard.has(name) for shard in shards) == 1 for name in names)


def test_shares_are_even() -> None:
    names = [f"site-{number:04}" for number in range(2000)]
    sizes = [sum(Shard(number=n, of=4).has(name) for name in names) for n in range(1, 5)]
    assert sum(sizes) == 2000
    assert all(440 < size < 560 for size in sizes)


def test_a_share_without_environments_is_fine(source: Source, run: Run) -> None:
    codes = [run("build", "example", "--check", "--shard", f"{n}/9") for n in range(1, 10)]
    assert [one.code for one in codes] == [0] * 9
    assert sum("example: closed" in one.out for one in codes) == 1
    assert sum("0 of 0 environments" in one.out for one in codes) == 8


def _doubled(number: int) -> int:
    if number == 13:
        os._exit(7)
    if number == 17:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


@contextmanager
def doubled() -> Iterator[Callable[[int], int]]:
    yield _doubled


@pytest.mark.parametrize("jobs", [1, 3])
def test_processes_that_die_lose_one_item_each(jobs: int) -> None:
    with Processes(jobs) as processes:
        found = dict(processes.results(doubled, [range(40), range(40, 60)]))
        assert len(processes.workers) <= jobs
        again = dict(processes.results(doubled, [[1, 2]]))
    assert found.pop(13) == Lost(reason="its process ended with exit code 7")
    assert found.pop(17) == Lost(reason="its process was ended by SIGKILL")
    assert found == {number: 2 * number for number in range(60) if number not in (13, 17)}
    assert again == {1: 2, 2: 4}


@contextmanager
def positive() -> Iterator[Callable[[int], int]]:
    yield abs


def test_processes_of_their_own() -> None:
    with Processes(2, Fresh) as processes:
        found = dict(processes.results(positive, [[-1, -2], [-3]]))
        pids = [worker.handle.pid for worker in processes.workers]
    assert found == {-1: 1, -2: 2, -3: 3}
    assert all(map(has_ended, pids))


def test_a_summary_names_the_first_that_do_not_ship() -> None:
    tally = report.Tally(total=30, open=[(f"e{n}", "1 error: x") for n in range(25)])
    assert report.summary(tally, 3).splitlines()[-2:] == ["  e19: 1 error: x", "  and 5 more"]


def test_what_is_wrong_with_a_pattern_is_a_configuration_error(source: Source) -> None:
    with pytest.raises(ConfigurationError, match="no environment under overlays/ matches"):
        chosen(source.root, ["[z]*"])
