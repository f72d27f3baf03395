"""Options of the commands that ask a cluster."""

import os
from typing import Annotated

import typer

KubeconfigOption = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Of the cluster; default: KUBECONFIG, else none."),
]
ContextOption = Annotated[
    str, typer.Option(help="The kubeconfig's context; its current one when left out.")
]
ServerOption = Annotated[
    bool,
    typer.Option(
        "--server", help="Have the API server try each resource: a dry run, nothing is changed."
    ),
]


def named(kubeconfig: str | None) -> str:
    """Return the kubeconfig that was named; empty when there is none."""
    return kubeconfig or os.environ.get("KUBECONFIG", "")
