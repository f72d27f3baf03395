"""``sealift upgrade``: an environment moves to another version of its platform's chart."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder.commands import complete
from builder.commands.options import EnvironmentArgument, RootOption
from builder.commands.registry_options import CaFileOption, PlainHttpOption, ViaOption


class UpgradeFormat(StrEnum):
    """How the outcome is printed."""

    text = "text"
    json = "json"


def upgrade(
    env: EnvironmentArgument,
    version: Annotated[
        str | None,
        typer.Option(
            "--chart-version",
            metavar="VERSION",
            help="Default: the one that stands in the sources, to finish what Renovate began.",
            autocompletion=complete.chart_versions,
        ),
    ] = None,
    chart: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which nested chart; needed where there are several.",
            autocompletion=complete.charts,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FOLDER|URL", help="Take the chart from here instead."),
    ] = None,
    in_base: Annotated[
        bool,
        typer.Option("--base", help="Set it in the base, for all environments that take it there."),
    ] = False,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep the old chart vendored: `sealift diff` needs it."),
    ] = False,
    lock: Annotated[
        bool, typer.Option("--lock/--no-lock", help="Ask registries for new images' digests.")
    ] = True,
    plain_http: PlainHttpOption = None,
    ca_file: CaFileOption = None,
    via: ViaOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change; write nothing.")
    ] = False,
    output: Annotated[
        UpgradeFormat, typer.Option("-o", "--output", help="How to print.")
    ] = UpgradeFormat.text,
    root: RootOption = Path(),
) -> int:
    """Move an environment to another version of a nested chart.

    Vendors the chart, sets its version where it stands, and makes anew what rests on it: patches,
    references to Secrets, the lock of images. Prints what a reviewer has to know. Nothing is
    written when the version does not render. Exit code 1 when something is left to do by hand.

    Example: sealift upgrade example --chart-version 0.29.0 --dry-run
    """
    from builder import report_upgrade
    from builder import vendor as vendoring
    from builder.core.findings import blocking
    from builder.registries import Registries, parse_via
    from builder.report import tell
    from builder.upgrade import Request
    from builder.upgrade import upgrade as move
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    proxies = parse_via(via or ())

    def registries(own: str) -> Registries:
        return Registries(own, ca_file=ca_file, plain_http=plain_http or (), via=proxies)

    outcome = move(
        overlay,
        Request(
            version=version,
            chart=chart,
            source=source,
            in_base=in_base,
            keep=keep,
            registries=registries if lock else None,
            dry_run=dry_run,
            credentials=vendoring.login(source),
        ),
    )
    tell(report_upgrade.findings(outcome))
    if output is UpgradeFormat.json:
        print(report_upgrade.as_json(outcome, dry_run=dry_run))
    else:
        print(report_upgrade.text(outcome, dry_run=dry_run))
    return int(outcome.failed or (outcome.changed and blocking(outcome.findings)))
