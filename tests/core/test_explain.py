"""Where a thing stands, and what made it so."""

from dataclasses import replace
from typing import Any

import pytest

from builder.core import explain
from builder.core.errors import ConfigurationError
from builder.core.manifests import AppliedOperation, Manifests, Origin, Resource
from tests.core.samples import reference, resource


def operation(path: str) -> AppliedOperation:
    return AppliedOperation(op="replace", path=path, before="x", place=f"p.yaml {path}")


def patched(given: Resource, *paths: str) -> Resource:
    return given.patched(given.body, [operation(path) for path in paths])


def test_what_a_subject_matches_whole_counts_before_its_parts() -> None:
    given = [reference("r.io/a:1"), reference("r.io/a:11"), reference("r.io/b:1")]
    assert [r.value for r in explain.matching("r.io/a:1", given)] == ["r.io/a:1"]
    assert [r.value for r in explain.matching("r.io/a", given)] == ["r.io/a:1", "r.io/a:11"]
    assert explain.matching("none", given) == []


def test_a_reference_of_the_first_order() -> None:
    origin = Origin(source="base", patches=(operation("/spec/image"), operation("/spec/other")))
    found = explain.of_reference(reference("r.io/a:1", origin=origin), Manifests(), ())
    assert (found.subject, found.place) == ("r.io/a:1", "Pod/web container web (/spec/image)")
    assert (found.made_by, found.values) == (("base",), ())
    assert [o.path for o in found.patches] == ["/spec/image"]


def test_a_reference_that_a_controller_makes() -> None:
    owner = patched(
        resource("App", "x.io", "own"), "/spec/values/a", "/spec/values/ab", "/spec/values"
    )
    origin = Origin(source="app-1.0.0", template="app/t.yaml", parent=owner.id)
    found = explain.of_reference(
        reference("r.io/a:1", origin=origin),
        Manifests([owner]),
        [("spec", "values", "a", "image"), ("spec", "values", "a", "tag")],
    )
    assert found.made_by == ("App/own", "chart app-1.0.0", "template app/t.yaml")
    assert found.values == ("/spec/values/a/image", "/spec/values/a/tag")
    assert [o.path for o in found.patches] == ["/spec/values/a", "/spec/values"]


@pytest.mark.parametrize(
    ("subject", "shown", "place"),
    [
        ("Pod/web", "Pod/web", "Pod/web"),
        ("Pod/web#/spec/x~1y", "1", "Pod/web /spec/x~1y"),
        ("Pod/web#/spec", "a map", "Pod/web /spec"),
        ("Pod/web#/spec/l", "a list", "Pod/web /spec/l"),
        ("Pod/web#/spec/null", "null", "Pod/web /spec/null"),
        ("Pod/web#/spec/empty", "a map of nothing", "Pod/web /spec/empty"),
    ],
)
def test_a_place_in_a_resource(subject: str, shown: str, place: str) -> None:
    given = resource("Pod", name="web", spec={"x/y": 1, "l": [1], "null": None, "empty": {}})
    (found,) = explain.of_resources(subject, [given])
    assert (found.subject, found.place, found.made_by) == (shown, place, ("app.yaml",))


@pytest.mark.parametrize(
    ("place", "said", "hint"),
    [
        ("/spec/imag", "Pod/web has no /spec/imag", "did you mean /spec/image?"),
        ("/nope", "Pod/web has no /nope", "the resource has apiVersion, kind, metadata, spec"),
        ("/spec/l/7", "Pod/web has no /spec/l/7", "/spec/l has 0, 1"),
        ("/spec/image/tag", "Pod/web has no /spec/image/tag", "/spec/image is 'r.io/a:1'"),
        ("spec", "'spec' is not a place in a resource", "behind # stands a JSON pointer: /spec"),
        ("", "'' is not a place in a resource", "behind # stands a JSON pointer: /spec"),
    ],
)
def test_a_place_that_is_not_there(place: str, said: str, hint: str) -> None:
    given = resource("Pod", name="web", spec={"image": "r.io/a:1", "l": [1, 2]})
    with pytest.raises(ConfigurationError) as raised:
        explain.of_resources(f"Pod/web#{place}", [given])
    assert (raised.value.what, raised.value.hint) == (said, hint)


def test_a_place_that_one_of_the_resources_has() -> None:
    one, other = resource("Pod", name="web", spec={"a": 1}), resource("Pod", name="web", spec={})
    assert [p.subject for p in explain.of_resources("Pod/web#/spec/a", [other, one])] == ["1"]


@pytest.mark.parametrize(
    ("pointer", "shown"), [("/data/k", "***"), ("/stringData/k", "***"), ("/type", "'Opaque'")]
)
def test_a_secret_is_not_shown(pointer: str, shown: str) -> None:
    body: dict[str, Any] = {"data": {"k": "hidden"}, "stringData": {"k": "hidden"}}
    given = resource("Secret", name="s", type="Opaque", **body)
    (found,) = explain.of_resources(f"Secret/s#{pointer}", [given])
    assert found.subject == shown
    assert "hidden" not in repr(found)


def test_a_name_in_every_namespace() -> None:
    one, other = (
        replace(resource(), body={**resource().body, "metadata": {"name": "web", "namespace": n}})
        for n in ("x", "y")
    )
    assert [p.subject for p in explain.of_resources("Pod/web", [one, other])] == [
        "Pod/x/web", "Pod/y/web",
    ]  # fmt: skip
    assert [p.subject for p in explain.of_resources("Pod/y/web", [one, other])] == ["Pod/y/web"]
    assert explain.of_resources("Pod/none", [one, other]) == []


def test_patches_at_above_and_below_a_place() -> None:
    given = patched(resource("Pod", name="web", spec={"a": {"b": 1}}),
                    "/spec/a/b", "/spec", "/spec/a/b/c", "/spec/ab", "/metadata")  # fmt: skip
    (found,) = explain.of_resources("Pod/web#/spec/a/b", [given])
    assert [o.path for o in found.patches] == ["/spec/a/b", "/spec", "/spec/a/b/c"]
