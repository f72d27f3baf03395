"""``sealift build``: environments become bundles, or lists of findings."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder import log
from builder.commands.cluster_options import (
    ContextOption,
    KubeconfigOption,
    ServerOption,
    named,
)
from builder.commands.fleet_options import (
    AllOption,
    EnvironmentsArgument,
    ExecutorOption,
    JobsOption,
    ShardOption,
)
from builder.commands.options import RootOption

if TYPE_CHECKING:
    from builder.fleet.run import Fleet


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
    server: ServerOption = False,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
) -> int:
    """Build a bundle, and prove that nothing in it leaves the network.

    Nothing is written when a finding blocks: then the exit code is 1. Of many environments, one
    that fails stops no other; the exit code is the worst. With --server, what the API server of a
    kubeconfig refuses in a dry run is a finding too.

    Example: sealift build example -o out
    """
    from builder.fleet.names import is_many

    names = envs or []
    if not is_many(names, every=every, shard=shard) and executor == "local":
        folder = None if check else output
        if server:
            return _asked(names[0], root, folder, named(kubeconfig), context, json=json)
        return _one(names[0], root, folder, json=json)
    if server:
        from builder.core.errors import ConfigurationError

        raise ConfigurationError(
            "--server asks one cluster, for one environment",
            hint="build each by its name, with the kubeconfig of its cluster",
        )
    from builder.fleet import run
    from builder.fleet.names import chosen

    found = chosen(root, names, every=every, shard=shard)
    fleet = run.Fleet(root=root.resolve(), names=found, jobs=jobs, executor=executor)
    return _many(fleet, None if check else output, json=json)


def _one(env: str, root: Path, output: Path | None, *, json: bool) -> int:
    """Build one environment, unless nothing has changed since that was done."""
    from builder.fleet import kept
    from builder.fleet.written import unpacked, write

    root = root.resolve()
    found: dict[str, Any] = {}
    if "/" not in env and not env.startswith("."):
        found, _ = kept.plainly(root, env, str(output) if output else None)
    if found:
        if output and found["packed"]:
            write(env, unpacked(found["packed"]), output)
        code, text, record = found["code"], found["text"], found["record"]
    else:
        from builder.fleet import work

        outcome = work.alone(work.Job(root=root, output=output), env)
        code, text, record = outcome.code, outcome.text, outcome.record
    print(record if json else log.painted(text, sys.stdout))
    return int(code)


def _asked(
    env: str, root: Path, output: Path | None, kubeconfig: str, context: str, *, json: bool
) -> int:
    """Build one environment, and have the API server of a cluster try it."""
    from builder import report, server_check
    from builder.build import build as run
    from builder.core import lock
    from builder.files import write_tree
    from builder.still import still
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    with still():
        result = run(overlay)
    result, outcome = server_check.tried(result, kubeconfig, context)
    log.say("info", "dry-run", str(outcome))
    folder = output / overlay.name if output and result.ships else None
    if folder:
        write_tree(folder, result.files, marker=lock.FILE)
    show = report.build_json if json else report.build_text
    text = show(result, str(folder) if folder else None)
    print(text if json else log.painted(text, sys.stdout))
    return 0 if result.ships else 1


def _many(fleet: "Fleet", output: Path | None, *, json: bool) -> int:
    from builder.fleet import report

    tally = report.Tally()
    records = []
    for outcome in fleet.outcomes(output=output):
        tally.add(outcome)
        if outcome.said:
            report.tell(outcome)
        if json:
            records.append(outcome.record)
        elif outcome.text:
            print(log.painted(outcome.text, sys.stdout), end="\n\n", flush=True)
    if json:
        print(report.records(records))
    summary = report.summary(tally, fleet.seconds)
    if json:
        log.say("info", "summary", summary)
    else:
        print(summary)
    return tally.code
