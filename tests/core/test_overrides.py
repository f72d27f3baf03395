from typing import Any

import pytest

from builder.core.overrides import Path, leaves, own_leaves, with_values


def test_leaves_of_maps_and_lists() -> None:
    values = {"a": {"b": 1, "c": None}, "d": [{"e": "x"}, "y"], "f": {}, "g": []}
    assert dict(leaves(values)) == {
        ("a", "b"): 1,
        ("a", "c"): None,
        ("d", "0", "e"): "x",
        ("d", "1"): "y",
    }


def test_globals_that_helm_copied_below_subcharts_are_left_out() -> None:
    values = {
        "global": {"hub": "quay.io"},
        "sub": {"global": {"hub": "quay.io", "own": "x"}, "image": "web"},
    }
    assert dict(own_leaves(values)) == {
        ("global", "hub"): "quay.io",
        ("sub", "global", "own"): "x",
        ("sub", "image"): "web",
    }


@pytest.mark.parametrize(
    ("user", "effective", "assignments", "expected"),
    [
        pytest.param({}, {"a": 1}, {("a",): 2}, {"a": 2}, id="new"),
        pytest.param({"b": 1}, {}, {("a", "b", "c"): 2}, {"b": 1, "a": {"b": {"c": 2}}}, id="deep"),
        pytest.param({"a": None}, {}, {("a", "b"): 2}, {"a": {"b": 2}}, id="null above"),
        pytest.param({"a": "x"}, {}, {("a", "b"): 2}, {"a": {"b": 2}}, id="scalar above"),
        pytest.param(
            {}, {"a": [{"i": 1}, {"i": 2}]}, {("a", "1", "i"): 3}, {"a": [{"i": 1}, {"i": 3}]},
            id="a list of the chart is set whole",
        ),
        pytest.param(
            {"a": [{"i": 9}]}, {"a": [{"i": 9}]}, {("a", "0", "i"): 3}, {"a": [{"i": 3}]},
            id="a list of the user",
        ),
        pytest.param({}, {"a": ["x", "y"]}, {("a", "0"): "z"}, {"a": ["z", "y"]}, id="texts"),
        pytest.param(
            {}, {"a": [[{"i": 1}]]}, {("a", "0", "0", "i"): 2}, {"a": [[{"i": 2}]]}, id="lists"
        ),
    ],
)  # fmt: skip
def test_values_are_set_over_the_users(
    user: dict[str, Any],
    effective: dict[str, Any],
    assignments: dict[Path, Any],
    expected: dict[str, Any],
) -> None:
    before = repr((user, effective))
    assert with_values(user, effective, assignments) == expected
    assert repr((user, effective)) == before
