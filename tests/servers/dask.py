"""A Dask cluster on this machine: a scheduler, and workers that are processes of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 120


@dataclass(frozen=True)
class Cluster:
    """The address that ``--executor`` takes, and the process of each worker."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def cluster(
    folder: Path, workers: int = 2, *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """Start a scheduler and workers of one thread each; wait until the workers are there."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "scheduler.json"
    options = ["--port", "0", "--host", "127.0.0.1", "--no-dashboard", "--scheduler-file"]
    running = [_started("scheduler", [*options, str(file)], folder, env, cwd)]
    try:
        _wait(file.is_file, running)
        own = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder)]
        for number in range(workers):
            argv = [*own, "--scheduler-file", str(file), "--name", f"w{number}"]
            running.append(_started("worker", argv, folder, env, cwd))
        address = ""
        with suppress(ValueError):
            address = json.loads(file.read_text())["address"].removeprefix("tcp://")
        _wait(lambda: (folder / "log").read_text().count("Registered to:") >= workers, running)
        yield Cluster(address=f"dask://{address}", workers=running[1:])
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _started(
    kind: str, argv: list[str], folder: Path, env: Mapping[str, str] | None, cwd: Path | None
) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *argv],
            stdout=log, stderr=log, cwd=cwd or folder, env={**os.environ, **(env or {})},
        )  # fmt: skip


def _wait(there: object, running: list[subprocess.Popen[bytes]]) -> None:
    assert callable(there)
    until = time.monotonic() + _PATIENCE
    while not there():
        assert all(process.poll() is None for process in running), "the cluster did not start"
        assert time.monotonic() < until
        time.sleep(0.05)
