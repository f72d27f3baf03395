"""``sealift report``: what a build came to, as one HTML file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.commands.options import EnvironmentArgument, RootOption
from builder.commands.registry_options import CaFileOption, PlainHttpOption

if TYPE_CHECKING:
    from builder.build import Build
    from builder.core.diff import Diff
    from builder.deliver import Way


def report(
    env: EnvironmentArgument,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Where the page is written.")
    ] = Path("report.html"),
    registry: Annotated[
        bool, typer.Option("--registry", help="Ask the registry which images it has.")
    ] = False,
    published: Annotated[
        bool, typer.Option("--published", help="Compare with what is published.")
    ] = False,
    repository: Annotated[
        str | None,
        typer.Option(help="Git repository to compare with: URL or path. Default: the file's."),
    ] = None,
    branch: Annotated[
        str | None, typer.Option(help="Default: environment.yaml's, or main.")
    ] = None,
    root: RootOption = Path(),
    plain_http: PlainHttpOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Write one HTML page that tells all of a build.

    The verdict, the closure as a picture, images, changes, findings, provenance: one file that
    opens without network. Exit code 1 when the environment does not ship; the page is written all
    the same.

    Example: sealift report example -o report.html
    """
    from builder.build import build
    from builder.deliver import Way
    from builder.files import write_text
    from builder.page.contents import contents
    from builder.page.html import page
    from builder.page.registry import presences
    from builder.parallel import JOBS
    from builder.registries import Registries
    from builder.workspace import find_overlay

    built = build(find_overlay(root, env))
    found = None
    if published or repository or branch:
        found = _compared(built, Way(repository=repository, branch=branch))
    presence = None
    if registry:
        with Registries(
            built.overlay.environment.registry.host, ca_file=ca_file, plain_http=plain_http or ()
        ) as registries:
            presence = presences(built, registries, JOBS)
    write_text(output, page("report.html", page=contents(built, found, presence)))
    print(f"written: {output}")
    return 0 if built.ships else 1


def _compared(built: "Build", way: "Way") -> "Diff":
    from builder.claims import bundle_of
    from builder.deliver import target_of
    from builder.diff import diff
    from builder.published import read

    target = target_of(built.overlay, way)
    return diff(built, read(target, claim=bundle_of(built.overlay.name)))
