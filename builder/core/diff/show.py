"""Values, paths and texts as people read them: short, and nothing that acts on a terminal."""

import json
import re
from collections.abc import Mapping
from difflib import unified_diff
from typing import Any

from builder.core.diff.hidden import Hidden
from builder.core.diff.model import FieldChange, Path
from builder.core.text import printable

WIDTH = 100
_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*|\[.*\](?:#\d+)?")


def path_text(path: Path) -> str:
    """Write a path: ``spec.containers[app].env[A].value``, keys with dots in quotes."""
    text = ""
    for token in path:
        if token.startswith("["):
            text += token
        elif _PLAIN_KEY.fullmatch(token):
            text += f".{token}" if text else token
        else:
            text += f"[{json.dumps(token, ensure_ascii=False)}]"
    return printable(text)


def value_text(value: Any, width: int = WIDTH) -> str:
    """Write a value on one line, cut at ``width``; a secret is stars."""
    plain = visible(value)
    text = plain if isinstance(plain, str) and plain.strip() == plain != "" else _json(plain)
    return short(printable(text.replace("\n", "⏎")), width)


def visible(value: Any) -> Any:
    """Return a value as JSON may hold it: for a secret what may be shown of it."""
    if isinstance(value, Hidden):
        return value.shown
    if isinstance(value, Mapping):
        return {str(key): visible(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [visible(item) for item in value]
    return value


def short(text: str, width: int) -> str:
    """Cut a text where it is longer than ``width``."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def alike(change: FieldChange) -> str:
    """Say why both sides of a change look the same."""
    plain = (visible(change.before), visible(change.after))
    hidden = plain[0] == plain[1] and isinstance(plain[0], bool) == isinstance(plain[1], bool)
    return "the value is not shown" if hidden else "they differ behind the cut, or in their type"


def is_text(change: FieldChange) -> bool:
    """Tell whether a change is one of texts with several lines."""
    before, after = visible(change.before), visible(change.after)
    both = isinstance(before, str) and isinstance(after, str)
    return both and "\n" in before.strip() + after.strip()


def line_diff(change: FieldChange, limit: int) -> list[str]:
    """Return the lines that differ between two texts, at most ``limit`` and one that says so."""
    before, after = (str(visible(v)).splitlines() for v in (change.before, change.after))
    # The two lines at the top name files. A line like `--flag` of the text looks like them.
    found = [*unified_diff(before, after, lineterm="", n=1)][2:]
    lines = [line for line in found if not line.startswith("@@")]
    cut = [value_line(line) for line in lines[:limit]]
    if not lines:
        return ["  (what differs is hidden, or white space at the end)"]
    return [*cut, f"  … {len(lines) - limit} more lines"] if len(lines) > limit else cut


def value_line(line: str) -> str:
    """Write one line of a text, cut where it is long."""
    return short(printable(line.replace("\t", "    ")), WIDTH + 20)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
