"""Tables and lists for terminals."""

from collections.abc import Sequence
from itertools import zip_longest

_NARROWEST = 12
_BREAKS = " /,:-"


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
