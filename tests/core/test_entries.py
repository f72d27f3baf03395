"""Entries of lists in a kustomization's text."""

import pytest

from builder.core.entries import with_entry, without_entry

LISTED = "# ours\nresources:\n  - ../guide  # the parent\n\n  # more\n  - a.yaml\nsortOptions: {}\n"


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("", (), "resources:\n  - new\n"),
        ("kind: K\n", (), "kind: K\nresources:\n  - new\n"),
        (LISTED, (), LISTED.replace("- a.yaml\n", "- a.yaml\n  - new\n")),
        (LISTED, ("a.yaml",), LISTED.replace("  - a.yaml\n", "  - new\n  - a.yaml\n")),
        (LISTED, ("other", "../guide"), LISTED.replace("  - ../", "  - new\n  - ../")),
        (LISTED, ("other",), LISTED.replace("- a.yaml\n", "- a.yaml\n  - new\n")),
        ("resources:\n- a\nkind: K\n", (), "resources:\n- a\n- new\nkind: K\n"),
        ("resources: # all\n- a", (), "resources: # all\n- a\n- new\n"),
        ("resources: [a]  # all\n", (), "resources: [a, new]  # all\n"),
        ("resources: [a, 'b',]\n", ("b",), "resources: [a, new, 'b']\n"),
        ("resources: []\n", (), "resources: [new]\n"),
        ("resources: ['a, b']\n", ("a, b",), "resources: [new, 'a, b']\n"),
        ("resources: ['a,  b', c]\n", (), None),
        ("resources: [\n  a]\n", (), None),
        ("resources:\n", (), None),
        ("resources:\n  - a\n  - |-\n    b\n", (), None),
        ("'resources':\n  - a\n", (), None),
    ],
)
def test_an_entry_is_added(text: str, before: tuple[str, ...], expected: str | None) -> None:
    assert with_entry(text, "resources", "new", before) == expected


def test_what_is_there_stays() -> None:
    assert with_entry(LISTED, "resources", "a.yaml", ("../guide",)) == LISTED
    assert without_entry(LISTED, "resources", "new") == LISTED
    assert without_entry(LISTED, "transformers", "a.yaml") == LISTED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LISTED, LISTED.replace("  - a.yaml\n", "")),
        ("resources:\n- a.yaml\nkind: K\n", "kind: K\n"),
        ("resources: # all\n  - a.yaml\n", "\n"),
        ("resources: [a.yaml]\nkind: K\n", "kind: K\n"),
        ("resources: [a.yaml, b]  # two\n", "resources: [b]  # two\n"),
        ("resources: [b, 'c,d', a.yaml]\n", None),
        ("resources: [\n  a.yaml]\n", None),
        ("a.yaml: 1\nresources:\n  - b\n  - 'a.yaml'\n", "a.yaml: 1\nresources:\n  - b\n"),
    ],
)
def test_an_entry_is_taken_away(text: str, expected: str | None) -> None:
    assert without_entry(text, "resources", "a.yaml") == expected
