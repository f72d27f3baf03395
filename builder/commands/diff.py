"""``sealift diff``: what publishing an environment would change in the cluster."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder import log
from builder.commands.options import EnvironmentArgument, ModeOption, RootOption


class DiffFormat(StrEnum):
    """How a difference is printed."""

    text = "text"
    markdown = "markdown"
    json = "json"


def diff(
    env: EnvironmentArgument,
    repository: Annotated[
        str | None, typer.Option(help="Git repository: URL or path. Default: environment.yaml's.")
    ] = None,
    branch: Annotated[
        str | None, typer.Option(help="Default: environment.yaml's, or main.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Another branch, a tag, or a commit of the repository."),
    ] = None,
    output: Annotated[
        DiffFormat, typer.Option("-o", "--output", help="How to print.")
    ] = DiffFormat.text,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1000,
            metavar="BYTES",
            help="Cut Markdown to that length; dangers last. Default: 65536.",
        ),
    ] = None,
    mode: ModeOption = None,
    root: RootOption = Path(),
) -> int:
    """Show what publishing would change, and what is dangerous in it.

    An environment's build is compared with what is published, what controllers would render
    included. Secrets are never shown. Exit code 1 when something differs; findings do not stop a
    diff, but are shown.

    Example: sealift diff example --repository gitops.git -o markdown --limit 65000
    """
    import json

    from builder import report
    from builder.build import build
    from builder.claims import bundle_of
    from builder.core.diff.as_json import as_json
    from builder.core.diff.markdown import LIMIT, markdown
    from builder.core.diff.terminal import terminal
    from builder.core.errors import ConfigurationError
    from builder.deliver import Way, target_of
    from builder.diff import diff as compare
    from builder.published import read
    from builder.workspace import find_overlay

    if limit is not None and output is not DiffFormat.markdown:
        raise ConfigurationError("--limit is for Markdown", hint="add -o markdown, or leave it out")
    overlay = find_overlay(root, env)
    way = Way(repository=repository, branch=branch, mode=mode.value if mode else None)
    target = target_of(overlay, way)
    published = read(target, against=against, claim=bundle_of(overlay.name))
    result = build(overlay)
    found = compare(result, published)
    if output is DiffFormat.json:
        print(json.dumps(as_json(found), indent=2, ensure_ascii=False))
    elif output is DiffFormat.markdown:
        print(markdown(found, limit or LIMIT), end="")
    else:
        shown = [finding for finding in result.findings if finding.severity == "warning"]
        report.tell(shown)
        print(terminal(found, colour=log.coloured(sys.stdout)))
    return 0 if found.empty else 1
