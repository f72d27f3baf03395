"""Manual pages in the man(7) macros, of commands and their help.

click-man knows commands of click alone, not those of Typer, which has a click of its own.
"""

import os
import textwrap
import time
from collections.abc import Iterator, Sequence
from typing import Any

from builder import __version__
from builder.commands import overview

_WIDTH = 72
EXIT_STATUS = {
    "0": "Fine.",
    "1": "Findings, or a difference.",
    "2": "Wrong usage or configuration.",
    "3": "An outside tool or service failed.",
    "4": "A bug.",
    "130": "Interrupted.",
}


def pages(program: Any) -> dict[str, str]:
    """Return file names to pages, for the program and each command below it."""
    made = {}
    for path, command in _commands(program, ("sealift",)):
        with command.make_context(path[-1], [], resilient_parsing=True) as context:
            made[f"{'-'.join(path)}.1"] = "\n".join(_page(path, command, context)) + "\n"
    return made


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, below in dict(getattr(command, "commands", {})).items():
        yield from _commands(below, (*path, name))


def _page(path: Sequence[str], command: Any, context: Any) -> Iterator[str]:
    name, title = "-".join(path), " ".join(path)
    summary, *paragraphs = (command.help or "").split("\n\n")
    if len(path) == 1:
        summary, paragraphs = overview.ABOUT, []
    yield f'.TH "{name.upper()}" "1" "{_date()}" "sealift {__version__}" "Sealift"'
    yield from (".SH NAME", f"{_text(name)} \\- {_text(_line(summary).rstrip('.'))}")
    yield from (".SH SYNOPSIS", f".B {_text(title)}", _text(_usage(command, context)))
    yield from (".SH DESCRIPTION", _prose(summary))
    for paragraph in paragraphs:
        if not paragraph.startswith("Example"):
            yield from (".PP", _prose(paragraph))
    yield from _options(command, context)
    below = getattr(command, "commands", {})
    if below:
        yield ".SH COMMANDS"
        for verb, one in dict(below).items():
            yield from (".TP", f".BR {_text(f'{name}-{verb}')} (1)")
            yield _prose((one.help or "").partition("\n\n")[0])
    examples = [p.partition(":")[2].strip() for p in paragraphs if p.startswith("Example")]
    for example in examples:
        yield from (".SH EXAMPLES", ".nf", *map(_text, example.splitlines()), ".fi")
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_STATUS.items():
        yield from (".TP", f".B {code}", meaning)
    if len(path) > 1:
        yield from (".SH SEE ALSO", ".BR sealift (1)")


def _usage(command: Any, context: Any) -> str:
    return " ".join(command.collect_usage_pieces(context))


def _options(command: Any, context: Any) -> Iterator[str]:
    """Yield arguments, then options, each as its help has them."""
    for kind in ("argument", "option"):
        found = [p for p in command.get_params(context) if p.param_type_name == kind]
        records = [r for r in (param.get_help_record(context) for param in found) if r]
        if records:
            yield f".SH {kind.upper()}S"
        for names, said in records:
            yield from (".TP", f".B {_text(names)}", _prose(said))
    if command.epilog and command.epilog.startswith("Also"):
        yield from (".PP", _prose(command.epilog))


def _prose(text: str) -> str:
    """Write a paragraph in lines that are not long."""
    lines = textwrap.wrap(_line(text), _WIDTH, break_on_hyphens=False, break_long_words=False)
    return "\n".join(map(_text, lines))


def _line(text: str) -> str:
    return " ".join(text.split())


def _text(text: str) -> str:
    """Escape what roff would take for its own."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def _date() -> str:
    """Return the day, or that of SOURCE_DATE_EPOCH: https://reproducible-builds.org."""
    return time.strftime(
        "%Y-%m-%d", time.gmtime(float(os.environ.get("SOURCE_DATE_EPOCH") or time.time()))
    )
