"""The site that `make docs` builds: without a warning, and without anything from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.documentation.markdown import pages

# What a browser fetches by itself; links that people follow are not.
_FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video)\b[^>]*\bsrc=[\"']?([^\"' >]+)"
    r"|<link\b(?![^>]*rel=\"(?:canonical|next|prev|index|search)\")[^>]*\bhref=[\"']?([^\"' >]+)"
    r"|url\([\"']?([^\"')]+)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    argv = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    argv += ["-d", str(folder / "trees"), "-c", "docs", ".", str(folder / "html")]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


def fetched(text: str) -> set[str]:
    """Return the addresses that a page or a style sheet has fetched."""
    return {next(filter(None, match)) for match in _FETCHED.findall(text)}


def test_every_page_is_in_it_and_in_its_navigation(site: Path) -> None:
    named = [page for page in pages() if page.startswith("docs/")]
    assert len(named) > 60
    missing = [page for page in named if not (site / page).with_suffix(".html").is_file()]
    assert missing == []
    index = (site / "docs" / "index.html").read_text()
    captions = re.findall(r'class="caption-text">([^<]+)<', index)
    assert captions == ["Tutorial", "How-to", "Reference", "Explanation"]
    assert 'url=docs/index.html"' in (site / "index.html").read_text()


def test_nothing_comes_from_elsewhere(site: Path) -> None:
    found = {
        address
        for path in site.rglob("*")
        if path.suffix in (".html", ".css")
        for address in fetched(path.read_text())
    }
    assert len(found) > 10
    assert {one for one in found if re.match(r"(?:https?:)?//", one)} == set()


def test_what_comes_from_elsewhere_would_be_noticed() -> None:
    text = (
        '<script src="https://a.example/x.js"></script><link rel="stylesheet" href="//b.example/x">'
        '<style>@font-face{src:url(https://c.example/f)}</style><a href="https://d.example/">d</a>'
        '<link rel="canonical" href="https://e.example/">'
    )
    assert fetched(text) == {"https://a.example/x.js", "//b.example/x", "https://c.example/f"}
