"""A page of Markdown that stays below a limit, and the ways to put foreign text on it."""

import html
import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from builder.core.cut import fit
from builder.core.diff.show import short
from builder.core.text import count, printable

_NOTE = 400
WIDTH = 300
"""Characters of a name or a sentence; what is longer is cut."""


class Unit(NamedTuple):
    """A text that is taken whole or not at all; ``weight`` is how many things it tells.

    Where it does not fit, ``brief`` stands for it, which tells one of them.
    """

    text: str
    weight: int = 1
    brief: str = ""


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
        if size(text) > self.room:
            return False
        self.parts.append(text)
        self.room -= size(text)
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
        room = int(self.room * share) - size(start) - size(end)
        fitting: list[str] = []
        for text, weight, brief in units:
            if size(text) <= room:
                fitting.append(text)
            elif brief and size(brief) <= room:
                fitting.append(brief)
                self.omitted[noun] += weight - 1
            else:
                self.omitted[noun] += weight
                continue
            room -= size(fitting[-1])
        if fitting:
            self.text(start + "".join(fitting) + end)

    def done(self) -> str:
        """Return the page, with what is missing from it."""
        text = "".join(self.parts)
        missing = ", ".join(count(number, noun) for noun, number in self.omitted.items() if number)
        if missing:
            text += f"\n**Cut off** below {self.limit:,} bytes: not shown are {missing}. "
            text += f"{self.hint}\n"
        return fit(text, self.limit - 1)


def size(text: str) -> int:
    """Return the bytes of a text, which is what a forge counts."""
    return len(text.encode())


def code(value: object, *, table: bool = False, html: bool = False, width: int = WIDTH) -> str:
    """Put a text into a code span, where nothing in it is Markdown; empty for an empty text."""
    text = short(printable(str(value).replace("\n", "⏎")), width)
    if html:
        return f"<code>{_escaped(text)}</code>"
    if not text:
        return ""
    if table:
        # A cell ends at each bar, or at each without a backslash before it: forges do not agree.
        text = text.replace("|", "\\u007c")
    ticks = "`" * (max(map(len, re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _escaped(text: str) -> str:
    """Take the meaning from the signs of HTML, and from those of Markdown."""
    return re.sub(r"[*_`~\[\]|\\]", lambda m: f"&#{ord(m[0])};", html.escape(text, quote=False))


# A word that no forge makes anything of. One that could be a commit is none.
_PLAIN = re.compile(
    r"(?![0-9a-f]{7,64}\b)\(?(?:[A-Za-z]+(?:['-][A-Za-z]+)*|\d{1,6}(?:\.\d{1,6}){0,3}|[→…])\)?[.,:;?…]*"
)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"\S*|\S+')


def sentence(text: str, *, width: int = WIDTH) -> str:
    """Write a sentence of ours that has foreign words in it: plain words, and code spans.

    A word that is more than letters or a number may be a link, a mention, a reference or HTML to
    some forge. It stands in a code span with its neighbours of that kind, and what is in quotes.
    """
    words = _WORD.findall(short(printable(text.replace("\n", " ")), width))
    parts: list[str] = []
    for plain, group in groupby(words, key=lambda word: _PLAIN.fullmatch(word) is not None):
        joined = " ".join(group)
        if not plain:
            inside = joined.rstrip(".,:;?…") or joined
            joined = code(inside, width=2 * width) + joined[len(inside) :]
        parts.append(joined)
    return " ".join(parts)


def fenced(lines: Sequence[str]) -> str:
    """Put lines into a block that shows what came and went, as the rest of a list's item."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    ticks = "`" * max(3, longest + 1)
    inside = "".join(f"  {line}\n" for line in lines)
    return f"  {ticks}diff\n{inside}  {ticks}"
