"""``sealift vendor``: the charts of a base, brought into the repository."""

from pathlib import Path
from typing import Annotated

import typer

from builder.commands import complete
from builder.commands.options import RootOption


def vendor(
    base: Annotated[
        str,
        typer.Argument(metavar="BASE", help="A name under base/.", autocompletion=complete.bases),
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FOLDER|URL", help="Take the charts from here instead."),
    ] = None,
    chart: Annotated[
        list[str] | None,
        typer.Option(
            "--chart",
            metavar="NAME=VERSION",
            help="Another version than base.yaml's.",
            autocompletion=complete.charts_with_versions,
        ),
    ] = None,
    root: RootOption = Path(),
) -> int:
    """Bring a base's charts into the repository, locked by digest.

    Those that base.yaml names, into the base's charts/ folder.
    Credentials: SEALIFT_CHARTS_USERNAME, SEALIFT_CHARTS_PASSWORD, for the host in
    SEALIFT_CHARTS_HOST or that of --from; SEALIFT_CA_FILE.

    Example: sealift vendor wandb --from ./downloaded-charts
    """
    from builder import vendor as vendoring
    from builder.bases import find_base
    from builder.core.errors import ConfigurationError
    from builder.files import shown

    root = root.resolve()
    versions = {}
    for entry in chart or []:
        name, equals, version = entry.partition("=")
        if not equals or not name or not version:
            raise ConfigurationError(f"--chart {entry!r} is not NAME=VERSION")
        versions[name] = version
    folder = find_base(root, base)
    for result in vendoring.vendor(
        folder, source=source, versions=versions, credentials=vendoring.login(source)
    ):
        state = "vendored" if result.fresh else "unchanged"
        print(f"{state:10}{shown(result.path, root)}  {result.chart.sha256}")
    return 0
