"""``sealift verify``: whether a bundle is what was built, on the side that has no sources."""

from pathlib import Path
from typing import Annotated

import typer

from builder.commands.options import RootOption


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The bundle's folder.")],
    statement: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What `sealift attest` wrote: each file has to be so."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="The public key of who signed the statement."),
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The signature, where it is not beside the statement."),
    ] = None,
    rebuild: Annotated[
        str | None,
        typer.Option(metavar="ENV", help="Build this environment, and compare every byte."),
    ] = None,
    root: RootOption = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> int:
    """Check that a bundle is what was built.

    Every file has to be named and none more, in its order; the images of its resources have to be
    those of bundle.lock.yaml. With more given: each file as stated, the statement as signed, each
    byte as a fresh build has it. Needs neither network nor sources, but for --rebuild. Exit code 1
    when something is wrong.

    Example: sealift verify gitops/example --statement example.intoto.json --key release.pub
    """
    from builder import attest, report, report_verify

    found = attest.verify(
        attest.read(bundle),
        statement=statement,
        signature=signature,
        key=key,
        rebuild=rebuild,
        root=root,
    )
    if json:
        print(report_verify.as_json(found))
    else:
        report.tell(found.findings)
        print(report_verify.text(found))
    return int(bool(found.findings))
