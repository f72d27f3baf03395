"""A Secret that SOPS has encrypted: published, and decrypted by Flux alone."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.core import yaml
from builder.core.secrets import WantedSecret, forms
from builder.tools import sops
from tests.cluster.chain import Chain
from tests.cluster.flux import NAMESPACE
from tests.secret_site import age_key, assert_hidden, needed

SECRET = WantedSecret(
    namespace="wandb",
    name="wandb-extra",
    keys=("TOKEN",),
    values={"TOKEN": "planted-e2e-swordfish"},
)


@pytest.fixture
def by_sops(chain: Chain, tmp_path: Path) -> Iterator[tuple[Chain, str]]:
    """The chain, with an encrypted Secret in its environment; and the key that opens it."""
    needed("sops", "age-keygen")
    key = age_key(tmp_path, "test.agekey")
    text = sops.encrypt(yaml.dump(forms.plain(SECRET)), [key.recipient])
    chain.desk.overlay({"secret.yaml": text})
    yield chain, key.file.read_text()
    chain.desk.overlay()
    chain.sync()
    chain.deliver()
    chain.api.delete("v1", "Secret", "sops-age", NAMESPACE)


@pytest.mark.parametrize("engine_name", ["flux"], indirect=True, scope="session")
def test_flux_decrypts_with_the_key_that_it_is_given(by_sops: tuple[Chain, str]) -> None:
    chain, key = by_sops
    chain.sync()
    commit = chain.desk.publish()
    chain.fails(commit, "sops-age")
    assert chain.api.get("v1", "Secret", SECRET.name, SECRET.namespace) is None
    name = {"name": "sops-age", "namespace": NAMESPACE}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": name}
    chain.api.apply({**body, "stringData": {"test.agekey": key}})
    chain.settle(commit)
    found = chain.api.get("v1", "Secret", SECRET.name, SECRET.namespace)
    assert found is not None
    values = {name: base64.b64decode(text).decode() for name, text in found["data"].items()}
    assert values == SECRET.values
    assert_hidden(yaml.dump_all(chain.desk.published()), SECRET.values.values())
