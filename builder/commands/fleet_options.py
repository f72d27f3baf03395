"""Options of commands that take many environments."""

from typing import Annotated

import typer

from builder.commands import complete

EnvironmentsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ENV...",
        help="Names under overlays/, patterns of them ('eu-*'), or paths of folders.",
        show_default=False,
        autocompletion=complete.environments,
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="All environments under overlays/.")]
ShardOption = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Only the I-th of N shares, by the names' hashes."),
]
JobsOption = Annotated[
    int | None,
    typer.Option("-j", "--jobs", min=1, help="How many at once. Default: one a processor."),
]
ExecutorOption = Annotated[
    str,
    typer.Option(
        "--executor",
        metavar="local|dask://HOST:PORT",
        help="Where: processes here, or a Dask cluster that has the sources at the same path.",
    ),
]
