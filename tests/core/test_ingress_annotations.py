"""Annotations that a controller does not read: who reads what, and what says the same."""

import re
from typing import Any, get_args

import pytest

from builder.core.environment import Controller, Ingress
from builder.core.ingress import equivalents, forms
from builder.core.ingress.controllers import CONTROLLERS, of_class, of_ingress, readers
from builder.core.ingress.forms import Form
from builder.core.ingress.table import MEANINGS
from tests.core.samples import environment
from tests.core.test_ingress_values import ingress

NGINX = "nginx.ingress.kubernetes.io/"


@pytest.mark.parametrize("controller", get_args(Controller))
def test_the_table_has_for_each_controller_only_what_it_reads(controller: Controller) -> None:
    assert CONTROLLERS[controller].title
    for meaning in MEANINGS:
        way = meaning.ways.get(controller)
        if way is None:
            continue
        assert way.keys or way.instead, meaning.what
        assert all(controller in readers(key) for key in way.keys), meaning.what
        assert way.form is None or (way.keys and not way.instead), meaning.what
        named = re.findall(r"[a-z.-]+\.(?:io|org|com)/[\w.-]+(?! of the Service)", way.instead)
        assert "of the Service" in way.instead or all(
            controller in readers(key) or key.startswith("cloud.google.com/") for key in named
        ), meaning.what


def test_no_annotation_means_two_things_to_one_controller() -> None:
    for controller in get_args(Controller):
        keys = [k for m in MEANINGS if (way := m.ways.get(controller)) for k in way.keys]
        assert len(keys) == len(set(keys)), controller


def test_every_meaning_is_told_to_the_gateway_api_or_is_of_no_use_there() -> None:
    silent = {m.what for m in MEANINGS if "gateway" not in m.ways}
    assert silent == {"the name of the cookie that keeps a client with one Pod"}
    assert not any(m.ways["gateway"].keys for m in MEANINGS if "gateway" in m.ways)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("64m", "nginx-size", "nginx-size", "64m"),
        ("64M", "nginx-size", "haproxy-size", "64m"),
        ("1000", "nginx-size", "haproxy-size", "1000"),
        ("2048k", "nginx-size", "haproxy-size", "2m"),
        ("0", "nginx-size", "haproxy-size", "unlimited"),
        ("unlimited", "haproxy-size", "nginx-size", "0"),
        ("0", "haproxy-size", "nginx-size", None),
        ("64 MB", "nginx-size", "haproxy-size", None),
        ("600", "seconds", "duration", "600s"),
        ("10m", "duration", "seconds", "600"),
        ("1h30m", "duration", "seconds", "5400"),
        ("1500ms", "duration", "seconds", None),
        ("1500ms", "duration", "duration", "1500ms"),
        ("60s", "seconds", "duration", None),
        ("60", "duration", "seconds", None),
        ("True", "truth", "switch", "on"),
        ("off", "switch", "truth", "false"),
        ("yes", "truth", "switch", None),
        ("10.0.0.0/8, 192.168.0.1", "comma-cidrs", "space-cidrs", "10.0.0.0/8 192.168.0.1"),
        ("10.0.0.0/8  ::1/128", "space-cidrs", "comma-cidrs", "10.0.0.0/8,::1/128"),
        ("patterns/ips", "comma-cidrs", "space-cidrs", None),
        ("", "comma-cidrs", "space-cidrs", None),
        ("GRPCS", "protocol", "haproxy-protocol", "h2-ssl"),
        ("h1-ssl", "haproxy-protocol", "protocol", "HTTPS"),
        ("FCGI", "protocol", "haproxy-protocol", None),
        ("cookie", "affinity", "affinity", "cookie"),
        ("64m", "nginx-size", "seconds", None),
    ],
)
def test_values_are_turned_where_they_say_the_same(
    value: str, source: Form, target: Form, expected: str | None
) -> None:
    assert forms.turned(value, source, target) == expected


@pytest.mark.parametrize(
    ("name", "present", "expected"),
    [
        ("nginx", (), ("ingress-nginx", False)),
        ("nginx", (f"{NGINX}proxy-body-size",), ("ingress-nginx", True)),
        ("nginx-internal", ("nginx.org/client-max-body-size",), ("f5-nginx", True)),
        ("nginx", ("nginx.org/a", f"{NGINX}a"), ("ingress-nginx", False)),
        ("haproxy", ("ingress.kubernetes.io/ssl-redirect",), ("haproxy", False)),
        ("haproxy", ("haproxy-ingress.github.io/timeout-server",), ("haproxy-ingress", True)),
        ("traefik", (f"{NGINX}proxy-body-size",), ("traefik", True)),
        ("traefik-v3", (), ("traefik", True)),
        ("azure/application-gateway", (), ("azure-agic", True)),
        ("openshift-default", (), ("openshift", True)),
        ("gce-internal", (), ("gce", True)),
        ("alb", (), ("aws-alb", True)),
        ("webapprouting.kubernetes.azure.com", (), ("ingress-nginx", True)),
        ("internal", (f"{NGINX}proxy-body-size",), None),
        ("kongress", (), None),
        ("", (), None),
    ],
)
def test_the_name_of_a_class_tells_its_controller(
    name: str, present: tuple[str, ...], expected: tuple[str, bool] | None
) -> None:
    served = of_class(name, present)
    assert (served and (served.controller, served.certain)) == expected


@pytest.mark.parametrize(
    ("class_", "settings", "expected"),
    [
        ("web", {"class_": "web", "controller": "kong"}, "kong"),
        (None, {"controller": "kong"}, "kong"),
        ("traefik", {"class_": "web", "controller": "kong"}, "traefik"),
        ("traefik", {}, "traefik"),
    ],
)
def test_the_environment_tells_of_its_own_class(
    class_: str | None, settings: Any, expected: str
) -> None:
    served = of_ingress(ingress(class_=class_), environment(ingress=Ingress(**settings)))
    assert served is not None
    assert served.controller == expected


@pytest.mark.parametrize(
    ("present", "target", "expected"),
    [
        ({f"{NGINX}proxy-body-size": "64m"}, "f5-nginx", "nginx.org/client-max-body-size: 64m"),
        ({f"{NGINX}proxy-body-size": "0"}, "haproxy-ingress",
         "haproxy-ingress.github.io/proxy-body-size: unlimited"),
        ({f"{NGINX}proxy-body-size": "64m"}, "traefik", "a Middleware with buffering"),
        ({f"{NGINX}proxy-body-size": "64m"}, "openshift", "nothing: the router limits no request"),
        ({f"{NGINX}proxy-body-size": "64m"}, "contour", "nothing: Envoy passes on"),
        ({f"{NGINX}proxy-body-size": "64m"}, "aws-alb", "nothing: the load balancer limits no"),
        ({f"{NGINX}proxy-read-timeout": "600"}, "openshift",
         "haproxy.router.openshift.io/timeout: 600s"),
        ({f"{NGINX}proxy-read-timeout": "600"}, "contour", "projectcontour.io/response-timeout, w"),
        ({f"{NGINX}whitelist-source-range": "10.0.0.0/8,1.2.3.4"}, "openshift",
         "haproxy.router.openshift.io/ip_whitelist: 10.0.0.0/8 1.2.3.4"),
        ({f"{NGINX}backend-protocol": "HTTPS"}, "haproxy-ingress",
         "haproxy-ingress.github.io/backend-protocol: h1-ssl"),
        ({"ingress.kubernetes.io/ssl-redirect": "true"}, "nothing", None),
        ({f"{NGINX}proxy-body-size": "64m"}, "ingress-nginx", None),
        ({f"{NGINX}proxy-body-size": "64m", "nginx.org/client-max-body-size": "1m"}, "f5-nginx",
         None),
        ({"cert-manager.io/issuer": "x", "example.com/y": "z"}, "traefik", None),
    ],
)  # fmt: skip
def test_what_says_the_same(present: dict[str, str], target: Any, expected: str | None) -> None:
    if target == "nothing":  # several read it, and these are among them
        assert not [u for c in ("haproxy", "haproxy-ingress")
                    for u in equivalents.unread(present, c)]  # fmt: skip
        return
    found = list(equivalents.unread(present, target))
    assert (len(found) == 1) == (expected is not None)
    for one in found:
        said = one.way.instead if one.value is None else f"{one.way.keys[0]}: {one.value}"
        assert said.startswith(str(expected))


def test_an_annotation_that_is_not_in_the_table_is_unread_all_the_same() -> None:
    (one,) = equivalents.unread({f"{NGINX}server-snippet": "x"}, "kong")
    assert (one.meaning, one.what, one.way.keys, one.value) == (None, "what it says", (), None)


def test_no_credential_in_an_annotation_is_told() -> None:
    present = {
        f"{NGINX}auth-url": "https://jane:hunter2@auth.example.com/x",
        f"{NGINX}configuration-snippet": 'proxy_set_header Authorization "Basic hunter2hunter2h";',
        f"{NGINX}proxy-body-size": "8m",
    }
    for target in ("traefik", "gateway"):
        said = [one.written for one in equivalents.unread(present, target)]
        assert "hunter2" not in str(said)
        assert "8m" in said


def test_what_an_ingress_should_get() -> None:
    present = {f"{NGINX}proxy-body-size": "8m", f"{NGINX}proxy-read-timeout": "9"}
    settings = Ingress(
        class_="haproxy",
        controller="haproxy-ingress",
        annotations={"haproxy-ingress.github.io/proxy-body-size": "1g", "x.example/y": "z"},
    )
    found = equivalents.added(ingress(annotations=present), environment(ingress=settings))
    assert found == {
        "haproxy-ingress.github.io/proxy-body-size": ("1g", "the environment's annotation"),
        "x.example/y": ("z", "the environment's annotation"),
        "haproxy-ingress.github.io/timeout-server": (
            "9s", f"{NGINX}proxy-read-timeout: 9, as HAProxy Ingress reads it",
        ),
    }  # fmt: skip


def test_nothing_is_written_where_two_controllers_could_be_meant() -> None:
    present = {f"{NGINX}proxy-read-timeout": "9"}
    wanted = environment(ingress=Ingress(class_="haproxy"))
    assert equivalents.added(ingress(annotations=present), wanted) == {}


def test_nothing_is_written_that_says_something_else() -> None:
    """A CORS switch without its origins lets all in; an answer's whole time is not its parts'."""
    present = {
        f"{NGINX}enable-cors": "true",
        f"{NGINX}cors-allow-origin": "https://a.example",
        f"{NGINX}rewrite-target": "/$1",
    }
    settings = Ingress(class_="x", controller="haproxy-ingress")
    assert equivalents.added(ingress(annotations=present), environment(ingress=settings)) == {}
    present = {f"{NGINX}proxy-read-timeout": "600"}
    for controller in ("contour", "azure-agic", "cilium", "aws-alb", "kong", "traefik"):
        wanted = environment(ingress=Ingress(class_="x", controller=controller))
        assert equivalents.added(ingress(annotations=present), wanted) == {}
