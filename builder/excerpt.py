"""The line of a file that an error is about, with a caret below what is wrong.

Nothing is shown of a line that may hold a credential.
"""

import re

from builder.core.credentials import WORDS
from builder.core.errors import Mark
from builder.core.text import printable

_WIDEST = 96
# What names itself what it is: an entry, with a key or of a list, or brackets alone.
_ENTRY = re.compile(r"\s*(?:-\s|[\[\]{}#]|[^\s:#][^:]*:(?:\s|$))")
_CREDENTIAL = re.compile(rf"(?i)(?:{WORDS}|passwords|tokens|keys)[\"']?\s*:\s*$")

# Where any text may be one: a Secret's content, literals for one, and the value of an entry.
_SECRET = re.compile(
    r"\bkind[\"']?\s*:\s*[\"']?Secret(?:List)?\b|\bstringData\b|\bsecretGenerator\b"
)
_VALUE = re.compile(r"(?i)[\s{,\"'-](?:string_?)?val(?:ue)?[\"']?\s*:")


def excerpt(mark: Mark) -> str:
    """Return the line with its number, and the caret; empty when it may not be shown."""
    lines = mark.text.splitlines()
    if not 0 < mark.line <= len(lines) or _SECRET.search(mark.text):
        return ""
    if _hides(lines[: mark.line]):
        return ""
    line = lines[mark.line - 1]
    before, after = printable(line[: mark.column - 1]), printable(line[mark.column - 1 :])
    if len(before) > _WIDEST * 2 // 3:
        before = "…" + before[-_WIDEST // 2 :]
    after = after if len(before + after) <= _WIDEST else after[: _WIDEST - len(before)] + "…"
    margin = f"  {mark.line} | "
    return f"{margin}{before}{after}\n{'| '.rjust(len(margin))}{' ' * len(before)}^"


def _hides(lines: list[str]) -> bool:
    """Tell whether the last of the lines may hold a credential, by itself or by those above."""
    from builder.core.guard.veil import without_suspects

    line = lines[-1]
    if not _ENTRY.match(line) or _VALUE.search(f" {line}"):
        return True  # the end of a longer text, or nothing; or what a name beside it tells
    above = next(
        (one for one in reversed(lines[:-1]) if one.strip() and _indent(one) < _indent(line)), ""
    )
    if _CREDENTIAL.search(above) or above.rstrip().endswith(("|", ">", "|-", ">-", "|+", ">+")):
        return True
    return not ("\n" + without_suspects("\n".join(lines))).endswith(f"\n{line}")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
