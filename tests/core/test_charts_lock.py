"""Charts that were vendored into a base, by digest."""

import pytest

from builder.core import charts_lock
from builder.core.charts_lock import ChartsLock, VendoredChart
from builder.core.errors import ConfigurationError


def chart(name: str, version: str, letter: str = "a") -> VendoredChart:
    return VendoredChart(
        name=name, version=version, sha256=f"sha256:{letter * 64}", source="https://r.io"
    )


def test_a_lock_that_is_written_is_read_back() -> None:
    lock = ChartsLock(charts=(chart("a", "1.0.0"), chart("b", "2.0.0", "b")))
    text = charts_lock.dump(lock)
    assert text.startswith("# Written by sealift vendor.")
    assert charts_lock.load(text, source="charts.lock.yaml") == lock


@pytest.mark.parametrize(
    ("name", "version", "found"),
    [("a", "1.0.0", True), ("a", "v1.0.0", True), ("b", "2.0.0", True), ("a", "1.0", False),
     ("c", "1.0.0", False)],
)  # fmt: skip
def test_finding_a_chart(name: str, version: str, found: bool) -> None:
    lock = ChartsLock(charts=(chart("a", "1.0.0"), chart("b", "v2.0.0")))
    assert (lock.find(name, version) is not None) is found


def test_charts_are_sorted_and_take_the_place_of_their_like() -> None:
    lock = ChartsLock(charts=(chart("b", "1.0.0"), chart("a", "1.0.0")))
    done = lock.with_charts([chart("a", "2.0.0"), chart("b", "1.0.0", "b")])
    assert done.charts == (
        chart("a", "1.0.0"), chart("a", "2.0.0"), chart("b", "1.0.0", "b"),
    )  # fmt: skip


def test_a_digest_that_is_none_names_its_line() -> None:
    text = charts_lock.dump(ChartsLock(charts=(chart("a", "1.0.0"),)))
    with pytest.raises(ConfigurationError) as caught:
        charts_lock.load(text.replace("sha256:a", "sha512:a"), source="charts.lock.yaml")
    assert caught.value.where == "charts.lock.yaml:5"
    assert caught.value.what.startswith('charts.0.sha256: "sha512:aaa')
