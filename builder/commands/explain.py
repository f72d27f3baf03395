"""``sealift explain``: where a reference stands, what made it, and what changed it."""

from pathlib import Path
from typing import Annotated

import typer

from builder.commands import complete
from builder.commands.options import EnvironmentArgument, RootOption


def explain(
    env: EnvironmentArgument,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT",
            help="An image (or a part of its name), a URL, or a resource: Kind/[namespace/]name, "
            "with a JSON pointer behind # where wanted.",
            autocompletion=complete.images,
        ),
    ],
    root: RootOption = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> int:
    """Tell where an image stands, and what made it.

    Which chart, template and values made it, and which patches changed it.

    Example: sealift explain example prometheus
    """
    from builder import report
    from builder.build import build
    from builder.core.errors import ConfigurationError, nearest
    from builder.explain import explain as run
    from builder.workspace import find_overlay

    result = build(find_overlay(root, env))
    if not result.references:
        report.tell(result.findings)
        return 1
    places = run(result, subject)
    if not places:
        known = sorted({r.shown for r in result.references} | {str(r.id) for r in result.resources})
        near = nearest(subject, known)
        raise ConfigurationError(
            f"nothing in {env} is, or names, {subject!r}",
            hint=f"did you mean {near}?" if near else f"see `sealift images {env}`",
        )
    print(report.explain_json(places) if json else report.explain_text(places))
    return 0
