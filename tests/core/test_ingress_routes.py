"""HTTPRoutes in the place of Ingresses."""

from collections.abc import Sequence
from typing import Any

import pytest

from builder.core.environment import Gateway, Ingress
from builder.core.findings import Finding
from builder.core.ingress import routes
from builder.core.ingress.standing import behind_gateway
from builder.core.manifests import Manifests, Origin, Resource
from builder.core.sync.stages import Stage, stage
from tests.core.samples import environment
from tests.gateway_api import problems

GATEWAY = Gateway(name="shared")
SERVICES: dict[str, list[tuple[str | None, int]]] = {
    "web": [("http", 8080), ("admin", 9090)],
    "console": [(None, 8082)],
}


def service(name: str, ports: Sequence[tuple[str | None, int]], namespace: str = "") -> Resource:
    listed = [{"port": port, **({"name": title} if title else {})} for title, port in ports]
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": listed}}
    return Resource(body=body, origin=Origin(source="app-1"))


KNOWN = [(service(name, ports), "apps") for name, ports in SERVICES.items()]


def path(text: str | None, backend: str = "web", port: Any = 8080, kind: str = "Prefix") -> Any:
    number = {"number": port} if isinstance(port, int) else {"name": port}
    found = {"pathType": kind, "backend": {"service": {"name": backend, "port": number}}}
    return found if text is None else {**found, "path": text}


def rule(host: str | None, *paths: Any) -> Any:
    return {**({"host": host} if host else {}), "http": {"paths": list(paths)}}


def ingress(*rules: Any, name: str = "web", annotations: Any = None, **spec: Any) -> Resource:
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {"rules": list(rules), **spec},
    }
    return Resource(body=body, origin=Origin(source="app-1", template="app/templates/i.yaml"))


def made(
    one: Resource, *, gateway: Gateway = GATEWAY, known: Any = None, host: str | None = None
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """The routes, each valid, and the findings."""
    wanted = environment(ingress=Ingress(host=host, gateway=gateway))
    found = list(routes.routes(one, "apps", routes.services(known or KNOWN), wanted))
    bodies = [body for body in found if not isinstance(body, Finding)]
    assert [problem for body in bodies for problem in problems(body)] == []
    return bodies, [finding for finding in found if isinstance(finding, Finding)]


def shown(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Each path of a route, in order, with what answers."""
    return [
        (f"{m['path']['type']} {m['path']['value']}", f"{b['name']}:{b['port']}")
        for rule in body["spec"]["rules"]
        for m in rule["matches"]
        for b in rule["backendRefs"]
    ]


def test_no_two_routes_have_one_name() -> None:
    several = [
        ingress(rule("a.example.com", path("/")), rule("b.example.com", path("/b"))),
        ingress(rule("c.example.com", path("/")), name="web-2"),
        ingress(rule("d.example.com", path("/")), name="web"),
    ]
    wanted = environment(ingress=Ingress(gateway=GATEWAY))
    nested = [*((one, "apps") for one in several), *KNOWN]
    bodies, findings = behind_gateway(wanted, Manifests(), nested, "airgap.yaml")
    assert findings == []
    assert [(b["metadata"]["name"], b["spec"]["hostnames"]) for b in bodies] == [
        ("web", ["a.example.com"]), ("web-3", ["b.example.com"]), ("web-2", ["c.example.com"]),
        ("web-4", ["d.example.com"]),
    ]  # fmt: skip


def test_one_ingress_is_one_route() -> None:
    gateway = Gateway(name="shared", namespace="gateways", listener="https")
    one = ingress(rule("a.example", path("/", port="http"), path("/console", "console", 8082)))
    (body,), findings = made(one, gateway=gateway)
    assert findings == []
    assert body == {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "web", "namespace": "apps"},
        "spec": {
            "parentRefs": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "Gateway",
                    "name": "shared",
                    "namespace": "gateways",
                    "sectionName": "https",
                }
            ],
            "hostnames": ["a.example"],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/console"}}],
                    "backendRefs": [
                        {"group": "", "kind": "Service", "name": "console", "port": 8082,
                         "weight": 1}
                    ],
                },
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [
                        {"group": "", "kind": "Service", "name": "web", "port": 8080, "weight": 1}
                    ],
                },
            ],
        },
    }  # fmt: skip


def test_the_most_specific_path_comes_first_and_one_service_has_one_rule() -> None:
    one = ingress(
        rule(
            "a.example",
            path("/"),
            path("/api/v1"),
            path("/a", "console", 8082),
            path("/x", kind="Exact"),
            path("/api", port="admin"),
        )
    )
    (body,), _ = made(one)
    assert shown(body) == [
        ("Exact /x", "web:8080"),
        ("PathPrefix /api/v1", "web:8080"),
        ("PathPrefix /", "web:8080"),
        ("PathPrefix /api", "web:9090"),
        ("PathPrefix /a", "console:8082"),
    ]


def test_hosts_with_the_same_paths_share_a_route() -> None:
    same, other = (path("/"), path("/c", "console", 8082)), path("/", "console", 8082)
    one = ingress(
        rule("a.example", *same), rule("b.example", other), rule("*.c.example", *reversed(same))
    )
    found, _ = made(one)
    assert [(b["metadata"]["name"], b["spec"]["hostnames"]) for b in found] == [
        ("web", ["a.example", "*.c.example"]),
        ("web-2", ["b.example"]),
    ]


@pytest.mark.parametrize(
    ("host", "rule_host", "expected"),
    [(None, None, None), ("w.example", None, ["w.example"]), ("w.example", "a.b", ["a.b"])],
)
def test_no_host_is_any_host_or_the_environments(
    host: str | None, rule_host: str | None, expected: Any
) -> None:
    (body,), _ = made(ingress(rule(rule_host, path("/"))), host=host)
    assert body["spec"].get("hostnames") == expected


def test_a_default_backend_answers_below_the_others() -> None:
    default = path("/", "console", 8082)["backend"]
    (body,), _ = made(ingress(rule("a.example", path("/x")), defaultBackend=default))
    assert shown(body) == [("PathPrefix /x", "web:8080"), ("PathPrefix /", "console:8082")]
    (alone,), _ = made(ingress(defaultBackend=default), host="w.example")
    assert (alone["spec"]["hostnames"], shown(alone)) == (
        ["w.example"], [("PathPrefix /", "console:8082")],
    )  # fmt: skip


def test_the_limits_of_a_route_make_several() -> None:
    many = [path(f"/p{n:03}", f"s{n}", 80) for n in range(20)]
    known = [(service(f"s{n}", [(None, 80)]), "apps") for n in range(20)]
    found, _ = made(ingress(rule("a.example", *many)), known=known)
    assert [len(body["spec"]["rules"]) for body in found] == [16, 4]
    paths = [path(f"/p{n:03}") for n in range(200)]
    found, _ = made(ingress(rule("a.example", *paths)))
    assert [[len(r["matches"]) for r in body["spec"]["rules"]] for body in found] == [
        [64, 64], [64, 8],
    ]  # fmt: skip
    assert [body["metadata"]["name"] for body in found] == ["web", "web-2"]
    hosts = [rule(f"h{n}.example", path("/")) for n in range(17)]
    found, _ = made(ingress(*hosts))
    assert [len(body["spec"]["hostnames"]) for body in found] == [16, 1]


@pytest.mark.parametrize(
    ("written", "kind", "expected", "codes"),
    [
        ("/x/", "Prefix", "PathPrefix /x/", []),
        ("/x", "ImplementationSpecific", "PathPrefix /x", ["route-path-type"]),
        ("/*", "ImplementationSpecific", "PathPrefix /", ["route-path-type"]),
        (None, "ImplementationSpecific", "PathPrefix /", ["route-path-type"]),
        ("/api(/|$)(.*)", "ImplementationSpecific", None, ["cannot-route"]),
        ("/a b", "Prefix", None, ["cannot-route"]),
        ("/a//b", "Exact", None, ["cannot-route"]),
        ("/a/../b", "Prefix", None, ["cannot-route"]),
        ("/a%2Fb", "Prefix", None, ["cannot-route"]),
        ("x", "Exact", None, ["cannot-route"]),
        (f"/{'x' * 1024}", "Exact", None, ["cannot-route"]),
    ],
)
def test_paths_that_are_taken_and_that_are_not(
    written: str | None, kind: str, expected: str | None, codes: list[str]
) -> None:
    found, findings = made(ingress(rule("a.example", path(written, kind=kind))))
    assert [p for body in found for p, _ in shown(body)] == ([expected] if expected else [])
    assert [finding.code for finding in findings] == codes


def test_an_expression_is_no_prefix() -> None:
    regex = {"nginx.ingress.kubernetes.io/use-regex": "true"}
    one = ingress(rule("a.example", path("/a.b", kind="ImplementationSpecific")), annotations=regex)
    assert [f.code for f in made(one)[1]] == ["cannot-route"]


@pytest.mark.parametrize(
    "host", ["localhost:8080", "10.0.0.1", "A_b.example", f"{'a' * 64}.example"]
)
def test_a_host_that_is_none_is_said(host: str) -> None:
    found, (finding,) = made(ingress(rule(host, path("/"))))
    assert (found, finding.code, finding.subject) == ([], "cannot-route", host)


@pytest.mark.parametrize(
    ("backend", "port", "says"),
    [
        ("gone", 80, "no render and no resource has it"),
        ("web", 80, "it has no port 80: http 8080, admin 9090"),
        ("web", "https", "it has no port https: http 8080, admin 9090"),
        ("console", "http", "it has no port http: 8082"),
    ],
)
def test_a_service_that_is_not_there_is_said(backend: str, port: Any, says: str) -> None:
    one = ingress(rule("a.example", path("/x", backend, port), path("/")))
    (body,), (finding,) = made(one)
    assert shown(body) == [("PathPrefix /", "web:8080")]
    assert (finding.code, finding.severity) == ("route-backend", "error")
    assert (finding.subject, finding.cause) == (f"Service/apps/{backend}", says)


def test_what_no_service_answers_and_what_two_do_is_said() -> None:
    bucket = {"resource": {"apiGroup": "x", "kind": "Bucket", "name": "b"}}
    odd = {"path": "/b", "pathType": "Prefix", "backend": bucket}
    one = ingress(rule("a.example", path("/"), path("/", "console", 8082), odd))
    (body,), findings = made(one)
    assert shown(body) == [("PathPrefix /", "web:8080")]
    assert {(f.code, f.subject) for f in findings} == {
        ("cannot-route", "/"),
        ("cannot-route", "/b"),
    }


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"projectcontour.io/response-timeout": "5m"}, "300s"),
        ({"projectcontour.io/response-timeout": "infinity"}, "0s"),
        ({"appgw.ingress.kubernetes.io/request-timeout": "90"}, "90s"),
        ({"ingress.cilium.io/request-timeout": "1500ms"}, "1500ms"),
        ({"nginx.ingress.kubernetes.io/proxy-read-timeout": "600"}, None),
        ({"projectcontour.io/response-timeout": "soon"}, None),
    ],
)
def test_the_time_of_a_whole_answer_is_kept(
    annotations: dict[str, str], expected: str | None
) -> None:
    """The wait for a part of it is something else: a long answer would be cut off."""
    (body,), _ = made(ingress(rule("a.example", path("/")), annotations=annotations))
    (rule_,) = body["spec"]["rules"]
    assert rule_.get("timeouts") == ({"request": expected} if expected else None)


def test_services_of_git_and_of_charts_answer_in_their_namespaces() -> None:
    wanted = environment(ingress=Ingress(gateway=GATEWAY))
    own = service("web", [("http", 1)], "apps")
    before = Manifests([own, service("console", [(None, 8082)], "other")])
    one = ingress(rule("a.example", path("/", port="http"), path("/c", "console", 8082)))
    bodies, findings = behind_gateway(wanted, before, [(one, "apps")], "airgap.yaml")
    assert [shown(body) for body in bodies] == [[("PathPrefix /", "web:1")]]  # type: ignore[arg-type]
    assert [f.subject for f in findings] == ["Service/apps/console"]
    without = environment(ingress=Ingress())
    assert behind_gateway(without, before, [(one, "apps")], "airgap.yaml") == ([], [])


def test_what_annotations_say_and_no_route_does_is_said() -> None:
    wanted = environment(ingress=Ingress(gateway=GATEWAY))
    said = {
        "nginx.ingress.kubernetes.io/proxy-body-size": "64m",
        "projectcontour.io/response-timeout": "5m",
        "example.com/x": "y",
    }
    one = ingress(rule("a.example", path("/")), annotations=said)
    _, (finding,) = behind_gateway(wanted, Manifests(), [*KNOWN, (one, "apps")], "airgap.yaml")
    assert (finding.code, finding.severity) == ("foreign-annotation", "warning")
    assert finding.subject == "nginx.ingress.kubernetes.io/proxy-body-size"
    assert "a policy of the Gateway's implementation" in finding.hint


def test_an_engine_applies_a_route_beside_what_makes_its_services() -> None:
    """Engines wait for one stage before the next: an earlier route would wait for Services."""
    (body,), _ = made(ingress(rule("a.example", path("/"))))
    route = Resource(body=body, origin=Origin(source="x"))
    assert stage(route, frozenset()) is Stage.instances


@pytest.mark.parametrize(("source", "kept"), [("overlays/a/resources/airgap.yaml", False),
                                              ("overlays/a/routes.yaml", True)])  # fmt: skip
def test_a_route_of_peoples_own_is_left_alone(source: str, kept: bool) -> None:
    wanted = environment(ingress=Ingress(gateway=GATEWAY))
    one = ingress(rule("a.example", path("/")))
    (body,), _ = made(one)
    standing = Resource(body=body, origin=Origin(source=source))
    bodies, _ = behind_gateway(wanted, Manifests([standing]), [*KNOWN, (one, "apps")],
                               "resources/airgap.yaml")  # fmt: skip
    assert bodies == ([] if kept else [body])
