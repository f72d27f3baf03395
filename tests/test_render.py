"""The first order: the same resources as ``kustomize build``, but strict."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.core.manifests import ResourceId
from builder.render import render
from builder.workspace import find_overlay
from tests.conftest import Refused
from tests.source import Source, plain_kustomize

LABEL = '[{"op": "add", "path": "/metadata/labels", "value": {"team": "data"}}]'
TRANSFORMER = """\
apiVersion: builtin
kind: PatchTransformer
metadata:
  name: one
target:
  kind: Namespace
  name: wandb
patch: |
  - op: add
    path: /metadata/labels
    value:
      team: data
"""


def kustomize(folder: Path) -> dict[ResourceId, Any]:
    """What kustomize makes of a folder, with the Kubernetes version of the environments."""
    text = plain_kustomize(folder, "--helm-kube-version", "1.30")
    return {ResourceId.of(body): body for body in yaml.safe_load_all(text)}


def rendered(source: Source, name: str) -> dict[ResourceId, Any]:
    first = render(find_overlay(source.root, name))
    assert first.findings == ()
    return {resource.id: resource.body for resource in first.manifests}


@pytest.mark.parametrize("env", ["guide", "example"])
def test_renders_what_kustomize_renders(source: Source, env: str) -> None:
    assert rendered(source, env) == kustomize(source.path(f"overlays/{env}"))


@pytest.mark.parametrize(
    ("kustomization", "patch"),
    [
        (f"patches:\n- target: {{kind: Namespace}}\n  patch: '{LABEL}'\n", ""),
        ("patches:\n- target: {kind: Namespace}\n  path: p.yaml\n", LABEL),
        (
            "patches:\n- target: {kind: Namespace, name: wand.*}\n  patch: |-\n"
            "    - op: add\n      path: /metadata/labels\n      value: {team: data}\n",
            "",
        ),
        ("transformers: [p.yaml]\n", TRANSFORMER),
        ("transformers:\n- |-\n" + "".join(f"  {x}\n" for x in TRANSFORMER.splitlines()), ""),
        (
            "transformers: [p.yaml]\npatches:\n- target: {kind: Namespace}\n"
            "  patch: '[{\"op\": \"add\", \"path\": \"/metadata/labels\", \"value\": {}}]'\n",
            TRANSFORMER,
        ),
        ("patches:\n- target: {kind: Deployment, labelSelector: app.kubernetes.io/name}\n"
         f"  patch: '{LABEL}'\n- target: {{kind: Namespace}}\n  patch: '{LABEL}'\n", ""),
    ],
    ids=["inline", "path", "pattern", "transformer", "inline-transformer", "both", "selector"],
)  # fmt: skip
def test_an_overlay_upon_an_overlay_renders_what_kustomize_renders(
    source: Source, kustomization: str, patch: str
) -> None:
    name = source.overlay("more", f"resources: [../example]\n{kustomization}")
    source.write("overlays/more/p.yaml", patch)
    found = rendered(source, name)
    assert found == kustomize(source.path("overlays/more"))
    namespace = found[ResourceId(group="", kind="Namespace", namespace="", name="wandb")]
    assert namespace["metadata"]["labels"] == {"team": "data"}


@pytest.mark.parametrize(
    "resource",
    [
        "kind: List\napiVersion: v1\nitems:\n"
        "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
        "- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n",
        "---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {octal: '0o17', e: '1e3'}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: a, labels: {x: z}}\n"
        "data: {<<: {k: v}}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
        "  annotations: {config.kubernetes.io/local-config: 'true'}\n",
    ],
    ids=["list", "empty-documents", "texts", "merge-key", "local-config"],
)
def test_files_of_resources_are_read_as_kustomize_reads_them(source: Source, resource: str) -> None:
    name = source.overlay("more", "resources: [../example, more.yaml]\n")
    source.write("overlays/more/more.yaml", resource)
    assert rendered(source, name) == kustomize(source.path("overlays/more"))


@pytest.mark.parametrize(
    "field",
    [
        "namePrefix: x-",
        "commonAnnotations: {a: b}",
        "images: [{name: wandb/controller, newTag: v2}]",
        "components: []",
        "configMapGenerator: [{name: c, literals: [a=b]}]",
        "replicas: [{name: wandb-controller-manager, count: 2}]",
    ],
)
def test_patches_beside_other_fields_are_refused(
    source: Source, refused: Refused, field: str
) -> None:
    source.overlay(
        "more",
        f"resources: [../example]\n{field}\npatches:\n"
        f"- target: {{kind: Namespace}}\n  patch: '{LABEL}'\n",
    )
    said = refused("build", "more")
    assert f"patches stands beside or below {field.partition(':')[0]}" in said
    assert "overlays/more/kustomization.yaml:3" in said
    assert "keep patches in an overlay that has only resources and patches" in said


@pytest.mark.parametrize("field", ["patchesStrategicMerge", "patchesJson6902"])
def test_outdated_kinds_of_patches_are_refused(
    source: Source, refused: Refused, field: str
) -> None:
    entry = "p.yaml" if field == "patchesStrategicMerge" else "{target: {kind: X}, path: p.yaml}"
    source.overlay("more", f"resources: [../example]\n{field}: [{entry}]\n")
    source.write("overlays/more/p.yaml", LABEL)
    assert f"{field} stands beside or below" in refused("build", "more")


def test_other_transformations_above_patches_are_refused(source: Source, refused: Refused) -> None:
    source.overlay("more", "resources: [../example]\nnamePrefix: x-\n")
    said = refused("build", "more")
    assert "transformers stands beside or below namePrefix" in said
    assert "overlays/example/kustomization.yaml" in said


def test_a_folder_that_kustomize_alone_can_render_is_its_work(source: Source) -> None:
    source.overlay("more", "resources: [../example, made]\n")
    source.write("overlays/more/made/kustomization.yaml",
                 "configMapGenerator: [{name: c, literals: [a=b]}]\n")  # fmt: skip
    found = rendered(source, "more")
    assert found == kustomize(source.path("overlays/more"))
    assert any(key.name.startswith("c-") for key in found)


def test_before_the_airgap_patches_it_is_the_base(source: Source) -> None:
    source.edit("overlays/example/kustomization.yaml", "  - patches/secrets.yaml\n", "")
    first = render(find_overlay(source.root, "example"))
    assert {r.id: r.body for r in first.before_airgap} == kustomize(source.path("base/wandb"))


def test_a_strategic_merge_patch_is_refused(source: Source, refused: Refused) -> None:
    source.overlay("more", "resources: [../example]\npatches:\n- path: p.yaml\n"
                   "  target: {kind: Namespace}\n")  # fmt: skip
    source.write("overlays/more/p.yaml", "metadata: {labels: {a: b}}\n")
    assert "overlays/more/p.yaml:1:1: is a strategic merge patch" in refused("build", "more")


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("{patch: '[]'}", "the patch has no target"),
        ("{target: {kind: Namespace}}", "a patch needs path or patch"),
        ("{target: {kind: Namespace}, path: p.yaml, patch: '[]'}", "a patch needs path or patch"),
        ("{target: {kin: Namespace}, path: p.yaml}", "unknown target field 'kin'"),
        ("{target: {kind: '['}, path: p.yaml}", "is not a regular expression"),
        ("{target: {kind: Namespace}, path: p.yaml, options: {}}", "takes no 'options'"),
        ("{target: {kind: Namespace}, path: q.yaml}", "there is no q.yaml"),
        ("p.yaml", "an entry of patches is not a mapping"),
        ("{target: {kind: Namespace}, path: [[p.yaml]]}", "path names no file"),
        ("{target: {kind: Namespace}, patch: [{op: remove, path: /a}]}", "is not a text"),
        ("{target: {kind: Namespace}, patch: null}", "is not a text"),
    ],
)
def test_a_patch_that_is_none_is_refused(
    source: Source, refused: Refused, patch: str, said: str
) -> None:
    source.overlay("more", f"resources: [../example]\npatches:\n- {patch}\n")
    source.write("overlays/more/p.yaml", LABEL)
    message = refused("build", "more")
    assert said in message
    assert "overlays/more/kustomization.yaml:3" in message


def test_a_patch_that_is_a_yaml_bomb_is_refused(source: Source, refused: Refused) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    source.write("overlays/example/patches/airgap.yaml", bomb)
    said = refused("build", "example")
    assert "overlays/example/patches/airgap.yaml: its aliases expand to more than" in said


def test_the_same_object_twice_is_refused(source: Source, refused: Refused) -> None:
    source.overlay("more", "resources: [../example, more.yaml]\n")
    source.write("overlays/more/more.yaml", "apiVersion: v1\nkind: Namespace\n"
                 "metadata: {name: wandb}\n")  # fmt: skip
    assert "Namespace/wandb stands twice" in refused("build", "more")


def test_what_kustomize_says_is_told(source: Source, refused: Refused) -> None:
    source.edit("base/wandb/kustomization.yaml", "resources:", "replicas:\n"
                "  - {name: nobody, count: 2}\nresources:")  # fmt: skip
    said = refused("build", "guide", code=3)
    assert re.search("kustomize(?: build)? --enable-helm", said)
    assert "nobody" in said


def test_helm_values_that_do_not_render_are_told(source: Source, refused: Refused) -> None:
    source.write("base/wandb/operator-values.yaml", "image: text\n")
    said = refused("build", "guide", code=3)
    assert "error: " in said
    assert "operator" in said


def test_the_render_of_a_resource_that_is_no_object(source: Source, refused: Refused) -> None:
    source.overlay("more", "resources: [../example, more.yaml]\n")
    source.write("overlays/more/more.yaml", "apiVersion: v1\nkind: ConfigMap\n")
    said = refused("build", "more")
    assert "overlays/more/more.yaml:1: not a Kubernetes object: metadata.name missing" in said


def test_a_key_that_stands_twice_in_a_resource_is_refused(source: Source, refused: Refused) -> None:
    source.overlay("more", "resources: [../example, more.yaml]\n")
    source.write("overlays/more/more.yaml", "kind: A\nkind: ConfigMap\napiVersion: v1\n")
    assert "more.yaml:2:1: the key 'kind' stands twice" in refused("build", "more")
