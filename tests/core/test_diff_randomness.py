"""What differs between two renders of one input says nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core.diff.randomness import MARK, mark, stable
from builder.core.manifests import Origin, Resource


@pytest.mark.parametrize(
    ("one", "two", "marked"),
    [
        ("same", "same", "same"),
        ("abc", "abd", MARK),
        (1, 2, MARK),
        (1, True, MARK),
        ("mysql://me:abc@host/x", "mysql://me:abd@host/x", f"mysql://me:{MARK}@host/x"),
        ("a: 1\nb: x\n", "a: 1\nb: y\n", f"a: 1\nb: {MARK}\n"),
        ("a\nb", "a", MARK),
        ({"a": "x", "b": "y"}, {"a": "x", "b": "z"}, {"a": "x", "b": MARK}),
        ({"a": "x"}, {"b": "x"}, {"a": MARK, "b": MARK}),
        (["a", "b"], ["a", "c"], ["a", MARK]),
        (["a"], ["a", "b"], MARK),
        ("x: -----BEGIN CERTIFICATE-----\na\nb\n-----END CERTIFICATE-----\ny",
         "x: -----BEGIN CERTIFICATE-----\nc\n-----END CERTIFICATE-----\ny", f"x: {MARK}y"),
    ],
)  # fmt: skip
def test_marks(one: Any, two: Any, marked: Any) -> None:
    assert mark(one, two) == marked


@given(st.text("abc019", min_size=1), st.text("abc019", min_size=1), st.text("abc019", min_size=1))
def test_the_mark_does_not_depend_on_the_random_words(a: str, b: str, c: str) -> None:
    url = "mysql://me:{}@host/db?x=1"
    if len({a, b, c}) == 3:
        assert mark(url.format(a), url.format(b)) == mark(url.format(b), url.format(c))


def job(name: str) -> Resource:
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {}}
    return Resource(body=body, origin=Origin(source="chart"))


def test_random_names_are_paired() -> None:
    assert [r.id.name for r in stable([job("run-abc")], [job("run-xyz")])] == [MARK]
    assert [r.id.name for r in stable([job("run.abc")], [job("run.xyz")])] == [f"run.{MARK}"]


def test_names_that_do_not_pair_stay() -> None:
    assert [r.id.name for r in stable([job("a"), job("b")], [job("a")])] == ["a", "b"]
