"""Bundles compared: resources, images, charts, what controllers make, and what is dangerous."""

import itertools
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core import lock, references, rendered, yaml
from builder.core.diff import Diff, NestedSide, Side, compare
from builder.core.diff import images as image_changes
from builder.core.diff.markdown import markdown
from builder.core.encoding import decoded
from builder.core.lock import LockedChart, LockedImage
from builder.core.manifests import Origin, Resource, ResourceId, objects

RENDERS = Path(__file__).parents[3] / "shared" / "wandb" / "renders"
OWNER = ResourceId(group="apps.wandb.com", kind="WeightsAndBiases", namespace="wandb", name="wandb")


def resources(text: str) -> tuple[Resource, ...]:
    """The resources of a YAML text; ``apiVersion`` is v1 and the name ``x`` where left out."""
    found = []
    for document in yaml.load_all(text, source="test"):
        defaults = {"apiVersion": "v1", "metadata": {"name": "x"}}
        body = {**defaults, **document.value}
        body["metadata"] = {"name": "x", **body["metadata"]}
        found += [Resource(body=b, origin=Origin(source="test")) for b in objects(body, "test")]
    return tuple(found)


def side(text: str, kubernetes: str = "1.30") -> Side:
    found = resources(text)
    listed = [reference for resource in found for reference in references.of_resource(resource)]
    return Side(
        resources=found,
        references=tuple(listed),
        images=lock.images(listed),
        kubernetes=kubernetes,
    )


def differ(before: str, after: str, kubernetes: tuple[str, str] = ("1.30", "1.30")) -> Diff:
    """Compare two texts, each with a resource that both have: nothing is published first."""
    same = "kind: ServiceAccount\n---\n"
    old, new = (side(same + text, k) for text, k in zip((before, after), kubernetes, strict=True))
    return compare(old, new, environment="test", leaves=lambda r: "outside" in r.value)


def test_what_becomes_of_resources() -> None:
    found = differ(
        """
kind: ConfigMap
data: {a: "1"}
---
kind: Service
metadata: {name: gone}
---
apiVersion: apps/v1
kind: Deployment
spec: {selector: {matchLabels: {app: a}}, template: {spec: {containers: [{name: a}]}}}
""",
        """
kind: ConfigMap
data: {a: "2"}
---
kind: Service
metadata: {name: new}
---
apiVersion: apps/v1
kind: Deployment
spec: {selector: {matchLabels: {app: b}}, template: {spec: {containers: [{name: b}]}}}
""",
    )
    assert [(c.action, str(c.id), c.restarts) for c in found.resources] == [
        ("changed", "ConfigMap/x", False),
        ("recreated", "Deployment/x", True),
        ("removed", "Service/gone", False),
        ("added", "Service/new", False),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("kind: Secret\ndata: {a: eA==}", "kind: Secret\nstringData: {a: x}"),
        ("kind: Service\nspec: {a: null}", "kind: Service\nspec: {}"),
        ("kind: Service\nstatus: {a: 1}", "kind: Service"),
        ("kind: Namespace\nmetadata: {namespace: a}", "kind: Namespace"),
        ("kind: Service\nmetadata: {creationTimestamp: null}", "kind: Service"),
        ("kind: Pod\nmetadata: {annotations: {helm.sh/hook: test}}", ""),
    ],
)
def test_what_means_the_same_is_no_difference(before: str, after: str) -> None:
    assert differ(before, after).empty


def test_an_object_that_kubernetes_serves_under_another_group_is_the_same() -> None:
    found = differ(
        "apiVersion: extensions/v1beta1\nkind: Ingress\nspec: {}",
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec: {}",
    )
    assert [(c.action, [f.path for f in c.fields]) for c in found.resources] == [
        ("changed", [("apiVersion",)])
    ]


def image(name: str, *places: str, digest: str = "") -> LockedImage:
    return LockedImage(image=name, digest=digest, used_by=places)


def test_what_becomes_of_images() -> None:
    before = [
        image("docker.io/bitnami/redis:7", "StatefulSet/redis container redis"),
        image("quay.io/a/tagged:1", "Deployment/a container a"),
        image("quay.io/a/gone:1", "Deployment/b container b"),
        image("quay.io/a/renamed:1", "Deployment/old container c"),
        image("quay.io/a/same:1", "Deployment/d container d"),
    ]
    after = [
        image("registry.local/bitnami/redis:7", "StatefulSet/redis container redis", digest="s:1"),
        image("quay.io/a/tagged:2", "Deployment/a container a"),
        image("quay.io/a/new:1", "Deployment/e container e"),
        image("quay.io/a/renamed:2", "Deployment/new container c"),
        image("quay.io/a/same:1", "Deployment/f container d"),
    ]
    known = {"quay.io/a/new:1": False, "registry.local/bitnami/redis:7": True}
    found = image_changes.compare(before, after, known)
    assert [(c.action, c.before, c.after, c.digest, c.in_registry) for c in found] == [
        ("moved", "docker.io/bitnami/redis:7", "registry.local/bitnami/redis:7", "s:1", True),
        ("retagged", "quay.io/a/renamed:1", "quay.io/a/renamed:2", "", None),
        ("retagged", "quay.io/a/tagged:1", "quay.io/a/tagged:2", "", None),
        ("added", "", "quay.io/a/new:1", "", False),
        ("removed", "quay.io/a/gone:1", "", "", None),
    ]


def chart(name: str, version: str, sha: str = "a", repository: str = "r") -> LockedChart:
    return LockedChart(name=name, version=version, sha256=sha, repository=repository, used_by=())


def nested(text: str, version: str = "1.0.0", namespace: str = "wandb") -> NestedSide:
    found = resources(text)
    return NestedSide(owner=OWNER, chart="c", version=version, namespace=namespace, resources=found)


def test_what_controllers_make_is_compared() -> None:
    old = Side(resources=resources("kind: Service"), nested=(nested("kind: ConfigMap"),))
    new = replace(old, nested=(nested("kind: ConfigMap\ndata: {a: b}", "1.1.0"),))
    [change] = compare(old, new, environment="x").nested
    assert (change.title, [str(c.id) for c in change.resources]) == (
        "c 1.0.0 → 1.1.0",
        ["ConfigMap/x"],
    )


def test_the_namespace_of_the_release_says_nothing() -> None:
    old = Side(nested=(nested("kind: ConfigMap\nmetadata: {namespace: wandb}"),))
    new = Side(nested=(nested("kind: ConfigMap"),))
    assert compare(old, new, environment="x").empty


def test_a_comparison_that_is_left_out_is_a_difference() -> None:
    old, new = (
        Side(resources=resources("kind: Service")),
        Side(resources=resources("kind: Service")),
    )
    found = compare(old, new, environment="x", left_out={OWNER: "not vendored"})
    assert not found.empty
    assert [(n.owner, n.left_out) for n in found.nested] == [(OWNER, "not vendored")]


def test_the_owner_of_a_platform_is_dangerous_to_remove() -> None:
    text = "apiVersion: apps.wandb.com/v1\nkind: WeightsAndBiases\n"
    text += "metadata: {name: wandb, namespace: wandb}"
    old = Side(resources=resources(f"kind: Service\n---\n{text}"), nested=(nested("kind: Pod"),))
    found = compare(old, Side(resources=resources("kind: Service")), environment="x")
    assert [d.code for d in found.dangers] == ["platform-removed"]


kinds = st.sampled_from(["ConfigMap", "Secret", "Service"])
bodies = st.builds(
    lambda kind, name, data: {
        "apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": data,
    },
    kinds, st.sampled_from("abc"), st.dictionaries(st.sampled_from("xyz"), st.text("ab")),
)  # fmt: skip
bundles = st.lists(bodies, max_size=6, unique_by=lambda b: (b["kind"], b["metadata"]["name"]))


def bundle(found: Sequence[dict[str, object]]) -> Side:
    return Side(resources=tuple(Resource(body=b, origin=Origin(source="t")) for b in found))


@given(bundles)
def test_a_bundle_does_not_differ_from_itself(found: list[dict[str, object]]) -> None:
    assert compare(bundle(found), bundle(found), environment="x").empty


@given(bundles, bundles, st.randoms())
def test_the_order_of_resources_means_nothing(
    before: list[dict[str, object]], after: list[dict[str, object]], rng: random.Random
) -> None:
    found = compare(bundle(before), bundle(after), environment="x")
    mixed = [rng.sample(side_, len(side_)) for side_ in (before, after)]
    assert compare(bundle(mixed[0]), bundle(mixed[1]), environment="x") == found


def real(version: str) -> Side:
    path = RENDERS / f"operator-wandb-{version}-seedcr.yaml"
    if not path.is_file():
        pytest.skip("the measured renders are not at hand")
    found = rendered.read(path.read_text(), chart="operator-wandb", parent=OWNER).resources
    listed = [reference for resource in found for reference in references.of_resource(resource)]
    render = NestedSide(owner=OWNER, chart="operator-wandb", version=version, namespace="default",
                        resources=found)  # fmt: skip
    return Side(
        resources=resources("kind: Namespace"),
        nested=(render,),
        references=tuple(listed),
        images=lock.images(listed),
        charts=(chart("operator-wandb", version, version),),
        kubernetes="1.30",
    )


@pytest.mark.parametrize(
    ("one", "other"), list(itertools.pairwise(["0.18.0", "0.28.0", "0.34.0", "0.43.8"]))
)
def test_every_real_render_differs_from_the_next_and_not_from_itself(one: str, other: str) -> None:
    assert compare(real(one), real(one), environment="x").empty
    found = compare(real(one), real(other), environment="x")
    assert not found.empty
    assert len(markdown(found)) < 65_536


def test_a_bump_of_the_real_chart_names_moved_images_and_new_hooks() -> None:
    found = compare(real("0.28.0"), real("0.43.8"), environment="example")
    text = markdown(found)
    assert "| moved | `docker.io/bitnami/redis:7.2.4-debian-12-r9` | "\
        "`docker.io/bitnamilegacy/redis:7.2.4-debian-12-r9` |" in text  # fmt: skip
    assert re.search(r"\*\*New upgrade hook\*\*: `Job/wandb-app-rename-post-hook` `post-upgrade`, "
                     r"`Job/wandb-app-rename-pre-hook` `pre-upgrade`", text)  # fmt: skip
    assert "**Major chart version**: `operator-wandb 0.28.0 → 0.43.8`" in text
    assert len(text) < 65_536
    assert "Cut off" not in text
    short = markdown(found, 6_000)
    assert len(short) < 6_000
    assert "**Cut off** below 6,000 bytes: not shown are " in short
    assert "`docker.io/bitnamilegacy/redis:7.2.4-debian-12-r9`" in short
    assert "`Job/wandb-app-rename-pre-hook` `pre-upgrade`" in short


def test_no_secret_of_a_real_render_is_shown() -> None:
    before, after = real("0.28.0"), real("0.43.8")
    secrets = [
        value
        for one in (before, after)
        for resource in one.nested[0].resources
        if resource.id.kind == "Secret"
        for value in (resource.body.get("data") or {}).values()
        if len(str(value)) > 6
    ]
    assert secrets
    text = markdown(compare(before, after, environment="x"), 10_000_000)
    for value in secrets:
        assert value not in text
        assert decoded(value) not in text or len(decoded(value)) < 9
