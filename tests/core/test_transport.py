"""The archive's list: sizes, parts, and what is no list."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core import transport
from builder.core.errors import ConfigurationError
from tests.archives import packing


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("4G", 2**32), ("2 GiB", 2**31), ("700M", 700 * 2**20), ("6000", 6000)],
)
def test_sizes(text: str, size: int) -> None:
    assert transport.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "4 elephants", "-4GB", "4.5GB", "0", "100B", "9" * 13])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a size"):
        transport.parse_size(text)


@given(st.integers(1, 10**7), st.integers(1000, 10**6))
def test_parts_are_all_of_it(total: int, size: int) -> None:
    try:
        found = transport.parts(total, size, "a.tar")
    except ConfigurationError:
        assert total / size > 9999
        return
    assert sum(part for _, part in found) == total
    assert {part for _, part in found[:-1]} <= {size}
    assert 0 < found[-1][1] <= size
    assert sorted(name for name, _ in found) == [name for name, _ in found]


def test_too_many_parts() -> None:
    with pytest.raises(ConfigurationError, match="1,000,000 parts") as caught:
        transport.parts(10**9, 1000, "a.tar")
    assert "9,999 is the most" in str(caught.value.hint)


def test_a_list_is_read_as_it_was_written() -> None:
    contents = packing().contents
    data = transport.dump(contents)
    assert transport.load(data, source="x") == contents
    for spoiled in (data[:-1], data.replace(b" ", b"", 1), b"\xff" + data, b"[" * 100_000, b"{}"):
        with pytest.raises(ConfigurationError):
            transport.load(spoiled, source="x")


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": "a\nb"},
        {"environment": "\x1b[31m"},
        {"since": "x"},
        {"charts": (transport.Chart(name="../x", version="1", sha256="", manifest=""),)},
        {"blobs": (transport.Held(digest="sha256:" + "0" * 64, size=1, repositories=("a\n/b",)),)},
    ],
)  # fmt: skip
def test_names_that_are_more_than_names(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="is not what Sealift writes"):
        transport.load(transport.dump(packing(**changes).contents), source="x")


def test_members_stand_one_behind_the_other() -> None:
    found = packing()
    spans = transport.spans(found.contents, found.checksums)
    assert [span.start for span in spans[1:]] == [span.end for span in spans[:-1]]
    assert all(span.start % 512 == 0 for span in spans)
    assert len(transport.header("x", 2**40)) == 512
