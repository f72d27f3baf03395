"""One environment: built for the first time, and again when nothing has changed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fleet import by_tools, fleet, sealift
from benchmarks.measure import Ratio, median, run


def single(folder: Path, rounds: int) -> Iterator[Ratio]:
    """Compare a build with the tools that it needs, and one of what has not changed."""
    root = folder / "single"
    (name,) = fleet(root, 1, 1)
    kustomize, helm = by_tools(root, name)
    cache = root / "cache"
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    argv = [sealift(), "build", name, "--root", str(root), "-o", str(root / "out")]
    cold, warm, both, alone = [], [], [], []
    for _ in range(rounds):
        shutil.rmtree(cache, ignore_errors=True)
        cold.append(run(argv, env=env))
        warm.append(run(argv, env=env))
        both.append(run(["sh", "-c", f"{kustomize} && {helm}"]))
        alone.append(run(["sh", "-c", kustomize]))
    yield Ratio(
        case="one environment, cold: processor time / kustomize and helm",
        measured=median(cold).processor,
        against=median(both).processor,
    )
    yield Ratio(
        case="one environment, unchanged: processor time / kustomize",
        measured=median(warm).processor,
        against=median(alone).processor,
    )
    yield Ratio(
        case="one environment, unchanged: wall / kustomize",
        measured=median(warm).wall,
        against=median(alone).wall,
    )
