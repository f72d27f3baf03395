"""``sealift airgap``: the patches that point an environment inside."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder.commands.options import EnvironmentArgument, RootOption


def airgap(
    env: EnvironmentArgument,
    root: RootOption = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 with a diff when stale.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Print each image, its value, its new name.")
    ] = False,
) -> int:
    """Write overlays/ENV/patches/airgap.yaml: what leaves the network, pointed inside.

    The values that make each image are found by tracing, for any chart and version.

    Example: sealift airgap example -v
    """
    from builder import report
    from builder.airgap import airgap as compute
    from builder.airgap import connect, placeholder
    from builder.core.errors import ConfigurationError
    from builder.core.findings import blocking
    from builder.files import read_text, shown, write_text
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    path = overlay.airgap_file
    before = read_text(path, overlay.root) if path.is_file() else ""
    if before and not before.startswith("# Written by `sealift airgap`"):
        raise ConfigurationError(
            "was not written by sealift airgap",
            where=shown(path, overlay.root),
            hint="rename it, and list the new name in transformers: its patches will be kept",
        )
    with placeholder(overlay):
        result = compute(overlay)
    if verbose:
        print(report.airgap_table(result))
        print()
    if result.findings:
        print(report.findings_text(result.findings), file=sys.stderr)
    if not result.text:
        return 1
    listed = connect(overlay)
    if check:
        if result.text == before and listed is None:
            print(f"{shown(path, overlay.root)}: up to date")
            return int(blocking(result.findings))
        print(report.text_diff(before, result.text, shown(path, overlay.root)))
        return 1
    write_text(path, result.text)
    if listed is not None:  # after the file that it names
        write_text(overlay.folder / "kustomization.yaml", listed)
    print(report.airgap_text(result, shown(path, overlay.root), result.text != before))
    return int(blocking(result.findings))
