"""``sealift init``: a repository of one's own, from a few answers."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder import log
from builder.commands.scaffold_options import (
    NONE,
    Answers,
    CheckOption,
    SetOption,
    YesOption,
    pairs,
    with_answers,
)


class Conflicts(StrEnum):
    """What becomes of a file in which people and the scaffold changed the same lines."""

    stop = "stop"
    mine = "mine"
    markers = "markers"


@with_answers
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Default: the one you are in.")
    ] = Path(),
    name: Annotated[
        str | None, typer.Option("--name", metavar="ENV", help="Name of the environment.")
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", metavar="NAME", help="The platform.")
    ] = None,
    answers: Answers = NONE,
    more: SetOption = None,
    check: CheckOption = False,
    yes: YesOption = False,
    conflicts: Annotated[
        Conflicts,
        typer.Option(
            "--conflicts",
            help="Where you and the scaffold changed the same lines: write nothing, keep yours, "
            "or mark them in the file.",
        ),
    ] = Conflicts.stop,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")
    ] = False,
) -> int:
    """Make a repository of your own, or bring one up to date.

    Asks for what the options do not say, and writes a base, an environment, CI and a README. In a
    folder that has them already it asks nothing: it shows what this version, or an option, would
    change, and keeps what you have changed. All is written, or nothing.

    Example: sealift init platform --name prod --host wandb.example.com
    """
    from builder import report_scaffold as report
    from builder.commands import asking
    from builder.scaffold import packed, questions, run

    given = asking.Given(
        base=base or packed.only(packed.bases()),
        answers=answers,
        platform=pairs(more),
    )  # fmt: skip
    root = folder.resolve()
    run.check_folder(root)
    record = run.recorded(root)
    if record is None:
        name = asking.checked_name(name) if name else asking.environment_name(ask=not yes)
        environments = {name: asking.first(given, ask=not yes)}
    else:
        environments, name = asking.again(record, name, given)
    planned = run.plan(root, environments)
    if record is None or check:
        asking.tell(environments[name], asked=check)
    shown = report.difference(planned.changes)
    if shown:
        print(shown)
    stopped = bool(planned.conflicts) and conflicts is Conflicts.stop
    ask = not yes and record is not None and bool(planned.writes)
    if stopped or dry_run or (ask and not asking.agreed("Write this?")):
        print(report.summary(planned, written=False))
        return int(stopped)
    run.carry_out(planned, markers=conflicts is Conflicts.markers)
    print(report.summary(planned, written=True))
    if record is None:
        source = questions.chart_source(given.base)
        log.say("info", "next", report.next_steps(folder, given.base, name, source))
    return 0
