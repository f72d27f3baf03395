"""Lists of a kustomization, changed in its text: comments and order of what people wrote stay."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from builder.core import yaml
from builder.core.errors import YamlError


def with_entry(text: str, field: str, entry: str, before: Sequence[str] = ()) -> str | None:
    """Return the text with an entry in the list of that name.

    It comes before the first of ``before`` that is there, else at the end. None when that takes
    more than one new line, or one that is changed, as in brackets over several lines.
    """
    fields = _fields(text)
    present = fields.get(field) or []
    if entry in present:
        return text
    follower = next((e for e in present if e in before), None)
    wanted = [*present]
    wanted.insert(wanted.index(follower) if follower else len(wanted), entry)
    lines = text.splitlines()
    items = _items(lines, field)
    if field not in fields:
        lines += [f"{field}:", f"  - {entry}"]
    elif items:
        at, indent = items[wanted.index(entry)] if follower else (items[-1][0] + 1, items[-1][1])
        lines.insert(at, f"{indent}- {entry}")
    else:
        lines = [_with_bracketed(line, field, entry, wanted.index(entry)) for line in lines]
    return _checked(lines, fields | {field: wanted})


def without_entry(text: str, field: str, entry: str) -> str | None:
    """Return the text without an entry, and without a list that is empty then; None as above."""
    fields = _fields(text)
    present = fields.get(field) or []
    if entry not in present:
        return text
    lines = text.splitlines()
    items = _items(lines, field)
    wanted = [e for e in present if e != entry]
    if len(items) == len(present):
        del lines[items[present.index(entry)][0]]
    else:
        lines = [_without_bracketed(line, field, present.index(entry)) for line in lines]
    if wanted:
        return _checked(lines, fields | {field: wanted})
    lines = [line for line in lines if not re.match(rf"{field}:\s*(\[\s*\]\s*)?(#|$)", line)]
    return _checked(lines, {k: v for k, v in fields.items() if k != field})


def _items(lines: Sequence[str], field: str) -> list[tuple[int, str]]:
    """Return the line and the indentation of each entry of a list with an entry a line."""
    found: list[tuple[int, str]] = []
    inside = False
    for number, line in enumerate(lines):
        if inside:
            item = re.match(r"(\s*)- ", line)
            if item:
                found.append((number, item[1]))
            elif re.match(r"\s*(#|$)", line) is None:
                break
        else:
            inside = re.match(rf"{field}:\s*(#|$)", line) is not None
    return found


def _with_bracketed(line: str, field: str, entry: str, at: int) -> str:
    """Return ``field: [a, b]`` with an entry at that place; any other line as it is."""
    return _bracketed(line, field, lambda entries: [*entries[:at], entry, *entries[at:]])


def _without_bracketed(line: str, field: str, at: int) -> str:
    return _bracketed(line, field, lambda entries: [*entries[:at], *entries[at + 1 :]])


def _bracketed(line: str, field: str, change: Callable[[list[str]], list[str]]) -> str:
    found = re.fullmatch(rf"({field}:\s*)\[([^\]]*)\](.*)", line)
    if found is None:
        return line
    entries = [entry.strip() for entry in found[2].split(",") if entry.strip()]
    return f"{found[1]}[{', '.join(change(entries))}]{found[3]}"


def _checked(lines: Sequence[str], wanted: dict[str, Any]) -> str | None:
    text = "\n".join(lines) + "\n"
    try:
        return text if _fields(text) == wanted else None
    except YamlError:
        return None


def _fields(text: str) -> dict[str, Any]:
    value = yaml.load(text, source="kustomization")
    return value if isinstance(value, dict) else {}
