"""``sealift doctor`` looks for the Secrets that `sealift secrets` refers to, by a real kubectl."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.secret_site import age_key, convert, needed, recipients, settings
from tests.servers.kubernetes import Kubernetes, kubernetes
from tests.servers.tls import certificate_authority
from tests.source import Source

KEYS = {
    "wandb-license-key": ["license"],
    "wandb-mysql-password": ["MYSQL_PASSWORD"],
    "wandb-bucket-keys": ["ACCESS_KEY", "SECRET_KEY"],
}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Kubernetes]:
    with kubernetes(tmp_path / "kube", certificate_authority(tmp_path / "ca")) as api:
        api.put("ingressclasses", "traefik")
        yield api


def examine(run: Run, api: Kubernetes) -> dict[str, dict[str, str]]:
    result = run("doctor", "example", "--only=cluster", "-ojson", f"--kubeconfig={api.kubeconfig}")
    assert result.out, result
    found = {check["subject"]: check for check in json.loads(result.out)["checks"]}
    return {k: v for k, v in found.items() if k.startswith("Secret/")}


def test_each_is_looked_for_with_its_keys(source: Source, run: Run, api: Kubernetes) -> None:
    found = examine(run, api)
    for name, keys in KEYS.items():
        check = found[f"Secret/wandb/{name}"]
        assert check["state"] == "failure"
        assert f"with the keys {', '.join(keys)}" in check["hint"]


def test_those_that_are_there_are_well(source: Source, run: Run, api: Kubernetes) -> None:
    for name, keys in KEYS.items():
        api.put("secrets", name, "wandb", data=dict.fromkeys(keys, "eA=="))
    found = examine(run, api)
    assert {name: found[f"Secret/wandb/{name}"]["state"] for name in KEYS} == dict.fromkeys(
        KEYS, "ok"
    )


def test_a_missing_key_is_named(source: Source, run: Run, api: Kubernetes) -> None:
    api.put("secrets", "wandb-bucket-keys", "wandb", data={"ACCESS_KEY": "eA=="})
    check = examine(run, api)["Secret/wandb/wandb-bucket-keys"]
    assert check["state"] == "failure"
    assert "has no key SECRET_KEY" in check["detail"]


def test_what_a_store_brings_is_not_looked_for(source: Source, run: Run, api: Kubernetes) -> None:
    settings(source, "secrets: {form: external-secret, store: {name: vault}}\n")
    assert convert(run).code == 0
    assert not examine(run, api).keys() & {f"Secret/wandb/{name}" for name in KEYS}


def test_flux_needs_the_key_to_what_is_encrypted(
    source: Source, run: Run, api: Kubernetes, tmp_path: Path
) -> None:
    needed("sops", "age-keygen")
    settings(source, "sync: {engine: flux}\n")
    recipients(source, age_key(tmp_path, "one.agekey"))
    resource = source.path("base/wandb/weightsandbiases.yaml")
    # Placeholders are not encrypted.
    resource.write_text(resource.read_text().replace("replace-with-your-", "correct-horse-"))
    assert convert(run).code == 0
    found = examine(run, api)
    assert not found.keys() & {f"Secret/wandb/{name}" for name in KEYS}
    assert "Flux" in found["Secret/flux-system/sops-age"]["detail"]
    api.put("secrets", "sops-age", "flux-system", data={"one.agekey": "eA=="})
    assert examine(run, api)["Secret/flux-system/sops-age"]["state"] == "ok"
