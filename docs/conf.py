"""How Sphinx makes the site of the Markdown files where they stand; see docs/decisions/0023.

The source folder is the repository's root, so that links to the README hold. `make docs` runs it:
`sphinx-build -c docs . build/site`. Nothing on the pages comes from elsewhere.

The navigation is what docs/index.md lists, and docs/decisions/README.md: each list of links there
becomes a toctree, which no forge would show.
"""

import re
from typing import Any

project = "Sealift"
author = "Sealift"
project_copyright = "Apache-2.0"

extensions = ["myst_parser"]
include_patterns = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/**.md",
]
root_doc = "docs/index"
source_suffix = {".md": "markdown"}
# Anchors as forges make them, so that a link holds there and here.
myst_heading_anchors = 4
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # parts of files, outputs cut by ...
highlight_language = "none"

templates_path = ["templates"]
html_additional_pages = {"index": "to_index.html"}
html_theme = "furo"
html_title = "Sealift"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False

LISTS = {"docs/index", "docs/decisions/README"}
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_ENTRY = re.compile(r"^- \[([^\]]+)\]\(([^)#:]+)\.md\)", re.MULTILINE)


def navigation(text: str) -> str:
    """Return the page with a hidden toctree at the end of each section that lists pages."""
    first, *rest = _SECTION.split(text)
    parts = [first + _toctree("", _ENTRY.findall(first))]
    for caption, body in zip(rest[::2], rest[1::2], strict=True):
        parts.append(f"## {caption}{body}{_toctree(caption, _ENTRY.findall(body))}")
    return "".join(parts)


def _toctree(caption: str, pages: list[tuple[str, str]]) -> str:
    if not pages:
        return ""
    entries = "\n".join(f"{title} <{page}>" for title, page in pages)
    titled = f":caption: {caption}\n" if caption else ""
    return f"\n```{{toctree}}\n:hidden:\n{titled}\n{entries}\n```\n\n"


def setup(app: Any) -> None:
    """Have each page of lists read with its navigation."""

    def read(_: Any, page: str, source: list[str]) -> None:
        if page in LISTS:
            source[0] = navigation(source[0])

    app.connect("source-read", read)
