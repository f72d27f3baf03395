"""The difference between two renders, brought into a resource that changed since."""

from typing import Any

import pytest

from builder.core import changes as change_lists
from builder.core import graft
from builder.core import patch as patches
from builder.core.manifests import Manifests
from tests.core.samples import resource

A, B, C = ({"name": name, "value": "1"} for name in "abc")
CERTS = {"name": "certs", "value": "/certs"}


@pytest.mark.parametrize(
    ("present", "before", "after", "wanted"),
    [
        pytest.param({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}, id="a value"),
        pytest.param({"a": 3}, {"a": 1}, {"a": 2}, {"a": 3}, id="a value that others changed"),
        pytest.param({"a": 1, "x": 9}, {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "x": 9, "b": 2},
                     id="a new key"),
        pytest.param({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1}, {"a": 1}, id="a key less"),
        pytest.param({"a": 1, "b": 9}, {"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": 9},
                     id="a key less that others changed"),
        pytest.param({"l": None}, {"l": None}, {"l": [A]}, {"l": [A]}, id="an empty key filled"),
        pytest.param({}, {"l": None}, {"l": [A]}, {"l": [A]}, id="an empty key left out"),
        pytest.param({"l": [B]}, {"l": None}, {"l": [A]}, {"l": [B, A]}, id="filled by others"),
        pytest.param({"l": [A]}, {"l": [A]}, {"l": None}, {"l": None}, id="emptied"),
        pytest.param({"l": [A]}, {"l": [A]}, {}, {}, id="a list less"),
        pytest.param({"l": [A, B]}, {"l": [A]}, {}, {"l": [B]}, id="a list less, but for others'"),
        pytest.param([A, B], [A, B], [A, B, CERTS], [A, B, CERTS], id="behind all"),
        pytest.param([A, B, C], [A, B], [A, B, CERTS], [A, B, C, CERTS], id="behind others'"),
        pytest.param([A, B, C], [A, B], [A, CERTS, B], [A, CERTS, B, C], id="between"),
        pytest.param([A, B], [A, B], [CERTS, A, B], [CERTS, A, B], id="in front"),
        pytest.param([A, CERTS], [A], [A, CERTS], [A, CERTS], id="there already"),
        pytest.param([A, {"name": "certs", "value": "/mine"}], [A], [A, CERTS],
                     [A, {"name": "certs", "value": "/mine"}], id="there already, by others"),
        pytest.param([B], [A, B], [A, B, CERTS], [B, CERTS], id="what others took away stays away"),
        pytest.param([{"name": "a", "value": "9"}, B], [A, B], [A, B, CERTS],
                     [{"name": "a", "value": "9"}, B, CERTS], id="what others changed"),
        pytest.param([A, A], [A], [A, CERTS], [A, A], id="a list that cannot be told apart"),
        pytest.param(["x", "z"], ["x"], ["x", "y"], ["x", "z", "y"], id="plain items"),
    ],
)  # fmt: skip
def test_graft(present: Any, before: Any, after: Any, wanted: Any) -> None:
    found = graft.graft(present, before, after)
    assert found == wanted
    assert graft.graft(found, before, after) == wanted


def mount(number: int) -> dict[str, str]:
    path = f"/certs/{number}.crt"
    return {"name": "certs", "mountPath": path, "subPath": f"{number}.crt"}


def pod(*mounts: Any, env: Any = (A,), volumes: Any = None) -> dict[str, Any]:
    container = {"name": "m", "env": list(env), "volumeMounts": list(mounts)}
    return {"spec": {"containers": [container], "volumes": volumes}}


@pytest.mark.parametrize(
    ("present", "wanted", "operations"),
    [
        (pod(), pod(), []),
        (pod(mount(0)), pod(mount(0), mount(1)), ["test", "test", "add"]),
        (pod(), pod(mount(0)), ["test", "replace"]),
        (pod(mount(0), mount(1)), pod(mount(0)), ["test", "replace"]),
        (pod(mount(1)), pod(mount(0), mount(1)), ["test", "replace"]),
        (pod(), pod(env=(A, CERTS), volumes=[B]), ["test", "test", "add", "replace"]),
        (pod(*map(mount, range(8))), pod(*map(mount, range(12))),
         ["test", "test", "add", "add", "add", "add"]),
        (pod(env=({"value": "x"},)), pod(env=({"value": "x"}, B)), ["test", "test", "add"]),
    ],
)  # fmt: skip
def test_changes_become_strict_operations(present: Any, wanted: Any, operations: Any) -> None:
    before = resource("Pod", **present)
    found = list(graft.changes(before, {**before.body, **wanted}, "certificates"))
    text = change_lists.write({before.id: before}, found, "0")
    written = patches.parse_transformers(text, source="airgap.yaml")
    after, problems = patches.apply_all(Manifests([before]), written)
    assert problems == []
    assert [r.body for r in after] == [{**before.body, **wanted}]
    assert [o.body["op"] for patch in written for o in patch.operations] == operations


def test_an_operation_misses_where_the_list_is_another() -> None:
    before = resource("Pod", **pod(env=(A,)))
    found = graft.changes(before, {**before.body, **pod(env=(A, CERTS))}, "certificates")
    written = patches.parse_transformers(
        change_lists.write({before.id: before}, list(found), "0"), source="airgap.yaml"
    )
    _, problems = patches.apply_all(Manifests([resource("Pod", **pod(env=(B,)))]), written)
    assert len(problems) == 1
