"""``sealift environment promote``: what runs in one environment, in another."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder import log
from builder.commands.options import RootOption


class PromoteFormat(StrEnum):
    """How the outcome is printed."""

    text = "text"
    json = "json"


def promote(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Whose versions are taken.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Which environment gets them.")],
    pull_request: Annotated[
        bool,
        typer.Option(
            "--pull-request", help="Propose it in the source repository; write nothing here."
        ),
    ] = False,
    branch: Annotated[
        str, typer.Option("--branch", metavar="NAME", help="What the proposal is for.")
    ] = "main",
    remote: Annotated[
        str, typer.Option("--remote", metavar="NAME", help="Where the source repository is.")
    ] = "origin",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change; write nothing.")
    ] = False,
    output: Annotated[
        PromoteFormat, typer.Option("-o", "--output", help="How to print.")
    ] = PromoteFormat.text,
    root: RootOption = Path(),
) -> int:
    """Let an environment run what another one runs.

    Takes over the versions of charts that controllers render, the pins, and the digests of
    images.lock.yaml; makes anew what is generated. Settings stay. All in the sources: CI publishes
    what is merged. Nothing is written when it does not render. Exit code 1 when something is left
    to do by hand. For pull requests SEALIFT_GIT_... and SEALIFT_FORGE_..., as for `publish`.

    Example: sealift environment promote staging prod --dry-run
    """
    from builder import report_promote as report
    from builder.environments.promote import promote as run
    from builder.environments.request import propose
    from builder.report import tell

    outcome = run(root.resolve(), source, target, write=not (dry_run or pull_request))
    tell(report.findings(outcome))
    proposal = None
    if pull_request and not dry_run and outcome.differences and not outcome.failed:
        body = report.markdown(outcome)
        proposal = propose(root.resolve(), outcome, remote=remote, base=branch, body=body)
        for warning in proposal.warnings:
            log.say("warning", "proposal", f"warning: {warning}", message=warning)
    written = not (dry_run or pull_request)
    if output is PromoteFormat.json:
        print(report.as_json(outcome, written=written, proposal=proposal))
    else:
        print(report.text(outcome, written=written, proposal=proposal))
    return int(outcome.unfinished)
