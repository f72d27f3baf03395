"""``sealift mirror``: what has to be in the registry inside, and bringing it there."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.commands.mirror_export import export
from builder.commands.mirror_import import import_
from builder.commands.options import EnvironmentArgument, RootOption
from builder.commands.registry_options import CaFileOption, JobsOption, PlainHttpOption, ViaOption

if TYPE_CHECKING:
    from builder.registries import Registries
    from builder.workspace import Overlay

mirror = typer.Typer(
    help="Bring what an environment needs into its network.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
ChartsToOption = Annotated[
    str | None,
    typer.Option(
        "--charts-to",
        metavar="URL|FOLDER",
        help="Where charts go; the environment's chart repository when left out.",
    ),
]


class PlanFormat(StrEnum):
    """How a plan is printed; all but the first two are for other tools."""

    table = "table"
    json = "json"
    list = "list"
    skopeo = "skopeo"
    skopeo_copy = "skopeo-copy"
    regsync = "regsync"
    hauler = "hauler"
    zarf = "zarf"
    oc_mirror = "oc-mirror"
    idms = "idms"
    itms = "itms"
    hosts_toml = "hosts.toml"


@mirror.command()
def plan(
    env: EnvironmentArgument,
    output: Annotated[
        PlanFormat, typer.Option("-o", "--output", help="How to print, or for which tool.")
    ] = PlanFormat.table,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask what the mirror has already.")
    ] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read all that the mirror has, and check its content.")
    ] = False,
    charts_to: ChartsToOption = None,
    root: RootOption = Path(),
    jobs: JobsOption = 32,
    plain_http: PlainHttpOption = None,
    ca_file: CaFileOption = None,
    via: ViaOption = None,
) -> int:
    """Say what is to be copied, and what is there already.

    Rests on overlays/ENV/images.lock.yaml, which `sealift lock` writes. Exit code 1 when the lock
    is not that of the environment, the mirror cannot be read, or what it holds is damaged.

    Example: sealift mirror plan example -o skopeo-copy | sh
    """
    from builder import pins, report, report_mirror, vendor
    from builder.build import build
    from builder.core import mirror_formats
    from builder.core.findings import blocking
    from builder.mirror import plan as planning
    from builder.mirror.charts import open_store
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    built = build(overlay)
    lock = planning.locked(built, pins.load(overlay))
    ask = not offline and output in (PlanFormat.table, PlanFormat.json)
    with _registries(overlay, ca_file, plain_http, via) as registries:
        store = open_store(charts_to, registries, vendor.login(charts_to), url=_charts_url(overlay))
        found = planning.plan(built, lock, registries, store, jobs=jobs, ask=ask)
        if deep and ask:
            found = planning.examined(found, registries, jobs)
    if output == PlanFormat.table:
        print(report_mirror.plan_table(found))
    elif output == PlanFormat.json:
        print(report_mirror.plan_json(found))
    else:
        charts = [step.chart for step in found.charts]
        registry = overlay.environment.registry
        listed = planning.of_plan(lock, found)
        text = mirror_formats.write(output.value, overlay.name, listed, charts, registry)
        print(text, end="")
    report.tell(found.findings)
    return int(blocking(list(found.findings)))


@mirror.command()
def copy(
    env: EnvironmentArgument,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace tags and charts that are others there.")
    ] = False,
    charts_to: ChartsToOption = None,
    root: RootOption = Path(),
    jobs: JobsOption = 8,
    plain_http: PlainHttpOption = None,
    ca_file: CaFileOption = None,
    via: ViaOption = None,
) -> int:
    """Copy what the mirror lacks, by the locked digests.

    Every blob goes once, checked. Interrupt it as you like: the next run goes on with what is
    missing. A tag is written when all that it means is there. Exit code 1 when something could not
    be copied; the rest is.

    Logins: SEALIFT_REGISTRY_USERNAME and _PASSWORD, for the mirror; those of docker and podman;
    SEALIFT_CHARTS_USERNAME and _PASSWORD for the chart repository.

    Example: sealift mirror copy example --jobs 16
    """
    from builder import pins, report, report_mirror, vendor
    from builder.build import build
    from builder.core.findings import blocking
    from builder.mirror import plan as planning
    from builder.mirror import run
    from builder.mirror.charts import open_store
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    built = build(overlay)
    lock = planning.locked(built, pins.load(overlay))
    with _registries(overlay, ca_file, plain_http, via) as registries:
        store = open_store(charts_to, registries, vendor.login(charts_to), url=_charts_url(overlay))
        found = planning.plan(built, lock, registries, store, jobs=jobs)
        said = [*found.findings, *run.taken(found, replace=replace)]
        if blocking(said):
            report.tell(said)
            return 1
        with report_mirror.Copying("copying") as progress:
            outcome = run.run(found, registries, store, progress, jobs=jobs, replace=replace)
    said += outcome.findings
    report.tell(said)
    print(report_mirror.outcome_text(outcome))
    return int(blocking(said))


def _registries(
    overlay: "Overlay", ca_file: Path | None, plain_http: list[str] | None, via: list[str] | None
) -> "Registries":
    from builder.registries import Registries, parse_via

    return Registries(
        overlay.environment.registry.host,
        ca_file=ca_file,
        plain_http=plain_http or (),
        via=parse_via(via or ()),
    )


def _charts_url(overlay: "Overlay") -> str | None:
    repository = overlay.environment.chart_repository
    return repository.url if repository else None


mirror.command("export")(export)
mirror.command("import")(import_)
