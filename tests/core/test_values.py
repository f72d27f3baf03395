"""Merging values: maps deeply, lists as told."""

from typing import Any

import pytest

from builder.core.values import Lists, merge


@pytest.mark.parametrize(
    ("below", "above", "lists", "expected"),
    [
        ({"a": {"x": 1, "y": 1}}, {"a": {"x": 2}}, "replace", {"a": {"x": 2, "y": 1}}),
        ({"a": [1]}, {"a": [2]}, "replace", {"a": [2]}),
        ({"a": [1]}, {"a": [2]}, "concatenate", {"a": [2, 1]}),
        ({"a": {"b": [1]}}, {"a": {"b": [2]}}, "concatenate", {"a": {"b": [2, 1]}}),
        ({"a": {"x": 1}}, {"a": 5}, "replace", {"a": 5}),
        ({"a": 5}, {"a": {"x": 1}}, "replace", {"a": {"x": 1}}),
        ({"a": [1]}, {"a": None}, "concatenate", {"a": None}),
        ({"b": 1, "a": 1}, {"c": 1}, "replace", {"b": 1, "a": 1, "c": 1}),
        ({}, {"a": {}}, "replace", {"a": {}}),
    ],
    ids=["maps", "lists replaced", "lists joined", "lists joined below", "map to scalar",
         "scalar to map", "null", "order", "empty"],
)  # fmt: skip
def test_merging(below: Any, above: Any, lists: Lists, expected: Any) -> None:
    assert merge(below, above, lists=lists) == expected
    assert list(merge(below, above, lists=lists)) == list(expected)


def test_merging_changes_neither() -> None:
    below: dict[str, Any] = {"a": {"x": [1]}}
    above: dict[str, Any] = {"a": {"x": [2], "y": 1}}
    merge(below, above, lists="concatenate")
    assert (below, above) == ({"a": {"x": [1]}}, {"a": {"x": [2], "y": 1}})
