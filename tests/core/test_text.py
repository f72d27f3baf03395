"""Tables for terminals."""

import pytest

from builder.core.text import count, table

HEAD = ("NAME", "PLACE")


def test_columns_are_aligned() -> None:
    assert table(HEAD, [("a", "b"), ("longer", "c")]) == "NAME    PLACE\na       b\nlonger  c"


def test_cells_go_on_below_where_the_table_is_too_wide() -> None:
    rows = [("registry.example.com/acme/web:1.2.3", "Deployment/web container web"), ("x", "y")]
    assert table(HEAD, rows, 42).splitlines() == [
        "NAME                  PLACE",
        "registry.example.com  Deployment/web",
        "/acme/web:1.2.3       container web",
        "x                     y",
    ]


@pytest.mark.parametrize("width", [30, 50, 80, 200])
def test_nothing_is_lost_and_nothing_is_wider(width: int) -> None:
    rows = [("a" * 70, "r.io/" + "b" * 30, "one two " * 6)]
    lines = table(("X", "Y", "Z"), rows, width).splitlines()
    assert max(map(len, lines)) <= max(width, 3 * 12 + 4)
    text = "".join(lines[1:])
    assert [text.count(sign) for sign in "abw"] == [70, 30, 6]


@pytest.mark.parametrize(("number", "text"), [(0, "0 images"), (1, "1 image"), (2, "2 images")])
def test_count(number: int, text: str) -> None:
    assert count(number, "image") == text
