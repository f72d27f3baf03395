"""``sealift mirror import``: an archive is checked, then brought in."""

from pathlib import Path
from typing import Annotated

import typer

from builder import log
from builder.commands.registry_options import CaFileOption, JobsOption, PlainHttpOption, ViaOption


def import_(
    archive: Annotated[
        Path, typer.Argument(metavar="ARCHIVE", help="The archive, or the first of its parts.")
    ],
    registry: Annotated[
        str | None,
        typer.Option(
            "--registry",
            metavar="HOST[/PATH]",
            help="The registry that the images are pulled from: nothing is sent to others.",
        ),
    ] = None,
    charts: Annotated[
        str | None, typer.Option("--charts", metavar="URL|FOLDER", help="Where charts go.")
    ] = None,
    repository: Annotated[
        str | None, typer.Option("--repository", help="Git repository: URL or path.")
    ] = None,
    branch: Annotated[
        str | None, typer.Option(help="Default: the archive's, if that is main, or with --digest.")
    ] = None,
    digest: Annotated[
        str | None,
        typer.Option("--digest", metavar="sha256:...", help="What `mirror export` printed."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace tags and charts that are others there.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all but the pushes.")] = False,
    jobs: JobsOption = 8,
    plain_http: PlainHttpOption = None,
    ca_file: CaFileOption = None,
    via: ViaOption = None,
) -> int:
    """Bring an archive into the registry, the chart repository and Git.

    All of it is verified, and all sides are asked, before anything is changed. Only what is missing
    is sent, the commits last; interrupt it as you like, and run it again. What is not named is left
    out. Exit code 1 when something speaks against it, or could not be brought.

    Logins: SEALIFT_REGISTRY_USERNAME and _PASSWORD, and those of docker and podman;
    SEALIFT_CHARTS_USERNAME and _PASSWORD; SEALIFT_GIT_USERNAME, _PASSWORD and _HOST.

    Example: sealift mirror import example.tar.001 --registry registry.example.com/mirror
    """
    from builder import report, report_mirror, report_transport, vendor
    from builder.core.errors import ConfigurationError
    from builder.core.findings import blocking
    from builder.mirror.charts import open_store
    from builder.publish import Target
    from builder.registries import Registries, parse_via
    from builder.transport import importing
    from builder.transport.importing import Inside
    from builder.transport.verify import verify

    if not (registry or charts or repository or dry_run):
        raise ConfigurationError(
            "nothing says where the archive goes",
            hint="give --registry, --charts and --repository; --dry-run alone verifies it",
        )
    with report_mirror.Copying("verifying the archive") as progress:
        given = verify(archive, progress, digest=digest)
    proxies = parse_via(via or ())
    host = (registry or "").partition("/")[0]
    with Registries(
        proxies.get(host, host).partition("/")[0],
        ca_file=ca_file,
        plain_http=plain_http or (),
        via=proxies,
        named=registry is not None,
    ) as registries:
        commits = given.contents.commits
        target = None
        if repository is not None:
            if commits.branch != "main" and not (branch or digest):
                raise ConfigurationError(
                    f"its commits are for the branch {commits.branch!r}",
                    where=archive.name,
                    hint="name the branch with --branch; or give --digest, if the archive is to "
                    "choose it",
                )
            target = Target(
                repository=repository, branch=branch or commits.branch, path=commits.path
            )
        inside = Inside(
            prefix=registry,
            registries=registries,
            store=open_store(charts, registries, vendor.login(charts), url=None),
            target=target,
            trusted=digest is not None,
        )
        work = importing.prepare(given, inside, replace=replace, jobs=jobs)
        said = list(work.findings)
        if blocking(said):
            report.tell(said)
            log.say("error", "unchanged", "nothing was changed")
            return 1
        if dry_run:
            print(report_transport.work_text(given, inside, work))
            return 0
        if target is not None:
            log.say("info", "destination", report_transport.destination_text(target))
        with report_mirror.Copying("copying") as progress:
            done = importing.bring(given, work, inside, progress, replace=replace, jobs=jobs)
    said += done.findings
    report.tell(said)
    print(report_transport.imported_text(given, inside, done))
    return int(blocking(said))
