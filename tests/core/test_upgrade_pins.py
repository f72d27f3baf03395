"""A chart is pinned, or there is a finding, however its resource names it."""

import pytest

from builder.core import nested
from builder.core.findings import Finding
from builder.core.nested import NestedChart
from tests.core.test_nested import document, find, wandb

REPOSITORY = document(
    "source.toolkit.fluxcd.io/v1", "HelmRepository", "r", spec={"url": "https://r.example"}
)


def helm_release(version: str | None) -> str:
    chart = {"chart": "wb", "sourceRef": {"kind": "HelmRepository", "name": "r"}}
    spec = {"chart": {"spec": chart | ({"version": version} if version else {})}}
    return REPOSITORY + document("helm.toolkit.fluxcd.io/v2", "HelmRelease", "wb", spec=spec)


def oci_repository(**ref: str) -> str:
    source = document(
        "source.toolkit.fluxcd.io/v1", "OCIRepository", "o",
        spec={"url": "oci://r.example/charts/wb", "ref": ref},
    )  # fmt: skip
    spec = {"chartRef": {"kind": "OCIRepository", "name": "o"}}
    return source + document("helm.toolkit.fluxcd.io/v2", "HelmRelease", "wb", spec=spec)


def application(**source: str) -> str:
    source = {"repoURL": "https://r.example", "chart": "wb"} | source
    return document("argoproj.io/v1alpha1", "Application", "wb", spec={"source": source})


def helm_chart(**spec: str) -> str:
    spec = {"chart": "wb", "repo": "https://r.example"} | spec
    return document("helm.cattle.io/v1", "HelmChart", "wb", spec=spec)


def platform(**chart: object) -> str:
    return wandb(chart={"url": "https://r.example", "name": "wb"} | chart)


def finding(text: str) -> Finding | None:
    [found] = find(text)
    return nested.floating(found) if isinstance(found, NestedChart) else found


@pytest.mark.parametrize(
    "text",
    [
        platform(version="1.2.3"),
        platform(version="v1.2.3-rc.1"),
        helm_release("1.2.3"),
        oci_repository(tag="1.2.3"),
        application(targetRevision="1.2.3"),
        helm_chart(version="1.2.3"),
        helm_chart(chart="oci://r.example/charts/wb", version="1.2.3"),
    ],
)
def test_pinned(text: str) -> None:
    assert finding(text) is None


@pytest.mark.parametrize(
    ("text", "subject", "place"),
    [
        (platform(version=">=1.2.3"), "wb >=1.2.3", "WeightsAndBiases/ns/wb /spec/chart/version"),
        (platform(version=1.2), "wb 1.2", "WeightsAndBiases/ns/wb /spec/chart/version"),
        (platform(url="oci://r.example/wb", version="latest"), "wb latest",
         "WeightsAndBiases/ns/wb /spec/chart/version"),
        (helm_release(None), "wb *", "HelmRelease/ns/wb /spec/chart/spec/version"),
        (helm_release("1.x"), "wb 1.x", "HelmRelease/ns/wb /spec/chart/spec/version"),
        (oci_repository(tag="stable"), "wb stable", "OCIRepository/ns/o /spec/ref/tag"),
        (application(), "wb *", "Application/ns/wb /spec/source/targetRevision"),
        (application(targetRevision="1.*"), "wb 1.*",
         "Application/ns/wb /spec/source/targetRevision"),
        (helm_chart(), "wb *", "HelmChart/ns/wb /spec/version"),
    ],
)  # fmt: skip
def test_a_chart_that_floats(text: str, subject: str, place: str) -> None:
    assert finding(text) == Finding(
        code="floating-chart",
        subject=subject,
        place=place,
        cause="the controller chooses a version when it runs, not when the bundle is reviewed",
        hint="name one exact version",
    )


@pytest.mark.parametrize(
    ("text", "code", "cause"),
    [
        (platform(), "incomplete-chart", "version missing: "),
        (platform(version=""), "incomplete-chart", "version missing: "),
        (platform(name="", version="1.2.3"), "incomplete-chart", "name missing: "),
        (platform(url="", version="1.2.3"), "incomplete-chart", "url missing: "),
        (oci_repository(semver="1.x"), "cannot-examine", "names its chart by spec.ref.semver"),
        (oci_repository(), "cannot-examine", "names no tag in spec.ref"),
        (application(chart="", path="charts/wb", targetRevision="HEAD"), "cannot-examine",
         "is a Git source"),
    ],
)  # fmt: skip
def test_a_chart_that_cannot_be_told(text: str, code: str, cause: str) -> None:
    found = finding(text)
    assert found is not None
    assert (found.code, found.severity) == (code, "error")
    assert cause in found.cause
