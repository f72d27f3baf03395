"""``sealift sync``: the objects that make Argo CD or Flux apply what is published."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder import log
from builder.commands.options import ModeOption, RootOption


class EngineName(StrEnum):
    """What applies a published bundle."""

    argocd = "argocd"
    flux = "flux"


def sync(
    envs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ENV]...", help="Names under overlays/, or their folders."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every environment that says where it is published.")
    ] = False,
    engine: Annotated[
        EngineName | None, typer.Option(help="Default: environment.yaml's sync.engine.")
    ] = None,
    repository: Annotated[
        str | None, typer.Option(help="The Git repository, as the cluster reaches it.")
    ] = None,
    branch: Annotated[
        str | None, typer.Option(help="Default: environment.yaml's, or main.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="oci://HOST/REPOSITORY[:TAG]", help="The artifact, for Flux."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write files into FOLDER instead.")
    ] = None,
    publish: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Commit them to this folder of the repository instead."),
    ] = None,
    allow_older: Annotated[
        bool,
        typer.Option(
            "--allow-older", help="With --publish: also when a newer source commit is published."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --publish: do all but the push.")
    ] = False,
    mode: ModeOption = None,
    root: RootOption = Path(),
) -> int:
    """Print the objects that make an engine sync the bundles.

    For Argo CD an AppProject with no more rights than the bundle needs, and an Application (an
    ApplicationSet for several environments); for Flux a source, and Kustomizations that wait for
    each other. Credentials are named, never contained. With --publish they are committed beside
    the bundles, for an engine that syncs its own configuration from there.

    Example: sealift sync example --engine argocd
    """
    from builder import report_publish
    from builder.bootstrap import bootstrap, texts
    from builder.core.errors import ConfigurationError
    from builder.files import write_text
    from builder.sync import Wanted, select, unmarked
    from builder.sync import sync as run

    if publish and (output or to):
        raise ConfigurationError("choose one of --output, --publish and --to")
    if to and (repository or branch):
        raise ConfigurationError("--to is an artifact: --repository and --branch are for Git")
    overlays = select(root, envs or [], every=every)
    wanted = Wanted(
        engine=engine.value if engine else None,
        repository=repository,
        branch=branch,
        oci=to,
        mode=mode.value if mode else None,
    )
    found = run(overlays, wanted)
    for name in unmarked(overlays):
        log.say(
            "warning",
            "unmarked",
            f"warning: environment.yaml of {name} names no sync.engine: its bundle has no order "
            "and no guard against pruning for the engine, so nothing will be pruned",
        )
    if publish:
        target, commit = bootstrap(
            overlays, found, wanted, publish, allow_older=allow_older, dry_run=dry_run
        )
        print(report_publish.commit_text(commit, target, dry_run=dry_run))
        return 0
    if output is None:
        print("---\n".join(texts(found).values()), end="")
        return 0
    for name, text in texts(found).items():
        write_text(output / name, text)
        print(f"written: {output / name}")
    return 0
