"""No link in README, ARCHITECTURE or docs/ is dead; those to elsewhere are not followed."""

from urllib.parse import urlsplit

import pytest

from tests.conftest import REPOSITORY
from tests.documentation.markdown import anchors, links, pages, path


def problem(page: str, target: str) -> str | None:
    """Say what is wrong with a link, if anything."""
    parts = urlsplit(target)
    if parts.scheme or target.startswith("//"):
        good = parts.scheme == "https" and "." in parts.netloc and not parts.username
        return None if good else "is no https:// address"
    found = path(page, parts.path).resolve() if parts.path else REPOSITORY / page
    if not found.is_relative_to(REPOSITORY) or not found.exists():
        return "is not there"
    if found.is_dir():
        return "is a folder: name its README.md"
    name = found.relative_to(REPOSITORY).as_posix()
    if parts.fragment and parts.fragment not in anchors(name):
        return f"{name} has no such heading: {', '.join(sorted(anchors(name)))}"
    return None


@pytest.mark.parametrize("page", pages())
def test_no_link_is_dead(page: str) -> None:
    found = [(line, target, problem(page, target)) for line, target in links(page)]
    assert [one for one in found if one[2]] == []


def test_every_page_leads_somewhere_from_the_index() -> None:
    seen, queue = set[str](), ["docs/index.md"]
    while queue:
        page = queue.pop()
        seen.add(page)
        for _, target in links(page):
            name = urlsplit(target).path
            if name.endswith(".md") and "://" not in target:
                found = path(page, name).resolve().relative_to(REPOSITORY).as_posix()
                queue += {found} - seen
    assert {page for page in pages() if page.startswith("docs/")} <= seen


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nowhere.md", "is not there"),
        ("../../outside.md", "is not there"),
        ("environment.md#no-such-heading", "has no such heading"),
        ("#no-such-heading", "has no such heading"),
        ("decisions", "is a folder"),
        ("http://example.com/", "is no https:// address"),
        ("https://user@example.com/", "is no https:// address"),
        ("environment.md#extends", None),
        ("https://example.com/", None),
    ],
)
def test_a_dead_link_is_noticed(target: str, said: str | None) -> None:
    found = problem("docs/index.md", target)
    assert found is None if said is None else said in (found or "")
