from typing import Any

import pytest

from builder.core import first_order, references
from builder.core.base import Base, Switch
from builder.core.environment import Ingress, Registry
from builder.core.manifests import Manifests, Resource
from tests.core.samples import INSIDE, environment, reference, resource


@pytest.mark.parametrize(
    ("value", "more", "expected"),
    [
        ("quay.io/acme/web:1", {}, f"{INSIDE}/acme/web:1"),
        (f"{INSIDE}/acme/web:1", {}, f"{INSIDE}/acme/web:1"),
        ("ok.example/web:1", {"allowed_hosts": ("ok.example",)}, "ok.example/web:1"),
        ("quay.io/a/b", {"pins": {"quay.io/a/b": "2"}}, f"{INSIDE}/a/b:2"),
        (f"{INSIDE}/a/b", {"pins": {"quay.io/a/b": "2"}}, f"{INSIDE}/a/b:2"),
        ("Not An Image", {}, None),
    ],
)
def test_what_an_image_should_be(value: str, more: dict[str, Any], expected: str | None) -> None:
    assert first_order.target(reference(value), environment(**more)) == expected


URLS = {"https://a.example": "https://in.corp.example/a", "https://a.example/b": "https://b"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "https://in.corp.example/a"),
        ("https://a.example/x?y", "https://in.corp.example/a/x?y"),
        ("https://a.example/b/c", "https://b/c"),
        ("https://a.example/bc", "https://in.corp.example/a/bc"),
        ("https://a.example.com/x", None),
        ("https://c.example", None),
        ("http://web.apps.svc/x", "http://web.apps.svc/x"),
    ],
)
def test_what_an_address_should_be(url: str, expected: str | None) -> None:
    found = first_order.target(reference(url, kind="url"), environment(urls=URLS))
    assert found == expected


def changes(*resources: Resource, base: Base | None = None, **more: Any) -> dict[str, Any]:
    manifests = Manifests(resources)
    found = first_order.changes(
        manifests, references.collect(manifests), environment(**more), base or Base()
    )
    return {"/".join(change.path): change.value for change in found}


def workload(kind: str, pod: dict[str, Any]) -> Resource:
    spec: dict[str, Any] = {"template": {"spec": pod}}
    if kind == "CronJob":
        spec = {"jobTemplate": {"spec": spec}}
    return resource(kind, "batch" if "Job" in kind else "apps", spec=spec)


WEB = {"name": "web", "image": "quay.io/acme/web:1"}


def test_containers_are_guarded_by_their_names() -> None:
    owner = workload("Deployment", {"containers": [{"name": "a", "image": f"{INSIDE}/a:1"}, WEB]})
    manifests = Manifests([owner])
    [change] = first_order.changes(manifests, references.collect(manifests), environment(), Base())
    at = ("spec", "template", "spec", "containers", "1")
    assert (change.path, change.value) == ((*at, "image"), f"{INSIDE}/acme/web:1")
    assert change.guards == (((*at, "name"), "web"),)


def test_arguments_are_guarded_by_their_text() -> None:
    container = {"name": "web", "image": f"{INSIDE}/a:1", "args": ["--image=quay.io/a/b:1"]}
    owner = workload("Deployment", {"containers": [container]})
    manifests = Manifests([owner])
    [change] = first_order.changes(manifests, references.collect(manifests), environment(), Base())
    assert change.value == f"--image={INSIDE}/a/b:1"
    assert change.guards[-1] == (change.path, "--image=quay.io/a/b:1")


def test_all_images_of_a_text_change_in_one_operation() -> None:
    text = "one: quay.io/a/b:1\ntwo: ghcr.io/c/d:2 # was quay.io/a/b:0\nthree: quay.io/a/b:1\n"
    found = changes(resource("ConfigMap", data={"list": text}))
    expected = text.replace("quay.io/a/b:1", f"{INSIDE}/a/b:1").replace("ghcr.io", INSIDE)
    assert found == {"data/list": expected}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (
            {"repository": "quay.io/acme/web", "tag": "1"},
            {"repository": f"{INSIDE}/acme/web", "tag": "1"},
        ),
        (
            {"registry": "quay.io", "repository": "acme/web", "tag": "1"},
            {"registry": "r.corp.example", "repository": "m/acme/web", "tag": "1"},
        ),
        ({"name": "quay.io/acme/web"}, {"name": f"{INSIDE}/acme/web"}),
    ],
)
def test_an_image_in_parts(image: dict[str, str], expected: dict[str, str]) -> None:
    assert changes(resource("Cluster", "db.example", spec={"image": image})) == {
        "spec/image": expected
    }


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet", "StatefulSet", "Job", "CronJob"])
@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ({}, [{"name": "mirror"}]),
        ({"imagePullSecrets": None}, [{"name": "mirror"}]),
        ({"imagePullSecrets": [{"name": "own"}]}, [{"name": "own"}, {"name": "mirror"}]),
        ({"imagePullSecrets": [{"name": "mirror"}]}, None),
    ],
)
def test_pull_secrets(kind: str, present: dict[str, Any], expected: Any) -> None:
    owner = workload(kind, {"containers": [], **present})
    found = changes(owner, registry=Registry(prefix=INSIDE, pull_secret="mirror"))
    assert list(found.values()) == ([expected] if expected else [])


@pytest.mark.parametrize(("spec", "changed"), [({}, True), ({"ingressClassName": "x"}, True),
                                               ({"ingressClassName": "own"}, False)])  # fmt: skip
def test_the_ingress_class(spec: dict[str, str], changed: bool) -> None:
    found = changes(
        resource("Ingress", "networking.k8s.io", spec=spec), ingress=Ingress(class_="own")
    )
    assert found == ({"spec/ingressClassName": "own"} if changed else {})


def test_a_switch_of_the_base() -> None:
    env = [{"name": "OTHER", "value": "x"}, {"name": "AIRGAPPED", "value": "false"}]
    owner = workload("Deployment", {"containers": [{"name": "m", "env": env}]})
    switch = Switch(kind="Deployment", env="AIRGAPPED", value="true", reason="calls out")
    assert changes(owner, base=Base(switches=(switch,))) == {
        "spec/template/spec/containers/0/env/1/value": "true"
    }
