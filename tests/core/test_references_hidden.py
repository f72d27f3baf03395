"""References that stand in places where nobody looks."""

from typing import Any

import pytest

from builder.core.manifests import Origin, Resource
from builder.core.references import of_resource


def found(body: dict[str, Any]) -> list[tuple[str, str]]:
    whole = {"apiVersion": "example.com/v1", "metadata": {"name": "a"}, **body}
    resource = Resource(body=whole, origin=Origin(source="x"))
    return [(r.kind, r.value) for r in of_resource(resource)]


def pod(container: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", **container}]}}


@pytest.mark.parametrize(
    ("body", "image"),
    [
        ({"kind": "Any", "spec": {"proxy": "quay.io/a/b:1"}}, "quay.io/a/b:1"),
        ({"kind": "Any", "spec": {"proxy": "quay.io/a/b"}}, "quay.io/a/b"),
        ({"kind": "Any", "spec": {"web": {"repository": "a/b", "tag": "1"}}}, "a/b:1"),
        (pod({"env": [{"name": "SIDECAR", "value": "ghcr.io/a/b"}]}), "ghcr.io/a/b"),
        (pod({"args": ["--sidecar=eu.gcr.io/a/b"]}), "eu.gcr.io/a/b"),
        (pod({"command": ["sh", "-c", "run docker.io/a/b && x"]}), "docker.io/a/b"),
        (
            {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "x: europe.pkg.dev/p/r/i\n"}},
            "europe.pkg.dev/p/r/i",
        ),
        (
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "annotations": {
                "sidecar.istio.io/proxyImage": "quay.io/a/proxy"}}},
            "quay.io/a/proxy",
        ),
    ],
    ids=["field", "no tag", "parts", "env", "flag", "shell", "ConfigMap", "annotation"],
)  # fmt: skip
def test_an_image_is_seen(body: dict[str, Any], image: str) -> None:
    assert ("image", image) in found(body)


def test_the_host_of_an_external_service_is_seen() -> None:
    body = {"apiVersion": "v1", "kind": "Service", "spec": {"externalName": "api.wandb.ai"}}
    assert found(body) == [("url", "api.wandb.ai")]


@pytest.mark.parametrize(
    "text",
    ["example.com/controller", "node-role.kubernetes.io/master", "a/b", "quay.io", "1.2.3",
     "https://wandb-app:8080", "/etc/ssl/certs", "metrics.k8s.io/v1beta1:nodes"],
)  # fmt: skip
def test_what_only_looks_like_an_image(text: str) -> None:
    body = pod({"env": [{"name": "NAME", "value": text}]})
    assert [value for kind, value in found(body) if kind == "image"] == []
