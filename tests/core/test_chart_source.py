from typing import Any

import pytest

from builder.core import chart_source
from builder.core import nested as nested_charts
from builder.core.base import NestedChartRule
from builder.core.changes import Change
from builder.core.environment import ChartRepository
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Origin, Resource
from tests.core.samples import environment

RULE = NestedChartRule(
    group="acme.example",
    kind="Platform",
    chart="/spec/chart",
    values="/spec/values",
    credential_secret="/spec/chart/credentials",
)
HTTP, OCI = "https://charts.corp.example/x", "oci://r.corp.example/charts"


def made(api: str, kind: str, name: str = "app", **spec: Any) -> Resource:
    metadata = {"name": name, "namespace": "apps"}
    body = {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}
    return Resource(body=body, origin=Origin(source="app.yaml"))


FLUX = "source.toolkit.fluxcd.io/v1"
RELEASE: dict[str, Any] = {
    "chart": {
        "spec": {
            "chart": "web",
            "version": "1.0.0",
            "sourceRef": {"kind": "HelmRepository", "name": "acme"},
        }
    }
}
PLATFORM = [made("acme.example/v1", "Platform", chart={
    "url": "https://charts.acme.example", "name": "web", "version": "1.0.0"})]  # fmt: skip
FLUX_HTTP = [
    made(FLUX, "HelmRepository", "acme", url="https://charts.acme.example"),
    made("helm.toolkit.fluxcd.io/v2", "HelmRelease", **RELEASE),
]
FLUX_OCI = [
    made(FLUX, "HelmRepository", "acme", url="oci://quay.io/acme", type="oci"),
    made("helm.toolkit.fluxcd.io/v2", "HelmRelease", **RELEASE),
]
FLUX_REFERENCE = [
    made(FLUX, "OCIRepository", "acme", url="oci://quay.io/acme/web", ref={"tag": "1.0.0"}),
    made("helm.toolkit.fluxcd.io/v2", "HelmRelease",
         chartRef={"kind": "OCIRepository", "name": "acme"}),
]  # fmt: skip
ARGO = [
    made("argoproj.io/v1alpha1", "Application", source={
        "repoURL": "https://charts.acme.example", "chart": "web", "targetRevision": "1.0.0"})
]  # fmt: skip
K3S = [
    made("helm.cattle.io/v1", "HelmChart", chart="web", repo="https://a.example", version="1.0.0")
]
K3S_OCI = [made("helm.cattle.io/v1", "HelmChart", chart="oci://quay.io/acme/web", version="1.0.0")]


def changes(resources: list[Resource], inside: ChartRepository | None) -> dict[str, Any]:
    manifests = Manifests(resources)
    [chart] = nested_charts.find(manifests, [RULE])
    assert not isinstance(chart, Finding)
    rule = RULE if chart.resource.id.kind == "Platform" else None
    found = chart_source.changes(chart, rule, environment(chart_repository=inside), manifests)
    return {
        "/".join(c.path) if isinstance(c, Change) else c.code:
        c.value if isinstance(c, Change) else c.subject
        for c in found
    }  # fmt: skip


@pytest.mark.parametrize(
    ("resources", "over_http", "over_oci"),
    [
        pytest.param(
            PLATFORM, {"spec/chart/url": HTTP}, {"spec/chart/url": f"{OCI}/web"}, id="platform"
        ),
        pytest.param(
            FLUX_HTTP, {"spec/url": HTTP}, {"spec/url": OCI, "spec/type": "oci"}, id="flux"
        ),
        pytest.param(
            FLUX_OCI, {"spec/url": HTTP, "spec/type": "default"}, {"spec/url": OCI}, id="flux oci"
        ),
        pytest.param(
            FLUX_REFERENCE, {"cannot-move": "oci://quay.io/acme/web"}, {"spec/url": f"{OCI}/web"},
            id="flux reference",
        ),
        pytest.param(
            ARGO, {"spec/source/repoURL": HTTP},
            {"spec/source/repoURL": OCI.removeprefix("oci://")}, id="argo",
        ),
        pytest.param(
            K3S, {"spec/repo": HTTP}, {"spec/chart": f"{OCI}/web", "spec/repo": ""}, id="k3s"
        ),
        pytest.param(
            K3S_OCI, {"spec/chart": "web", "spec/repo": HTTP}, {"spec/chart": f"{OCI}/web"},
            id="k3s oci",
        ),
    ],
)  # fmt: skip
def test_each_kind_names_its_repository(
    resources: list[Resource], over_http: dict[str, Any], over_oci: dict[str, Any]
) -> None:
    assert changes(resources, ChartRepository(url=HTTP)) == over_http
    assert changes(resources, ChartRepository(url=f"{OCI}/")) == over_oci
    assert changes(resources, None) == {}


def test_credentials_where_the_base_says_so() -> None:
    inside = ChartRepository(url=HTTP, credential_secret="charts")
    assert changes(PLATFORM, inside) == {
        "spec/chart/url": HTTP,
        "spec/chart/credentials": {"name": "charts"},
    }
    assert changes(FLUX_HTTP, inside) == {"spec/url": HTTP}
