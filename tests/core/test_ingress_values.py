"""The values that make a nested chart's Ingresses as the environment says."""

from typing import Any

import pytest

from builder.core.base import IngressValues
from builder.core.environment import Environment, Ingress, Tls
from builder.core.ingress import values
from builder.core.ingress.read import CLASS
from builder.core.ingress.values import Known
from builder.core.manifests import Origin, Resource
from tests.core.samples import environment

TOP, SUB = "app/templates/ingress.yaml", "app/charts/web/templates/ingress.yaml"
RULE = IngressValues(
    class_="/ingress/class", tls="/ingress/tls", annotations="/ingress/annotations"
)
OWN = {"ingress_class": "own"}


def ingress(
    name: str = "web",
    *,
    class_: str | None = None,
    annotations: Any = None,
    hosts: tuple[str, ...] = ("a.example",),
    tls: Any = None,
    template: str = TOP,
) -> Resource:
    spec: dict[str, Any] = {"rules": [{"host": host} for host in hosts]}
    if class_ is not None:
        spec["ingressClassName"] = class_
    if tls is not None:
        spec["tls"] = tls
    metadata = {"name": name, **({"annotations": annotations} if annotations else {})}
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata}
    return Resource(body={**body, "spec": spec}, origin=Origin(source="app-1", template=template))


def issuer(class_: str) -> Resource:
    solvers = [{"http01": {"ingress": {"class": class_}}}, {"dns01": {}}]
    body = {"apiVersion": "cert-manager.io/v1", "kind": "Issuer", "metadata": {"name": "i"}}
    return Resource(
        body={**body, "spec": {"acme": {"solvers": solvers}}},
        origin=Origin(source="app-1", template=TOP),
    )


def found(
    *resources: Resource,
    of: Environment,
    held: Any = None,
    rule: IngressValues | None = None,
    frozen: Any = (),
    assigned: Any = (),
) -> dict[str, Any]:
    known = Known(rule=rule or IngressValues(), values=held or {}, frozen=frozen, assigned=assigned)
    return {"/".join(path): value for path, value, _ in values.assignments(known, resources, of)}


def wanting(**ingress: Any) -> Environment:
    return environment(ingress=Ingress(**ingress))


@pytest.mark.parametrize(
    ("present", "held", "rule", "expected"),
    [
        ("nginx", {"ingress": {"class": "nginx"}}, None, ["ingress/class"]),
        ("nginx", {"ingress": {"className": "nginx"}}, None, ["ingress/className"]),
        ("nginx", {"ingress": {"name": "nginx"}}, None, []),
        ("own", {"ingress": {"class": "own"}}, None, []),
        (None, {"ingress": {"class": ""}}, None, []),
        (None, {}, RULE, ["ingress/class"]),
        ("nginx", {"a": {"class": "nginx"}}, RULE, ["ingress/class"]),
    ],
)  # fmt: skip
def test_the_class(present: str | None, held: Any, rule: Any, expected: list[str]) -> None:
    result = found(ingress(class_=present), of=wanting(class_="own"), held=held, rule=rule)
    assert result == dict.fromkeys(expected, "own")


def test_no_ingress_no_values() -> None:
    everything = wanting(class_="own", tls=Tls(secret="t"), annotations={"a": "b"})
    assert not found(of=everything, held={"ingress": {"class": "x", "tls": []}}, rule=RULE)


def test_a_second_ingress_gets_the_class_where_it_names_its_own() -> None:
    held = {"ingress": {"class": "own", "secondary": {"class": "nginx"}}}
    one, two = ingress(class_="own"), ingress("two", class_="nginx")
    assigned = [("ingress", "class")]
    result = found(one, two, of=wanting(class_="own"), held=held, rule=RULE, assigned=assigned)
    assert result == {"ingress/secondary/class": "own"}


def test_the_old_annotation_is_changed_where_it_stands() -> None:
    """With both, Kubernetes wants them to agree: no field comes beside an annotation."""
    held = {"ingress": {"class": "", "annotations": {CLASS: "nginx"}}}
    one = ingress(annotations={CLASS: "nginx"})
    result = found(one, of=wanting(class_="own"), held=held, rule=RULE)
    assert result == {f"ingress/annotations/{CLASS}": "own"}


def test_the_class_of_an_issuers_solver_counts() -> None:
    held = {"issuer": {"ingressClass": "nginx"}}
    assert found(issuer("nginx"), of=wanting(class_="own"), held=held) == {
        "issuer/ingressClass": "own"
    }


CERTIFICATE = [{"hosts": ["a.example"], "secretName": "t"}]


@pytest.mark.parametrize(
    ("present", "held", "rule", "assigned", "expected"),
    [
        pytest.param(None, {}, RULE, (), ["ingress/tls"], id="by the base"),
        pytest.param(None, {"web": {"ingress": {"tls": []}}}, None, (), ["web/ingress/tls"],
                     id="by its name"),
        pytest.param(None, {"tls": [], "server": {"tls": []}}, None, (), [], id="of nothing else"),
        pytest.param(None, {"ingress": {"b": {"tls": None}, "tls": []}}, RULE,
                     [("ingress", "tls")], ["ingress/b/tls"], id="the next, when one is no use"),
        pytest.param(CERTIFICATE, {}, RULE, (), [], id="there already"),
        pytest.param([{"secretName": "t"}], {}, RULE, (), [], id="for all hosts already"),
        pytest.param([{"hosts": ["b.example"], "secretName": "t"}], {}, RULE, (),
                     ["ingress/tls"], id="for another host"),
        pytest.param([{"hosts": ["a.example"], "secretName": "s"}], {}, RULE, (),
                     ["ingress/tls"], id="with another Secret"),
    ],
)  # fmt: skip
def test_the_certificate(
    present: Any, held: Any, rule: Any, assigned: Any, expected: list[str]
) -> None:
    one = ingress(tls=present)
    result = found(one, of=wanting(tls=Tls(secret="t")), held=held, rule=rule, assigned=assigned)
    assert result == dict.fromkeys(expected, CERTIFICATE)


def test_a_certificate_that_people_have_set_stays() -> None:
    frozen = [("ingress", "tls", "0", "secretName")]
    assert not found(ingress(), of=wanting(tls=Tls(secret="t")), rule=RULE, frozen=frozen)


def test_an_ingress_without_hosts_gets_the_certificate_for_all() -> None:
    result = found(ingress(hosts=()), of=wanting(tls=Tls(secret="t")), rule=RULE)
    assert result == {"ingress/tls": [{"secretName": "t"}]}


def test_annotations_come_one_by_one() -> None:
    wanted = wanting(annotations={"x.example/a": "1", "x.example/b": "2"})
    one = ingress(annotations={"x.example/a": "1", "other": "kept"})
    assert found(one, of=wanted, rule=RULE) == {"ingress/annotations/x.example/b": "2"}


def test_annotations_go_where_the_template_stands() -> None:
    wanted = wanting(annotations={"a": "1"})
    held = {
        "global": {"ingress": {"annotations": {}}},
        "other": {"ingress": {"annotations": {}}},
        "web": {"ingress": {"annotations": {}}, "global": {"ingress": {"annotations": {}}}},
    }
    one = ingress(template=SUB)
    assert found(one, of=wanted, held=held) == {"web/ingress/annotations/a": "1"}
    frozen = [("web", "ingress", "annotations", "a")]
    assert not found(one, of=wanted, held=held, frozen=frozen)


def test_what_says_the_same_to_the_class_in_use_is_written() -> None:
    """The class is the one that the Ingress will have, not the one of today."""
    body_size = {"nginx.ingress.kubernetes.io/proxy-body-size": "64m"}
    one = ingress(class_="nginx", annotations=body_size)
    wanted = wanting(class_="haproxy", controller="haproxy-ingress")
    assert found(one, of=wanted, rule=RULE) == {
        "ingress/class": "haproxy",
        "ingress/annotations/haproxy-ingress.github.io/proxy-body-size": "64m",
    }


@pytest.mark.parametrize(
    ("held", "rule", "expected"),
    [
        ({"ingress": {"enabled": True}}, None, ["ingress/enabled"]),
        ({"ingress": {"enabled": False}}, None, []),
        ({"enabled": True, "web": {"install": True}}, None, []),
        ({"ingress": {"create": True, "install": True}}, IngressValues(create="/ingress/create"),
         ["ingress/create", "ingress/install"]),
        ({}, IngressValues(create="/ingress/create"), ["ingress/create"]),
        ({"ingress": {"create": False}}, IngressValues(create="/ingress/create"), []),
        ({"app": {"ingress": {"enabled": True}}, "ingress": {"b": {"create": True}}}, None,
         ["app/ingress/enabled", "ingress/b/create"]),
    ],
)  # fmt: skip
def test_what_may_switch_it_off(held: Any, rule: IngressValues | None, expected: list[str]) -> None:
    known = Known(rule=rule or IngressValues(), values=held)
    assert ["/".join(path) for path in values.off_switches(known, ingress())] == expected


def test_a_switch_that_people_have_set_stays() -> None:
    known = Known(
        rule=IngressValues(create="/ingress/create"), values={}, frozen=[("ingress", "create")]
    )
    assert values.off_switches(known, ingress()) == []
