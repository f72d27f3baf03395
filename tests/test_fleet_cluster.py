"""A fleet on a real Dask cluster: the same bytes, and nothing that was built from other files."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.servers.dask import Cluster, cluster
from tests.source import Source, snapshot
from tests.test_fleet import ON_EXAMPLE

pytestmark = pytest.mark.filterwarnings("default")  # of libraries that Dask brings


@pytest.fixture
def fleet(source: Source) -> Source:
    for name in ("eu-1", "eu-2", "us-1"):
        source.overlay(name, ON_EXAMPLE)
    return source


@pytest.fixture
def two(fleet: Source, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path / "cluster") as found:
        yield found


def test_what_comes_back_is_the_same(fleet: Source, run: Run, two: Cluster) -> None:
    here = run("build", "--all", "-o", "here", "--json")
    there = run("build", "--all", "-o", "there", "--json", "--executor", two.address)
    assert (there.code, here.code) == (1, 1)
    assert there.out.replace('"there/', '"here/') == here.out
    assert snapshot(fleet.path("there")) == snapshot(fleet.path("here"))
    one = run("build", "eu-1", "-o", "one", "--executor", two.address)
    assert (one.code, one.out.count("closed")) == (0, 2)
    assert snapshot(fleet.path("one/eu-1")) == snapshot(fleet.path("here/eu-1"))


def test_what_fails_there_is_told_here(
    fleet: Source, run: Run, tmp_path: Path, two: Cluster
) -> None:
    fleet.write("overlays/us-1/environment.yaml", "base: [\n")
    two.workers[0].kill()
    result = run("build", "--all", "--check", "--json", "--executor", two.address)
    found = {one["environment"]: one["ships"] for one in json.loads(result.out)}
    assert found == {"eu-1": True, "eu-2": True, "example": True, "guide": False, "us-1": False}
    assert result.code == 2
    assert "error: us-1: overlays/us-1/environment.yaml:" in result.err


def test_a_build_that_dies_takes_no_worker_along(fleet: Source, run: Run, tmp_path: Path) -> None:
    program = fleet.path("kustomize")
    program.write_text('#!/bin/sh\nif [ "$1" = version ]; then echo v5.7.1; exit; fi\n'
                       "kill -KILL $PPID\n")  # fmt: skip
    program.chmod(0o755)
    env = {"SEALIFT_KUSTOMIZE": str(program), "TMPDIR": str(tmp_path)}
    with cluster(tmp_path / "cluster", 1, env=env) as found:
        result = run("build", "eu-*", "--check", "--executor", found.address)
        assert found.workers[0].poll() is None
    assert result.code == 3
    for name in ("eu-1", "eu-2"):
        assert f"error: {name}: could not be built: its process was ended by SIGKILL" in result.err


def test_other_sources_are_noticed(fleet: Source, run: Run, two: Cluster) -> None:
    """Workers see the sources through a link, which leads elsewhere for them."""
    run("build", "eu-*", "--check", "--executor", two.address)
    from builder.fleet import cluster as module  # the client's side, in this process
    from builder.fleet.inputs import Inputs

    def other(*_: object, **__: object) -> Inputs:
        return Inputs(paths=("a",), digest="another")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "sealed", other)
        result = run("build", "eu-*", "-o", "out", "--executor", two.address)
    assert result.code == 3
    assert (
        f"error: eu-1: could not be built: a worker has other files in {fleet.root}" in result.err
    )
    assert not fleet.path("out").exists()


@pytest.mark.parametrize(
    ("executor", "said", "code"),
    [
        ("dask://", "is neither local nor dask://HOST:PORT", 2),
        ("dask://127.0.0.1:9", "no scheduler of Dask answers at 127.0.0.1:9", 3),
    ],
)
def test_an_address_that_is_none(
    fleet: Source, run: Run, executor: str, said: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.fleet.cluster._CONNECT", 1)
    result = run("build", "--all", "--executor", executor)
    assert (result.code, result.out) == (code, "")
    assert said in result.err


def test_a_cluster_without_workers(
    fleet: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.fleet.cluster._CONNECT", 3)
    with cluster(tmp_path / "cluster", 0) as found:
        result = run("build", "--all", "--executor", found.address)
    assert result.code == 3
    assert "has no workers" in result.err


def test_without_dask_it_is_said(fleet: Source, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = run("build", "--all", "--executor", "dask://127.0.0.1:9")
    assert (result.code, result.out) == (2, "")
    assert "pip install 'sealift[dask]'" in result.err
