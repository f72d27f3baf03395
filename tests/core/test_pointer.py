"""JSON pointers (RFC 6901)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core.pointer import get, pointer, tokens


@given(st.lists(st.text(max_size=5)))
def test_tokens_that_are_joined_are_split_again(path: list[str]) -> None:
    assert tokens(pointer(path)) == tuple(path)


def test_a_pointer_starts_with_a_slash() -> None:
    with pytest.raises(ValueError, match="a JSON pointer starts with a slash: 'a/b'"):
        tokens("a/b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"a": [1, 2], "x/y": {"~": 3}, "n": None}), ("/a/1", 2), ("/x~1y/~0", 3),
        ("/n", None), ("/a/2", "absent"), ("/a/01", "absent"), ("/a/-", "absent"),
        ("/a/-1", "absent"), ("/a/²", "absent"), ("/n/x", "absent"), ("/z", "absent"),
    ],
)  # fmt: skip
def test_what_stands_at_a_pointer(text: str, expected: object) -> None:
    value = {"a": [1, 2], "x/y": {"~": 3}, "n": None}
    assert get(value, tokens(text), "absent") == expected
