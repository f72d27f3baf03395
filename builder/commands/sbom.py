"""``sealift sbom``: what a bundle brings into the cluster, for scanners."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder.commands.options import RootOption


class SbomFormat(StrEnum):
    """The format of the bill of materials."""

    cyclonedx = "cyclonedx"
    spdx = "spdx"


def sbom(
    source: Annotated[
        str, typer.Argument(metavar="BUNDLE|ENV", help="A bundle's folder, or an environment.")
    ],
    output: Annotated[
        SbomFormat, typer.Option("-o", "--output", help="The format.")
    ] = SbomFormat.cyclonedx,
    root: RootOption = Path(),
) -> int:
    """Print a bundle's charts and images as a bill of materials.

    The same bundle has the same one, byte by byte: no clock, no random number. Needs the extra of
    the format: pip install 'sealift[sbom]' for CycloneDX, 'sealift[spdx]' for SPDX.

    Example: sealift sbom build/example > example.cdx.json
    """
    from builder import attest, report
    from builder.build import build
    from builder.core import lock as locks
    from builder.core.git_tree import tree_id
    from builder.sbom import cyclonedx, spdx
    from builder.workspace import find_overlay

    folder = Path(source)
    if (folder / locks.FILE).is_file():
        files = attest.read(folder)
        lock = locks.load(
            files[locks.FILE].decode("utf-8", "replace"), source=str(folder / locks.FILE)
        )
    else:
        result = build(find_overlay(root, source))
        if not result.ships:
            report.refuse(result)
            return 1
        files, lock = dict(result.files), result.lock
    write = spdx.write if output is SbomFormat.spdx else cyclonedx.write
    print(write(lock, tree_id(files)))
    return 0
