"""What a build says of its Ingresses, and of the routes in their place."""

from typing import Any

import pytest

from builder.core.environment import Gateway, Ingress, Tls
from builder.core.findings import Finding
from builder.core.ingress import findings
from builder.core.ingress.gateway import hangs_on, refusals
from builder.core.ingress.read import CLASS
from builder.core.manifests import Origin, Resource, ResourceId
from tests.core.samples import environment
from tests.core.test_ingress_routes import service
from tests.core.test_ingress_values import ingress, issuer

NGINX = "nginx.ingress.kubernetes.io/"
BODY_SIZE = {f"{NGINX}proxy-body-size": "64m"}


def said(*resources: Resource, values: Any = None, **wanted: Any) -> list[Finding]:
    placed = [(resource, resource.id.namespace or "apps") for resource in resources]
    held = [("Platform/apps/web", values)] if values else []
    return list(findings(environment(ingress=Ingress(**wanted)), placed, held))


def codes(*resources: Resource, **more: Any) -> list[str]:
    return [finding.code for finding in said(*resources, **more)]


@pytest.mark.parametrize(
    ("one", "wanted", "expected"),
    [
        (ingress(class_="own"), {"class_": "own"}, []),
        (ingress(class_="x"), {"class_": "own"}, ["ingress-class"]),
        (ingress(), {"class_": "own"}, ["ingress-class"]),
        (issuer("x"), {"class_": "own"}, ["ingress-class"]),
        (ingress(class_="own", annotations={CLASS: "x"}), {"class_": "own"}, ["ingress-class"]),
        (ingress(), {"tls": Tls(secret="t")}, ["ingress-tls"]),
        (ingress(tls=[{"hosts": ["a.example"], "secretName": "t"}]), {"tls": Tls(secret="t")}, []),
        (ingress(), {"annotations": {"a": "b"}}, ["ingress-annotation"]),
        (ingress(annotations={"a": "b"}), {"annotations": {"a": "b"}}, []),
        (ingress(), {"host": "w.corp.example"}, ["ingress-host"]),
        (ingress(), {"host": "a.example"}, []),
        (ingress(hosts=()), {"host": "w.corp.example"}, []),
        (ingress(), {}, []),
    ],
)
def test_what_is_not_as_the_environment_says(
    one: Resource, wanted: dict[str, Any], expected: list[str]
) -> None:
    found = said(one, **wanted)
    assert [finding.code for finding in found] == expected
    assert {finding.severity for finding in found} <= {"warning"}


def test_one_of_several_ingresses_is_enough_for_the_host() -> None:
    assert codes(ingress(), ingress("two", hosts=("w.b",)), host="w.b") == []


def test_no_ingress_no_finding() -> None:
    assert codes(host="w.b", class_="own", tls=Tls(secret="t"), annotations={"a": "b"}) == []


@pytest.mark.parametrize(
    ("class_", "present", "settings", "says"),
    [
        ("traefik", BODY_SIZE, {}, (
            "Traefik does not read it (class traefik): 64m, the largest size of a request",
            "buffering.maxRequestBodyBytes", "traefik.ingress.kubernetes.io/router.middlewares",
            "Or take the annotation out.",
        )),
        ("haproxy", BODY_SIZE, {"controller": "haproxy-ingress", "class_": "haproxy"}, (
            "HAProxy Ingress does not read it",
            "haproxy-ingress.github.io/proxy-body-size: 64m, which `sealift airgap` writes",
        )),
        ("haproxy", {f"{NGINX}proxy-read-timeout": "9"}, {}, (
            "HAProxy Technologies' controller", "haproxy.org/timeout-server: 9s: set it in",
            "set ingress.controller",
        )),
        ("kong", {f"{NGINX}server-snippet": "x"}, {}, ("Look in the documentation of Kong",)),
        ("contour", {f"{NGINX}rewrite-target": "/"}, {}, ("documentation of Contour",)),
        ("kong", {f"{NGINX}rewrite-target": "/$1"}, {}, (
            "konghq.com/rewrite, whose values are written otherwise",
        )),
    ],
)  # fmt: skip
def test_annotations_of_another_controller(
    class_: str, present: dict[str, str], settings: dict[str, Any], says: tuple[str, ...]
) -> None:
    (finding,) = said(ingress(class_=class_, annotations=present), **settings)
    assert (finding.code, finding.severity) == ("foreign-annotation", "warning")
    assert finding.subject == next(iter(present))
    text = f"{finding.cause} {finding.hint}"
    assert [words for words in says if words not in text] == []


def test_an_annotation_with_its_equivalent_beside_it_is_no_finding() -> None:
    present = {**BODY_SIZE, "nginx.org/client-max-body-size": "8m"}
    one = ingress(class_="x", annotations=present)
    assert codes(one, class_="x", controller="f5-nginx") == []


def test_a_class_that_nobody_knows_is_said_where_annotations_ask_for_it() -> None:
    assert codes(ingress(class_="internal", annotations=BODY_SIZE)) == ["ingress-controller"]
    assert codes(ingress(class_="internal", annotations={"example.com/x": "y"})) == []
    assert codes(ingress(annotations=BODY_SIZE)) == []  # the cluster's default


def test_ingress_nginx_was_retired() -> None:
    one, two = (ingress(name, class_="nginx", annotations=BODY_SIZE) for name in ("one", "two"))
    (finding,) = said(one, two)
    assert (finding.code, finding.severity) == ("ingress-nginx-retired", "warning")
    assert finding.place.endswith("and 1 more")
    assert codes(ingress(class_="nginx")) == []
    assert codes(ingress(class_="nginx", annotations={"nginx.org/hsts": "true"})) == []


def test_gke_takes_no_field() -> None:
    one = ingress(class_="gce")
    assert codes(one) == ["ingress-class"]
    assert codes(ingress(annotations={CLASS: "gce"})) == []


@pytest.mark.parametrize(
    ("value", "tls", "expected"),
    [
        ("http://a.example", True, ["ingress-scheme"]),
        ("http://a.example:8080/x", True, ["ingress-scheme"]),
        ("https://a.example", True, []),
        ("http://b.example", True, []),
        ("http://x.a.example", True, []),
        ("http://a.example", False, []),
        (7, True, []),
    ],
)
def test_a_platform_that_takes_itself_for_one_without_tls(
    value: Any, tls: bool, expected: list[str]
) -> None:
    served = ingress(tls=[{"secretName": "t"}])
    wanted: dict[str, Any] = {"host": "a.example", "tls": Tls(secret="t") if tls else None}
    found = said(served, values={"global": {"host": value}}, **wanted)
    assert [finding.code for finding in found] == expected
    assert all(f.place == "Platform/apps/web /global/host" for f in found)


BEHIND = Gateway(name="shared", namespace="gateways")


def route(
    service: str = "web", port: int = 80, *, namespace: str = "gateways", **backend: Any
) -> Resource:
    refs = [{"name": service, "port": port, **backend}]
    spec = {
        "parentRefs": [{"name": "shared", "namespace": namespace}],
        "rules": [{"backendRefs": refs}],
    }
    body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
    whole = {**body, "metadata": {"name": "web", "namespace": "apps"}, "spec": spec}
    return Resource(body=whole, origin=Origin(source="airgap.yaml"))


WEB = service("web", [(None, 80)])
NESTED = ResourceId(group="acme.example", kind="Platform", namespace="apps", name="web")


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([route(), WEB], []),
        ([WEB], [("route-missing", "Gateway/shared")]),
        ([route(namespace="other"), WEB], [("route-missing", "Gateway/shared")]),
        ([route()], [("route-backend", "Service/apps/web port 80")]),
        ([route(port=81), WEB], [("route-backend", "Service/apps/web port 81")]),
        ([route(namespace="gateways", group="x", kind="Bucket")], []),
        ([route(), WEB, ingress()], [("ingress-left", "Ingress/web")]),
    ],
)
def test_behind_a_gateway(resources: list[Resource], expected: list[tuple[str, str]]) -> None:
    found = said(*resources, gateway=BEHIND, class_="own", host="w.corp.example")
    assert [(f.code, f.subject) for f in found] == expected
    assert {f.severity for f in found} <= {"error"}


def test_what_to_do_about_an_ingress_that_stays() -> None:
    in_git = ingress()
    made = Resource(body=in_git.body, origin=Origin(source="app-1", parent=NESTED))
    hints = [said(route(), WEB, one, gateway=BEHIND)[0].hint for one in (in_git, made)]
    assert "take it out of the base" in hints[0]
    assert "`sealift airgap`" in hints[1]


def test_what_has_no_effect_behind_a_gateway() -> None:
    values = {"ingress": {"annotations": BODY_SIZE}, "pod": {"annotations": BODY_SIZE}}
    found = said(
        route(), WEB, values=values, gateway=BEHIND,
        tls=Tls(secret="t"), annotations={"traefik.ingress.kubernetes.io/router.tls": "true"},
    )  # fmt: skip
    assert [(f.code, f.severity) for f in found] == [
        ("gateway-setting", "warning"),
        ("foreign-annotation", "warning"),
        ("foreign-annotation", "warning"),
    ]
    assert found[2].place.startswith("Platform/apps/web /ingress/annotations/nginx")
    assert "a policy of the Gateway's implementation" in found[2].hint


def listener(name: str = "https", hostname: str | None = None, source: str | None = "All") -> Any:
    found: dict[str, Any] = {"name": name}
    if hostname:
        found["hostname"] = hostname
    if source:
        found["allowedRoutes"] = {"namespaces": {"from": source}}
    return found


@pytest.mark.parametrize(
    ("parent", "listener", "hangs"),
    [
        ({"name": "shared", "namespace": "gateways"}, None, True),
        ({"name": "shared", "namespace": "gateways"}, "https", True),  # on all listeners
        ({"name": "shared", "namespace": "gateways", "sectionName": "https"}, None, True),
        ({"name": "shared", "namespace": "gateways", "sectionName": "https"}, "https", True),
        ({"name": "shared", "namespace": "gateways", "sectionName": "http"}, "https", False),
        ({"name": "other", "namespace": "gateways"}, None, False),
        ({"name": "shared"}, None, False),  # in the route's own namespace
    ],
)
def test_which_route_hangs_on_the_gateway(
    parent: dict[str, str], listener: str | None, hangs: bool
) -> None:
    gateway = Gateway(name="shared", namespace="gateways", listener=listener)
    assert hangs_on({"spec": {"parentRefs": [parent]}}, "apps", gateway) is hangs


@pytest.mark.parametrize(
    ("listeners", "named", "expected"),
    [
        ([listener()], None, []),
        ([listener()], "https", []),
        ([listener()], "http", ["has no listener http"]),
        ([], None, ["has no listener"]),
        ([listener(hostname="w.b")], None, []),
        ([listener(hostname="*.b")], None, []),
        ([listener(hostname="x.b")], None, ["has no listener for w.b: x.b"]),
        ([listener(hostname="x.b"), listener("other")], None, []),
        ([listener(source="Same")], None, ["takes no routes of namespace apps (allowedRoutes)"]),
        ([listener(source=None)], None, ["takes no routes of namespace apps (allowedRoutes)"]),
        ([listener(source="None")], None, ["takes no routes of namespace apps (allowedRoutes)"]),
        ([listener(source="Selector")], None, []),
    ],
)
def test_whether_a_gateway_takes_the_route(
    listeners: list[Any], named: str | None, expected: list[str]
) -> None:
    body = {"metadata": {"namespace": "gateways"}, "spec": {"listeners": listeners}}
    gateway = Gateway(name="shared", namespace="gateways", listener=named)
    assert list(refusals(body, gateway, "w.b", ["apps"])) == expected
    if expected == ["takes no routes of namespace apps (allowedRoutes)"]:
        same = "None" not in str(listeners)
        assert (list(refusals(body, gateway, "w.b", ["gateways"])) == []) is same
