"""A page of Markdown that stays below a limit, and the ways to put foreign text on it."""

import html
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from builder.core.diff.show import printable
from builder.core.text import count

_NOTE = 400


class Unit(NamedTuple):
    """A text that is taken whole or not at all; ``weight`` is how many things it tells."""

    text: str
    weight: int = 1


class Page:
    """Takes blocks as long as there is room; counts what did not fit, and says so at the end."""

    def __init__(self, limit: int, *, hint: str) -> None:
        self.limit = limit
        self.room = limit - 1 - min(_NOTE, limit // 2)
        self.hint = hint
        self.parts: list[str] = []
        self.omitted: Counter[str] = Counter()

    def text(self, text: str) -> bool:
        """Take a text when it fits."""
        if len(text) > self.room:
            return False
        self.parts.append(text)
        self.room -= len(text)
        return True

    def section(
        self, title: str, units: Sequence[Unit], noun: str, *, head: str = "", share: float = 1.0
    ) -> None:
        """Take a headline and as many units as fit into a share of the room that is left."""
        self._block(f"\n### {title}\n\n{head}", units, "", noun, share)

    def folded(
        self, title: str, units: Sequence[Unit], noun: str, *, head: str = "", share: float = 1.0
    ) -> None:
        """Take units that are seen when their headline is clicked."""
        start = f"\n<details><summary>{title}</summary>\n\n{head}"
        self._block(start, units, "\n</details>\n", noun, share)

    def _block(self, start: str, units: Sequence[Unit], end: str, noun: str, share: float) -> None:
        room = int(self.room * share) - len(start) - len(end)
        fitting: list[str] = []
        for text, weight in units:
            if len(text) <= room:
                fitting.append(text)
                room -= len(text)
            else:
                self.omitted[noun] += weight
        if fitting:
            self.text(start + "".join(fitting) + end)

    def done(self) -> str:
        """Return the page, with what is missing from it."""
        text = "".join(self.parts)
        if self.omitted:
            missing = ", ".join(count(number, noun) for noun, number in self.omitted.items())
            text += f"\n**Cut off** below {self.limit:,} characters: not shown are {missing}. "
            text += f"{self.hint}\n"
        return text[: self.limit - 1]


def code(value: object, *, table: bool = False, html: bool = False, width: int = 300) -> str:
    """Put a text into a code span, where nothing in it is Markdown; empty for an empty text."""
    text = printable(str(value).replace("\n", "⏎"))
    text = text if len(text) <= width else f"{text[: width - 1]}…"
    if html:
        return f"<code>{_escaped(text)}</code>"
    if not text:
        return ""
    ticks = "`" * (max(map(len, re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    span = f"{ticks}{pad}{text}{pad}{ticks}"
    return span.replace("|", "\\|") if table else span


def _escaped(text: str) -> str:
    """Take the meaning from the signs of Markdown; those of mentions work even as entities."""
    plain = re.sub(r"[*_`~\[\]|\\]", lambda m: f"&#{ord(m[0])};", html.escape(text, quote=False))
    return re.sub(r"(?<!&)([@#!])(?=[\w-])", "\\1\u200b", plain)


def cell(text: str) -> str:
    """Write a sentence with foreign words in it as plain text."""
    return _escaped(printable(text.replace("\n", " ")))


def fenced(lines: Sequence[str]) -> str:
    """Put lines into a block that shows what came and went, as the rest of a list's item."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    ticks = "`" * max(3, longest + 1)
    inside = "".join(f"  {line}\n" for line in lines)
    return f"  {ticks}diff\n{inside}  {ticks}"
