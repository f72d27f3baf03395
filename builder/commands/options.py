"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder.commands import complete


def _found(root: Path) -> Path:
    """Return the repository that is meant: where none is named, the one around this folder."""
    return root if str(root) != "." else complete.root_of(root)


EnvironmentArgument = Annotated[
    str,
    typer.Argument(
        metavar="ENV",
        help="A name under overlays/, or the path of its folder.",
        autocompletion=complete.environments,
    ),
]
RootOption = Annotated[
    Path,
    typer.Option(
        "--root",
        help="The source repository, with base/ and overlays/. Default: the one you are in.",
        show_default=False,
        callback=_found,
    ),
]


class ModeName(StrEnum):
    """How a bundle is published to Git."""

    commit = "commit"
    hydrator = "hydrator"


ModeOption = Annotated[
    ModeName | None,
    typer.Option(
        "--mode",
        help="hydrator: branches of Argo CD's GitOps Promoter. Default: environment.yaml's.",
    ),
]


class Format(StrEnum):
    """How a command prints what it found."""

    table = "table"
    list = "list"
    json = "json"


FormatOption = Annotated[Format, typer.Option("-o", "--output", help="How to print.")]
