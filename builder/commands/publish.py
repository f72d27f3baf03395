"""``sealift publish``: the bundle becomes a commit."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder.commands.options import EnvironmentArgument, RootOption


def publish(
    env: EnvironmentArgument,
    repository: Annotated[
        str | None, typer.Option(help="Git repository: URL or path. Default: environment.yaml's.")
    ] = None,
    branch: Annotated[
        str | None, typer.Option(help="Default: environment.yaml's, or main.")
    ] = None,
    root: RootOption = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> int:
    """Build an environment and commit its bundle to the environment's Git repository.

    One commit, only when something changed; other environments' folders are not touched.

    Example: sealift publish example --repository gitops.git
    """
    from builder import report
    from builder.build import build
    from builder.core.errors import ConfigurationError
    from builder.publish import Target
    from builder.publish import publish as run
    from builder.tools.git import source_commit
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    settings = overlay.environment.publish
    remote = repository or (settings.repository if settings else None)
    if not remote:
        raise ConfigurationError(
            f"no repository to publish {overlay.name} to",
            hint="set publish: {repository: ...} in environment.yaml, or give --repository",
        )
    target = Target(
        repository=remote,
        branch=branch or (settings.branch if settings else "main"),
        path=(settings.path if settings else None) or overlay.name,
    )
    result = build(overlay)
    if not result.ships:
        print(report.build_text(result, None), file=sys.stderr)
        return 1
    commit = run(
        result.files,
        target,
        environment=overlay.name,
        source_commit=source_commit(overlay.root),
    )
    print(report.commit_json(commit, target) if json else report.commit_text(commit, target))
    return 0
