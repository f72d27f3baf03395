"""Work on a Dask cluster, whose workers have the sources at the same path.

https://distributed.dask.org. A worker hands what it is given to a process of its own, so that a
build that dies takes no worker along. What comes back was built from the very files that stand
here, or is told as an error.
"""

import functools
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder import cache
from builder.core.errors import ConfigurationError, ToolError
from builder.fleet import work
from builder.fleet.groups import cut
from builder.fleet.inputs import sealed
from builder.fleet.outcome import Outcome, lost
from builder.fleet.processes import Fresh, Lost, Processes
from builder.fleet.work import Job
from builder.still import still

if TYPE_CHECKING:
    from distributed import Client

SCHEME = "dask://"
_SIZE = 8
_CONNECT = 10  # seconds
_here = threading.local()


def results(
    executor: str, job: Job, groups: Sequence[Sequence[str]]
) -> Iterator[tuple[str, Outcome]]:
    """Build the environments on a cluster; yield what came of each, as they are done.

    Raises ConfigurationError for an address that is none, or without Dask, ToolError when the
    scheduler does not answer or has no workers.
    """
    with _connected(executor) as client:
        workers = _workers(client, executor)
        names = sum(map(len, groups))
        size = max(1, min(_SIZE, names // (4 * workers)))
        batches = cut(groups, size)
        cached = os.environ.get(cache.SETTING) != cache.OFF
        returned = replace(job, returned=True)
        futures = {
            client.submit(_batch, returned, _code(), batch, cached, pure=False): batch
            for batch in batches
        }
        yield from _received(client, job, futures)


def _connected(executor: str) -> "Client":
    address = executor.removeprefix(SCHEME)
    if not executor.startswith(SCHEME) or not address:
        raise ConfigurationError(f"--executor {executor}: is neither local nor dask://HOST:PORT")
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigurationError(
            "Dask is not installed", hint="pip install 'sealift[dask]', also for the workers"
        ) from error
    try:
        return Client(f"tcp://{address}", timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ToolError(
            f"no scheduler of Dask answers at {address}", hint="is it up, and of the same version?"
        ) from error


def _workers(client: "Client", executor: str) -> int:
    """Return how many threads of workers there are, once there is one."""
    from distributed import TimeoutError as NoWorkers

    try:
        client.wait_for_workers(1, timeout=_CONNECT)
    except NoWorkers as error:
        raise ToolError(
            f"the scheduler at {executor.removeprefix(SCHEME)} has no workers",
            hint="start some: dask worker HOST:PORT",
        ) from error
    threads: dict[str, int] = client.nthreads()
    return max(1, sum(threads.values()))


def _received(
    client: "Client", job: Job, futures: dict[Any, list[str]]
) -> Iterator[tuple[str, Outcome]]:
    from distributed import as_completed

    try:
        for future in as_completed(list(futures), loop=client.loop, raise_errors=False):
            batch = futures.pop(future)
            error = future.exception()
            for name in batch if error else ():
                yield name, lost(name, f"the cluster gave it up: {_short(error)}")
            with still():
                same = [_same(job, outcome) for outcome in (() if error else future.result())]
            yield from zip(batch, same, strict=False)
            future.release()
    finally:
        client.cancel(list(futures), force=True)


def _same(job: Job, outcome: Outcome) -> Outcome:
    """Return what was built from the files that stand here, written where that is asked for."""
    if outcome.code not in (0, 1):
        return outcome
    if outcome.inputs is None:
        return lost(outcome.name, "what it is built from cannot be compared with a worker's")
    paths, timeless = outcome.inputs.paths, outcome.inputs.timeless
    if sealed(job.root, paths, timeless=timeless) != outcome.inputs:
        return lost(outcome.name, f"a worker has other files in {job.root}")
    return work.settled(job, outcome)


def _short(error: BaseException) -> str:
    kind = type(error).__name__
    said = str(error).strip().partition("\n")[0]
    return kind if isinstance(error, CancelledError) or not said else f"{kind}: {said}"


def _batch(job: Job, code: str, names: Sequence[str], cached: bool) -> list[Outcome]:
    """Build environments on a worker, in a process that stays for what comes next."""
    if code != _code():
        reason = "a worker of the cluster has another version of Sealift"
        return [lost(name, reason) for name in names]
    processes = getattr(_here, "processes", None)
    if processes is None:
        processes = _here.processes = Processes(1, Fresh)
    found = dict(processes.results(functools.partial(_building, job, cached), [names]))
    return [
        lost(name, found[name].reason) if isinstance(found[name], Lost) else found[name]
        for name in names
    ]


def _building(job: Job, cached: bool) -> AbstractContextManager[Callable[[str], Outcome]]:
    if not cached:
        cache.off()
    return work.building(job)


@functools.cache
def _code() -> str:
    """Tell this code from any other, wherever it is installed."""
    package = Path(__file__).parents[1]
    total = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        total.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return total.hexdigest()
