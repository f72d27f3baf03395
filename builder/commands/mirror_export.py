"""``sealift mirror export``: an environment as one archive, to be carried across the gap."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.commands.options import EnvironmentArgument, RootOption
from builder.commands.registry_options import CaFileOption, JobsOption, PlainHttpOption, ViaOption

if TYPE_CHECKING:
    from builder.build import Build
    from builder.core.transport import Commits


class From(StrEnum):
    """Whose content is packed."""

    source = "source"
    mirror = "mirror"


def export(
    env: EnvironmentArgument,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FOLDER|FILE.tar", help="Where to write it."),
    ],
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="SIZE", help="Into numbered parts: 4GB, 700M, 2GiB."),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="ARCHIVE|checksums.json",
            help="Leave out the blobs that an archive before had.",
        ),
    ] = None,
    side: Annotated[
        From, typer.Option("--from", help="Read the registries outside, or a mirror of them.")
    ] = From.source,
    repository: Annotated[
        str | None,
        typer.Option(help="Take the commits from this Git repository, with their history."),
    ] = None,
    branch: Annotated[
        str | None, typer.Option(help="Default: environment.yaml's, or main.")
    ] = None,
    root: RootOption = Path(),
    jobs: JobsOption = 8,
    plain_http: PlainHttpOption = None,
    ca_file: CaFileOption = None,
    via: ViaOption = None,
) -> int:
    """Write images, charts, commits and locks of an environment into one archive.

    Rests on overlays/ENV/images.lock.yaml. Interrupt it as you like: the next run goes on with what
    is missing. The same inputs give the same bytes. Without --repository the archive has the build
    as one commit. Exit code 1 when something speaks against shipping, or could not be read.

    Example: sealift mirror export example -o /media/usb --split 4GB
    """
    from builder import pins, report, report_mirror, report_transport, vendor
    from builder.build import build
    from builder.core import transport
    from builder.core.findings import blocking
    from builder.mirror import plan as planning
    from builder.mirror.charts import open_store
    from builder.parallel import findings
    from builder.registries import Registries, parse_via
    from builder.transport import packing, writing
    from builder.transport.verify import before
    from builder.workspace import find_overlay

    size = transport.parse_size(split) if split else None
    earlier = before(since) if since else None
    overlay = find_overlay(root, env)
    built = build(overlay)
    if not built.ships:
        report.refuse(built)
        return 1
    lock = planning.locked(built, pins.load(overlay))
    environment = overlay.environment
    with Registries(
        environment.registry.host,
        ca_file=ca_file,
        plain_http=plain_http or (),
        via=parse_via(via or ()),
    ) as registries:
        charts = environment.chart_repository
        store = open_store(None, registries, vendor.login(), url=charts.url if charts else None)
        plan = planning.plan(built, lock, registries, store, jobs=jobs, ask=False)
        said = list(plan.findings)
        exported = None
        if not blocking(said):
            commits, git_bundle = _commits(built, repository, branch)
            packed, failures = packing.pack(
                built,
                plan,
                lock,
                commits,
                git_bundle,
                registries,
                side=side.value,
                before=earlier,
                jobs=jobs,
            )
            if not failures:
                base = packing.default_base(output, overlay.name)
                with report_mirror.Copying("writing the archive") as progress:
                    exported, failures = writing.write(
                        packed, base, progress, split=size, jobs=jobs
                    )
            said += findings(failures)
    report.tell(said)
    if exported is not None:
        print(report_transport.exported_text(exported))
    return int(blocking(said) or exported is None)


def _commits(built: "Build", repository: str | None, branch: str | None) -> "tuple[Commits, bytes]":
    from builder.deliver import Way, target_of
    from builder.transport import commits

    if repository is None:
        return commits.of_build(built, branch=branch)
    return commits.of_branch(
        built, target_of(built.overlay, Way(repository=repository, branch=branch))
    )
