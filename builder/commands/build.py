"""``sealift build``: an environment becomes a bundle, or a list of findings."""

from pathlib import Path
from typing import Annotated

import typer

from builder.commands.options import EnvironmentArgument, RootOption


def build(
    env: EnvironmentArgument,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Write the bundle to FOLDER/ENV.")
    ] = Path("build"),
    root: RootOption = Path(),
    check: Annotated[bool, typer.Option("--check", help="Write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> int:
    """Build a bundle, and prove that nothing in it leaves the network.

    Nothing is written when a finding blocks: then the exit code is 1.

    Example: sealift build example -o out
    """
    from builder import report
    from builder.build import build as run
    from builder.core import lock
    from builder.files import write_tree
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    result = run(overlay)
    folder = output / overlay.name
    written = result.ships and not check
    if written:
        write_tree(folder, result.files, marker=lock.FILE)
    if json:
        print(report.build_json(result, str(folder) if written else None))
    else:
        print(report.build_text(result, str(folder) if written else None))
    return 0 if result.ships else 1
