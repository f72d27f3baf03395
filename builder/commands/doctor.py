"""``sealift doctor``: whether everything is there that a bundle needs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder.commands.cluster_options import (
    ContextOption,
    KubeconfigOption,
    ServerOption,
    named,
)
from builder.commands.options import EnvironmentArgument, RootOption
from builder.commands.registry_options import CaFileOption, JobsOption, PlainHttpOption

_UNCHECKED = 3


class DoctorFormat(StrEnum):
    """How the checks are printed."""

    text = "text"
    json = "json"
    junit = "junit"


class Only(StrEnum):
    """What is checked."""

    tools = "tools"
    build = "build"
    registry = "registry"
    charts = "charts"
    cluster = "cluster"
    git = "git"


def doctor(
    env: EnvironmentArgument,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    server: ServerOption = False,
    platform: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OS/ARCH",
            help="What images have to be for. Default: the cluster's nodes, or the lock.",
        ),
    ] = None,
    only: Annotated[
        list[Only] | None, typer.Option("--only", help="Check this alone; may be given again.")
    ] = None,
    output: Annotated[
        DoctorFormat, typer.Option("-o", "--output", help="How to print.")
    ] = DoctorFormat.text,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Print each check that is well, too.")
    ] = False,
    root: RootOption = Path(),
    jobs: JobsOption = 32,
    plain_http: PlainHttpOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Check that everything is there that a bundle needs.

    Tools, registry, charts, cluster, Git; nothing is changed. Every check is ok, a warning, a
    failure or skipped, with the reason and the next step. Exit code 1 when one fails, 3 when none
    could be made.
    Logins are those of `sealift mirror` and `sealift publish`; the cluster's is the kubeconfig's.

    Example: sealift doctor example --kubeconfig ~/.kube/config
    """
    from builder import report_doctor, vendor
    from builder.core.checks import GROUPS, counts
    from builder.doctor.run import Asked, examine
    from builder.registries import Registries
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    with Registries(
        overlay.environment.registry.host, ca_file=ca_file, plain_http=plain_http or ()
    ) as registries:
        asked = Asked(
            registries=registries,
            login=vendor.login(),
            kubeconfig=named(kubeconfig),
            context=context,
            server=server,
            platforms=tuple(platform or ()),
            groups=[group for group in GROUPS if not only or group in only],
            jobs=jobs,
        )
        checks = examine(overlay, asked)
    if output is DoctorFormat.json:
        print(report_doctor.as_json(overlay.name, checks))
    elif output is DoctorFormat.junit:
        print(report_doctor.junit(overlay.name, checks))
    else:
        print(report_doctor.text(checks, verbose=verbose))
    found = counts(checks)
    if found["failure"]:
        return 1
    return _UNCHECKED if len(checks) == found["skipped"] else 0
