"""Ingresses of the vendor's own charts, where they are at hand: SEALIFT_CHARTS names them.

With ``SEALIFT_GATEWAY_API``, the file of the definition of ``httproutes``, routes are held against
that too.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.airgap import Airgap, airgap
from builder.build import Build, build
from builder.files import write_text
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.gateway_api import problems
from tests.source import Source
from tests.test_airgap_real import RESOURCES, SHARED, closed, workspace
from tests.test_ingress import BEHIND, bodies
from tests.test_real_charts import FOLDER, versions

CHARTS = versions("operator-wandb")
ANNOTATION = "nginx.ingress.kubernetes.io/proxy-body-size"

pytestmark = [
    pytest.mark.real_charts,
    pytest.mark.skipif(not FOLDER, reason="SEALIFT_CHARTS names no folder"),
    pytest.mark.skipif(not SHARED.is_dir(), reason="the vendor's resources are not at hand"),
]


def reached(source: Source, **ingress: Any) -> tuple[Airgap, Build]:
    """Close an environment, then let people reach it as ``ingress`` says."""
    closed(source)  # with the pins that it asks for
    path = "overlays/example/environment.yaml"
    environment = yaml.safe_load(source.read(path))
    source.write(path, yaml.safe_dump(environment | {"ingress": ingress}))
    result = airgap(find_overlay(source.root, "example"))
    overlay = find_overlay(source.root, "example")
    write_text(overlay.airgap_file, result.text)
    added = "" if not result.added else ", resources/airgap.yaml"
    if result.added:
        write_text(overlay.airgap_resources, result.added)
    source.write(
        "overlays/example/kustomization.yaml",
        f"resources: [../guide{added}]\ntransformers: [patches/airgap.yaml]\n",
    )
    return result, build(find_overlay(source.root, "example"))


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("version", CHARTS)
def test_the_guides_annotation_under_another_class(
    tmp_path: Path, run: Run, version: str, resource: str
) -> None:
    source = workspace(tmp_path, run, version, resource)
    _, result = closed(source)
    (finding,) = [f for f in result.findings if f.code == "foreign-annotation"]
    assert finding.subject == ANNOTATION
    assert "a Middleware with buffering.maxRequestBodyBytes" in finding.hint


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("version", CHARTS)
def test_a_gateway_takes_the_place_of_the_ingress(
    tmp_path: Path, run: Run, version: str, resource: str
) -> None:
    source = workspace(tmp_path, run, version, resource)
    planned, result = reached(source, **BEHIND)
    assert [finding.subject for finding in planned.findings] == [ANNOTATION]
    assert bodies(result, "Ingress") == []
    (route,) = bodies(result, "HTTPRoute")
    assert problems(route) == []
    assert route["spec"]["hostnames"] == ["wandb.yourdomain.com"]
    services = {
        (body["metadata"]["name"], port["port"])
        for body in bodies(result, "Service")
        for port in body["spec"]["ports"]
    }
    answers = {
        (backend["name"], backend["port"])
        for rule in route["spec"]["rules"]
        for backend in rule["backendRefs"]
    }
    assert answers
    assert answers <= services
    named = {f.code for f in result.findings if f.severity == "error"}
    assert named <= {"plaintext-credential"}


@pytest.mark.parametrize("version", CHARTS)
def test_host_certificate_and_annotations(tmp_path: Path, run: Run, version: str) -> None:
    source = workspace(tmp_path, run, version, "seed-cr.yaml")
    wanted = {
        "host": "w.corp.example", "class": "haproxy", "controller": "haproxy-ingress",
        "tls": {"secret": "web-tls"}, "annotations": {"example.com/a": "b"},
    }  # fmt: skip
    planned, result = reached(source, **wanted)
    assert planned.findings == []
    (ingress,) = bodies(result, "Ingress")
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["w.corp.example"]
    assert ingress["spec"]["tls"] == [{"hosts": ["w.corp.example"], "secretName": "web-tls"}]
    assert ingress["spec"]["ingressClassName"] == "haproxy"
    assert ingress["metadata"]["annotations"] == {
        ANNOTATION: "64m",
        "haproxy-ingress.github.io/proxy-body-size": "64m",
        "example.com/a": "b",
    }
    assert not {f.code for f in result.findings} & {"foreign-annotation", "ingress-host"}
