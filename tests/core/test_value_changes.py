from typing import Any

import pytest
import yaml

from builder.core import value_changes
from builder.core.manifests import AppliedOperation
from builder.core.nested import NestedChart
from builder.core.overrides import Path
from tests.core.samples import resource

MINE, OURS = "overlays/prod/mine.yaml:4", "overlays/prod/patches/airgap.yaml:9"


def nested(
    values: dict[str, Any], *operations: AppliedOperation, text: bool = False, **more: Any
) -> NestedChart:
    """A chart of a resource that has the values, after some operations."""
    spec = {"text": yaml.safe_dump(values)} if text else {"values": values}
    owner = resource("Platform", "acme.example", "app", spec=spec)
    place = {"values_text": ("spec", "text")} if text else {"values_path": ("spec", "values")}
    fields: dict[str, Any] = {
        "resource": owner.patched(owner.body, operations),
        "repository": "https://charts.acme.example",
        "name": "app",
        "version": "1.0.0",
        "release": "app",
        "namespace": "apps",
        "version_at": (owner.id, ("spec", "version")),
        "values": values,
        **place,
    } | more
    return NestedChart(**fields)


def operation(path: str, before: Any = None, place: str = MINE) -> AppliedOperation:
    return AppliedOperation(op="add", path=path, before=before, place=place)


@pytest.mark.parametrize(
    ("path", "before", "place", "expected"),
    [
        ("/spec/values/image/tag", None, MINE, {("image", "tag")}),
        ("/spec/values/image", None, MINE, {("image", "name"), ("image", "tag")}),
        ("/spec/values", {"image": {"name": "x", "tag": 1}}, MINE, {("image", "name")}),
        ("/spec", {"values": {"image": {"name": "web"}}}, MINE, {("image", "tag")}),
        ("/spec/values/image/tag", None, OURS, set()),
        ("/spec/chart/url", None, MINE, set()),
        ("/metadata/labels", None, MINE, set()),
    ],
)
def test_what_people_have_set(path: str, before: Any, place: str, expected: set[Path]) -> None:
    chart = nested({"image": {"name": "web", "tag": 1}}, operation(path, before, place))
    assert value_changes.by_hand(chart, "/patches/airgap.yaml") == expected


def test_what_people_have_set_in_a_text() -> None:
    before = "image: {name: old}\nother: 1\n"
    chart = nested(
        {"image": {"name": "web"}, "other": 1}, operation("/spec/text", before), text=True
    )
    assert value_changes.by_hand(chart, "/patches/airgap.yaml") == {("image", "name")}


def test_pairs_beside_the_values_win() -> None:
    chart = nested({}, sets=(("image.tag", "1", False), ("a\\.b/c.d", "x", True)))
    assert value_changes.parameters(chart) == {("image", "tag"), ("a.b/c", "d")}
    assert value_changes.by_hand(chart, "/x") == {("image", "tag"), ("a.b/c", "d")}


def changes(
    chart: NestedChart, effective: dict[str, Any], assignments: dict[Path, Any]
) -> dict[str, Any]:
    reasons = dict.fromkeys(assignments, "because")
    found = value_changes.changes(chart, effective, assignments, reasons)
    return {"/".join(change.path): change.value for change in found}


def test_values_are_set_at_their_paths() -> None:
    found = changes(nested({}), {"image": {"tag": "old"}}, {("image", "tag"): "new"})
    assert found == {"spec/values/image/tag": "new"}


def test_a_list_of_the_chart_is_set_whole() -> None:
    effective = {"images": ["a", "b", "c"]}
    found = changes(nested({}), effective, {("images", "0"): "x", ("images", "2"): "z"})
    assert found == {"spec/values/images": ["x", "b", "z"]}


def test_a_list_of_the_resource_is_set_by_item() -> None:
    effective = {"images": ["a", "b"]}
    found = changes(nested(effective), effective, {("images", "1"): "x"})
    assert found == {"spec/values/images/1": "x"}


def test_values_in_a_text_are_set_in_one_change() -> None:
    chart = nested({"own": 1}, text=True)
    effective = {"own": 1, "image": {"tag": "old"}, "list": ["a", "b"]}
    found = changes(chart, effective, {("image", "tag"): "new", ("list", "1"): "x"})
    assert found.keys() == {"spec/text"}
    assert yaml.safe_load(found["spec/text"]) == {
        "own": 1,
        "image": {"tag": "new"},
        "list": ["a", "x"],
    }


def test_nothing_to_set() -> None:
    assert changes(nested({}), {}, {}) == {}
