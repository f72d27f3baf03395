"""Which Pods have certificates among their files, and the values that bring them there."""

import base64
from typing import Any

import pytest

from builder.core.additions import added, changed
from builder.core.certificates import Certificate, check, config_map, listed, missing
from builder.core.manifests import Manifests, Origin, Resource
from builder.core.renaming import renamed
from tests.authorities import NOW, authority
from tests.core.samples import resource

ROOT, OTHER, THIRD = check(
    [("ca.pem", "".join(authority(name).pem for name in "ABC").encode())], NOW
).good


def pod(volume: dict[str, Any], *mounts: dict[str, Any], init: bool = False) -> Resource:
    containers = [{"name": "c", "volumeMounts": [{"name": "v", **mount} for mount in mounts]}]
    spec: dict[str, Any] = {"volumes": [{"name": "v", **volume}], "containers": containers}
    if init:
        spec |= {"initContainers": containers, "containers": [{"name": "c"}]}
    return resource("Pod", spec=spec)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


MAP = {"configMap": {"name": "certs"}}
SECRET = {"secret": {"secretName": "certs"}}
ALL = {"mountPath": "/certs"}
HELD = resource("ConfigMap", name="certs", data={"a": ROOT.pem, "b": f"{OTHER.pem}\n{THIRD.pem}"})


@pytest.mark.parametrize(
    ("pod_", "holder", "left"),
    [
        (pod(MAP, ALL), HELD, []),
        (pod(MAP, ALL, init=True), HELD, []),
        (pod(MAP), HELD, [ROOT, OTHER, THIRD]),
        (pod(SECRET, ALL), HELD, [ROOT, OTHER, THIRD]),
        (pod(MAP, {"mountPath": "/a", "subPath": "b"}), HELD, [ROOT]),
        (pod(MAP, {"mountPath": "/a", "subPath": ""}), HELD, []),
        (pod(MAP, {"mountPath": "/a", "subPath": "b"}, {"mountPath": "/b", "subPath": "a"}), HELD,
         []),
        (pod({"configMap": {"name": "certs", "items": [{"key": "a", "path": "x"}]}}, ALL), HELD,
         [OTHER, THIRD]),
        (pod({"configMap": {"name": "certs", "items": [{"key": "b", "path": "a"}]}},
             {"mountPath": "/a", "subPath": "a"}), HELD, [ROOT]),
        (pod(MAP, ALL), resource("ConfigMap", name="others", data={"a": ROOT.pem}),
         [ROOT, OTHER, THIRD]),
        (pod(MAP, ALL), resource("ConfigMap", name="certs", binaryData={"a": encoded(ROOT.pem)}),
         [OTHER, THIRD]),
        (pod(SECRET, ALL), resource("Secret", name="certs", data={"a": encoded(ROOT.pem)}),
         [OTHER, THIRD]),
        (pod(SECRET, ALL), resource("Secret", name="certs", stringData={"a": ROOT.pem}),
         [OTHER, THIRD]),
        (pod(SECRET, ALL), resource("Secret", name="certs", data={"a": ROOT.pem, "b": "é"}),
         [ROOT, OTHER, THIRD]),
        (pod(MAP, ALL), resource("ConfigMap", "acme.example", name="certs", data={"a": ROOT.pem}),
         [ROOT, OTHER, THIRD]),
    ],
)  # fmt: skip
def test_missing(pod_: Resource, holder: Resource, left: list[Certificate]) -> None:
    assert missing([ROOT, OTHER, THIRD], [pod_], [holder]) == left


def test_resources_without_a_namespace_are_in_that_of_the_release() -> None:
    body = {**HELD.body, "metadata": {"name": "certs", "namespace": "apps"}}
    placed = Resource(body=body, origin=Origin(source="x"))
    assert missing([ROOT], [pod(MAP, ALL)], [placed], "apps") == []
    assert missing([ROOT], [pod(MAP, ALL)], [placed], "other") == [ROOT]


@pytest.mark.parametrize(
    ("present", "gone", "wanted"),
    [
        (None, (), [ROOT.pem]),
        ("", (), [ROOT.pem]),
        ([], (), [ROOT.pem]),
        ([OTHER.pem], (), [OTHER.pem, ROOT.pem]),
        ([OTHER.pem], (OTHER.fingerprint,), [ROOT.pem]),
        ([ROOT.pem.replace("\n", "\r\n"), OTHER.pem], (), [OTHER.pem, ROOT.pem]),
        ([ROOT.pem + OTHER.pem], (), [ROOT.pem + OTHER.pem, ROOT.pem]),
        ([ROOT.pem + OTHER.pem], (OTHER.fingerprint,), [ROOT.pem]),
        (["$(CERTIFICATE)"], (OTHER.fingerprint,), ["$(CERTIFICATE)", ROOT.pem]),
    ],
)
def test_listed(present: Any, gone: Any, wanted: list[str]) -> None:
    found = listed(present, [ROOT], gone)
    assert found == wanted
    assert listed(found, [ROOT], gone) == wanted


def test_a_config_map_has_the_keys_that_programs_read() -> None:
    body = config_map("certs", "apps", [OTHER, ROOT])
    assert body == config_map("certs", "apps", [ROOT, OTHER])
    assert list(body["data"]) == sorted(f"{c.fingerprint[:16]}.crt" for c in (ROOT, OTHER))
    assert config_map("certs", "", [])["metadata"] == {"name": "certs"}


def test_another_name() -> None:
    body = {
        "kind": "Pod",
        "metadata": {"name": "certs"},
        "spec": {
            "volumes": [
                {"name": "certs", "configMap": {"name": "certs"}},
                {"name": "certs", "secret": {"secretName": "certs"}},
                {"projected": {"sources": [{"configMap": {"name": "certs"}}]}},
            ],
            "env": [{"valueFrom": {"configMapKeyRef": {"name": "certs", "key": "certs"}}}],
        },
    }
    found = renamed(body, "ConfigMap", "certs", "mine")
    assert found["metadata"] == body["metadata"]
    assert found["spec"] == {
        "volumes": [
            {"name": "certs", "configMap": {"name": "mine"}},
            {"name": "certs", "secret": {"secretName": "certs"}},
            {"projected": {"sources": [{"configMap": {"name": "mine"}}]}},
        ],
        "env": [{"valueFrom": {"configMapKeyRef": {"name": "mine", "key": "certs"}}}],
    }
    secret = {"kind": "Secret", "metadata": {"name": "certs"}}
    assert renamed(secret, "Secret", "certs", "mine")["metadata"] == {"name": "mine"}
    assert renamed(secret, "ConfigMap", "certs", "mine") == secret


def test_what_is_there_is_changed_and_the_rest_added() -> None:
    there = resource("ConfigMap", name="certs", data={"a": "1"})
    same = {**there.body, "metadata": {"name": "certs", "labels": {"x": "y"}}}
    other = {**there.body, "data": {"a": "2"}, "immutable": True}
    new = {**there.body, "metadata": {"name": "new"}}
    before = Manifests([there])
    assert added([other, new], before) == [new]
    assert list(changed([same, new], before, "why")) == []
    assert [(c.path, c.value, c.before) for c in changed([other], before, "why")] == [
        (("data",), {"a": "2"}, {"a": "1"}),
        (("immutable",), True, None),
    ]
