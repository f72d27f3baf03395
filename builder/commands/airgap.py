"""``sealift airgap``: the patches that point an environment inside."""

from pathlib import Path
from typing import Annotated

import typer

from builder import log
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
    """Write the patches that point what leaves the network inside.

    The values that make each image are found by tracing, for any chart and version. The patches go
    to overlays/ENV/patches/airgap.yaml, what has to be added to overlays/ENV/resources/airgap.yaml,
    and the kustomization beside them names those files.

    Example: sealift airgap example -v
    """
    from builder import airgap_file, report_airgap
    from builder.airgap import airgap as compute
    from builder.core.findings import blocking
    from builder.report import tell
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    error = airgap_file.broken(overlay)
    if error is not None:
        log.say("info", "unreadable", f"note: cannot be read, and is made anew: {error}")
    with airgap_file.placeholders(overlay, anew=error is not None):
        result = compute(overlay)
    if verbose:
        print(report_airgap.table(result, overlay.environment), end="\n\n")
    tell(result.findings)
    if not result.text:
        return 1
    files = airgap_file.rewrites(overlay, result.text, result.added)
    if check:
        print(report_airgap.differences(files, overlay.root))
        return int(any(f.changed for f in files) or blocking(result.findings))
    for file in files:
        file.write()
    print(report_airgap.summary(result, files, overlay))
    return int(blocking(result.findings))
