"""``sealift publish``: the bundle becomes a commit, a pull request, or an OCI artifact."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder.commands.options import EnvironmentArgument, ModeName, ModeOption, RootOption


def publish(
    env: EnvironmentArgument,
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
) -> int:
    """Build an environment, and commit its bundle to Git.

    One commit, only when something changed; other environments' folders are not touched.
    Credentials: SEALIFT_GIT_USERNAME, SEALIFT_GIT_PASSWORD, and SEALIFT_GIT_HOST, the one host that
    gets them; for pull requests SEALIFT_FORGE_TOKEN and SEALIFT_FORGE_HOST. SEALIFT_CA_FILE. What
    git itself is set up with counts as well.

    Example: sealift publish example --repository gitops.git
    """
    from builder import report, report_publish
    from builder.build import build
    from builder.core.errors import ConfigurationError
    from builder.deliver import Way, check, deliver
    from builder.workspace import find_overlay

    if sum((pull_request, to is not None, mode is ModeName.hydrator)) > 1:
        raise ConfigurationError("choose one of --pull-request, --to and --mode hydrator")
    overlay = find_overlay(root, env)
    way = Way(
        repository=repository,
        branch=branch,
        oci=to,
        pull_request=pull_request,
        mode=mode.value if mode else None,
        allow_older=allow_older,
        dry_run=dry_run,
    )
    check(overlay, way)  # before the work: a wrong name is said at once
    result = build(overlay)
    if not result.ships:
        print(report.build_text(result, None), file=sys.stderr)
        return 1
    delivery = deliver(result, way)
    for warning in delivery.proposal.warnings if delivery.proposal else ():
        print(f"warning: {warning}", file=sys.stderr)
    print(
        report_publish.delivery_json(delivery) if json else report_publish.delivery_text(delivery)
    )
    return 0
