"""The options of all commands, which stand before the command's name or behind it."""

from collections.abc import Iterable
from copy import copy
from enum import StrEnum
from typing import Annotated, Any

import typer

from builder import log
from builder.commands.overview import OPTIONS

BEHIND = ("-q", "-v", "--log-format", "--no-cache")


class Form(StrEnum):
    """How is written what goes to standard error."""

    text = "text"
    json = "json"


def _quiet(value: bool) -> None:
    if value:
        log.quiet()


def _verbose(value: bool) -> None:
    if value:
        log.verbose()


def _form(value: Form) -> None:
    if value is Form.json:
        log.as_json()


def _uncached(value: bool) -> None:
    if value:
        from builder import cache

        cache.off()


def _option(name: str, callback: Any) -> Any:
    """Return an option of the overview, with what it does."""
    names = name.split(", ")
    return typer.Option(*names, callback=callback, expose_value=False, help=OPTIONS[name])


Quiet = Annotated[bool, _option("-q, --quiet", _quiet)]
Verbose = Annotated[bool, _option("-v, --verbose", _verbose)]
LogFormat = Annotated[Form, _option("--log-format", _form)]
NoCache = Annotated[bool, _option("--no-cache", _uncached)]


def _more(_: Any, __: Any, value: bool) -> bool:
    """Take in a command's own -v."""
    _verbose(value)
    return value


def add(command: Any, known: Iterable[Any]) -> None:
    """Let a command take the options behind its name, too; its help only says that it does.

    ``known`` are those of the program. A command that has a ``-v`` of its own keeps it, and says
    what is run as well.
    """
    own = {name: param for param in command.params for name in param.opts}
    for param in known:
        same = next((own[name] for name in param.opts if name in own), None)
        if same is not None:
            same.callback = _more
        elif "--version" not in param.opts:
            param = copy(param)
            param.hidden = True
            command.params.append(param)
    command.epilog = f"Also: {', '.join(BEHIND)}; see `sealift --help`."
