"""Ingresses that stand in Git."""

from typing import Any

import pytest

from builder.core.environment import Gateway, Ingress, Tls
from builder.core.ingress import changes
from builder.core.ingress.read import CLASS
from builder.core.manifests import Manifests, Resource
from tests.core.samples import environment
from tests.core.test_ingress_values import ingress, issuer


def changed(*resources: Resource, **wanted: Any) -> dict[str, Any]:
    found = changes(Manifests(resources), environment(ingress=Ingress(**wanted)))
    return {f"{c.resource.name}/" + "/".join(c.path): c.value for c in found}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (ingress(), {"web/spec/ingressClassName": "own"}),
        (ingress(class_="x"), {"web/spec/ingressClassName": "own"}),
        (ingress(class_="own"), {}),
        (ingress(annotations={CLASS: "x"}), {f"web/metadata/annotations/{CLASS}": "own"}),
        (
            ingress(class_="x", annotations={CLASS: "x"}),
            {"web/spec/ingressClassName": "own", f"web/metadata/annotations/{CLASS}": "own"},
        ),
        (issuer("x"), {"i/spec/acme/solvers/0/http01/ingress/class": "own"}),
    ],
)
def test_the_class(one: Resource, expected: dict[str, str]) -> None:
    assert changed(one, class_="own") == expected


def test_the_host_in_rules_and_certificate() -> None:
    tls = [{"hosts": ["a.vendor.com", "b.vendor.com"], "secretName": "own"}]
    one = ingress(hosts=("a.vendor.com",), tls=tls)
    assert changed(one, host="w.corp.example") == {
        "web/spec/rules/0/host": "w.corp.example",
        "web/spec/tls": [{"hosts": ["w.corp.example", "b.vendor.com"], "secretName": "own"}],
    }


def test_the_host_of_one_among_several_stays() -> None:
    """Nobody can tell which of them people use."""
    one, two = ingress(hosts=("a.vendor.com",)), ingress("two", hosts=("b.vendor.com",))
    assert changed(one, two, host="w.corp.example") == {}
    assert changed(one, ingress("two", hosts=("w.corp.example",)), host="w.corp.example") == {}


def test_the_certificate_is_for_the_host_that_it_will_have() -> None:
    one = ingress(hosts=("a.vendor.com",))
    assert changed(one, host="w.corp.example", tls=Tls(secret="t")) == {
        "web/spec/rules/0/host": "w.corp.example",
        "web/spec/tls": [{"hosts": ["w.corp.example"], "secretName": "t"}],
    }
    served = ingress(hosts=("a.b",), tls=[{"hosts": ["a.b"], "secretName": "t"}])
    assert changed(served, tls=Tls(secret="t")) == {}


def test_annotations_and_what_says_the_same() -> None:
    one = ingress(annotations={"nginx.ingress.kubernetes.io/proxy-body-size": "8m", "a": "b"})
    found = changed(one, class_="own", controller="f5-nginx", annotations={"a": "c", "d": "e"})
    at = "web/metadata/annotations"
    assert found == {
        "web/spec/ingressClassName": "own",
        f"{at}/a": "c",
        f"{at}/d": "e",
        f"{at}/nginx.org/client-max-body-size": "8m",
    }


def test_behind_a_gateway_nothing_is_made_right_that_has_to_go() -> None:
    assert changed(ingress(), class_="own", tls=Tls(secret="t"), gateway=Gateway(name="g")) == {}


def test_an_ingress_without_rules_is_left_as_it_is() -> None:
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}}
    one = Resource(body=body, origin=ingress().origin)
    assert changed(one, host="w.corp.example") == {}
