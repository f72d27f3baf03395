"""Everything that a cluster fetches because of a resource, wherever it stands."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from builder.core import references, rendered, yaml
from builder.core.manifests import Manifests, Origin, Resource, ResourceId
from builder.core.references import Reference

DIGEST = "sha256:" + "a" * 64
WANDB = Path(__file__).parents[3] / "shared" / "wandb"


def of(body: dict[str, Any], skip: tuple[tuple[str, ...], ...] = ()) -> list[Reference]:
    whole = {"apiVersion": "example.com/v1", "kind": "Any", "metadata": {"name": "a"}, **body}
    return list(references.of_resource(Resource(body=whole, origin=Origin(source="b")), skip))


def found(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(r.kind, r.value, r.place) for r in of(body)]


def values(body: dict[str, Any]) -> list[str]:
    return [f"# {r.value}" if r.comment else r.value for r in of(body)]


def images(body: dict[str, Any]) -> list[str]:
    return [r.value for r in of(body) if r.kind == "image"]


def pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "spec": spec}


def container(**more: Any) -> dict[str, Any]:
    return pod(containers=[{"name": "c", **more}])


def config_map(text: str, key: str = "file") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": {key: text}}


def secret(**more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", **more}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (pod(containers=[{"name": "c", "image": "busybox"}]), "container c"),
        (pod(initContainers=[{"name": "c", "image": "busybox"}]), "init container c"),
        (pod(ephemeralContainers=[{"name": "c", "image": "busybox"}]), "ephemeral container c"),
        (pod(volumes=[{"image": {"reference": "busybox"}}]), "/spec/volumes/0/image/reference"),
        (
            {"spec": {"jobTemplate": {"spec": {"template": container(image="busybox")}}}},
            "container c",
        ),
        ({"template": container(image="busybox")}, "container c"),
        (container(env=[{"name": "WORKER_IMAGE", "value": "busybox"}]),
         "container c, env WORKER_IMAGE"),
        (container(env=[{"name": "RELATED_IMAGE_X", "value": "busybox"}]),
         "container c, env RELATED_IMAGE_X"),
        (container(args=["--proxy-image=busybox"]), "container c, args 0"),
        (container(args=["--image", "busybox"]), "container c, args 1"),
        (container(command=["run", "--image", "busybox"]), "container c, command 2"),
        ({"metadata": {"name": "a", "annotations": {"x.io/proxyImage": "busybox"}}},
         "annotation x.io/proxyImage"),
        ({"spec": {"sidecarImage": "busybox"}}, "/spec/sidecarImage"),
        ({"spec": {"initImage": {"repository": "busybox"}}}, "/spec/initImage"),
        ({"spec": {"ubi9Image": "busybox"}}, "/spec/ubi9Image"),
        ({"spec": {"imageName": "busybox"}}, "/spec/imageName"),
        ({"spec": {"IMAGE": "busybox"}}, "/spec/IMAGE"),
        ({"spec": {"envVars": [{"name": "IMAGE", "value": "busybox"}]}}, "env IMAGE"),
    ],
    ids=["container", "init container", "ephemeral container", "image volume", "CronJob",
         "PodTemplate", "env", "RELATED_IMAGE", "flag", "flag and value", "command", "annotation",
         "field", "parts", "digit before", "imageName", "upper case", "env of another name"],
)  # fmt: skip
def test_where_a_bare_name_is_an_image(body: dict[str, Any], place: str) -> None:
    assert found(body) == [("image", "busybox", place)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"spec": {"image": {"repository": "a/b", "tag": 1.5}}}, ["a/b:1.5"]),
        ({"spec": {"image": {"registry": "r.io", "repository": "a", "tag": "1"}}}, ["r.io/a:1"]),
        ({"spec": {"image": {"repository": "a/b", "digest": DIGEST}}}, [f"a/b@{DIGEST}"]),
        ({"spec": {"image": {"registry": "r.io", "image": "a/b", "tag": "1"}}}, ["r.io/a/b:1"]),
        ({"spec": {"image": {"name": "a/b", "version": "1"}}}, ["a/b:1"]),
        ({"spec": {"driver": {"repository": "r.io/n", "image": "driver", "version": "550"}}},
         ["r.io/n/driver:550"]),
        ({"spec": {"repository": "a/b", "tag": "1", "image": {"repository": "c/d"}}},
         ["a/b:1", "c/d"]),
        ({"spec": {"web": {"repository": "a/b", "tag": "1", "init": {"image": "c/d"}}}},
         ["a/b:1", "c/d"]),
        ({"spec": {"image": "quay.io/a/b:v1", "version": "v2"}}, ["quay.io/a/b:v1"]),
        ({"spec": {"images": ["a/b", "c:1"]}}, ["a/b", "c:1"]),
        ({"spec": {"images": {"x": "a/b:1", "y": {"repository": "c/d", "tag": "2"}}}},
         ["a/b:1", "c/d:2"]),
    ],
    ids=["repository and tag", "registry", "digest", "registry and image", "version",
         "repository and image", "parts above parts", "image below parts", "version beside image",
         "list", "map"],
)  # fmt: skip
def test_images_in_parts_and_lists(body: dict[str, Any], expected: list[str]) -> None:
    assert images(body) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b:1.2", ["a/b:1.2"]),
        ("a/b:latest", ["a/b:latest"]),
        ("a/b:stable", ["a/b:stable"]),
        ("a/b:debian-12", ["a/b:debian-12"]),
        (f"quay.io/a/b:1@{DIGEST}", [f"quay.io/a/b:1@{DIGEST}"]),
        (f"quay.io/a/b@{DIGEST}", [f"quay.io/a/b@{DIGEST}"]),
        ("reg.example.com:5000/a:1", ["reg.example.com:5000/a:1"]),
        ("quay.io/a/b-c", ["quay.io/a/b-c"]),
        ("quay.io/a/b-c:v1", ["quay.io/a/b-c:v1"]),
        ("x=quay.io/a/b:1,y=quay.io/c/d:2", ["quay.io/a/b:1", "quay.io/c/d:2"]),
        ('{"side":{"image":"a/b","x":1}}', ["a/b"]),
        ('{"containers":[{"image":"busybox"}]}', ["busybox"]),
        ("docker://quay.io/a/b", ["quay.io/a/b"]),
        ("docker://busybox:1", ["busybox:1"]),
    ],
    ids=["version", "latest", "stable", "word with a digit", "tag and digest", "digest", "port",
         "known registry", "one name only", "list", "JSON", "JSON of a Pod", "docker://",
         "short docker://"],
)  # fmt: skip
def test_images_in_the_text_of_a_variable(text: str, expected: list[str]) -> None:
    assert images(container(env=[{"name": "ANY", "value": text}])) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("PROXY_IMAGES", "a/b,c:1", ["a/b", "c:1"]),
        ("IMAGE_MAP", "x=a/b:1;y=c/d", ["a/b:1", "c/d"]),
        ("IMAGE_REPOSITORY", "a/b", ["a/b"]),
        ("ENABLE_IMAGE_CACHE", "true", []),
        ("USE_IMAGE", "true", []),
        ("IMAGE_GC_THRESHOLD", "80", []),
        ("IMAGE_PULL_POLICY", "Always", []),
        ("IMAGE_TAG", "1.2", []),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_the_name_of_a_variable_tells(name: str, text: str, expected: list[str]) -> None:
    assert images(container(env=[{"name": name, "value": text}])) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image: a/b\nx: 1\n", ["a/b"]),
        ("containers:\n- image: busybox\n", ["busybox"]),
        ("image:\n  repository: a/b\n  tag: 2\n", ["a/b:2"]),
        ("proxy: {{ .x }}\n  image: a/b:1\n", ["a/b:1"]),
        ('[[runners]]\n  image = "alpine:3"\n', ["alpine:3"]),
        ("app.image.repository=a/b\nx=1\n", ["a/b"]),
        ("#!/bin/sh\ndocker run ghcr.io/a/b:1 -it\n", ["ghcr.io/a/b:1"]),
        ("kubectl run --image=busybox:1 x\ntrue\n", ["busybox:1"]),
        ("(quay.io/a/b:1), [quay.io/a/c:2] quay.io/a/d:3.\n", ["quay.io/a/b:1", "quay.io/a/c:2",
                                                              "quay.io/a/d:3"]),
        ('{"kind":"Pod","spec":{"containers":[{"image":"busybox"}]}}', ["busybox"]),
    ],
    ids=["YAML line", "YAML container", "YAML parts", "template", "TOML", "properties", "script",
         "flag in a script", "prose", "JSON"],
)  # fmt: skip
def test_images_in_the_text_of_a_config_map(text: str, expected: list[str]) -> None:
    assert images(config_map(text)) == expected
    assert images({"spec": {"config": text}}) == expected
    assert images(secret(stringData={"file": text})) == expected
    assert images(secret(data={"file": encoded(text)})) == expected


def test_the_place_in_a_text_is_its_key() -> None:
    (reference,) = of(config_map("containers:\n- name: x\n  image: busybox\n"))
    assert (reference.place, reference.pointer) == ("data file", "/data/file")


def test_base64_of_a_secret_may_have_line_ends() -> None:
    text = encoded("see quay.io/a/b:1 and https://x.example.com/y")
    wrapped = "\n".join([text[:20], text[20:]]) + "\n"
    assert values(secret(data={"a": wrapped})) == ["quay.io/a/b:1", "https://x.example.com/y"]


def test_binary_data_is_decoded_where_it_is_text() -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "binaryData": {"a": encoded("quay.io/a/b:1")}}
    assert images(body) == ["quay.io/a/b:1"]
    body["binaryData"] = {"a": base64.b64encode(b"\xff\xfe quay.io/a/b:1").decode()}
    assert images(body) == []


def test_the_annotation_in_which_charts_list_their_images() -> None:
    text = "- name: a\n  image: quay.io/a/b:1\n- name: c\n  image: c/d\n"
    assert images({"metadata": {"name": "a", "annotations": {"helm.sh/images": text}}}) == [
        "quay.io/a/b:1", "c/d",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        container(image=""),
        container(image=None),
        container(imagePullPolicy="Always"),
        pod(imagePullSecrets=[{"name": "pull"}], containers=None),
        {"spec": {"imageTag": "1.2", "imagePullSecrets": [{"name": "pull"}]}},
        {"spec": {"imageUrl": "logo.png"}},
        {"spec": {"image": {"pullPolicy": "Always", "tag": "1"}}},
        {"spec": {"images": [{"name": "a", "newName": "b", "newTag": "1"}]}},
        {"spec": {"repository": "https://charts.r.local", "version": "1"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"9000": "default/web:8080"}},
        config_map('<a xmlns="http://www.w3.org/2000/svg" xmlns:x="http://x.example.com/y"/>'),
        config_map("nodeSelector: {beta.kubernetes.io/os:linux: x}"),
        config_map("image: logo\n"),
        config_map('{"image": "logo"}'),
        config_map("user@quay.io/a/b:1"),
        container(env=[{"name": "GROUP", "value": "apps.example.com/v1"}]),
        container(args=["--metrics-bind-address=:8080", "--leader-elect", "--zap-log-level=info"]),
    ],
    ids=["empty", "null", "policy", "no containers", "tag", "picture", "parts without a name",
         "kustomize images", "chart", "port and Service", "XML namespaces", "node label",
         "word in a text", "word in JSON", "behind an at sign", "API group", "flags"],
)  # fmt: skip
def test_what_is_no_reference(body: dict[str, Any]) -> None:
    assert [v for v in values(body) if "charts.r.local" not in v] == []


def test_what_a_container_names_counts_even_when_it_is_no_image() -> None:
    (reference,) = of(container(image="{{ .x }}"))
    assert (reference.value, reference.image) == ("{{ .x }}", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example.com/x", ["https://a.example.com/x"]),
        ("HTTPS://A.example.com", ["HTTPS://A.example.com"]),
        ("https://u:p@a.example.com/x", ["https://***@a.example.com/x"]),
        ("https://u:p@w@a.example.com", ["https://***@a.example.com"]),
        ("https://token@a.example.com:8443?x=b@c", ["https://***@a.example.com:8443?x=b@c"]),
        ("https://a.example.com/?u=https://b.example.com/x",
         ["https://a.example.com/?u=", "https://b.example.com/x"]),
        ("https://a.example.com,https://b.example.com",
         ["https://a.example.com", "https://b.example.com"]),
        ('{"u":"https:\\/\\/a.example.com\\/x"}', ["https://a.example.com/x"]),
        ("[a](https://a.example.com/x_(y)). More", ["https://a.example.com/x_(y)"]),
        ("jdbc:mysql://db.example.com:3306/x", ["mysql://db.example.com:3306/x"]),
        ("git+ssh://git@a.example.com/x", ["git+ssh://***@a.example.com/x"]),
        ("git@a.example.com:x/y.git", ["git@a.example.com:x/y.git"]),
        ("git clone git@a.example.com:x/y.git && x", ["git@a.example.com:x/y.git"]),
    ],
    ids=["plain", "upper case", "credentials", "at sign in the password", "token", "URL in a URL",
         "list", "JSON escapes", "Markdown", "JDBC", "git+ssh", "git over ssh", "in a command"],
)  # fmt: skip
def test_urls(text: str, expected: list[str]) -> None:
    assert [(r.kind, r.value) for r in of({"spec": {"x": text}})] == [("url", v) for v in expected]


def test_an_oci_url_is_an_artifact() -> None:
    assert found({"spec": {"url": "OCI://r.example.com/charts/x"}}) == [
        ("oci", "OCI://r.example.com/charts/x", "/spec/url")
    ]


@pytest.mark.parametrize(
    ("line", "comment"),
    [
        ("# see URL", True),
        ("#URL", True),
        ("x: 1 # URL", True),
        ("// URL", True),
        ("; URL", True),
        ("x: URL", False),
        ("x: 1 #URL", True),
        ("echo a ; curl URL", False),
        ("echo ' # ' && curl URL", False),
        ('echo " // " && curl URL', False),
        ("# don't use URL", True),
        ("a#b URL", False),
        ("x: URL # ok", False),
    ],
)
def test_comments_in_texts(line: str, comment: bool) -> None:
    body = config_map("first\n" + line.replace("URL", "https://a.example.com/x") + "\n")
    assert [(r.value, r.comment) for r in of(body)] == [("https://a.example.com/x", comment)]


def test_one_line_holds_no_comment() -> None:
    assert values(container(args=["# https://a.example.com"])) == ["https://a.example.com"]


@pytest.mark.parametrize("what", ["quay.io/a/b:1", "https://a.example.com"])
def test_a_comment_does_not_hide_what_counts(what: str) -> None:
    assert values(config_map(f"# default: {what}\nused: {what}\n")) == [what]
    assert values(config_map(f"used: {what}\n# default: {what}\n")) == [what]


def test_descriptions_of_a_definition_are_not_looked_at_but_its_webhook_is() -> None:
    schema = {"description": "https://a.example.com", "default": "quay.io/a/b:1"}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "a", "annotations": {"x": "https://b.example.com"}},
        "spec": {
            "versions": [{"schema": {"openAPIV3Schema": schema}}],
            "conversion": {"webhook": {"clientConfig": {"url": "https://c.example.com"}}},
        },
    }
    assert found(body) == [
        ("url", "https://c.example.com", "/spec/conversion/webhook/clientConfig/url")
    ]


def test_webhooks_and_services_outside() -> None:
    webhook = {"webhooks": [{"clientConfig": {"url": "https://a.example.com"}}]}
    assert values(webhook) == ["https://a.example.com"]
    service = {"apiVersion": "v1", "kind": "Service", "spec": {"externalName": "a.example.com"}}
    assert found(service) == [("url", "a.example.com", "/spec/externalName")]


def test_paths_that_are_skipped() -> None:
    body = {"spec": {"image": "a/b:1", "values": {"image": "c/d:1"}, "text": "image: e/f:1\nx: 1"}}
    assert [r.value for r in of(body, (("spec", "values"), ("spec", "text")))] == ["a/b:1"]


def test_a_skipped_path_says_nothing_of_the_same_path_in_a_text() -> None:
    text = yaml.dump({"spec": {"values": {"image": "c/d:1"}}})
    assert [r.value for r in of({"spec": {"x": text}}, (("spec", "values"),))] == ["c/d:1"]


def test_collecting_keeps_the_order_and_the_origin() -> None:
    parent = ResourceId(group="x", kind="Any", namespace="", name="p")
    origin = Origin(source="chart-1", template="t.yaml", parent=parent)
    resources = [
        Resource(body={**container(image=f"a/{name}:1"), "metadata": {"name": name}}, origin=origin)
        for name in ("z", "y")
    ]
    skip = {resources[1].id: [("spec", "containers", "0", "image")]}
    (reference,) = references.collect(Manifests(resources), skip)
    assert str(reference) == "Pod/z container c"
    assert (reference.nested, reference.origin) == (True, origin)
    assert len(references.collect(Manifests(resources))) == 2


def test_parts_of_a_reference() -> None:
    (reference,) = of({"spec": {"a/b": {"image": "r.io/a:1"}}})
    assert reference.pointer == "/spec/a~1b/image"
    assert str(reference.image) == "r.io/a:1"
    assert not reference.nested


_KINDS = {
    "containers": "container",
    "initContainers": "init container",
    "ephemeralContainers": "ephemeral container",
}


@pytest.mark.parametrize("version", ["0.18.0", "0.28.0", "0.34.0", "0.43.8"])
def test_the_images_of_the_vendors_charts(version: str) -> None:
    render = WANDB / "renders" / f"operator-wandb-{version}-seedcr.yaml"
    if not render.exists():
        pytest.skip("the vendor's renders are not beside the repository")
    listed = json.loads((WANDB / "images" / f"operator-wandb-{version}-images.json").read_text())
    read = rendered.read(render.read_text(), chart=f"operator-wandb-{version}", parent=None)
    assert [f for f in read.findings if f.code != "duplicate-key"] == []
    assert {
        (r.value, f"{r.resource.kind}/{r.resource.name}", r.place)
        for r in references.collect(Manifests(read.resources))
        if r.kind == "image"
    } == {
        (i["image"], i["object"], f"{_KINDS[i['kind']]} {i['container']}")
        for i in listed["seed_cr"]
    }
