"""Ingresses of nested charts and of Git, as the environment says, or routes in their place."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.airgap import airgap
from builder.build import Build, build
from builder.workspace import find_overlay
from tests.conftest import REPOSITORY, Run
from tests.gateway_api import problems
from tests.source import Source
from tests.styles.model import PLATFORM, Style, indent, pod, subchart
from tests.test_airgap_styles import vendored

IMAGE = "registry.corp.example/mirror/acme/web:1.2.3"
ROUTES = "overlays/prod/resources/airgap.yaml"
INGRESS = """\
{{ if .Values.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations: {{ toJson .Values.ingress.annotations }}
spec:
  ingressClassName: {{ .Values.ingress.className }}
  tls: {{ toJson .Values.ingress.tls }}
  rules:
  - host: {{ HOST }}
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}
{{ end }}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 8080}]}
"""
VALUES = """\
domain: vendor.com
name: web
ingress: {enabled: true, className: nginx, annotations: {}, tls: []}
"""


def style(host: str = "{{ .Values.name }}.{{ .Values.domain }}", values: str = VALUES) -> Style:
    templates = {
        "ingress.yaml": INGRESS.replace("{{ HOST }}", host),
        "service.yaml": SERVICE,
        "web.yaml": pod("web", IMAGE),
    }
    return Style(name="web", values=values, templates=templates)


def platform(
    tmp_path: Path, run: Run, ingress: dict[str, Any], chart: Style | None = None, more: str = ""
) -> Source:
    """A source of a chart with an Ingress that no base tells of."""
    source = vendored(tmp_path, run, chart or style(), PLATFORM + indent("{}", 4) + more)
    environment = yaml.safe_load(source.read("overlays/prod/environment.yaml"))
    environment["ingress"] = ingress
    source.write("overlays/prod/environment.yaml", yaml.safe_dump(environment))
    source.write("overlays/prod/kustomization.yaml", "resources:\n  - ../../base/app\n")
    return source


def closed(run: Run, source: Source, name: str = "prod", says: str = "") -> Build:
    """Write the patches, which say nothing but ``says``, and build."""
    result = run("airgap", name, "--root", str(source.root))
    assert (result.code, re.findall(r"\[([a-z-]+)\]$", result.err, re.M)) == (0, says.split())
    assert run("airgap", name, "--check", "--root", str(source.root)).code == 0
    return built(source, name)


def built(source: Source, name: str = "prod") -> Build:
    return build(find_overlay(source.root, name))


def bodies(result: Build, kind: str) -> list[dict[str, Any]]:
    return [dict(r.body) for r in result.resources if r.id.kind == kind]


def codes(result: Build) -> set[str]:
    """What is found, but for what the charts here leave out."""
    return {finding.code for finding in result.findings} - {"schema", "not-checked"}


def configure(source: Source, **ingress: Any) -> None:
    path = "overlays/example/environment.yaml"
    environment = yaml.safe_load(source.read(path))
    source.write(path, yaml.safe_dump(environment | {"ingress": ingress}))


SILENT = "foreign-annotation"
BEHIND = {"gateway": {"name": "shared", "namespace": "gateways", "listener": "https"}}


def test_the_guides_annotation_is_told_with_what_says_the_same(source: Source) -> None:
    """``class: traefik``, and an annotation that only ingress-nginx reads."""
    (finding,) = [f for f in built(source, "example").findings if f.code == "foreign-annotation"]
    assert finding.severity == "warning"
    assert finding.subject == "nginx.ingress.kubernetes.io/proxy-body-size"
    assert finding.cause.startswith("Traefik does not read it (class traefik): 64m")
    assert "a Middleware with buffering.maxRequestBodyBytes" in finding.hint


def test_a_gateway_takes_the_place_of_the_ingress(source: Source, run: Run) -> None:
    configure(source, **BEHIND)
    result = closed(run, source, "example", SILENT)
    assert result.ships
    assert bodies(result, "Ingress") == []
    (route,) = bodies(result, "HTTPRoute")
    assert problems(route) == []
    assert route["metadata"] == {"name": "wandb", "namespace": "wandb"}
    assert route["spec"]["hostnames"] == ["wandb.yourdomain.com"]
    assert route["spec"]["parentRefs"][0]["sectionName"] == "https"
    answers = [
        (r["matches"][0]["path"]["value"], b["name"], b["port"])
        for r in route["spec"]["rules"]
        for b in r["backendRefs"]
    ]
    # The chart's Ingress names both ports http: the numbers are those of the rendered Services.
    assert answers == [("/console", "wandb-console", 8082), ("/", "wandb-app", 8080)]
    assert "50-httproute-wandb-wandb.yaml" in result.files


def test_an_ingress_comes_back_when_the_gateway_goes(source: Source, run: Run) -> None:
    before = {name: source.read(f"overlays/example/{name}")
              for name in ("kustomization.yaml", "patches/airgap.yaml")}  # fmt: skip
    configure(source, **BEHIND)
    closed(run, source, "example", SILENT)
    configure(source, **{"class": "traefik"})
    result = closed(run, source, "example")
    assert [len(bodies(result, kind)) for kind in ("Ingress", "HTTPRoute")] == [1, 0]
    assert not source.path("overlays/example/resources").exists()
    assert {name: source.read(f"overlays/example/{name}") for name in before} == before


def test_a_route_of_an_extended_environment_follows(source: Source, run: Run) -> None:
    configure(source, **BEHIND)
    closed(run, source, "example", SILENT)
    source.overlay(
        "edge", "resources:\n  - ../example\n",
        "extends: example\ningress: {host: edge.corp.example, gateway: {listener: edge}}\n",
    )  # fmt: skip
    result = closed(run, source, "edge", SILENT)
    (route,) = bodies(result, "HTTPRoute")
    assert problems(route) == []
    assert route["spec"]["hostnames"] == ["edge.corp.example"]
    assert route["spec"]["parentRefs"][0]["sectionName"] == "edge"
    assert bodies(result, "Ingress") == []
    assert not source.path("overlays/edge/resources").exists()
    values = next(b for b in bodies(result, "WeightsAndBiases"))["spec"]["values"]
    assert values["global"]["host"] == "https://edge.corp.example"


def test_host_certificate_and_annotations(source: Source, run: Run) -> None:
    annotations = {"traefik.ingress.kubernetes.io/router.tls": "true"}
    configure(
        source, host="w.corp.example", tls={"secret": "web-tls"}, annotations=annotations,
        **{"class": "traefik"},
    )  # fmt: skip
    result = closed(run, source, "example")
    (ingress,) = bodies(result, "Ingress")
    assert ingress["spec"]["ingressClassName"] == "traefik"
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["w.corp.example"]
    assert ingress["spec"]["tls"] == [{"hosts": ["w.corp.example"], "secretName": "web-tls"}]
    assert annotations.items() <= ingress["metadata"]["annotations"].items()
    assert not codes(result) & {"ingress-host", "ingress-tls", "ingress-class"}


def test_a_host_that_speaks_of_http_is_said(source: Source, run: Run) -> None:
    configure(source, tls={"secret": "web-tls"}, host="wandb.yourdomain.com")
    source.edit("base/wandb/weightsandbiases.yaml", "https://wandb.", "http://wandb.")
    (finding,) = [f for f in closed(run, source, "example").findings if f.code == "ingress-scheme"]
    assert finding.place == "WeightsAndBiases/wandb/wandb /global/host"
    assert "set it to https://wandb.yourdomain.com" in finding.hint


def test_a_host_that_a_patch_has_set_stays_and_is_said(source: Source, run: Run) -> None:
    configure(source, host="w.corp.example")
    environment = source.read("overlays/example/environment.yaml")
    source.write(
        "overlays/example/environment.yaml", environment + "allowedHosts: ['*.own.example']\n"
    )
    source.write("overlays/example/patches/host.yaml", """\
apiVersion: builtin
kind: PatchTransformer
metadata: {name: host}
target: {kind: WeightsAndBiases}
patch: |
  - {op: replace, path: /spec/values/global/host, value: "https://web.own.example"}
""")  # fmt: skip
    source.edit("overlays/example/kustomization.yaml", "transformers:\n",
                "transformers:\n  - patches/host.yaml\n")  # fmt: skip
    result = run("airgap", "example")
    assert "w.corp.example [ingress-host]" in result.err
    assert "a patch of your own has set /global/host" in result.err
    assert "ingress-host" in codes(built(source, "example"))


@pytest.mark.parametrize(
    ("host", "values"),
    [
        pytest.param("{{ .Values.name }}.{{ .Values.domain }}", VALUES, id="of parts"),
        pytest.param("{{ .Values.ingress.host }}",
                     VALUES.replace("enabled", "host: web.vendor.com, enabled"), id="whole"),
        pytest.param("{{ (urlParse .Values.url).host }}", f"{VALUES}url: https://web.vendor.com/x\n",
                     id="in a URL"),
    ],
)  # fmt: skip
def test_the_values_that_make_a_host_are_found(
    tmp_path: Path, run: Run, host: str, values: str
) -> None:
    source = platform(tmp_path, run, {"host": "w.corp.example"}, style(host, values))
    (ingress,) = bodies(closed(run, source), "Ingress")
    assert ingress["spec"]["rules"][0]["host"] == "w.corp.example"


def test_a_host_that_a_template_has_is_said(tmp_path: Path, run: Run) -> None:
    source = platform(tmp_path, run, {"host": "w.corp.example"}, style("web.vendor.com"))
    result = run("airgap", "prod", "--root", str(source.root))
    assert (result.code, "[ingress-host]" in result.err) == (0, True)
    assert "no value of the chart moves it" in result.err


def test_a_chart_that_checks_its_host_is_traced_by_reading(tmp_path: Path, run: Run) -> None:
    check = '{{ if not (hasSuffix ".com" .Values.host) }}{{ fail "a .com, please" }}{{ end }}'
    chart = style(f"{check}{{{{ .Values.host }}}}", f"{VALUES}host: web.vendor.com\n")
    source = platform(tmp_path, run, {"host": "w.corp.com"}, chart)
    (ingress,) = bodies(closed(run, source), "Ingress")
    assert ingress["spec"]["rules"][0]["host"] == "w.corp.com"


def test_a_chart_of_no_base_gets_all_by_names(tmp_path: Path, run: Run) -> None:
    wanted = {
        "class": "haproxy", "controller": "haproxy-ingress", "tls": {"secret": "t"},
        "annotations": {"example.com/a": "b"},
    }  # fmt: skip
    values = VALUES.replace(
        "annotations: {}", 'annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: "90"}'
    )
    source = platform(tmp_path, run, wanted, style(values=values))
    result = closed(run, source)
    (ingress,) = bodies(result, "Ingress")
    assert ingress["metadata"]["annotations"] == {
        "nginx.ingress.kubernetes.io/proxy-read-timeout": "90",
        "haproxy-ingress.github.io/timeout-server": "90s",
        "example.com/a": "b",
    }
    assert ingress["spec"]["tls"] == [{"hosts": ["web.vendor.com"], "secretName": "t"}]
    assert ingress["spec"]["ingressClassName"] == "haproxy"
    assert codes(result) == set()


def test_what_no_value_does_is_said(tmp_path: Path, run: Run) -> None:
    chart = style()
    fixed = chart.templates["ingress.yaml"].replace("{{ toJson .Values.ingress.tls }}", "[]")
    chart = Style(name="fixed", values=chart.values,
                  templates={**chart.templates, "ingress.yaml": fixed})  # fmt: skip
    source = platform(tmp_path, run, {"tls": {"secret": "t"}}, chart)
    result = run("airgap", "prod", "--root", str(source.root))
    assert (result.code, "[ingress-tls]" in result.err) == (0, True)
    assert codes(built(source)) == {"ingress-tls"}


def test_an_ingress_is_switched_off_by_what_reads_like_its_switch(tmp_path: Path, run: Run) -> None:
    """Not by the switch of a controller that comes along, though its name speaks of Ingress too."""
    values = f"{VALUES}ingress-nginx: {{enabled: true}}\n"
    controller = subchart("ingress-nginx", "x: 1\n", {"web.yaml": pod("controller", IMAGE)})
    depends = (
        "dependencies: [{name: ingress-nginx, version: 1.0.0, condition: ingress-nginx.enabled}]\n"
    )
    plain = style(values=values)
    chart = Style(name="sub", values=values, templates=plain.templates, files=controller,
                  chart=depends)  # fmt: skip
    source = platform(tmp_path, run, BEHIND, chart)
    result = closed(run, source)
    assert result.ships
    assert bodies(result, "Ingress") == []
    assert {b["metadata"]["name"] for b in bodies(result, "Deployment")} == {"web", "controller"}
    (route,) = bodies(result, "HTTPRoute")
    assert problems(route) == []
    assert route["metadata"] == {"name": "web", "namespace": "apps"}


def test_an_ingress_that_nothing_switches_off_blocks(tmp_path: Path, run: Run) -> None:
    chart = style()
    always = chart.templates["ingress.yaml"].replace("if .Values.ingress.enabled", "if true")
    chart = Style(name="always", values=chart.values,
                  templates={**chart.templates, "ingress.yaml": always})  # fmt: skip
    source = platform(tmp_path, run, BEHIND, chart)
    result = closed(run, source)
    assert not result.ships
    assert [(f.code, f.subject) for f in result.findings if f.severity == "error"] == [
        ("ingress-left", "Ingress/web")
    ]
    assert len(bodies(result, "HTTPRoute")) == 1


OWN = """\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: own, namespace: apps}
spec:
  rules:
  - host: own.corp.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}
"""


def test_an_ingress_in_git_gets_a_route_and_has_to_go_by_hand(tmp_path: Path, run: Run) -> None:
    source = platform(tmp_path, run, BEHIND, more=OWN)
    result = closed(run, source)
    assert [(f.code, f.subject) for f in result.findings if f.severity == "error"] == [
        ("ingress-left", "Ingress/apps/own")
    ]
    names = [b["metadata"]["name"] for b in bodies(result, "HTTPRoute")]
    assert sorted(names) == ["own", "web"]


def test_an_ingress_in_git_is_as_the_environment_says(tmp_path: Path, run: Run) -> None:
    wanted = {"class": "traefik", "tls": {"secret": "t"}, "annotations": {"example.com/a": "b"}}
    source = platform(tmp_path, run, wanted, more=OWN)
    result = closed(run, source)
    own = next(b for b in bodies(result, "Ingress") if b["metadata"]["name"] == "own")
    assert own["spec"]["ingressClassName"] == "traefik"
    assert own["spec"]["tls"] == [{"hosts": ["own.corp.example"], "secretName": "t"}]
    assert own["metadata"]["annotations"] == {"example.com/a": "b"}
    assert codes(result) == set()


def test_a_service_that_no_render_has_blocks(tmp_path: Path, run: Run) -> None:
    plain = style()
    templates = {k: v for k, v in plain.templates.items() if k != "service.yaml"}
    chart = Style(name="none", values=plain.values, templates=templates)
    source = platform(tmp_path, run, BEHIND, chart)
    result = run("airgap", "prod", "--root", str(source.root))
    assert (result.code, "Service/apps/web [route-backend]" in result.err) == (1, True)
    assert codes(built(source)) == {"route-missing"}


def test_before_the_patches_are_written_a_build_behind_a_gateway_blocks(
    tmp_path: Path, run: Run
) -> None:
    result = built(platform(tmp_path, run, BEHIND))
    assert not result.ships
    assert {"ingress-left", "route-missing"} <= codes(result)


def test_few_renders_are_enough(source: Source) -> None:
    counts = []
    for ingress in ({"class": "traefik"}, BEHIND, {"host": "w.corp.example"}):
        configure(source, **ingress)
        counts.append(airgap(find_overlay(source.root, "example")).renders)
    assert counts == [counts[0], counts[0] + 1, counts[0] + 1]


def test_the_documentation_names_every_finding() -> None:
    files = [*(REPOSITORY / "builder/core/ingress").glob("*.py")]
    code = "".join(path.read_text() for path in files)
    found = set(re.findall(r'code(?:: str)? ?= ?"([a-z-]+)"|_finding\(\s*"([a-z-]+)"', code))
    codes = {one or other for one, other in found} | {"foreign-annotation", "gateway-setting"}
    assert len(codes) > 10
    text = (REPOSITORY / "docs/ingress.md").read_text().partition("## Findings")[2]
    assert set(re.findall(r"`([a-z]+-[a-z-]+)`", text.replace("`sealift airgap`", ""))) == codes
