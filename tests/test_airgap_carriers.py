"""Whatever resource makes a controller install a chart: its values and its source are patched."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from builder.core.pointer import get
from tests.conftest import Run
from tests.styles.carriers import CARRIERS, argo, flux, flux_oci, flux_without_values, k3s, platform
from tests.styles.closing import STYLES
from tests.styles.model import JOB, WEB, Style, pod, write, write_chart
from tests.styles.references import WHOLE
from tests.test_airgap_styles import built, images, vendored

Carrier = Callable[[str], str]
BY_NAME = {style.name: style for style in STYLES}
LISTS = BY_NAME["list of maps"]
OCI = "chartRepository: {url: 'oci://registry.corp.example/charts'}\n"


def close(tmp_path: Path, run: Run, style: Style, carrier: str) -> None:
    source = vendored(tmp_path, run, style, carrier)
    result = run("airgap", "prod", "--root", str(source.root))
    assert (result.code, result.err) == (0, "")
    after = built(source)
    assert [f for f in after.findings if f.severity == "error"] == []
    assert images(after) == sorted(style.images)


@pytest.mark.parametrize("style", [WHOLE, LISTS], ids=str)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_style_closes_in_every_carrier(
    tmp_path: Path, run: Run, carrier: Carrier, style: Style
) -> None:
    more = OCI if carrier is flux_oci else ""
    close(tmp_path, run, replace(style, environment=more), carrier("spare: 1"))


def test_a_release_without_values_gets_some(tmp_path: Path, run: Run) -> None:
    close(tmp_path, run, WHOLE, flux_without_values(""))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_values_that_the_resource_sets_itself(tmp_path: Path, run: Run, carrier: Carrier) -> None:
    more = OCI if carrier is flux_oci else ""
    style = replace(WHOLE, environment=more, images=(JOB,))
    close(tmp_path, run, style, carrier("image: ghcr.io/acme/job:4.5.6"))


@pytest.mark.parametrize(
    ("carrier", "kind", "found"),
    [
        (platform, "Platform", {"/spec/chart/url": "oci://registry.corp.example/charts/app"}),
        (
            flux,
            "HelmRepository",
            {"/spec/url": "oci://registry.corp.example/charts", "/spec/type": "oci"},
        ),
        (flux_oci, "OCIRepository", {"/spec/url": "oci://registry.corp.example/charts/app"}),
        (argo, "Application", {"/spec/source/repoURL": "registry.corp.example/charts"}),
        (
            k3s,
            "HelmChart",
            {"/spec/chart": "oci://registry.corp.example/charts/app", "/spec/repo": ""},
        ),
    ],
)
def test_an_oci_registry_of_charts(
    tmp_path: Path, run: Run, carrier: Carrier, kind: str, found: dict[str, str]
) -> None:
    style = replace(WHOLE, environment=OCI)
    source = vendored(tmp_path, run, style, carrier("{}"))
    assert run("airgap", "prod", "--root", str(source.root)).code == 0
    after = built(source)
    assert after.ships
    [owner] = [r for r in after.manifests if r.id.kind == kind]
    assert {at: get(owner.body, at[1:].split("/")) for at in found} == found


def test_an_oci_repository_object_cannot_pull_over_http(tmp_path: Path, run: Run) -> None:
    source = vendored(tmp_path, run, WHOLE, flux_oci("{}"))
    result = run("airgap", "prod", "--root", str(source.root))
    assert result.code == 1
    assert "an OCIRepository pulls from OCI registries only" in result.err
    assert not built(source).ships


def config(values: str) -> str:
    return f"""\
---
apiVersion: helm.cattle.io/v1
kind: HelmChartConfig
metadata: {{name: app, namespace: kube-system}}
spec:
  valuesContent: '{values}'
"""


def test_values_in_another_resource(tmp_path: Path, run: Run) -> None:
    close(tmp_path, run, WHOLE, k3s("{}") + config("image: quay.io/acme/web:1.2.3"))


def test_values_that_another_resource_sets_again(tmp_path: Path, run: Run) -> None:
    """k3s merges a HelmChartConfig over the values: patches below it have no effect."""
    hidden = config(r'"image": "quay.io\u002facme/web:1.2.3"')
    source = vendored(tmp_path, run, WHOLE, k3s("{}") + hidden)
    result = run("airgap", "prod", "--root", str(source.root))
    assert result.code == 1
    assert "[values-not-taken]" in result.err


def test_parameters_above_the_values(tmp_path: Path, run: Run) -> None:
    carrier = argo("{}") + "      parameters: [{name: image, value: quay.io/acme/web:1.2.3}]\n"
    source = vendored(tmp_path, run, WHOLE, carrier)
    result = run("airgap", "prod", "--root", str(source.root))
    assert result.code == 1
    assert "has set it: /image" in result.err


def test_two_releases_from_one_repository(tmp_path: Path, run: Run) -> None:
    second = flux("image: ghcr.io/acme/job:4.5.6").partition("---\n")[2]
    second = second.replace("name: app,", "name: other,")
    both = flux("{}") + "---\n" + second.replace("spec:", "spec:\n  targetNamespace: more", 1)
    style = replace(WHOLE, images=(JOB, WEB))
    close(tmp_path, run, style, both)


INNER = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: acme}
spec: {interval: 1h, url: "{{ .Values.charts }}"}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: inner}
spec:
  interval: 1h
  chart: {spec: {chart: inner, version: 1.0.0, sourceRef: {kind: HelmRepository, name: acme}}}
  values: {image: {{ .Values.image }}}
"""


@pytest.mark.parametrize("literal", [False, True])
def test_a_chart_that_a_chart_installs(tmp_path: Path, run: Run, literal: bool) -> None:
    """Its values are reached through those of the chart around it, or not at all."""
    outer = Style(
        name="outer",
        values="image: quay.io/acme/web:1.2.3\ncharts: https://charts.acme.example\n",
        environment="urls: {'https://charts.acme.example': 'https://charts.corp.example'}\n",
        templates={"inner.yaml": INNER},
    )
    inner = "ghcr.io/acme/job:4.5.6" if literal else "{{ .Values.image }}"
    source = write(tmp_path, outer)
    style = Style(name="inner", templates={"web.yaml": pod("web", inner)})
    write_chart(tmp_path / "charts" / "inner", style)
    metadata = tmp_path / "charts" / "inner" / "Chart.yaml"
    metadata.write_text(metadata.read_text().replace("name: app", "name: inner"))
    named = "  - {name: inner, version: 1.0.0, repository: 'https://charts.acme.example'}\n"
    source.edit("base/app/base.yaml", "nestedCharts:", f"{named}nestedCharts:")
    assert (
        run("vendor", "app", "--from", str(tmp_path / "charts"), "--root", str(source.root)).code
        == 0
    )
    result = run("airgap", "prod", "--root", str(source.root))
    assert result.code == int(literal)
    assert built(source).ships == (not literal)
    if literal:
        assert "inner-1.0.0, which app-1.0.0 installs, makes it" in result.err
        assert "set values of HelmRelease/inner through those of app-1.0.0" in result.err
