"""A Markdown text for a forge: cut to what it takes, without what it would carry out."""

import re

_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})(.*)")
_DETAILS = re.compile(r"<(/?)details\b", re.IGNORECASE)
_CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
_QUICK_ACTION = re.compile(r"^([ \t]*)/(?=[a-z])", re.IGNORECASE)


def inert(markdown: str) -> str:
    """Take from a text what GitLab would carry out: a line that starts with a slash and a word.

    GitLab reads quick actions such as ``/merge`` from descriptions, except in code blocks.
    """
    lines, open_fence = [], ""
    for line in markdown.split("\n"):
        was, open_fence = open_fence, _fence_after(line, open_fence)
        lines.append(line if was or open_fence else _QUICK_ACTION.sub(r"\1\\/", line))
    return "\n".join(lines)


def fit(markdown: str, limit: int) -> str:
    """Cut a text at the end of a line so that it takes at most ``limit`` bytes of UTF-8.

    What is cut is counted at the end; code fences and ``<details>`` that are open there are closed.
    """
    if _size(markdown) <= limit:
        return markdown
    lines = re.findall(r"[^\n]*\n|[^\n]+", markdown)
    best = _ending(len(lines), len(lines), limit, "", 0).lstrip("\n")
    taken, open_fence, details = 0, "", 0
    for index, line in enumerate(lines):
        taken += _size(line)
        was, open_fence = open_fence, _fence_after(line.rstrip("\r\n"), open_fence)
        if not was and not open_fence:
            for closing in _DETAILS.findall(_CODE.sub("", line)):
                details = max(0, details - 1) if closing else details + 1
        end = _ending(len(lines) - index - 1, len(lines), limit, open_fence, details)
        if taken > limit:
            break
        if taken + _size(end) <= limit:
            best = "".join(lines[: index + 1]) + end
    return best if _size(best) <= limit else ""


def _ending(left: int, total: int, limit: int, open_fence: str, details: int) -> str:
    """Write what closes a text that is cut, with the number of lines left out."""
    fence = f"{open_fence}\n" if open_fence else ""
    closed = "\n</details>\n" * details
    return (
        f"{fence}{closed}\n**Cut here**: {left} of {total} lines are left out, "
        f"because the forge takes {limit} bytes at most.\n"
    )


def _fence_after(line: str, open_fence: str) -> str:
    """Return the fence that is open after a line, as it stands, or nothing (CommonMark 4.5)."""
    found = _FENCE.match(line)
    if not found:
        return open_fence
    indent, marker, rest = found.groups()
    if not open_fence:
        return "" if marker[0] == "`" and "`" in rest else indent + marker
    closes = marker.startswith(open_fence.strip()) and not rest.strip()
    return "" if closes else open_fence


def _size(text: str) -> int:
    return len(text.encode())
