"""``sealift build``: environments become bundles, or lists of findings."""

from pathlib import Path
from typing import Annotated

import typer

from builder.commands.fleet_options import (
    AllOption,
    EnvironmentsArgument,
    ExecutorOption,
    JobsOption,
    ShardOption,
)
from builder.commands.options import RootOption


def build(
    envs: EnvironmentsArgument = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Write each bundle to FOLDER/ENV.")
    ] = Path("build"),
    root: RootOption = Path(),
    check: Annotated[bool, typer.Option("--check", help="Write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    every: AllOption = False,
    shard: ShardOption = None,
    jobs: JobsOption = None,
    executor: ExecutorOption = "local",
) -> int:
    """Build a bundle, and prove that nothing in it leaves the network.

    Nothing is written when a finding blocks: then the exit code is 1. Of many environments, one
    that fails stops no other; the exit code is the worst.

    Example: sealift build example -o out
    """
    from builder.fleet.names import is_many

    names = envs or []
    if not is_many(names, every=every, shard=shard) and executor == "local":
        return _one(names[0], root, None if check else output, json=json)
    from builder.fleet.names import chosen

    found = chosen(root, names, every=every, shard=shard)
    return _many(found, root, None if check else output, jobs, executor, json=json)


def _one(env: str, root: Path, output: Path | None, *, json: bool) -> int:
    from builder import report
    from builder.build import build as run
    from builder.core import lock
    from builder.files import write_tree
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    result = run(overlay)
    folder = output / overlay.name if output and result.ships else None
    if folder:
        write_tree(folder, result.files, marker=lock.FILE)
    show = report.build_json if json else report.build_text
    print(show(result, str(folder) if folder else None))
    return 0 if result.ships else 1


def _many(
    names: list[str],
    root: Path,
    output: Path | None,
    jobs: int | None,
    executor: str,
    *,
    json: bool,
) -> int:
    import sys
    import time

    from builder.fleet import report, run
    from builder.fleet.work import Job

    started = time.monotonic()
    tally = report.Tally()
    records = []
    job = Job(root=root.resolve(), output=output)
    for outcome in run.outcomes(names, job, jobs=jobs or run.cores(), executor=executor):
        tally.add(outcome)
        if outcome.said:
            print(report.said(outcome), file=sys.stderr)
        if json:
            records.append(outcome.record)
        elif outcome.text:
            print(outcome.text, end="\n\n", flush=True)
    if json:
        print(report.records(records))
    print(
        report.summary(tally, time.monotonic() - started), file=sys.stderr if json else sys.stdout
    )
    return tally.code
