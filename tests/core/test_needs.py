"""What has to be in a cluster: read off resources, less what the bundle brings."""

from typing import Any

import pytest
import yaml

from builder.core import needs
from builder.core.manifests import Origin, Resource
from builder.core.needs import IngressClass, Need, Placed

CREDENTIALS = {("apps.wandb.com", "WeightsAndBiases"): (("spec", "chart", "credentialSecret"),)}


def placed(*texts: str, namespace: str = "app", **skip: Any) -> list[Placed]:
    """Resources as they are in YAML, landing in a namespace."""
    resources = [
        Resource(body=body, origin=Origin(source="test"))
        for text in texts
        for body in yaml.safe_load_all(text)
    ]
    places = {r.id: skip[r.id.kind] for r in resources if r.id.kind in skip}
    return needs.place(resources, namespace, places, CREDENTIALS)


def pod(spec: str) -> str:
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {" + spec + "}\n"


def found(*texts: str) -> list[tuple[str, str, tuple[str, ...], bool]]:
    return [(n.kind, n.name, n.keys, n.optional) for n in needs.needs(placed(*texts))]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            "imagePullSecrets: [{name: pull}]", ("Secret", "pull", (), False), id="pull-secret"
        ),
        pytest.param(
            "containers: [{env: [{valueFrom: {secretKeyRef: {name: db, key: pw}}}]}]",
            ("Secret", "db", ("pw",), False),
            id="env-key",
        ),
        pytest.param(
            "containers: [{env: [{valueFrom: {configMapKeyRef: "
            "{name: c, key: k, optional: true}}}]}]",
            ("ConfigMap", "c", ("k",), True),
            id="env-key-optional",
        ),
        pytest.param(
            "containers: [{envFrom: [{secretRef: {name: all}}]}]",
            ("Secret", "all", (), False),
            id="env-from",
        ),
        pytest.param(
            "initContainers: [{envFrom: [{configMapRef: {name: all}}]}]",
            ("ConfigMap", "all", (), False),
            id="init-env-from",
        ),
        pytest.param(
            "volumes: [{secret: {secretName: tls, items: [{key: b, path: x}, {key: a, path: y}]}}]",
            ("Secret", "tls", ("a", "b"), False),
            id="volume",
        ),
        pytest.param(
            "volumes: [{configMap: {name: conf, optional: true}}]",
            ("ConfigMap", "conf", (), True),
            id="volume-optional",
        ),
        pytest.param(
            "volumes: [{projected: {sources: [{secret: {name: part}}]}}]",
            ("Secret", "part", (), False),
            id="projected",
        ),
    ],
)
def test_a_pod_needs_what_it_refers_to(
    spec: str, expected: tuple[str, str, tuple[str, ...], bool]
) -> None:
    assert found(pod(spec)) == [expected]


def test_one_place_that_cannot_do_without_makes_it_needed_with_all_keys() -> None:
    env = "containers: [{env: [{valueFrom: {secretKeyRef: {name: s, key: %s, optional: %s}}}]}]"
    texts = (pod(env % ("b", "true")), pod(env % ("a", "false")).replace("name: p}", "name: q}"))
    (need,) = needs.needs(placed(*texts))
    assert need == Need(
        kind="Secret",
        namespace="app",
        name="s",
        keys=("a", "b"),
        optional=False,
        used_by=("Pod/p", "Pod/q"),
    )


@pytest.mark.parametrize(
    "brings",
    [
        "{apiVersion: v1, kind: Secret, metadata: {name: s}}",
        "{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: c}, "
        "spec: {secretName: s}}",
        "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s}}",
        "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: e}, "
        "spec: {target: {name: s}}}",
        "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: s}}",
    ],
    ids=["secret", "certificate", "external", "external-target", "sealed"],
)
def test_what_the_bundle_brings_or_has_made_is_not_needed(brings: str) -> None:
    text = pod("imagePullSecrets: [{name: s}]")
    assert found(text) == [("Secret", "s", (), False)]
    assert found(text, brings) == []


def test_another_namespace_does_not_count() -> None:
    secret = "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: elsewhere}}"
    assert found(pod("imagePullSecrets: [{name: s}]"), secret) == [("Secret", "s", (), False)]


def test_the_authority_that_every_namespace_has_is_not_needed() -> None:
    assert found(pod("volumes: [{configMap: {name: kube-root-ca.crt}}]")) == []


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i%s}
spec: {ingressClassName: traefik, tls: [{secretName: web, hosts: [a.example.com]}]}
"""


def test_a_certificate_is_needed_unless_cert_manager_makes_it() -> None:
    assert found(INGRESS % "") == [("Secret", "web", (), False)]
    assert found(INGRESS % ", annotations: {cert-manager.io/issuer: ours}") == []


def test_a_job_that_is_told_the_name_makes_it() -> None:
    job = """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: certgen}
        spec: {template: {spec: {containers: [{args: [create, --secret-name=s]}]}}}
        """
    texts = (pod("volumes: [{secret: {secretName: s}}]"), job)
    assert [need.maker for need in needs.needs(placed(*texts))] == ["Job/certgen"]
    assert [need.maker for need in needs.needs(placed(texts[0]))] == [""]
    other = job.replace("secret-name=s", "secret-name=servers")
    assert [need.maker for need in needs.needs(placed(texts[0], other))] == [""]


@pytest.mark.parametrize(("policy", "needed"), [("Owner", []), ("Merge", ["s"]), ("None", ["s"])])
def test_a_store_that_only_adds_to_a_secret_brings_none(policy: str, needed: list[str]) -> None:
    external = f"""
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: {{name: e}}
        spec: {{target: {{name: s, creationPolicy: {policy}}}}}
        """
    user = pod("volumes: [{secret: {secretName: s}}]")
    assert [need.name for need in needs.needs(placed(user, external))] == needed


def test_custom_resources_name_their_credentials() -> None:
    release = """
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: r}
        spec:
          valuesFrom: [{kind: ConfigMap, name: values, valuesKey: v.yaml}, {kind: Secret, name: s}]
          values: {env: {secretKeyRef: {name: rendered, key: k}}}
        """
    repository = """
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: HelmRepository
        metadata: {name: c}
        spec: {secretRef: {name: login}, certSecretRef: {name: ca}}
        """
    answered = placed(release, repository, HelmRelease=[("spec", "values")])
    assert [(n.kind, n.name, n.keys) for n in needs.needs(answered)] == [
        ("ConfigMap", "values", ("v.yaml",)),
        ("Secret", "ca", ()),
        ("Secret", "login", ()),
        ("Secret", "s", ()),
    ]


def test_a_rule_of_the_base_names_a_login_with_its_keys() -> None:
    resource = """
        apiVersion: apps.wandb.com/v1
        kind: WeightsAndBiases
        metadata: {name: wandb, namespace: wandb}
        spec: {chart: {credentialSecret: {name: charts, usernameKey: u, passwordKey: p}}}
        """
    (need,) = needs.needs(placed(resource))
    assert (need.namespace, need.name, need.keys) == ("wandb", "charts", ("p", "u"))


def test_definitions_and_data_are_not_looked_into() -> None:
    definition = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: d}
        spec: {secretRef: {name: of-a-schema}}
        """
    assert found(definition) == []


def test_ingress_classes_are_those_that_are_named_and_not_brought() -> None:
    bare = INGRESS.replace("ingressClassName: traefik, ", "") % ""
    old = bare.replace("name: i}", "name: o, annotations: {kubernetes.io/ingress.class: nginx}}")
    texts = placed(INGRESS % "", bare.replace("name: i}", "name: b}"), old)
    assert needs.ingress_classes(texts, "traefik") == [
        IngressClass(name="", used_by=("Ingress/b",)),
        IngressClass(name="nginx", used_by=("Ingress/o",)),
        IngressClass(name="traefik", used_by=("Ingress/i", "environment.yaml ingress.class")),
    ]
    ours = "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: traefik}}"
    assert needs.ingress_classes(placed(INGRESS % "", ours), None) == []
