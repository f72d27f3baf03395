"""The platform's chart from a registry that asks for a password, and one that then refuses it."""

import subprocess
from collections.abc import Iterator

import pytest

from builder.tools import helm
from tests.cluster.chain import Chain
from tests.cluster.desk import level
from tests.cluster.patience import eventually
from tests.cluster.site import NAMES, PASSWORD, REGISTRY, USER

_SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "charts", "namespace": "wandb"},
    "stringData": {"username": USER, "password": PASSWORD},
}
_SETTINGS = f"chartRepository: {{url: 'oci://{REGISTRY.name}/charts', credentialSecret: charts}}\n"


@pytest.fixture
def pulling(chain: Chain) -> Iterator[Chain]:
    """The chain, whose operator has the chart to pull from the registry."""
    site = chain.desk.site
    for archive in site.shelf.glob("operator-wandb-*.tgz"):
        login = ["--username", USER, "--password", PASSWORD]
        flags = [f"--ca-file={chain.desk.ca.certificate}", *login]
        argv = [helm.find()[0], "push", str(archive), f"oci://{REGISTRY.name}/charts", *flags]
        subprocess.run(argv, check=True, capture_output=True)
    chain.api.apply(_SECRET)
    before = chain.desk.source.read(f"overlays/{chain.desk.environment}/environment.yaml")
    chain.desk.source.write(
        f"overlays/{chain.desk.environment}/environment.yaml", before + _SETTINGS
    )
    chain.recorder.forget()
    yield chain
    site.registry_password(PASSWORD)
    chain.desk.source.write(f"overlays/{chain.desk.environment}/environment.yaml", before)
    chain.desk.overlay()
    chain.deliver()


def test_a_chart_from_a_registry_and_a_registry_that_refuses(pulling: Chain) -> None:
    chain, desk = pulling, pulling.desk
    chain.deliver()
    assert chain.resource is not None
    assert chain.resource["spec"]["chart"]["url"].startswith(f"oci://{REGISTRY.name}/charts")
    assert chain.recorder.reached <= set(NAMES) - {"charts.yourdomain.com"}

    desk.site.registry_password("another-horse")
    desk.overlay(patches=level("one"))
    commit = desk.publish()
    chain.engine.refresh()
    eventually(lambda: chain.phase == "Invalid Config", "the operator cannot pull")
    assert "401" in chain.operator_log or "unauthorized" in chain.operator_log
    chain.fails(commit)

    desk.site.registry_password(PASSWORD)
    chain.settle(commit)
    eventually(lambda: chain.witness.standing() <= desk.lock(), "what runs is in the lock")
