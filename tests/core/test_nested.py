"""What custom resources make controllers render: as W&B, Flux, Argo CD and k3s do it."""

import base64
from typing import Any

import pytest

from builder.core import nested, yaml
from builder.core.base import NestedChartRule
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Origin, Resource
from builder.core.nested import NestedChart

WANDB = NestedChartRule(
    group="apps.wandb.com", kind="WeightsAndBiases", chart="/spec/chart", values="/spec/values",
    values_secret="{name}-spec-user", lists="concatenate",
)  # fmt: skip


def find(text: str) -> list[nested.Found]:
    return nested.find(
        Manifests(
            Resource(body=document.value, origin=Origin(source="base"))
            for document in yaml.load_all(text, source="base")
        ),
        [WANDB],
    )


def chart(text: str) -> NestedChart:
    (found,) = find(text)
    assert isinstance(found, NestedChart), found
    return found


def refused(text: str) -> str:
    (found,) = find(text)
    assert isinstance(found, Finding), found
    assert (found.code, found.severity) == ("cannot-examine", "error")
    assert found.hint == (
        "name a vendored chart with its version, or put what it renders into the base"
    )
    return found.cause.removeprefix("what it brings into the cluster cannot be told: ")


def document(api: str, kind: str, name: str, **body: Any) -> str:
    return "---\n" + yaml.dump(
        {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "ns"}, **body}
    )


def wandb(**spec: Any) -> str:
    return document("apps.wandb.com/v1", "WeightsAndBiases", "wb", spec=spec)


def secret(name: str, **body: Any) -> str:
    return document("v1", "Secret", name, **body)


CHART = {"url": "https://charts.r.io", "name": "operator-wandb", "version": "0.18.0"}


def test_wandb() -> None:
    found = chart(wandb(chart=CHART, values={"a": 1}))
    assert (found.repository, found.title) == ("https://charts.r.io", "operator-wandb-0.18.0")
    assert (found.release, found.namespace, found.values) == ("wb", "ns", {"a": 1})
    assert (found.values_path, found.chart_path) == (("spec", "values"), ("spec", "chart"))
    assert found.version_at == (found.resource.id, ("spec", "chart", "version"))


def test_wandb_takes_the_name_of_an_oci_chart_from_its_url() -> None:
    assert chart(wandb(chart={"url": "oci://r.io/x/wb/", "version": "1.0.0"})).title == "wb-1.0.0"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"version": "1"}, "url, name"),
        ({"url": "https://r.io", "name": "x"}, "version"),
        ({"url": "https://r.io", "version": "1"}, "name"),
        ({}, "url, name, version"),
        ("text", "url, name, version"),
    ],
)
def test_wandb_ignores_a_chart_that_is_not_whole(given: Any, missing: str) -> None:
    (found,) = find(wandb(chart=given))
    assert isinstance(found, Finding)
    assert (found.code, found.place) == (
        "incomplete-chart", "WeightsAndBiases/ns/wb /spec/chart",
    )  # fmt: skip
    assert found.cause == (
        f"{missing} missing: the controller takes all of the chart or nothing, "
        "and picks the newest version where none is named"
    )
    assert found.hint == f"set {', '.join(f'/spec/chart/{k}' for k in missing.split(', '))}"


def test_wandb_merges_the_secret_below_and_joins_lists() -> None:
    below = {"a": {"x": 1, "y": 2}, "l": ["secret"]}
    encoded = base64.b64encode(yaml.dump({"z": 3}).encode()).decode()
    found = chart(
        wandb(chart=CHART, values={"a": {"x": 9}, "l": ["cr"]})
        + secret("wb-spec-user", stringData={"values": yaml.dump(below)}, data={"more": encoded})
        + secret("other", stringData={"values": "a: {x: 0}"})
    )
    assert found.values == {"a": {"x": 9, "y": 2}, "l": ["cr", "secret"], "z": 3}


def test_values_that_are_no_mapping() -> None:
    assert refused(wandb(chart=CHART, values=["x"])) == "/spec/values is not a mapping"


def release(**spec: Any) -> str:
    return document("helm.toolkit.fluxcd.io/v2", "HelmRelease", "app", spec=spec)


def flux_source(kind: str, **spec: Any) -> str:
    return document("source.toolkit.fluxcd.io/v1", kind, "src", spec=spec)


def flux_chart(**more: Any) -> dict[str, Any]:
    source = {"kind": "HelmRepository", "name": "src"}
    return {"chart": {"spec": {"chart": "web", "version": "1.2.3", "sourceRef": source, **more}}}


REPOSITORY = flux_source("HelmRepository", url="https://charts.r.io")
OCI = {"chartRef": {"kind": "OCIRepository", "name": "src"}}


def test_flux() -> None:
    found = chart(release(**flux_chart(), values={"a": 1}) + REPOSITORY)
    assert (found.repository, found.title) == ("https://charts.r.io", "web-1.2.3")
    assert (found.release, found.namespace, found.values) == ("app", "ns", {"a": 1})


@pytest.mark.parametrize(
    ("spec", "release_name", "namespace"),
    [
        ({}, "app", "ns"),
        ({"targetNamespace": "t"}, "t-app", "t"),
        ({"targetNamespace": "t", "releaseName": "r"}, "r", "t"),
        ({"releaseName": "r"}, "r", "ns"),
    ],
)
def test_flux_names_a_release(spec: dict[str, str], release_name: str, namespace: str) -> None:
    found = chart(release(**flux_chart(), **spec) + REPOSITORY)
    assert (found.release, found.namespace) == (release_name, namespace)


def test_flux_takes_a_chart_from_an_oci_repository() -> None:
    source = flux_source("OCIRepository", url="oci://r.io/charts/web", ref={"tag": "1.2.3"})
    found = chart(release(**OCI) + source)
    assert (found.repository, found.title) == ("oci://r.io/charts", "web-1.2.3")


def test_flux_merges_values_in_order_its_own_last() -> None:
    encoded = base64.b64encode(b"a: secret\nb: secret\nd: secret\n").decode()
    entries = [
        {"kind": "ConfigMap", "name": "cm"},
        {"kind": "Secret", "name": "sec", "valuesKey": "v"},
    ]
    found = chart(
        release(**flux_chart(), valuesFrom=entries, values={"a": "own", "l": [1]})
        + REPOSITORY
        + document("v1", "ConfigMap", "cm", data={"values.yaml": "b: cm\nc: cm\nl: [2, 3]\n"})
        + secret("sec", data={"v": encoded})
    )
    assert found.values == {"a": "own", "b": "secret", "c": "cm", "d": "secret", "l": [1]}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (release(**flux_chart()), "HelmRepository/src is no HelmRepository here"),
        (release(**flux_chart(sourceRef={"kind": "GitRepository", "name": "src"}))
         + flux_source("GitRepository", url="https://git.r.io"),
         "GitRepository/src is no HelmRepository here"),
        (release(**OCI), "OCIRepository/src is not among the resources"),
        (release(chartRef={"kind": "HelmChart", "name": "src"}),
         "HelmChart/src is not among the resources"),
        (release(**OCI) + flux_source("OCIRepository", url="oci://r.io/web"),
         "OCIRepository/ns/src names no tag in spec.ref"),
        (release(**OCI) + flux_source("OCIRepository", url="oci://r.io/web",
                                      ref={"tag": "1.0.0", "semver": ">1"}),
         "OCIRepository/ns/src names its chart by spec.ref.semver"),
        (release(**OCI) + flux_source("OCIRepository", url="oci://r.io/web",
                                      ref={"tag": "1.0.0", "digest": "sha256:0"}),
         "OCIRepository/ns/src names its chart by spec.ref.digest"),
        (release(**flux_chart(), postRenderers=[{"kustomize": {}}]) + REPOSITORY,
         "postRenderers change what the chart renders"),
        (release(**flux_chart(valuesFiles=["prod.yaml"])) + REPOSITORY,
         "spec.chart.spec.valuesFiles takes values from the chart's files"),
        (release(**flux_chart(), valuesFrom=[{"kind": "ConfigMap", "name": "cm"}]) + REPOSITORY,
         "spec.valuesFrom[0] (ConfigMap/cm): it is not among the resources"),
        (release(**flux_chart(),
                 valuesFrom=[{"kind": "ConfigMap", "name": "cm", "targetPath": "a"}]) + REPOSITORY
         + document("v1", "ConfigMap", "cm", data={"values.yaml": "x"}),
         "spec.valuesFrom[0] (ConfigMap/cm): targetPath"),
        (release(**flux_chart(), valuesFrom=[{"kind": "ConfigMap", "name": "cm"}]) + REPOSITORY
         + document("v1", "ConfigMap", "cm", data={"other": "x"}),
         "spec.valuesFrom[0]: ConfigMap/ns/cm has no such key"),
        (release(**flux_chart(), valuesFrom=[{"kind": "ConfigMap", "name": "cm"}]) + REPOSITORY
         + document("v1", "ConfigMap", "cm", data={"values.yaml": "- x\n"}),
         "spec.valuesFrom[0] is not a mapping"),
    ],
    ids=["no repository", "Git", "no OCIRepository", "HelmChart", "no tag", "semver", "digest",
         "postRenderers", "valuesFiles", "no ConfigMap", "targetPath", "no key", "no mapping"],
)  # fmt: skip
def test_what_flux_does_that_cannot_be_told(text: str, cause: str) -> None:
    assert refused(text) == cause


def test_flux_runs_tests_where_it_is_told_to() -> None:
    assert not chart(release(**flux_chart()) + REPOSITORY).tests
    assert chart(release(**flux_chart(), test={"enable": True}) + REPOSITORY).tests


def application(**spec: Any) -> str:
    return document("argoproj.io/v1alpha1", "Application", "app", spec=spec)


def argo_source(**more: Any) -> dict[str, Any]:
    return {"repoURL": "https://charts.r.io", "chart": "web", "targetRevision": "1.2.3", **more}


def test_argo_cd() -> None:
    found = chart(application(source=argo_source(), destination={"namespace": "d"}))
    assert (found.repository, found.title) == ("https://charts.r.io", "web-1.2.3")
    assert (found.release, found.namespace, found.values) == ("app", "d", {})


@pytest.mark.parametrize(
    ("helm", "values", "place", "in_text"),
    [
        ({"valuesObject": {"a": 1}}, {"a": 1}, True, False),
        ({"values": "a: 1\n"}, {"a": 1}, False, True),
        ({"valuesObject": {"a": 1}, "values": "a: 2\nb: 3\n"}, {"a": 1}, True, False),
        ({}, {}, True, False),
    ],
    ids=["object", "text", "the object counts", "none"],
)
def test_argo_cd_takes_values_from_one_place(
    helm: dict[str, Any], values: Any, place: bool, in_text: bool
) -> None:
    found = chart(application(source=argo_source(helm=helm)))
    assert found.values == values
    assert found.values_path == (("spec", "source", "helm", "valuesObject") if place else None)
    assert found.values_text == (("spec", "source", "helm", "values") if in_text else None)


def test_argo_cd_sets_parameters() -> None:
    parameters = [
        {"name": "a", "value": "x,y"},
        {"name": "b", "value": "{x,y}"},
        {"name": "c", "value": "x\\,y"},
        {"name": "d", "value": "1", "forceString": True},
    ]
    found = chart(application(source=argo_source(helm={"parameters": parameters})))
    assert found.sets == (
        ("a", "x\\,y", False), ("b", "{x,y}", False), ("c", "x\\,y", False), ("d", "1", True),
    )  # fmt: skip


def test_argo_cd_names_a_release_and_its_namespace() -> None:
    helm = {"releaseName": "r", "namespace": "h"}
    found = chart(application(source=argo_source(helm=helm), destination={"namespace": "d"}))
    assert (found.release, found.namespace) == ("r", "h")


def test_argo_cd_means_oci_where_no_scheme_stands() -> None:
    found = chart(application(source=argo_source(repoURL="r.io/charts")))
    assert found.repository == "oci://r.io/charts"


def test_argo_cd_with_several_sources() -> None:
    values = {"repoURL": "https://git.r.io/x", "ref": "values"}
    git = {"repoURL": "https://git.r.io/x", "path": "apps"}
    one, other, third = find(
        application(sources=[argo_source(), values, git, argo_source(chart="db")])
    )
    assert isinstance(one, NestedChart)
    assert isinstance(third, NestedChart)
    assert (one.name, one.chart_path) == ("web", ("spec", "sources", "0"))
    assert (third.name, third.chart_path) == ("db", ("spec", "sources", "3"))
    assert isinstance(other, Finding)
    assert other.cause.endswith("spec.sources.2 is a Git source, rendered by Argo CD")


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ({"repoURL": "https://git.r.io/x", "path": "apps"},
         "spec.source is a Git source, rendered by Argo CD"),
        (argo_source(helm={"valueFiles": ["p.yaml"]}), "spec.source.helm takes values from files"),
        (argo_source(helm={"fileParameters": [{"name": "a", "path": "b"}]}),
         "spec.source.helm takes values from files"),
        (argo_source(helm={"kubeVersion": "1.20"}),
         "spec.source.helm.kubeVersion renders for another cluster"),
        (argo_source(plugin={"name": "x"}), "spec.source is rendered by a plugin"),
        (argo_source(helm={"values": "- a\n"}), "spec.source.helm.values is not a mapping"),
        (argo_source(helm={"values": "a: b: c"}),
         "Application/ns/app spec.source.helm.values:1:5: is not YAML: "
         "mapping values are not allowed in this context"),
        ({}, "spec.source is a Git source, rendered by Argo CD"),
    ],
    ids=["Git", "valueFiles", "fileParameters", "kubeVersion", "plugin", "list", "no YAML", "none"],
)  # fmt: skip
def test_what_argo_cd_does_that_cannot_be_told(source: dict[str, Any], cause: str) -> None:
    assert refused(application(source=source)) == cause


def helm_chart(**spec: Any) -> str:
    return document("helm.cattle.io/v1", "HelmChart", "app", spec=spec)


def config(**spec: Any) -> str:
    return document("helm.cattle.io/v1", "HelmChartConfig", "app", spec=spec)


K3S = {"repo": "https://charts.r.io", "chart": "web", "version": "1.2.3"}


def test_k3s() -> None:
    found = chart(helm_chart(**K3S, targetNamespace="t", valuesContent="a: 1\n"))
    assert (found.repository, found.title) == ("https://charts.r.io", "web-1.2.3")
    assert (found.release, found.namespace, found.values) == ("app", "t", {"a": 1})


def test_k3s_takes_an_oci_chart() -> None:
    found = chart(helm_chart(chart="oci://r.io/charts/web", version="1.0.0"))
    assert (found.repository, found.title) == ("oci://r.io/charts", "web-1.0.0")
    assert found.repository_at == (found.resource.id, ("spec", "chart"))


def test_k3s_merges_its_config_over_the_values() -> None:
    own = helm_chart(**K3S, valuesContent="a: {x: 1, z: 1}\nl: [1]\n")
    assert chart(own + config(valuesContent="a: {x: 2}\nl: [2]\n")).values == {
        "a": {"x": 2, "z": 1}, "l": [2],
    }  # fmt: skip


def test_k3s_sets_texts_as_texts() -> None:
    values = {"a": "x,y", "b": 1, "c": "1", "d": "True", "e": "x\\,y"}
    assert chart(helm_chart(**K3S, set=values)).sets == (
        ("a", "x\\,y", True), ("b", "1", False), ("c", "1", True), ("d", "True", False),
        ("e", "x\\,y", True),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (helm_chart(chart="web", version="1"), "spec needs chart, repo and version"),
        (helm_chart(chart="https://r.io/web.tgz"), "spec needs chart, repo and version"),
        (helm_chart(chartContent="AAAA"), "spec needs chart, repo and version"),
        (helm_chart(**K3S, valuesSecrets=[{"name": "s"}]),
         "HelmChart/ns/app has spec.valuesSecrets, which is not read here"),
        (helm_chart(**K3S, values={"a": 1}),
         "HelmChart/ns/app has spec.values, which is not read here"),
        (helm_chart(**K3S, valuesContent="- a"), "spec.valuesContent is not a mapping"),
        (config(valuesContent="a: 1"), "HelmChart/app is not among the resources"),
    ],
    ids=["no repo", "URL", "content", "secrets", "values", "list", "config alone"],
)  # fmt: skip
def test_what_k3s_does_that_cannot_be_told(text: str, cause: str) -> None:
    assert refused(text) == cause


def test_a_config_that_cannot_be_read_stops_its_chart() -> None:
    text = helm_chart(**K3S) + config(valuesSecrets=[{"name": "s"}])
    assert refused(text) == "HelmChartConfig/ns/app has spec.valuesSecrets, which is not read here"


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("argoproj.io/v1alpha1", "ApplicationSet"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ("fluxcd.controlplane.io/v1", "ResourceSet"),
        ("fluxcd.controlplane.io/v1", "FluxInstance"),
        ("fleet.cattle.io/v1alpha1", "GitRepo"),
        ("fleet.cattle.io/v1alpha1", "Bundle"),
        ("fleet.cattle.io/v1alpha1", "HelmOp"),
        ("operators.coreos.com/v1alpha1", "Subscription"),
        ("addons.cluster.x-k8s.io/v1alpha1", "HelmChartProxy"),
        ("helm.fluxcd.io/v1", "HelmRelease"),
        ("helm.crossplane.io/v1beta1", "Release"),
        ("kappctrl.k14s.io/v1alpha1", "App"),
    ],
)
def test_kinds_that_bring_more_than_can_be_told(api: str, kind: str) -> None:
    assert refused(document(api, kind, "a", spec={})) == (
        f"a controller makes further resources from a {kind}"
    )


def test_others_bring_nothing() -> None:
    assert find(document("v1", "ConfigMap", "a") + document("x.io/v1", "HelmRelease", "b")) == []


def test_definitions_beside_a_resource_are_served() -> None:
    definition = document(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "as.x.io",
        spec={"group": "x.io", "names": {"kind": "A"}, "versions": [
            {"name": "v1", "served": True}, {"name": "v2", "served": False}]},
    )  # fmt: skip
    [found] = [f for f in find(definition + wandb(chart=CHART)) if isinstance(f, NestedChart)]
    assert found.api_versions == ("x.io/v1", "x.io/v1/A")


def test_what_stands_beside_the_chart_is_looked_at() -> None:
    found = chart(helm_chart(**K3S, jobImage="docker.io/x/y:1"))
    assert ("spec",) not in found.source_paths
    assert ("spec", "jobImage") not in (*found.source_paths, *found.value_paths)
