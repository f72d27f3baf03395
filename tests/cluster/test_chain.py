"""From a commit to running objects: what the cluster comes to is what the bundle says.

The tests share one cluster for each engine. Each begins and ends with the environment as it was
first published, settled.
"""

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.cluster.api import Object
from tests.cluster.chain import Chain
from tests.cluster.desk import level
from tests.cluster.patience import eventually
from tests.cluster.site import NAMES

_CRDS = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
_CRD = "weightsandbiases.apps.wandb.com"
_SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: wandb}
data: {level: LEVEL}
"""
_CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: keep, namespace: wandb}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: none}
"""
_VOLUME: Object = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": {"name": "keep"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/nowhere"},
        "storageClassName": "none",
    },
}
_DEBUG = level("debug")
# Makes the Deployment take a while, so that what does not wait for it is seen not to.
_SLOW = """\
- target: {kind: Deployment}
  patch: |-
    - {op: add, path: /spec/minReadySeconds, value: 10}
    - {op: add, path: /spec/template/metadata/annotations, value: {level: debug}}
"""
_REFUSED = """\
apiVersion: v1
kind: Service
metadata: {name: refused, namespace: wandb}
spec: {ports: [{port: 99999}]}
"""


@pytest.fixture
def pristine(chain: Chain) -> Iterator[Chain]:
    """The chain; what the test does to the environment is taken back, and settled."""
    chain.recorder.forget()
    chain.witness.forget()
    yield chain
    chain.desk.overlay()
    chain.deliver()


def deployment(chain: Chain, name: str) -> Object:
    found = chain.api.get("apps/v1", "Deployment", name, "wandb")
    assert found is not None
    return found


def settings(chain: Chain) -> str | None:
    found = chain.api.get("v1", "ConfigMap", "settings", "wandb")
    return None if found is None else str(found["data"]["level"])


def since(body: Object, condition: str = "") -> datetime:
    """When an object was made, or came to fulfil a condition."""
    text = body["metadata"]["creationTimestamp"]
    if condition:
        (found,) = (c for c in body["status"]["conditions"] if c["type"] == condition)
        text = found["lastTransitionTime"]
    return datetime.fromisoformat(text)


def test_all_images_are_in_the_lock_and_nothing_leaves(chain: Chain) -> None:
    lock = chain.desk.lock()
    seen = chain.witness.seen()
    assert seen <= lock
    # What is left is what only an upgrade runs, and what a variable or argument names.
    assert {image.split("/")[-1].split(":")[0] for image in lock - seen} <= {
        "k8s", "launch-worker", "sidecar",
    }  # fmt: skip
    assert chain.recorder.reached <= set(NAMES)


def test_the_definition_comes_before_the_operator_and_that_before_the_resource(
    chain: Chain,
) -> None:
    definition = chain.api.get(*_CRDS, _CRD)
    operator = deployment(chain, "wandb-controller-manager")
    assert definition is not None
    assert chain.resource is not None
    assert since(definition) <= since(operator)
    assert since(operator, "Available") <= since(chain.resource)


def test_the_resource_changes_when_the_operator_is_ready(pristine: Chain) -> None:
    chain, desk = pristine, pristine.desk
    assert chain.resource is not None
    before = chain.resource["spec"]
    desk.overlay(patches=_SLOW + _DEBUG)
    commit = desk.publish()
    eventually(
        lambda: chain.resource is not None and chain.resource["spec"] != before,
        "the resource changes",
        ask=chain.engine.refresh,
        state=lambda: chain.unfinished(commit),
    )
    operator = deployment(chain, "wandb-controller-manager")
    assert operator["spec"].get("minReadySeconds") == 10, "the resource has not waited"
    status = operator["status"]
    assert status["observedGeneration"] == operator["metadata"]["generation"]
    assert status["updatedReplicas"] == status["availableReplicas"] == status["replicas"]


def test_upgrade_by_pull_request_and_rollback_by_revert(pristine: Chain) -> None:
    chain, desk = pristine, pristine.desk
    before = chain.witness.standing()
    desk.source.edit("overlays/example/environment.yaml", "0.59.2", "0.60.0")
    try:
        desk.run("airgap", "example")
        head = desk.head
        assert desk.publish("--pull-request") == head
        merged = desk.merge()
        chain.settle(merged)
        eventually(lambda: _images(chain) != before, "the new images are there")
        lock = desk.lock()
        assert "registry.yourdomain.com/wandb/local:0.60.0" in lock
        assert chain.witness.seen() - before <= lock
        assert {i for i in _images(chain) if "/wandb/local:" in i} == {
            "registry.yourdomain.com/wandb/local:0.60.0"
        }
        assert any("alpine/k8s" in image for image in chain.witness.passed), "hooks have run"

        chain.settle(desk.revert(merged))
        eventually(lambda: _images(chain) == before, "the old images are back")
        assert desk.lock() >= before
    finally:
        desk.source.edit("overlays/example/environment.yaml", "0.60.0", "0.59.2")
        desk.run("airgap", "example")
    assert chain.recorder.reached <= set(NAMES)


def _images(chain: Chain) -> set[str]:
    """The images of what is to run now: without ReplicaSets that were replaced, and their Pods."""
    return {
        container["image"]
        for kind in ("Deployment", "StatefulSet", "DaemonSet")
        for body in chain.api.list("apps/v1", kind)
        for key in ("containers", "initContainers")
        for container in body["spec"]["template"]["spec"].get(key) or ()
    }


def test_drift_is_repaired(pristine: Chain) -> None:
    chain = pristine
    body = deployment(chain, "wandb-controller-manager")
    image = body["spec"]["template"]["spec"]["containers"][0]["image"]
    change = {"name": "manager", "image": "docker.io/library/busybox:1"}
    chain.api.call(
        "PATCH",
        chain.api.path_of(body),
        {"spec": {"template": {"spec": {"containers": [change]}}}},
        "application/strategic-merge-patch+json",
    )
    chain.api.delete("v1", "ServiceAccount", "wandb-manager", "wandb")
    chain.engine.refresh()

    def repaired() -> bool:
        spec = deployment(chain, "wandb-controller-manager")["spec"]["template"]["spec"]
        account = chain.api.get("v1", "ServiceAccount", "wandb-manager", "wandb")
        return spec["containers"][0]["image"] == image and account is not None

    eventually(repaired, "image and account are as in Git")


def test_what_leaves_git_leaves_the_cluster_but_not_data(pristine: Chain) -> None:
    chain, desk = pristine, pristine.desk
    desk.overlay({"settings.yaml": _SETTINGS.replace("LEVEL", "one"), "claim.yaml": _CLAIM})
    chain.api.apply(_VOLUME)
    chain.deliver()
    assert settings(chain) == "one"
    desk.overlay()
    chain.deliver()
    eventually(lambda: settings(chain) is None, "what left Git is pruned")
    assert chain.api.get("v1", "PersistentVolumeClaim", "keep", "wandb") is not None
    chain.api.delete("v1", "PersistentVolumeClaim", "keep", "wandb")
    chain.api.delete("v1", "PersistentVolume", "keep")


def test_a_definition_is_updated_and_its_resources_stay(pristine: Chain) -> None:
    chain = pristine
    assert chain.resource is not None
    uid = chain.resource["metadata"]["uid"]
    column = "{name: Chart, type: string, jsonPath: .spec.chart.version}"
    chain.desk.overlay(
        patches="- target: {kind: CustomResourceDefinition}\n  patch: |-\n"
        "    - op: add\n      path: /spec/versions/0/additionalPrinterColumns/-\n"
        f"      value: {column}\n"
    )
    chain.deliver()
    definition = chain.api.get(*_CRDS, _CRD)
    assert definition is not None
    columns = definition["spec"]["versions"][0]["additionalPrinterColumns"]
    assert [column["name"] for column in columns] == ["Phase", "Chart"]
    assert chain.resource["metadata"]["uid"] == uid


def test_what_the_server_refuses_is_not_applied_by_halves(pristine: Chain) -> None:
    """Flux applies nothing then; Argo CD, which asks the server late, no later wave."""
    chain, desk = pristine, pristine.desk
    desk.overlay({"settings.yaml": _SETTINGS.replace("LEVEL", "one")})
    chain.deliver()
    assert settings(chain) == "one"
    assert chain.resource is not None
    before = chain.resource["spec"]
    changed = {"settings.yaml": _SETTINGS.replace("LEVEL", "two"), "refused.yaml": _REFUSED}
    desk.overlay(changed, patches=_DEBUG)
    commit = desk.publish()
    chain.fails(commit, "99999")
    assert chain.resource["spec"] == before
    assert settings(chain) == ("one" if chain.engine.name == "flux" else "two")
    desk.overlay({"settings.yaml": _SETTINGS.replace("LEVEL", "three")}, patches=_DEBUG)
    chain.deliver()
    assert settings(chain) == "three"
    assert chain.resource["spec"] != before


def test_while_the_git_server_is_down_all_stays_and_then_goes_on(pristine: Chain) -> None:
    chain, desk = pristine, pristine.desk
    server = desk.site.forge.process
    assert server is not None
    before = chain.witness.standing()
    desk.overlay({"settings.yaml": _SETTINGS.replace("LEVEL", "late")})
    server.stop()
    try:
        chain.engine.refresh()
        desk.run("airgap", desk.environment)
        result = desk.sealift("publish", desk.environment)
        assert result.code == 3, result
        assert "git.yourdomain.com" in result.err
        assert "Traceback" not in result.err
        assert chain.witness.standing() == before
    finally:
        server.start()
        server.wait(lambda: desk.site.forge.ready)
    chain.deliver()
    assert settings(chain) == "late"


def test_a_right_that_the_bundle_does_not_give_is_missed(pristine: Chain) -> None:
    chain = pristine
    chain.desk.overlay(
        patches="- target: {kind: ClusterRole}\n  patch: |-\n"
        "    - op: replace\n      path: /rules/1/apiGroups\n"
        "      value: ['', batch, networking.k8s.io, rbac.authorization.k8s.io]\n" + _DEBUG
    )
    commit = chain.desk.publish()
    chain.engine.refresh()
    eventually(lambda: chain.phase == "Invalid Config", "the operator fails")
    assert 'in API group "apps"' in chain.operator_log
    chain.fails(commit)
