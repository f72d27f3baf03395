"""A fleet on a Dask cluster of this machine: two workers against one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fleet import fleet, sealift
from benchmarks.measure import Ratio, watched
from builder.core.git_tree import tree_id
from tests.servers.dask import cluster


def clusters(folder: Path, size: int = 200) -> Iterator[Ratio]:
    """Build a fleet of distinct environments on one worker and on two, each with an empty cache."""
    root = folder / "dask"
    fleet(root, size, size)
    walls, trees = [], []
    for workers in (1, 2):
        out, env = root / "out", {"XDG_CACHE_HOME": str(root / f"cache-{workers}")}
        shutil.rmtree(out, ignore_errors=True)
        with cluster(root / f"cluster-{workers}", workers, env=env) as found:
            argv = [sealift(), "build", "site-*", "--root", str(root), "-o", str(out)]
            walls.append(watched([*argv, "--executor", found.address], env=env).wall)
        files = (path for path in out.rglob("*") if path.is_file())
        trees.append(tree_id({str(path.relative_to(out)): path.read_bytes() for path in files}))
    if trees[0] != trees[1]:
        raise RuntimeError("two workers built other bundles than one")
    yield Ratio(
        case=f"{size} environments on Dask, cold: wall of one worker / of two",
        measured=walls[0],
        against=walls[1],
    )
