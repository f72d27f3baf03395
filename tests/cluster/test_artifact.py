"""A bundle as an OCI artifact: pushed to a registry with TLS and a password, pulled by Flux."""

import base64
import json
from collections.abc import Iterator

import pytest

from tests.cluster.api import Object
from tests.cluster.chain import Chain
from tests.cluster.flux import NAMESPACE
from tests.cluster.site import NAMES, PASSWORD, REGISTRY, USER

_SOURCE = "source.toolkit.fluxcd.io/v1"
_TO = f"oci://{REGISTRY.name}/bundles"


@pytest.fixture
def by_artifact(chain: Chain) -> Iterator[Chain]:
    """The chain, whose environment names the Secrets for a registry."""
    desk = chain.desk
    path = f"overlays/{desk.environment}/environment.yaml"
    before = desk.source.read(path)
    desk.source.edit(path, "secret: gitops", "secret: bundles, caSecret: bundles-ca")
    chain.api.apply(*_secrets(desk.ca.certificate.read_text()))
    chain.api.delete(_SOURCE, "GitRepository", desk.environment, NAMESPACE)
    chain.recorder.forget()
    yield chain
    chain.api.delete(_SOURCE, "OCIRepository", desk.environment, NAMESPACE)
    desk.source.write(path, before)
    desk.overlay()
    chain.sync()
    chain.deliver()


@pytest.mark.parametrize("engine_name", ["flux"], indirect=True, scope="session")
def test_flux_applies_an_artifact_and_the_next(by_artifact: Chain) -> None:
    chain, desk = by_artifact, by_artifact.desk
    first = _push(chain)
    chain.sync("--to", f"{_TO}:{desk.environment}")
    chain.settle(first)
    desk.overlay(
        patches="- target: {kind: Deployment}\n  patch: |-\n"
        "    - op: add\n      path: /metadata/labels/level\n      value: artifact\n"
    )
    second = _push(chain)
    assert second != first
    chain.settle(second)
    operator = chain.api.get("apps/v1", "Deployment", "wandb-controller-manager", "wandb")
    assert operator is not None
    assert operator["metadata"]["labels"]["level"] == "artifact"
    assert chain.recorder.reached <= set(NAMES) - {"git.yourdomain.com"}


def _push(chain: Chain) -> str:
    """Publish to the registry; returns the digest."""
    chain.desk.run("airgap", chain.desk.environment)
    out = chain.desk.run("publish", chain.desk.environment, "--to", _TO)
    (digest,) = (line.split()[1] for line in out.splitlines() if line.startswith("digest "))
    return digest


def _secrets(certificate: str) -> list[Object]:
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = json.dumps({"auths": {REGISTRY.name: {"auth": login}}})
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "bundles", "namespace": NAMESPACE},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": config},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "bundles-ca", "namespace": NAMESPACE},
            "stringData": {"ca.crt": certificate},
        },
    ]
