"""``sealift environment``: which there are, one more, and what goes from one to another."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder import log
from builder.commands.environment_promote import promote
from builder.commands.options import RootOption
from builder.commands.scaffold_options import (
    NONE,
    Answers,
    SetOption,
    YesOption,
    pairs,
    with_answers,
)

environment = typer.Typer(
    help="List environments, add one, or promote one to another.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class ListFormat(StrEnum):
    """How environments are listed."""

    table = "table"
    list = "list"
    json = "json"


@environment.command("list")
def list_(
    output: Annotated[
        ListFormat, typer.Option("-o", "--output", help="How to print.")
    ] = ListFormat.table,
    published: Annotated[
        bool, typer.Option("--published", help="Ask the Git repositories what stands there.")
    ] = False,
    root: RootOption = Path(),
) -> int:
    """List the environments, with what each is made of.

    Base, charts that controllers render, registry; with --published what stands in Git. Nothing is
    built: `sealift build --all` says which ship. Exit code 1 when one cannot be read.

    Example: sealift environment list
    """
    from builder import report_environments as report
    from builder.environments.listing import listed

    found = listed(root, ask=published)
    print({"json": report.as_json, "list": report.names}.get(output, report.table)(found))
    for one in found:
        if one.problem:
            log.say("error", "environment", f"error: {one.name}: {one.problem}", name=one.name)
    return int(any(one.problem for one in found))


@environment.command("add")
@with_answers
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new environment.")],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="ENV", help="As this one, with your changes to it."),
    ] = None,
    extends: Annotated[
        str | None,
        typer.Option("--extends", metavar="ENV", help="Built on this one: it moves along with it."),
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", metavar="NAME", help="The platform.")
    ] = None,
    answers: Answers = NONE,
    more: SetOption = None,
    yes: YesOption = False,
    root: RootOption = Path(),
) -> int:
    """Add an environment.

    Asks for what no option says, as `sealift init` does; --from and --extends ask nothing. What
    Sealift generates is not copied: the output says what to run. CI gets the name as well.

    Example: sealift environment add staging --from example --host staging.example.com
    """
    from builder.commands.asking import Given
    from builder.commands.environment_add import run

    given = Given(
        base=base or "",
        answers=answers,
        platform=pairs(more),
    )  # fmt: skip
    return run(root.resolve(), name, given, source=source, extends=extends, ask=not yes)


environment.command("promote")(promote)
