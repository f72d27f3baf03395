"""``sealift secrets``: credentials in custom resources become references to Secrets."""

from pathlib import Path
from typing import Annotated

import typer

from builder.commands.options import EnvironmentArgument, RootOption


def secrets(
    env: EnvironmentArgument,
    root: RootOption = Path(),
    write: Annotated[
        bool, typer.Option("--write", help="Write the files; else they are only printed.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Print nothing; exit 1 when there is something to do.")
    ] = False,
    renew: Annotated[
        bool, typer.Option("--renew", help="Encrypt again what stands in the sources.")
    ] = False,
) -> int:
    """Put references to Secrets in the place of credentials.

    For each credential that the base knows, a render proves that the chart's version takes a Secret
    for it. The patches go to overlays/ENV/patches/secrets.yaml; what brings the Secrets into the
    cluster is for environment.yaml secrets: to say. No value is printed, or written in the clear.

    Example: sealift secrets example --write
    """
    from builder import report_secrets, secret_files
    from builder.core.errors import ConfigurationError
    from builder.core.findings import blocking
    from builder.report import tell
    from builder.secrets import convert
    from builder.workspace import find_overlay

    if write and check:
        raise ConfigurationError("--check writes nothing, and --write does")
    overlay = find_overlay(root, env)
    with secret_files.placeholders(overlay):
        conversion = convert(overlay)
    files = secret_files.plan(overlay, conversion, renew=renew)
    findings = [*conversion.findings, *files.findings]
    tell(findings)
    if not conversion.examined:
        return 1
    if write:
        secret_files.write(overlay, files)
    if not check:
        print(report_secrets.report(overlay, conversion, files, written=write))
    return int(blocking(findings) or (files.changed and not write))
