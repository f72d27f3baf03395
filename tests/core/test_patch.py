"""Patches are RFC 6902, strictly; tests/test_strictness.py has the common misses."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core import patch, yaml
from builder.core.errors import PatchError, YamlError
from builder.core.manifests import Manifests, Resource, from_kustomize

BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web, tier: front}}
spec:
  replicas: 1
  pull:
  list: [a, b, c]
  a/b: 1
  t~x: 2
"""
HEAD = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\n"
WEB = "{kind: Deployment, name: web}"


def transformer(operations: str, target: str = WEB) -> str:
    lines = "".join(f"  {line}\n" for line in operations.splitlines())
    return f"{HEAD}target: {target}\npatch: |\n{lines}"


def patched(operations: str, target: str = WEB, base: str = BASE) -> Manifests:
    manifests = from_kustomize(base, source="base")
    for one in patch.parse_transformers(transformer(operations, target), source="p.yaml"):
        manifests = patch.apply(manifests, one)
    return manifests


def spec(operations: str) -> dict[str, Any]:
    (resource,) = patched(operations)
    return dict(resource.body["spec"])


def refused(operations: str, target: str = WEB, base: str = BASE) -> tuple[str, str | None]:
    with pytest.raises((PatchError, YamlError)) as caught:
        patched(operations, target, base)
    return str(caught.value), caught.value.hint


@pytest.mark.parametrize(
    ("operation", "key", "expected"),
    [
        ("{op: add, path: /spec/new, value: {x: 1}}", "new", {"x": 1}),
        ("{op: add, path: /spec/replicas, value: 2}", "replicas", 2),
        ("{op: add, path: /spec/list/-, value: d}", "list", ["a", "b", "c", "d"]),
        ("{op: add, path: /spec/list/1, value: d}", "list", ["a", "d", "b", "c"]),
        ("{op: add, path: /spec/list/3, value: d}", "list", ["a", "b", "c", "d"]),
        ("{op: replace, path: /spec/pull, value: [x]}", "pull", ["x"]),
        ("{op: replace, path: /spec/list/0, value: null}", "list", [None, "b", "c"]),
        ("{op: remove, path: /spec/list/1}", "list", ["a", "c"]),
        ("{op: copy, from: /spec/replicas, path: /spec/list/-}", "list", ["a", "b", "c", 1]),
        ("{op: move, from: /spec/list/0, path: /spec/list/-}", "list", ["b", "c", "a"]),
        ("{op: move, from: /spec/list, path: /spec/list}", "list", ["a", "b", "c"]),
        ("{op: replace, path: /spec/a~1b, value: 3}", "a/b", 3),
        ("{op: replace, path: /spec/t~0x, value: 3}", "t~x", 3),
        ("{op: test, path: /spec/pull, value: null}", "pull", None),
    ],
)
def test_an_operation(operation: str, key: str, expected: object) -> None:
    assert spec(f"- {operation}")[key] == expected


@pytest.mark.parametrize(
    ("operation", "what", "hint"),
    [
        (
            "{op: test, path: /spec/replica, value: null}",
            "test /spec/replica on Deployment/shop/web: /spec has no 'replica'",
            "did you mean /spec/replicas?",
        ),
        (
            "{op: replace, path: /spec/list/-, value: x}",
            "replace /spec/list/- on Deployment/shop/web: /spec/list is a list of 3, "
            "'-' is not in it",
            "use an index below that, or - to append with add",
        ),
        (
            "{op: replace, path: /spec/list/01, value: x}",
            "replace /spec/list/01 on Deployment/shop/web: /spec/list is a list of 3, "
            "'01' is not in it",
            "use an index below that, or - to append with add",
        ),
        (
            "{op: replace, path: /spec/list/², value: x}",
            "replace /spec/list/² on Deployment/shop/web: /spec/list is a list of 3, "
            "'²' is not in it",
            "use an index below that, or - to append with add",
        ),
        (
            "{op: add, path: /spec/replicas/x, value: 1}",
            "add /spec/replicas/x on Deployment/shop/web: /spec/replicas is a number, "
            "it has nothing below it",
            "replace /spec/replicas with a whole value instead of adding below it",
        ),
        (
            "{op: move, from: /spec, path: /spec/x}",
            "move /spec/x on Deployment/shop/web: /spec cannot be moved into itself",
            "copy it, then remove what is left over",
        ),
        (
            "{op: move, from: /spec/list, path: /spec/nope/x}",
            "move /spec/nope/x on Deployment/shop/web: /spec has no 'nope'",
            "there stand: a/b, list, pull, replicas, t~x",
        ),
    ],
    ids=["test of nothing", "replace of -", "leading zero", "no ASCII digit", "below a number",
         "into itself", "move below nothing"],
)  # fmt: skip
def test_an_operation_that_misses(operation: str, what: str, hint: str) -> None:
    assert refused(f"- {operation}") == (f"p.yaml:6 (operation 1): {what}", hint)


@pytest.mark.parametrize("op", ["5", "[1]", "{a: 1}"])
def test_an_operation_that_is_no_word(op: str) -> None:
    shown = repr(yaml.load(op, source="x"))
    assert refused(f"- {{op: {op}, path: /spec}}") == (
        f"p.yaml:6 (operation 1): unknown operation {shown}",
        "one of add, remove, replace, test, move, copy",
    )


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("{op: replace, path: /metadata/name, value: x}", "Deployment/shop/x"),
        ("{op: replace, path: /metadata/namespace, value: x}", "Deployment/x/web"),
        ("{op: remove, path: /metadata}", "Deployment/"),
        ("{op: replace, path: /metadata, value: [1]}", "Deployment/"),
        ("{op: remove, path: /kind}", "/shop/web"),
    ],
)
def test_a_patch_that_renames(operation: str, name: str) -> None:
    assert refused(f"- {operation}") == (
        f"p.yaml:1: the patch would rename Deployment/shop/web to {name}",
        None,
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("- {op: add, path: /x, value: yes}",
         "p.yaml:6: the bare value yes means one thing to kustomize and another to kubectl"),
        ("- op: add\n  path: /x\n  value: {a: 1, a: 2}",
         "p.yaml:8: the key 'a' stands twice in one mapping"),
        ("- op: add\n path: /x", "p.yaml:7:2: is not YAML: did not find expected '-' indicator"),
        ("- {op: remove, path: /spec/list}\n# why\n- {op: bad, path: /x}",
         "p.yaml:8 (operation 2): unknown operation 'bad'"),
        ("spec:\n  replicas: 2",
         "p.yaml:6: is a strategic merge patch; Sealift applies JSON patches (RFC 6902) only"),
    ],
    ids=["ambiguous", "duplicate", "no YAML", "second operation", "strategic merge"],
)  # fmt: skip
def test_the_lines_of_a_patch_block(text: str, what: str) -> None:
    assert refused(text)[0] == what


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("kind: PatchTransformer\ntarget: {kind: x}\npatch: >\n  - op: bad\n\n    path: /x\n",
         "p.yaml:4"),
        ("kind: PatchTransformer\ntarget: {kind: x}\npatch: |-\n\n  - {op: bad, path: /x}\n",
         "p.yaml:5"),
        ("kind: PatchTransformer\ntarget: {kind: x}\n'patch': |\n  - {op: bad, path: /x}\n",
         "p.yaml:4"),
        ('kind: PatchTransformer\ntarget: {kind: x}\npatch: "- {op: bad, path: /x}"\n',
         "p.yaml:3"),
        ("# first\n---\nkind: PatchTransformer\ntarget: {kind: x}\npatch: |\n"
         "  - {op: remove, path: /x}\n---\nkind: PatchTransformer\ntarget: {kind: x}\npatch: |\n"
         "  - {op: bad, path: /x}\n", "p.yaml:11"),
    ],
    ids=["folded", "empty line", "quoted key", "one line", "second document"],
)  # fmt: skip
def test_the_line_of_an_operation(text: str, where: str) -> None:
    with pytest.raises(PatchError) as caught:
        patch.parse_transformers(text, source="p.yaml")
    assert str(caught.value) == f"{where} (operation 1): unknown operation 'bad'"
    assert caught.value.hint == "did you mean 'add'?"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("kind: Other\n", "is not a PatchTransformer"),
        ("- a\n", "is not a PatchTransformer"),
        (f"{HEAD}target: {WEB}\n", "patch is missing, or is not a text of operations"),
        (f"{HEAD}target: {WEB}\npatch: [1]\n", "patch is missing, or is not a text of operations"),
        (transformer("- {op: remove, path: /x}") + "options: {}\n",
         "a PatchTransformer takes no 'options' here"),
        (transformer("- {op: remove, path: /x}", "{kind: 5}"), "target field 'kind' is not a text"),
    ],
    ids=["kind", "list", "no patch", "patch as list", "other key", "target of a number"],
)  # fmt: skip
def test_a_document_that_is_wrong(text: str, what: str) -> None:
    with pytest.raises(PatchError) as caught:
        patch.parse_transformers(text, source="p.yaml")
    assert str(caught.value) == f"p.yaml:1: {what}"


TWO = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {app: web, tier: front}}\n"
    "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, labels: {tier: back}}\n"
)


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("app in (web)", "a"), ("app in (x, web)", "a"), ("app notin (web)", "b"), ("app", "a"),
        ("!app", "b"), ("app!=web", "b"), ("app==web", "a"), ("app = web", "a"), ("app,!x", "a"),
        ("app in (web),tier=front", "a"), ("tier=front,tier!=back", "a"), ("tier", "ab"),
        ("!app,tier in (back,x)", "b"),
    ],
)  # fmt: skip
def test_selectors_select_as_kustomize_does(selector: str, names: str) -> None:
    done = patched("- {op: add, path: /data, value: {}}", f'{{labelSelector: "{selector}"}}', TWO)
    assert "".join(r.id.name for r in done if "data" in r.body) == names


@pytest.mark.parametrize("selector", ["=x", "a b=c", "app in web", "app in (web", "!"])
def test_a_selector_that_is_none(selector: str) -> None:
    assert refused("- {op: remove, path: /x}", f'{{labelSelector: "{selector}"}}') == (
        f"p.yaml:1: target labelSelector is not a selector: cannot read {selector!r}",
        "write app=web, app!=web, app in (web, api), app, or !app",
    )


def test_a_target_without_a_namespace_is_in_default_as_for_kustomize() -> None:
    done = patched("- {op: add, path: /data, value: {}}", "{name: a, namespace: default}", TWO)
    assert [r.id.name for r in done if "data" in r.body] == ["a"]


def test_a_resource_keeps_what_was_patched() -> None:
    (resource,) = patched(
        "- {op: test, path: /spec/replicas, value: 1}\n"
        "- {op: replace, path: /spec/replicas, value: 2}\n"
        "- {op: add, path: /spec/new, value: 3}"
    )
    assert [(o.op, o.path, o.before, o.place) for o in resource.origin.patches] == [
        ("replace", "/spec/replicas", 1, "p.yaml:7 (operation 2)"),
        ("add", "/spec/new", None, "p.yaml:8 (operation 3)"),
    ]


def test_one_patch_that_fails_changes_nothing_and_the_others_apply() -> None:
    text = "---\n".join([
        transformer("- {op: add, path: /spec/x, value: 1}\n- {op: remove, path: /spec/nope}"),
        transformer("- {op: add, path: /spec/y, value: 1}"),
        transformer("- {op: add, path: /spec/z, value: 1}", "{kind: Secret}"),
    ])  # fmt: skip
    base = from_kustomize(BASE, source="base")
    before = copy.deepcopy(dict(next(iter(base)).body))
    done, problems = patch.apply_all(base, patch.parse_transformers(text, source="p.yaml"))
    assert [str(p) for p in problems] == [
        "p.yaml:7 (operation 2): remove /spec/nope on Deployment/shop/web: /spec has no 'nope'",
        "p.yaml:16: no resource matches the target (kind: Secret)",
    ]
    (resource,) = done
    assert resource.body["spec"].keys() - before["spec"].keys() == {"y"}
    assert next(iter(base)).body == before


KEYS = st.text(st.sampled_from("ab/~0 -é"), min_size=1, max_size=4)
TREES = st.recursive(
    st.integers() | st.text(max_size=3) | st.none(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=4), TREES, st.data())
def test_add_and_replace_do_what_python_does(
    tree: dict[str, Any], value: Any, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(tree)))
    escaped = key.replace("~", "~0").replace("/", "~1")
    for op in ("add", "replace"):
        body = {"spec": copy.deepcopy(tree)}
        operation = patch.Operation(
            body={"op": op, "path": f"/spec/{escaped}", "value": value}, place="p"
        )
        assert patch.apply_operation(body, operation, "x") == {"spec": {**tree, key: value}}


def test_the_value_of_an_operation_is_not_shared() -> None:
    text = transformer("- {op: add, path: /data, value: {x: []}}", "{name: .*}")
    (one,) = patch.parse_transformers(text, source="p.yaml")
    a, b = patch.apply(from_kustomize(TWO, source="base"), one)
    assert isinstance(a, Resource)
    a.body["data"]["x"].append(1)
    assert b.body["data"] == {"x": []}
