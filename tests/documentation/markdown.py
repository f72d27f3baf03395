"""Markdown pages as the tests read them: links, anchors, examples, with their lines."""

import functools
import itertools
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import REPOSITORY

SHELLS = {"console", "sh", "bash", "shell"}
_MARK = re.compile(r"<!-- (.*?) -->", re.DOTALL)


@dataclass(frozen=True)
class Example:
    """A fenced block of commands, with the comment before it and the lines of each command."""

    page: str
    line: int
    mark: str
    commands: Sequence[tuple[str, list[str]]]


@functools.cache
def pages() -> Sequence[str]:
    """Return all pages that are committed, or will be, by their path in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    return [p for p in sorted(set(listed)) if p.startswith("docs/") or "/" not in p]


@functools.cache
def tokens(page: str) -> Sequence[Token]:
    """Return a page's tokens; inline ones stand in the children of their block."""
    return MarkdownIt().enable("table").parse((REPOSITORY / page).read_text())


def inline(page: str) -> Iterator[tuple[int, Token]]:
    """Yield links, pictures and pieces of code within texts, each with the line of its block."""
    for block in tokens(page):
        for child in block.children or ():
            yield (block.map or [0])[0] + 1, child


def links(page: str) -> Iterator[tuple[int, str]]:
    """Yield the target of each link and picture with its line."""
    for line, token in inline(page):
        target = token.attrGet("href") or token.attrGet("src")
        if target is not None:
            yield line, str(target)


@functools.cache
def anchors(page: str) -> frozenset[str]:
    """Return the anchors of a page's headings, as forges make them."""
    found: set[str] = set()
    blocks = tokens(page)
    for opening, text in itertools.pairwise(blocks):
        if opening.type == "heading_open":
            plain = "".join(
                c.content for c in text.children or () if c.type in ("text", "code_inline")
            )
            slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            number = 0
            while (name := f"{slug}-{number}" if number else slug) in found:
                number += 1
            found.add(name)
    return frozenset(found)


def examples(page: str) -> Iterator[Example]:
    """Yield the blocks of commands of a page."""
    before = ""
    for token in tokens(page):
        if token.type == "html_block":
            found = _MARK.search(token.content)
            before = " ".join(found[1].split()) if found else ""
        elif token.type == "fence":
            if token.info.split(" ")[0] in SHELLS:
                line = (token.map or [0])[0] + 1
                yield Example(page, line, before, list(_commands(token.content)))
            before = ""
        elif token.type == "inline":
            before = ""


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    command, shown = "", list[str]()
    for line in text.splitlines():
        if command.endswith("\\"):
            command = command[:-1] + line.strip()
        elif line.startswith(("$ ", "# ")):
            if command:
                yield command, shown
            command, shown = line[2:], []
        else:
            shown.append(line)
    if command:
        yield command, shown


def path(page: str, target: str) -> Path:
    """Return what a relative link leads to."""
    return (REPOSITORY / page).parent / target
