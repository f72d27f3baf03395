"""The files that people write: every problem at once, with its line and the nearest key."""

from typing import Any

import pytest

from builder.core import yaml
from builder.core.base import Base
from builder.core.environment import Environment
from builder.core.errors import ConfigurationError
from builder.core.section import merge, parse

MINIMAL = "kubernetes: '1.30'\nbase: wandb\nregistry:\n  prefix: r.corp.example/mirror\n"


def environment(text: str) -> Environment:
    return parse(Environment, yaml.load(text, source="e.yaml"), text, "e.yaml")


def refused(text: str, model: Any = Environment) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parse(model, yaml.load(text, source="e.yaml"), text, "e.yaml")
    return str(caught.value)


def test_the_least_that_an_environment_says() -> None:
    found = environment(MINIMAL)
    assert (found.registry.host, found.hosts) == ("r.corp.example", ("r.corp.example",))
    assert (found.ingress.class_, found.chart_repository, found.allow) == (None, None, ())


def test_all_hosts_of_an_environment_once() -> None:
    found = environment(
        MINIMAL
        + "chartRepository: {url: 'https://charts.corp.example:8443/x'}\n"
        + "ingress: {host: web.corp.example, class: traefik}\n"
        + "allowedHosts: ['*.corp.example', r.corp.example]\n"
    )
    assert found.hosts == (
        "r.corp.example", "*.corp.example", "charts.corp.example:8443", "web.corp.example",
    )  # fmt: skip
    assert found.ingress.class_ == "traefik"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("registri: x\n", "e.yaml:5: unknown key 'registri': did you mean 'registry'?"),
        ("ingress:\n  clas: x\n", "e.yaml:6: unknown key 'ingress.clas': did you mean 'class'?"),
        ("ingress:\n  zzz: x\n",
         "e.yaml:6: unknown key 'ingress.zzz': known are annotations, class, controller, gateway, "
         "host, tls"),
        ("allow:\n- reference: x\n", 'e.yaml:6: allow.0: "reason" is a required property'),
        ("allow:\n- {reference: x, reason: z}\n- {reference: x, reasn: z}\n",
         'e.yaml:7: allow.1: "reason" is a required property\n'
         "e.yaml:7: unknown key 'allow.1.reasn': did you mean 'reason'?"),
        ("allowedHosts: ['https://x']\n",
         'e.yaml:5: allowedHosts.0: "https://x" is not a host, as git.example.com, or '
         "all below one, as *.example.com; with a port or without"),
        ("chartRepository: {url: 'https://u:p@r.io'}\n",
         'e.yaml:5: chartRepository.url: "https://***@r.io" is not a URL that starts with '
         "https://, http:// or oci://, without credentials"),
        ("publish: {repository: ''}\n",
         'e.yaml:5: publish.repository: "" is shorter than 1 character'),
    ],
    ids=["near", "nested", "none near", "missing", "both", "host", "credentials", "empty"],
)  # fmt: skip
def test_what_is_wrong_with_an_environment(more: str, message: str) -> None:
    assert refused(MINIMAL + more) == message


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = "kubernetes: new\nbase: X\nregistry: {prefix: 'https://r.io'}\nzzz: 1\n"
    assert [line.partition(": ")[0] for line in refused(text).splitlines()] == [
        "e.yaml:1", "e.yaml:2", "e.yaml:3", "e.yaml:4",
    ]  # fmt: skip


def test_a_file_that_is_empty() -> None:
    assert refused("# nothing\n").splitlines()[0] == (
        'e.yaml:1: the file: "base" is a required property'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nestedCharts:\n- {group: x, kind: z, chart: spec, values: /v}\n",
         'e.yaml:2: nestedCharts.0.chart: "spec" is not a JSON pointer, as /spec/values'),
        ("charts:\n- {name: a, version: latest, repository: 'https://r.io'}\n",
         'e.yaml:2: charts.0.version: "latest" is not the exact version of a chart, as 1.2.3'),
    ],
    ids=["pointer", "version"],
)  # fmt: skip
def test_what_is_wrong_with_a_base(text: str, message: str) -> None:
    assert refused(text, Base) == message


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ({"a": {"x": 1, "y": 1}}, {"a": {"x": 2}}, {"a": {"x": 2, "y": 1}}),
        ({"a": [1]}, {"a": [2]}, {"a": [2]}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": 1}, {}, {"a": 1}),
        ({}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ],
    ids=["maps", "lists", "null", "nothing", "new"],
)
def test_an_environment_over_the_one_it_extends(parent: Any, child: Any, expected: Any) -> None:
    assert merge(parent, child) == expected


def test_a_base_that_is_empty_is_a_base() -> None:
    assert parse(Base, None, "# nothing\n", "base.yaml") == Base()


@pytest.mark.parametrize("host", ["*.io", "*.com:443", "*", "*."])
def test_hosts_that_are_half_the_internet(host: str) -> None:
    assert "allowedHosts.0" in refused(MINIMAL + f"allowedHosts: ['{host}']\n")


@pytest.mark.parametrize("host", ["*.corp", "*.example.com", "a.io", "*.a.example.com:8443"])
def test_hosts_of_a_network_of_ones_own(host: str) -> None:
    assert host in environment(MINIMAL + f"allowedHosts: ['{host}']\n").hosts


@pytest.mark.parametrize("reference", ["*", "https://*", "*/x:1", "https://*.io/x", "**.io/x"])
def test_an_allowance_for_any_host(reference: str) -> None:
    allow = f"allow: [{{reference: '{reference}', reason: later}}]\n"
    assert "allow.0.reference" in refused(MINIMAL + allow)


@pytest.mark.parametrize(
    "reference",
    [
        "$(REGISTRY)/a/b:1",
        "{{workflow.parameters.image}}",
        "docker.io/*",
        "busybox:1",
        "https://a.io/*",
        "https://***@a.io/x",
        "https://*.a.io/*",
    ],
)
def test_an_allowance_for_a_host(reference: str) -> None:
    allow = f"allow: [{{reference: '{reference}', reason: later}}]\n"
    assert environment(MINIMAL + allow).allow[0].reference == reference
