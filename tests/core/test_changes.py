from typing import Any

import pytest
import yaml

from builder.core import patch
from builder.core.changes import Change, is_stale, operations, stamp, write
from builder.core.manifests import Manifests, Resource
from tests.core.samples import resource


def change(owner: Resource, *path: str, value: Any = "new", **more: Any) -> Change:
    fields: dict[str, Any] = {"before": "old", "reason": "because"} | more
    return Change(resource=owner.id, path=path, value=value, **fields)


@pytest.mark.parametrize(
    ("spec", "changes", "expected"),
    [
        pytest.param(
            {"a": "old"}, {"/a": "new"}, [("replace", "/spec/a", "new")], id="what is there"
        ),
        pytest.param({"a": None}, {"/a": "new"}, [("replace", "/spec/a", "new")], id="null"),
        pytest.param({}, {"/a": "new"}, [("add", "/spec/a", "new")], id="what is not there"),
        pytest.param({}, {"/a/b": "new"}, [("add", "/spec/a", {"b": "new"})], id="no parent"),
        pytest.param(
            {"a": None}, {"/a/b": "new"}, [("add", "/spec/a", {"b": "new"})], id="null above"
        ),
        pytest.param(
            {}, {"/a/b": "1", "/a/c/d": "2", "/e": "3"},
            [("add", "/spec/a", {"b": "1", "c": {"d": "2"}}), ("add", "/spec/e", "3")],
            id="one parent for all below it",
        ),
        pytest.param(
            {"a": {"x": 1}}, {"/a/b": "1"}, [("add", "/spec/a/b", "1")], id="beside others"
        ),
        pytest.param(
            {"a": ["x", "y"]}, {"/a/1": "new"}, [("replace", "/spec/a/1", "new")], id="list item"
        ),
        pytest.param(
            {"a": [{"b": "x"}]}, {"/a/0/c": "new"}, [("add", "/spec/a/0/c", "new")],
            id="below a list item",
        ),
        pytest.param({}, {"/a~1b": "new"}, [("add", "/spec/a~1b", "new")], id="key with a slash"),
    ],
)  # fmt: skip
def test_operations(
    spec: dict[str, Any], changes: dict[str, str], expected: list[tuple[str, str, Any]]
) -> None:
    owner = resource(spec=spec)
    listed = [
        change(owner, "spec", *(step.replace("~1", "/") for step in path[1:].split("/")), value=v)
        for path, v in changes.items()
    ]
    found = operations(owner.body, listed)
    assert [
        (o.op, "/" + "/".join(step.replace("/", "~1") for step in o.path), o.value) for o in found
    ] == expected


def test_guards_stand_once_and_before_what_they_guard() -> None:
    owner = resource(spec={"containers": [{"name": "web", "image": "a", "env": [{}]}]})
    guard = ((("spec", "containers", "0", "name"), "web"),)
    listed = [
        change(owner, "spec", "containers", "0", "image", guards=guard),
        change(owner, "spec", "containers", "0", "env", "0", "value", guards=guard),
    ]
    assert [o.op for o in operations(owner.body, listed)] == ["test", "replace", "add"]


def test_the_text_of_a_file() -> None:
    owner = resource("Deployment", "apps", "web", spec={"a": "old"})
    listed = [change(owner, "spec", "b", "c", before=None), change(owner, "spec", "a")]
    text = write({owner.id: owner}, listed, "inputs")
    head, _, body = text.partition("# inputs: ")
    assert head.startswith("# Written by `sealift airgap`")
    assert (
        body.partition("\n")[2]
        == """\
apiVersion: builtin
kind: PatchTransformer
metadata:
  name: airgap-deployment-web
target:
  group: apps
  version: v1
  kind: Deployment
  name: web
patch: |
  # because
  # was: old
  - op: replace
    path: /spec/a
    value: new
  # c: because
  # was: nothing
  - op: add
    path: /spec/b
    value:
      c: new
"""
    )


@pytest.mark.parametrize(
    "value",
    ["1e3", "yes", "a: b # c", "line\nline\n", "-----\n---\n", "é ☃", "", 7, None, [{"a": "b"}]],
)
def test_what_is_written_is_what_is_applied(value: Any) -> None:
    owner = resource(spec={"a": "old"})
    text = write({owner.id: owner}, [change(owner, "spec", "a", value=value)], "x")
    [applied] = patch.apply_all(
        Manifests([owner]), patch.parse_transformers(text, source="airgap.yaml")
    )[0]
    assert applied.body["spec"] == {"a": value}


@pytest.mark.parametrize("text", ["two\nlines", "- a\n# b", "\x07bell", "…"])
def test_a_comment_stays_one(text: str) -> None:
    owner = resource(spec={"a": "old"})
    written = write({owner.id: owner}, [change(owner, "spec", "a", before=text, reason=text)], "x")
    [document] = yaml.safe_load_all(written)
    assert yaml.safe_load(document["patch"]) == [
        {"op": "replace", "path": "/spec/a", "value": "new"}
    ]


def test_long_values_are_cut_in_comments() -> None:
    owner = resource(spec={"a": "old"})
    text = write({owner.id: owner}, [change(owner, "spec", "a", before="x" * 500)], "x")
    assert f"# was: {'x' * 117}...\n" in text


def test_resources_are_written_in_order() -> None:
    owners = [resource(name=name, spec={"a": 1}) for name in ("b", "a", "c")]
    text = write({o.id: o for o in owners}, [change(o, "spec", "a") for o in owners], "x")
    assert [d["target"]["name"] for d in yaml.safe_load_all(text)] == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["a.b", "a+b", "a(b)*"])
def test_a_name_is_no_pattern(name: str) -> None:
    owner = resource(name=name, spec={"a": "old"})
    text = write({owner.id: owner}, [change(owner, "spec", "a")], "x")
    after, problems = patch.apply_all(
        Manifests([owner]), patch.parse_transformers(text, source="airgap.yaml")
    )
    assert problems == []
    assert [r.body["spec"] for r in after] == [{"a": "new"}]


def test_a_file_is_stale_when_inputs_or_text_changed() -> None:
    owner = resource(spec={"a": "old"})
    text = write({owner.id: owner}, [change(owner, "spec", "a")], "inputs")
    assert is_stale(text, "inputs") is False
    assert is_stale(text, "others") is True
    assert is_stale(text.replace("value: new", "value: other"), "inputs") is True
    assert is_stale("- op: add\n", "inputs") is None
    assert stamp("a", "b") != stamp("a", "c")


def test_a_file_without_changes() -> None:
    text = write({}, [], "inputs")
    assert is_stale(text, "inputs") is False
    assert list(yaml.safe_load_all(text)) in ([], [None])
