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


def config(text: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": text}}


@pytest.mark.parametrize(
    ("body", "image"),
    [
        (pod({"env": [{"name": "JOB_IMAGE", "value": "docker.io/x/y:$(TAG)"}]}),
         "docker.io/x/y:$(TAG)"),
        (pod({"args": ["--image=docker.io/x/y:$(TAG)"]}), "docker.io/x/y:$(TAG)"),
        (config("image: docker.io/foo/bar:${TAG}\n"), "docker.io/foo/bar:${TAG}"),
        (config("image: quay.io/foo/bar:{{ .tag }}\n"), "quay.io/foo/bar:{{ .tag }}"),
        ({"kind": "Any", "spec": {"image": "quay.io/x/y:{{ .tag }}"}}, "quay.io/x/y:{{ .tag }}"),
        ({"kind": "Any", "spec": {"image": "docker.io/x/y:1 "}}, "docker.io/x/y:1"),
        ({"kind": "Any", "spec": {"image": {"registry": "a.io/", "repo": "x/y", "tag": 1}}},
         "a.io/x/y:1"),
        ({"kind": "Any", "spec": {"script": "crane pull docker.io/x/y:1"}}, "docker.io/x/y:1"),
        ({"kind": "Any", "spec": {"extraArgs": ["--image", "x/y:1"]}}, "x/y:1"),
        ({"kind": "Any", "spec": {"driver": {
            "repository": "nvcr.io/nvidia", "image": "in.local/driver", "version": "1"}}},
         "nvcr.io/nvidia"),
        (config("FROM alpine:3.19\nRUN true\n"), "alpine:3.19"),
        (config("docker run --rm wandb/local:1.2 /bin/x"), "wandb/local:1.2"),
        (config("repository: otel/collector\ntag: 0.97.0\n"), "otel/collector:0.97.0"),
        (pod({"env": [{"name": "KANIKO", "value": f"wandb/kaniko@sha256:{64 * 'a'}"}]}),
         f"wandb/kaniko@sha256:{64 * 'a'}"),
    ],
)  # fmt: skip
def test_an_image_in_pieces_or_in_a_command_is_seen(body: dict[str, Any], image: str) -> None:
    assert ("image", image) in found(body)


def test_a_registry_by_itself_is_seen() -> None:
    assert found({"kind": "Any", "spec": {"registry": "quay.io/"}}) == [("url", "quay.io/")]
    assert found({"kind": "Any", "spec": {"registry": "inside.example.com"}}) == []


def test_the_defaults_of_a_definition_are_seen() -> None:
    image = {"type": "string", "default": "docker.io/evil/x:1", "description": "As quay.io/a/b:1."}
    schema = {"properties": {"spec": {"items": {"properties": {"image": image}}}}}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]},
    }
    assert found(body) == [("image", "docker.io/evil/x:1")]


@pytest.mark.parametrize(
    "text",
    ["-" * 60_000, "x://y " + "a." * 60_000, "https://" + "a" * 120_000, "://" + "a-" * 60_000,
     "{{" * 30_000, "%(" * 30_000, "- " * 30_000 + "image", "a.io/" + "b/" * 40_000],
    ids=["dashes", "dots", "long URL", "schemes", "braces", "formats", "items", "path"],
)  # fmt: skip
def test_a_text_that_is_made_to_take_long(text: str) -> None:
    """It would take minutes if a pattern went over the rest of the text at each place."""
    assert ("image", "quay.io/a/b:1") in found(config(f"{text}/:\nimage: quay.io/a/b:1\n"))


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
