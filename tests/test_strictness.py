"""Each error of the design's strictness list, with the message that a person reads."""

import pytest

from builder.core.errors import PatchError
from builder.core.manifests import Manifests, Origin, Resource
from builder.core.patch import Patch, apply, parse_operations, parse_target, parse_transformers

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "replicas": 1,
        "template": {
            "spec": {"imagePullSecrets": None, "containers": [{"name": "a", "image": "nginx:1"}]}
        },
    },
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
}
BASE = Manifests(Resource(body=b, origin=Origin(source="base")) for b in (DEPLOYMENT, SERVICE))
WEB = "kind: Deployment\nname: web"


def patched(operation: str, target: dict[str, str]) -> Manifests:
    operations = parse_operations(f"- {operation}\n", source="patches/a.yaml")
    patch = Patch(
        target=parse_target(target, "kustomization.yaml:7"),
        operations=operations,
        place="kustomization.yaml:7",
    )
    return apply(BASE, patch)


@pytest.mark.parametrize(
    ("operation", "what", "hint"),
    [
        (
            "{op: replace, path: /spec/replica, value: 2}",
            "replace /spec/replica on Deployment/shop/web: /spec has no 'replica'",
            "did you mean /spec/replicas?",
        ),
        (
            "{op: remove, path: /spec/strategy}",
            "remove /spec/strategy on Deployment/shop/web: /spec has no 'strategy'",
            "there stand: replicas, template",
        ),
        (
            "{op: test, path: /spec/replicas, value: 3}",
            "test /spec/replicas on Deployment/shop/web: the test expects 3, but there stands 1",
            "the base has changed below the patch: look at it again",
        ),
        (
            "{op: add, path: /spec/template/metadata/labels, value: {}}",
            "add /spec/template/metadata/labels on Deployment/shop/web: "
            "/spec/template has no 'metadata'",
            "there stand: spec",
        ),
        (
            "{op: add, path: /spec/template/spec/imagePullSecrets/-, value: {name: s}}",
            "add /spec/template/spec/imagePullSecrets/- on Deployment/shop/web: "
            "/spec/template/spec/imagePullSecrets is null, it has nothing below it",
            "replace /spec/template/spec/imagePullSecrets with a whole value "
            "instead of adding below it",
        ),
        (
            "{op: replace, path: /spec/template/spec/containers/1/image, value: x}",
            "replace /spec/template/spec/containers/1/image on Deployment/shop/web: "
            "/spec/template/spec/containers is a list of 1, '1' is not in it",
            "use an index below that, or - to append with add",
        ),
        (
            "{op: copy, from: /spec/nothing, path: /spec/x}",
            "copy /spec/x on Deployment/shop/web: /spec has no 'nothing'",
            "there stand: replicas, template",
        ),
    ],
    ids=["replace", "remove", "test", "add below nothing", "add below null", "index", "copy"],
)
def test_an_operation_that_misses(operation: str, what: str, hint: str) -> None:
    with pytest.raises(PatchError) as caught:
        patched(operation, {"kind": "Deployment", "name": "web"})
    assert caught.value.what == what
    assert caught.value.where == "patches/a.yaml:1 (operation 1)"
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("target", "what", "hint"),
    [
        (
            {"kind": "Deployment", "name": "wep"},
            "no resource matches the target (kind: Deployment, name: wep)",
            "the nearest is Deployment/shop/web",
        ),
        (
            {"name": "web"},
            "the target (name: web) is ambiguous: Deployment/shop/web (apps/v1), "
            "Service/shop/web (v1)",
            "add name, namespace or group; to mean all of them write a pattern: name: .*",
        ),
        ({"kinds": "Deployment"}, "unknown target field 'kinds'", "did you mean 'kind'?"),
        ({}, "the patch has no target", "add target: {kind: ..., name: ...}"),
        (
            {"name": "("},
            "target name is not a regular expression: missing ), unterminated subpattern at "
            "position 0",
            None,
        ),
    ],
    ids=["matches nothing", "ambiguous", "unknown field", "none", "no expression"],
)
def test_a_target_that_is_wrong(target: dict[str, str], what: str, hint: str | None) -> None:
    with pytest.raises(PatchError) as caught:
        patched("{op: add, path: /metadata/labels, value: {}}", target)
    assert caught.value.what == what
    assert caught.value.where == "kustomization.yaml:7"
    assert caught.value.hint == hint


def test_a_pattern_means_all_of_them() -> None:
    done = patched("{op: add, path: /metadata/labels, value: {a: b}}", {"name": "w.*"})
    assert [r.body["metadata"]["labels"] for r in done] == [{"a": "b"}, {"a": "b"}]
    assert DEPLOYMENT["metadata"] == {"name": "web", "namespace": "shop"}


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("- {op: replce, path: /a, value: 1}", "unknown operation 'replce'", "p:1 (operation 1)"),
        ("- {op: add, path: /a}", "add needs value", "p:1 (operation 1)"),
        ("\n- {op: remove, path: /a, value: 1}", "remove takes no 'value'", "p:2 (operation 1)"),
        ("- {op: move, path: /a}", "move needs from", "p:1 (operation 1)"),
        ("- {path: /a}", "an operation needs op and path", "p:1 (operation 1)"),
        ("- {op: remove, path: a}", "path 'a' is not a JSON pointer", "p:1 (operation 1)"),
        ("[]", "holds no list of operations", "p:1"),
        ("[{op: add}]", None, "p:1"),
    ],
    ids=["op", "value", "too much", "from", "no op", "pointer", "empty", "half JSON"],
)
def test_a_file_of_operations_that_is_none(text: str, what: str | None, where: str) -> None:
    with pytest.raises(PatchError) as caught:
        parse_operations(text, source="p")
    assert what is None or caught.value.what == what
    assert caught.value.where == where


def test_a_strategic_merge_patch_is_refused() -> None:
    with pytest.raises(PatchError, match="is a strategic merge patch") as caught:
        parse_operations("spec:\n  replicas: 2\n", source="p")
    assert caught.value.hint is not None
    assert "write a list of operations" in caught.value.hint


def test_a_patch_may_not_rename() -> None:
    with pytest.raises(PatchError) as caught:
        patched("{op: replace, path: /metadata/name, value: b}", {"kind": "Service"})
    assert caught.value.what == "the patch would rename Service/shop/web to Service/shop/b"


def test_the_line_of_an_operation_inside_a_block() -> None:
    text = """# first
apiVersion: builtin
kind: PatchTransformer
metadata: {name: a}
target: {kind: Deployment}
patch: |
  # why
  - op: replace
    path: /spec/replicas
    value: 2
  - op: remove
    path: /spec/x
"""
    (patch,) = parse_transformers(text, source="patches/airgap.yaml")
    assert patch.place == "patches/airgap.yaml:2"
    assert [o.place for o in patch.operations] == [
        "patches/airgap.yaml:8 (operation 1)",
        "patches/airgap.yaml:11 (operation 2)",
    ]
