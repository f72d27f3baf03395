"""``sealift report``: what a build came to, as one HTML file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.commands.fleet_options import (
    AllOption,
    EnvironmentsArgument,
    JobsOption,
    ShardOption,
)
from builder.commands.options import RootOption
from builder.commands.registry_options import CaFileOption, PlainHttpOption

if TYPE_CHECKING:
    from builder.build import Build
    from builder.core.diff import Diff
    from builder.deliver import Way
    from builder.page.registry import Presence


def report(
    envs: EnvironmentsArgument = None,
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
    every: AllOption = False,
    shard: ShardOption = None,
    jobs: JobsOption = None,
    plain_http: PlainHttpOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Write one HTML page that tells all of a build.

    The verdict, the closure as a picture, images, changes, findings, provenance: one file that
    opens without network. Of many environments, their versions, findings and drift. Exit code 1
    when one does not ship; the page is written all the same.

    Example: sealift report example -o report.html
    """
    from builder.deliver import Way
    from builder.files import write_text
    from builder.fleet.names import is_many

    names = envs or []
    way = Way(repository=repository, branch=branch)
    compared = way if published or repository or branch else None
    if is_many(names, every=every, shard=shard):
        if registry:
            from builder.core.errors import ConfigurationError

            raise ConfigurationError(
                "--registry asks for the images of one environment",
                hint="report each by its name, or leave it out",
            )
        text, code = _fleet(root, names, every, shard, jobs, compared)
    else:
        asking = (plain_http or [], ca_file) if registry else None
        text, code = _one(root, names[0], compared, asking)
    write_text(output, text)
    print(f"written: {output}")
    return code


def _one(
    root: Path, name: str, way: "Way | None", asking: tuple[list[str], Path | None] | None
) -> tuple[str, int]:
    """Return the page of one environment, and the exit code."""
    from builder.build import build
    from builder.page.contents import contents
    from builder.page.html import page
    from builder.workspace import find_overlay

    built = build(find_overlay(root, name))
    diff = _compared(built, way) if way else None
    presence = _present(built, *asking) if asking else None
    return page("report.html", page=contents(built, diff, presence)), int(not built.ships)


def _fleet(
    root: Path,
    names: list[str],
    every: bool,
    shard: str | None,
    jobs: int | None,
    way: "Way | None",
) -> tuple[str, int]:
    """Return the page of many environments, and the worst exit code."""
    from builder.fleet import report, run
    from builder.fleet.names import chosen
    from builder.page.drift import drifts
    from builder.page.fleet import fleet_contents
    from builder.page.html import page
    from builder.tools.git import source_commit

    root = root.resolve()
    found = chosen(root, names, every=every, shard=shard)
    fleet = run.Fleet(root=root, names=found, jobs=jobs)
    outcomes = [*fleet.outcomes(returned=way is not None)]
    for outcome in outcomes:
        if outcome.said:
            report.tell(outcome)
    drift = drifts(root, outcomes, way) if way else None
    told = fleet_contents(outcomes, drift, source_commit(root))
    return page("fleet.html", page=told), max((one.code for one in outcomes), default=0)


def _present(built: "Build", plain_http: list[str], ca_file: Path | None) -> "dict[str, Presence]":
    from builder.page.registry import presences
    from builder.parallel import JOBS
    from builder.registries import Registries

    own = built.overlay.environment.registry.host
    with Registries(own, ca_file=ca_file, plain_http=plain_http) as registries:
        return presences(built, registries, JOBS)


def _compared(built: "Build", way: "Way") -> "Diff":
    from builder.claims import bundle_of
    from builder.deliver import target_of
    from builder.diff import diff
    from builder.published import read

    target = target_of(built.overlay, way)
    return diff(built, read(target, claim=bundle_of(built.overlay.name)))
