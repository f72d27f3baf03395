"""Tables and lists for terminals."""

import re
from collections.abc import Sequence
from itertools import zip_longest

_NARROWEST = 12
_BREAKS = " /,:-"
# What has no shape: Unicode's Default_Ignorable_Code_Point, which str.isprintable() lets pass in
# part, and the Braille pattern without dots.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Align columns with two spaces between; the last column is not padded.

    With a ``width``, cells go on in further lines where the table would be wider.
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    if width is not None:
        widths = _narrowed(widths, width - 2 * (len(widths) - 1))
    lines = []
    for row in (head, *rows):
        cells = [_wrapped(cell, limit) for cell, limit in zip(row, widths, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            padded = [part.ljust(limit) for part, limit in zip(parts, widths, strict=True)]
            lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _narrowed(widths: list[int], available: int) -> list[int]:
    """Take from the widest column until all fit, or none can give more."""
    widths = list(widths)
    while sum(widths) > available and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _wrapped(text: str, width: int) -> list[str]:
    """Cut a text into lines, where a word or a part of a name ends if that is near."""
    lines = []
    while len(text) > width:
        end = max(text.rfind(sign, width // 2, width) + 1 for sign in _BREAKS) or width
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, text]


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 image``, ``2 images``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """Escape what is no printable character: it could act on a terminal, or hide text.

    What is printable and yet invisible is escaped as well: two texts that differ look different.
    """
    if text.isprintable() and not _INVISIBLE.search(text):
        return text
    return "".join(c if c.isprintable() and not _INVISIBLE.match(c) else _escape(c) for c in text)


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def lines(text: str, indent: str = "") -> str:
    """Escape what is not printable in a text of several lines; ``indent`` begins all but the first.

    So nobody's text can look like a line of somebody else's.
    """
    return f"\n{indent}".join(printable(line) for line in text.split("\n"))
