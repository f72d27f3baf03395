"""``sealift publish``: bundles become a commit, pull requests, or an OCI artifact."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder import log
from builder.commands.fleet_options import (
    AllOption,
    EnvironmentsArgument,
    ExecutorOption,
    JobsOption,
    ShardOption,
)
from builder.commands.options import ModeName, ModeOption, RootOption

if TYPE_CHECKING:
    from builder.deliver import Way
    from builder.fleet.run import Fleet


def publish(
    envs: EnvironmentsArgument = None,
    repository: Annotated[
        str | None, typer.Option(help="Git repository: URL or path. Default: environment.yaml's.")
    ] = None,
    branch: Annotated[
        str | None, typer.Option(help="Default: environment.yaml's, or main.")
    ] = None,
    pull_request: Annotated[
        bool,
        typer.Option(
            "--pull-request", help="Open a pull request, or bring the open one up to date."
        ),
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(metavar="oci://HOST/REPOSITORY[:TAG]", help="Push an OCI artifact for Flux."),
    ] = None,
    mode: ModeOption = None,
    allow_older: Annotated[
        bool,
        typer.Option("--allow-older", help="Also when a newer source commit is published."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all but the push.")] = False,
    root: RootOption = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    every: AllOption = False,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Nothing when one of many does not ship.")
    ] = False,
    shard: ShardOption = None,
    jobs: JobsOption = None,
    executor: ExecutorOption = "local",
) -> int:
    """Build environments, and commit their bundles to Git.

    One commit, only when something changed; other environments' folders are not touched. Of many,
    those of one branch go in one commit; what does not ship is left out, and the exit code is 1.
    Credentials: SEALIFT_GIT_USERNAME, SEALIFT_GIT_PASSWORD, and SEALIFT_GIT_HOST, the one host that
    gets them; for pull requests SEALIFT_FORGE_TOKEN and SEALIFT_FORGE_HOST. SEALIFT_CA_FILE. What
    git itself is set up with counts as well.

    Example: sealift publish example --repository gitops.git
    """
    from builder.core.errors import ConfigurationError
    from builder.deliver import Way
    from builder.fleet.names import is_many

    if sum((pull_request, to is not None, mode is ModeName.hydrator)) > 1:
        raise ConfigurationError("choose one of --pull-request, --to and --mode hydrator")
    if to is not None and (repository or branch):
        raise ConfigurationError("--to pushes an artifact: --repository and --branch are for Git")
    way = Way(
        repository=repository,
        branch=branch,
        oci=to,
        pull_request=pull_request,
        mode=mode.value if mode else None,
        allow_older=allow_older,
        dry_run=dry_run,
    )
    names = envs or []
    if not is_many(names, every=every, shard=shard) and executor == "local":
        return _one(names[0], root, way, json=json)
    if way.oci:
        raise ConfigurationError("--to is the place of one environment: publish them one by one")
    from builder.fleet import run
    from builder.fleet.names import chosen

    found = chosen(root, names, every=every, shard=shard)
    fleet = run.Fleet(root=root.resolve(), names=found, jobs=jobs, executor=executor)
    return _many(fleet, way, all_or_nothing=all_or_nothing, json=json)


def _one(env: str, root: Path, way: "Way", *, json: bool) -> int:
    from builder import report, report_publish
    from builder.build import build
    from builder.deliver import check, deliver
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    check(overlay, way)  # before the work: a wrong name is said at once
    result = build(overlay)
    if not result.ships:
        report.refuse(result)
        return 1
    delivery = deliver(result, way)
    for warning in delivery.proposal.warnings if delivery.proposal else ():
        log.say("warning", "proposal", f"warning: {warning}", message=warning)
    print(
        report_publish.delivery_json(delivery) if json else report_publish.delivery_text(delivery)
    )
    return 0


def _many(fleet: "Fleet", way: "Way", *, all_or_nothing: bool, json: bool) -> int:
    from builder.fleet import report, report_publish
    from builder.fleet.outcome import told
    from builder.fleet.publish import send

    tally = report.Tally()
    shipping = []
    for outcome in fleet.outcomes(returned=True):
        tally.add(outcome)
        if outcome.ships:
            shipping.append(outcome)
        else:
            report.tell(outcome)
    log.say("info", "summary", report.summary(tally, fleet.seconds))
    if all_or_nothing and tally.open:
        log.say("error", "unpublished", "nothing is published: not all of them ship")
        return tally.code
    records: list[tuple[str, dict[str, object]]] = []
    for sent in send(fleet.root, shipping, way, all_or_nothing=all_or_nothing):
        for name, error in sent.refused.items():
            outcome = told(name, error)
            tally.add(outcome)
            report.tell(outcome)
        records += report_publish.sent_records(sent)
        text = report_publish.sent_text(sent, dry_run=way.dry_run)
        if text and not json:
            print(text)
    if json:
        print(report_publish.records(records))
    return tally.code
