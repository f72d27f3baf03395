"""``python -m benchmarks``: prints a table of ratios, and writes them as JSON where asked."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.archives import verifying
from benchmarks.cases import airgap, startup
from benchmarks.dask import clusters
from benchmarks.fleet import fleets, publishing
from benchmarks.measure import Ratio
from benchmarks.pages import opening
from benchmarks.registries import resolving
from benchmarks.single import single
from builder.core.text import table


def main() -> None:
    """Run the benchmarks and print what they measured."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs of each command")
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    parser.add_argument(
        "--fleet", type=int, nargs="*", default=[100], help="sizes of fleets; 1000 takes minutes"
    )
    parser.add_argument("--only", choices=("fleet", "single", "dask"), help="nothing else")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealift-bench-") as folder:
        ratios: list[Ratio] = []
        if arguments.only in (None, "single"):
            ratios += single(Path(folder), arguments.rounds)
        if arguments.only in (None, "fleet"):
            ratios += [*fleets(Path(folder), tuple(arguments.fleet)), *publishing(Path(folder))]
        if arguments.only in (None, "dask"):
            ratios += clusters(Path(folder))
        if not arguments.only:
            ratios += [*startup(arguments.rounds), *airgap(Path(folder))]
            ratios += [*resolving(Path(folder)), *verifying(Path(folder) / "archives")]
            ratios += [*opening(Path(folder) / "pages", arguments.rounds)]
    print(table(("CASE", "MEASURED", "AGAINST", "RATIO"), [ratio.row() for ratio in ratios]))
    if arguments.json:
        arguments.json.write_text(json.dumps([ratio.as_dict() for ratio in ratios], indent=2))
    sys.stdout.flush()


main()
