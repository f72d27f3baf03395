"""What brings Secrets into the cluster, and what engines make of encrypted ones."""

from typing import Any

import pytest

from builder.core.environment import Secrets, SecretStore
from builder.core.errors import ConfigurationError
from builder.core.manifests import Manifests
from builder.core.secrets import WantedSecret, forms
from builder.core.sync import Source, Synced, objects
from tests.core.samples import resource

SECRET = WantedSecret(
    namespace="web", name="keys", keys=("A", "B"), values={"A": "planted", "B": "b"}
)
RECIPIENT = "age1s9v7wsutcs78p50l7l9jj24xzmpjkpelkk524t9uazhwk6rm5flse52qfd"
SOPS = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "keys", "namespace": "web"},
    "data": {"A": "ENC[AES256_GCM,data:x,type:str]", "B": "ENC[AES256_GCM,data:y,type:str]"},
    "sops": {"age": [{"recipient": RECIPIENT, "enc": "..."}], "mac_only_encrypted": True},
}
SEALED = {
    "apiVersion": "bitnami.com/v1alpha1",
    "kind": "SealedSecret",
    "metadata": {"name": "keys", "namespace": "web"},
    "spec": {"encryptedData": {"A": "AgB=", "B": "AgC="}, "template": {"type": "Opaque"}},
}
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("template", "remote"),
    [
        pytest.param("{environment}/{secret}", ("prod/keys", "A"), id="a content with properties"),
        pytest.param("kv/{namespace}", ("kv/web", "A"), id="of one's own"),
        pytest.param("{secret}-{key}", ("keys-A", ""), id="each value by itself"),
    ],
)
def test_where_a_value_is_in_the_store(template: str, remote: tuple[str, str]) -> None:
    first, second = forms.remotes(SECRET, Secrets(key=template), "prod")
    assert (first.remote, first.property) == remote
    assert (first.key, second.key) == ("A", "B")


def test_a_placeholder_that_stands_for_nothing_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"\{env\}") as caught:
        forms.remotes(SECRET, Secrets(key="{env}/{secret}"), "prod")
    assert "{environment}" in str(caught.value.hint)


def test_an_external_secret_without_a_refresh_leaves_it_to_the_operator() -> None:
    store = SecretStore(name="vault", kind="SecretStore")
    body = forms.external(SECRET, store, Secrets(), "prod")
    assert "refreshInterval" not in body["spec"]
    assert body["spec"]["secretStoreRef"] == {"name": "vault", "kind": "SecretStore"}
    assert "planted" not in str(body)


@pytest.mark.parametrize(
    ("body", "text", "recipients"),
    [
        pytest.param(SOPS, "", {RECIPIENT}, id="SOPS"),
        pytest.param({**SOPS, "data": None, "stringData": SOPS["data"]}, "", {RECIPIENT},
                     id="SOPS, as texts"),
        pytest.param(SEALED, f"# x\n# certificate: {DIGEST}\n", {DIGEST}, id="sealed"),
        pytest.param(SEALED, "", set(), id="sealed by hand"),
    ],
)  # fmt: skip
def test_an_encrypted_secret_tells_its_keys_and_for_whom_it_is(
    body: dict[str, Any], text: str, recipients: set[str]
) -> None:
    found = forms.encrypted(body, text)
    assert found is not None
    assert found.holds(SECRET)
    assert found.recipients == recipients


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"name": "other"}, id="another name"),
        pytest.param({"namespace": "other"}, id="another namespace"),
        pytest.param({"keys": ("A",)}, id="a key less"),
        pytest.param({"keys": ("A", "B", "C")}, id="a key more"),
    ],
)
def test_a_secret_that_is_another_is_seen(other: dict[str, Any]) -> None:
    found = forms.encrypted(SOPS, "")
    assert found is not None
    fields = {f: getattr(SECRET, f) for f in ("namespace", "name", "keys", "values")}
    assert not found.holds(WantedSecret(**{**fields, **other}))


@pytest.mark.parametrize("body", [None, "x", {"kind": "Secret", "data": {"A": "YQ=="}}, {}])
def test_what_is_not_encrypted_is_not_taken_for_it(body: Any) -> None:
    assert forms.encrypted(body, "") is None


def test_every_value_has_to_be_encrypted() -> None:
    assert forms.is_concealed(SOPS)
    assert not forms.is_concealed({**SOPS, "data": {"A": "ENC[x]", "B": "Yg=="}})
    assert not forms.is_concealed({**SOPS, "stringData": {"C": "b"}})
    assert forms.is_concealed(SEALED)
    assert not forms.is_concealed({**SEALED, "spec": {"template": {"data": {"A": "YQ=="}}}})


def test_a_mac_over_all_would_break_with_an_annotation() -> None:
    assert not forms.is_concealed({**SOPS, "sops": {"age": []}})


def manifests(*more: dict[str, Any]) -> Manifests:
    definition = {"group": "acme.example", "names": {"kind": "App"}, "scope": "Namespaced"}
    return Manifests(
        [
            resource("CustomResourceDefinition", "apiextensions.k8s.io", "apps", spec=definition),
            resource("App", "acme.example", "web"),
            *(resource(**{"kind": "Secret", "name": "keys"} | body) for body in more),
        ]
    )


def synced(found: Manifests, **more: Any) -> Synced:
    return Synced(
        environment="prod",
        source=Source(url="https://git.example.com/a.git", path="prod"),
        manifests=found,
        instances=frozenset({("acme.example", "App")}),
        namespace="flux-system",
        **more,
    )


def test_flux_decrypts_in_the_stage_that_has_an_encrypted_secret() -> None:
    found = objects("flux", [synced(manifests({"sops": SOPS["sops"]}))])
    decryption = {o.body["metadata"]["name"]: o.body["spec"].get("decryption") for o in found[1:]}
    expected = {"provider": "sops", "secretRef": {"name": "sops-age"}}
    assert decryption == {"prod-platform": expected, "prod": None}
    assert "sops-age in flux-system is yours to create" in found[1].note
    assert found[2].note == ""


def test_flux_is_told_the_name_of_the_secret_with_the_key() -> None:
    found = objects("flux", [synced(manifests({"sops": SOPS["sops"]}), age_secret="our-key")])
    assert found[1].body["spec"]["decryption"]["secretRef"] == {"name": "our-key"}


def test_without_an_encrypted_secret_flux_decrypts_nothing() -> None:
    for more in ({"data": {"A": "YQ=="}}, {"kind": "App", "group": "b.example", "sops": {}}):
        for found in objects("flux", [synced(manifests(more))]):
            assert "decryption" not in found.body["spec"]


@pytest.mark.parametrize(
    ("engine", "found"),
    [
        pytest.param("argocd", [("not-decrypted", "error")], id="Argo CD"),
        pytest.param("flux", [], id="Flux"),
        pytest.param(None, [("not-decrypted", "warning")], id="nobody says"),
    ],
)
def test_only_flux_applies_it_decrypted(engine: str | None, found: list[tuple[str, str]]) -> None:
    listed = forms.undecrypted(manifests({"sops": SOPS["sops"]}), engine)
    assert [(f.code, f.severity) for f in listed] == found
    assert forms.undecrypted(manifests({"data": {"A": "YQ=="}}), engine) == []
