"""The help of the program itself: written without what parses command lines, which takes long.

It has the form of the commands' own help, which Typer writes.
"""

import shutil
import textwrap

from builder.commands import VERBS

ABOUT = (
    "Builds GitOps bundles for clusters without internet. "
    "If the build passes, the cluster pulls nothing from outside."
)
EXIT_CODES = (
    "Exit codes: 0 fine; 1 findings, or a difference; 2 wrong usage or configuration; "
    "3 an outside tool or service failed; 4 a bug; 130 interrupted."
)
OPTIONS = {
    "--version": "Print the version.",
    "-q, --quiet": "Print results and errors alone.",
    "-v, --verbose": "Say which programs are run, and how long each takes.",
    "--log-format": "text, or json: lines of it on standard error.",
    "--no-cache": "Do all work anew, and keep nothing of it.",
    "-h, --help": "Show this message and exit.",
}
_WIDEST = 80


def text() -> str:
    """Return the help, as wide as the terminal, but no wider than 80 columns."""
    width = max(min(shutil.get_terminal_size().columns, _WIDEST) - 2, 50)
    verbs = {name: summary for name, (_, summary) in VERBS.items()}
    return "\n\n".join(
        [
            "Usage: sealift [OPTIONS] COMMAND [ARGS]...",
            _paragraph(ABOUT, width),
            "Options:\n" + _list(OPTIONS, width),
            "Commands:\n" + _list(verbs, width),
            _paragraph(EXIT_CODES, width),
        ]
    )


def _paragraph(said: str, width: int) -> str:
    return textwrap.fill(said, width, initial_indent="  ", subsequent_indent="  ")


def _list(rows: dict[str, str], width: int) -> str:
    """Write names, and beside each what it is."""
    column = max(map(len, rows)) + 4
    return "\n".join(
        textwrap.fill(
            said, width, initial_indent=f"  {name}".ljust(column), subsequent_indent=" " * column
        )
        for name, said in rows.items()
    )
