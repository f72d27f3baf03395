"""``sealift attest``: from what a bundle was made, as a statement that can be signed."""

from pathlib import Path
from typing import Annotated

import typer

from builder import log
from builder.commands.options import EnvironmentArgument, RootOption


def attest(
    env: EnvironmentArgument,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Write FOLDER/ENV.intoto.json.")
    ] = Path("build"),
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Sign with an OpenSSH key, or one of cosign: a file, or its URI."
        ),
    ] = None,
    builder_id: Annotated[
        str | None,
        typer.Option(metavar="URI", help="Names who built it, as the pipeline's address."),
    ] = None,
    root: RootOption = Path(),
) -> int:
    """State what a bundle was built from, and sign that.

    An in-toto statement with SLSA provenance: the source's commit, charts and images by digest, the
    Git tree and every file of the bundle. The signature stands beside it. Nothing is written when
    the bundle does not ship: then the exit code is 1.

    Example: sealift attest example --key ~/.ssh/id_ed25519
    """
    from builder import attest as attesting
    from builder import report
    from builder.build import build
    from builder.core import provenance
    from builder.files import write_bytes, write_text
    from builder.tools import signing
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    result = build(overlay)
    if not result.ships:
        report.refuse(result)
        return 1
    text = attesting.attest(result, builder=builder_id or provenance.BUILDER)
    path = output / f"{overlay.name}{attesting.SUFFIX}"
    # Signed before anything is written: a statement that stands there without its signature is old.
    signature = signing.sign(text.encode(), key) if key else None
    write_text(path, text)
    print(f"written: {path}")
    if key is None or signature is None:
        log.say("warning", "unsigned", "not signed: give --key")
        return 0
    write_bytes(attesting.signature_path(path, key), signature)
    print(f"signed:  {attesting.signature_path(path, key)}")
    return 0
