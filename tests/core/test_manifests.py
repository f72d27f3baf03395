"""Kubernetes objects, unique by what makes each of them one."""

import pytest

from builder.core.errors import ConfigurationError
from builder.core.manifests import Manifests, Origin, Resource, ResourceId, from_kustomize

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


def pod(name: str, source: str = "x", **metadata: str) -> Resource:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}}
    return Resource(body=body, origin=Origin(source=source))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "base:1: a Kubernetes object is a mapping, not a list"),
        ("5\n", "base:1: a Kubernetes object is a mapping, not a int"),
        ("kind: Pod\nmetadata: {name: a}\n", "base:1: not a Kubernetes object: apiVersion missing"),
        (f"{POD}---\nmetadata: {{}}\n",
         "base:5: not a Kubernetes object: apiVersion, kind, metadata.name missing"),
        ("apiVersion: v1\nkind: Pod\nmetadata: [a]\n",
         "base:1: not a Kubernetes object: metadata.name missing"),
        ("apiVersion: v1\nkind: List\nitems: [{kind: Pod}]\n",
         "base:1: not a Kubernetes object: apiVersion, metadata.name missing"),
        (f"{POD}---\n{POD}", "Pod/a stands twice: in base and in base"),
    ],
    ids=["list", "number", "no apiVersion", "nothing", "metadata is a list", "item", "twice"],
)  # fmt: skip
def test_what_is_no_set_of_objects(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        from_kustomize(text, source="base")
    assert str(caught.value) == message


def test_lists_are_taken_apart_at_any_depth() -> None:
    item = "{apiVersion: v1, kind: Pod, metadata: {name: a}}"
    inner = f"{{apiVersion: v1, kind: PodList, items: [{item}]}}"
    text = f"apiVersion: v1\nkind: List\nitems: [{inner}]\n"
    assert [str(r) for r in from_kustomize(text, source="base")] == ["Pod/a"]


def test_a_generated_name_is_a_name() -> None:
    text = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: run-}\n"
    assert [str(r) for r in from_kustomize(text, source="base")] == ["Job/run-"]


def test_the_version_is_no_part_of_the_identity() -> None:
    one, other = (ResourceId.of({"apiVersion": f"apps/{v}", "kind": "X"}) for v in ("v1", "v2"))
    assert one == other
    assert one != ResourceId.of({"apiVersion": "batch/v1", "kind": "X"})


def test_two_objects_of_one_identity_name_their_sources() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Manifests([pod("a", "one.yaml")]) + Manifests([pod("a", "two.yaml")])
    assert caught.value.what == "Pod/a stands twice: in one.yaml and in two.yaml"
    assert caught.value.hint == ("two objects of one kind, namespace and name overwrite each other")


def test_a_name_in_two_namespaces_is_two_objects() -> None:
    both = Manifests([pod("a", namespace="x"), pod("a", namespace="y")])
    assert [str(r) for r in both] == ["Pod/x/a", "Pod/y/a"]
    assert both.find("Pod", "a", "y") is both.get(pod("a", namespace="y").id)
    assert both.find("Pod", "a", "z") is None


def test_replacing_keeps_the_order_and_the_old_manifests() -> None:
    before = Manifests([pod("a"), pod("b")])
    after = before.replace(pod("a").id, pod("a", "new"))
    assert [(r.id.name, r.origin.source) for r in after] == [("a", "new"), ("b", "x")]
    assert [(r.id.name, r.origin.source) for r in before] == [("a", "x"), ("b", "x")]
    assert pod("a").id in before
    assert (len(before), len(before.sorted(lambda r: r.id))) == (2, 2)


@pytest.mark.parametrize(
    ("hooks", "test"),
    [((), False), (("test",), True), (("test", "test-success"), True),
     (("test", "pre-upgrade"), False), (("pre-install",), False)],
)  # fmt: skip
def test_a_test_hook_is_one_that_nothing_else_runs(hooks: tuple[str, ...], test: bool) -> None:
    assert Origin(source="x", hooks=hooks).test_hook is test
