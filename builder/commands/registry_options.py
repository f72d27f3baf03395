"""Options of the commands that talk to container registries."""

from pathlib import Path
from typing import Annotated

import typer

JobsOption = Annotated[
    int, typer.Option("--jobs", min=1, max=128, help="How many requests at a time.")
]
PlainHttpOption = Annotated[
    list[str] | None,
    typer.Option("--plain-http", metavar="HOST", help="Talk to this registry without TLS."),
]
CaFileOption = Annotated[
    Path | None,
    typer.Option("--ca-file", metavar="FILE", help="Certificates to trust beside the machine's."),
]
PlatformOption = Annotated[
    list[str] | None,
    typer.Option(
        "--platform",
        metavar="OS/ARCH",
        help="Every image has to be for it. One alone: only that of each image is mirrored.",
    ),
]
ViaOption = Annotated[
    list[str] | None,
    typer.Option("--via", metavar="HOST=HOST/PATH", help="A proxy that serves HOST's images."),
]
