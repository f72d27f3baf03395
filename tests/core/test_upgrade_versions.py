"""Versions of charts: which texts name one, their order, what is near and what lies between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core import versions
from builder.core.versions import Step

# From semver.org, clause 11.
ORDERED = [
    "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
    "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.9.0", "1.10.0", "v2.0.0",
]  # fmt: skip


@pytest.mark.parametrize("text", [*ORDERED, "0.43.8", "1.2.3+build.5", "1.2.3-rc.1+b"])
def test_one_version(text: str) -> None:
    assert versions.exact(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "latest", "1", "1.2", "1.x", "1.2.x", "~1.2.3", "^1.2.3", ">=1.2.3", ">1 <2",
        "1.2.3 - 2.0.0", "1.2.3 || 2.0.0", "1.2.3,2.0.0", "=1.2.3", "1.2.3.4", "1.2.3-", "HEAD",
        "1.2.3\n",
    ],
)  # fmt: skip
def test_what_names_no_single_version(text: str) -> None:
    assert not versions.exact(text)
    assert versions.order(text) is None


@given(st.permutations([*ORDERED, "latest"]))
def test_the_order(shuffled: list[str]) -> None:
    assert versions.ordered(shuffled) == ORDERED


def test_build_metadata_means_nothing_to_the_order() -> None:
    assert versions.order("1.2.3+a") == versions.order("1.2.3+b")


KNOWN = ["0.17.0", "0.18.0", "0.18.1", "0.20.0", "0.43.8", "0.44.0-rc.1", "1.0.0"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("0.18.7", "it has 0.18.0, 0.18.1, 0.20.0, 0.43.8; the newest is 1.0.0"),
        ("0.1.0", "it has 0.17.0, 0.18.0; the newest is 1.0.0"),
        ("9.0.0", "it has 0.44.0-rc.1, 1.0.0"),
        ("latest", "it has 0.44.0-rc.1, 1.0.0"),
        ("0.43", "it has 0.43.8; the newest is 1.0.0"),
    ],
)
def test_what_is_near(wanted: str, said: str) -> None:
    assert versions.near(wanted, [*KNOWN, "not one"]) == said


def test_nothing_is_near_where_nothing_is() -> None:
    assert versions.near("1.0.0", []) == ""


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("0.18.0", "0.20.3", ["0.19", "0.20"]),
        ("0.18.0", "0.18.9", []),
        ("0.18.0", "2.1.0", ["1", "2"]),
        ("1.2.3", "1.9.0", []),
        ("1.2.3", "4.0.0", ["2", "3", "4"]),
        ("4.0.0", "1.2.3", []),
        ("latest", "1.2.3", []),
    ],
)
def test_the_majors_that_a_move_enters(before: str, after: str, names: list[str]) -> None:
    assert [step.name for step in versions.steps(before, after)] == names


def test_the_newest_of_each_major() -> None:
    known = ["2.0.0", "2.10.1", "2.9.9", "v3.0.0", "3.1.0-rc.1", "20.0.0"]
    assert versions.steps("1.0.0", "4.0.0", known) == [
        Step(name="2", newest="2.10.1"),
        Step(name="3", newest="v3.0.0"),
        Step(name="4"),
    ]
