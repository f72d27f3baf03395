"""The host of the platform's Ingresses, and the values that make it."""

from typing import Any

import pytest

from builder.core.environment import Ingress
from builder.core.ingress import hosts
from tests.core.samples import environment, traced
from tests.core.test_ingress_values import ingress

INSIDE = ("*.corp.example",)


@pytest.mark.parametrize(
    ("named", "declared", "expected"),
    [
        pytest.param([("a.vendor.com",)], False, ["a.vendor.com"], id="one outside"),
        pytest.param([("a.corp.example",)], False, [], id="inside, somebody's choice"),
        pytest.param([("a.corp.example",)], True, ["a.corp.example"], id="inside, the platform's"),
        pytest.param([("w.corp.example",)], True, [], id="right already"),
        pytest.param([("w.corp.example",), ("b.vendor.com",)], False, [], id="right beside one"),
        pytest.param([("a.vendor.com", "b.vendor.com")], True, ["a.vendor.com"],
                     id="the first is the platform's"),
        pytest.param([("a.vendor.com", "b.vendor.com")], False, ["a.vendor.com", "b.vendor.com"],
                     id="several could be meant"),
        pytest.param([("*.vendor.com",), ()], True, [], id="any name"),
    ],
)  # fmt: skip
def test_which_host_is_not_the_environments(
    named: list[tuple[str, ...]], declared: bool, expected: list[str]
) -> None:
    wanted = environment(ingress=Ingress(host="w.corp.example"), allowed_hosts=INSIDE)
    ingresses = [ingress(str(number), hosts=group) for number, group in enumerate(named)]
    assert hosts.foreign(ingresses, wanted, declared=declared) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [(None, ""), ("*.corp.example", ""), ("W.corp.example:8443", "w.corp.example")],
)
def test_the_host_that_people_use(host: str | None, expected: str) -> None:
    wanted = environment(ingress=Ingress(host=host))
    assert hosts.wanted(wanted) == expected
    if not expected:
        assert hosts.foreign([ingress(hosts=("a.vendor.com",))], wanted, declared=True) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.vendor.com", "w.corp"),
        ("https://a.vendor.com:8443/x", "https://w.corp:8443/x"),
        ("A.Vendor.com", "w.corp"),
        ("a.vendor.com,b", "w.corp,b"),
        ("see a.vendor.com.", "see w.corp."),
        ("ba.vendor.com", "ba.vendor.com"),
        ("a.vendor.com.au", "a.vendor.com.au"),
        ("a.vendor.company", "a.vendor.company"),
        ("x.a.vendor.com", "x.a.vendor.com"),
        ("axvendor.com", "axvendor.com"),
    ],
)
def test_a_host_is_replaced_as_a_whole(text: str, expected: str) -> None:
    assert hosts.replaced(text, "a.vendor.com", "w.corp") == expected


def test_the_values_that_may_make_a_host() -> None:
    values = {
        "host": "https://web.vendor.com",
        "domain": "vendor.com",
        "name": "web",
        "other": "endor.com",
        "mail": "we",
        "number": 7,
        "global": {"host": "web.vendor.com"},
        "sub": {"global": {"host": "web.vendor.com"}},
    }
    found = hosts.candidates(values, "web.vendor.com")
    assert found == [("host",), ("domain",), ("name",), ("global", "host")]


HOST = "web.vendor.com"


@pytest.mark.parametrize(
    ("pieces", "values", "frozen", "expected"),
    [
        pytest.param([("host",)], {"host": HOST}, (), {("host",): "w.corp.example"}, id="whole"),
        pytest.param([("url",)], {"url": f"http://{HOST}:80/x"}, (),
                     {("url",): "http://w.corp.example:80/x"}, id="in a URL"),
        pytest.param(["w.", ("domain",)], {"domain": "vendor.com"}, (),
                     {("domain",): "corp.example"}, id="the domain"),
        pytest.param([("name",), ".", ("domain",)], {"name": "web", "domain": "vendor.com"}, (),
                     {("name",): "w", ("domain",): "corp.example"}, id="both parts"),
        pytest.param(["web.", ("domain",)], {"domain": "vendor.com"}, (), {}, id="out of reach"),
        pytest.param([("host",)], {"host": HOST}, {("host",)}, {}, id="set by hand"),
        pytest.param([HOST], {}, (), {}, id="made by nothing"),
    ],
)  # fmt: skip
def test_what_makes_a_host_makes_the_environments(
    pieces: Any, values: Any, frozen: Any, expected: Any
) -> None:
    found = hosts.moved([traced(HOST, *pieces)], HOST, "w.corp.example", values, frozen)
    assert found == expected


@pytest.mark.parametrize(
    ("named", "expected"),
    [(("a.corp.example",), True), (("*.corp.example",), True), ((), True),
     (("b.corp.example",), False), (("*.example",), False)],
)  # fmt: skip
def test_which_ingress_answers_for_a_host(named: tuple[str, ...], expected: bool) -> None:
    assert hosts.serves(ingress(hosts=named), "a.corp.example") is expected
