"""Hosts: which lie inside the network."""

import pytest

from builder.core import hosts

ALLOWED = ["r.corp.example", "git.corp.example:8443", "*.wild.example", "203.0.113.9"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example.com/x", "a.example.com"),
        ("https://a.example.com:8443?x", "a.example.com:8443"),
        ("https://u:p@a.example.com#x", "a.example.com"),
        ("https://***@a.example.com/x@y", "a.example.com"),
        ("https://a.example.com?u=x@b.example.com", "a.example.com"),
        ("oci://r.io/charts", "r.io"),
        ("git@github.com:a/b.git", "github.com"),
        ("a.example.com", "a.example.com"),
        ("http://[::1]:80/x", "[::1]:80"),
        ("file:///x", ""),
        ("https://$(A)/$(B)", "$(A)"),
        ("https://{{ a/b }}.example.com/c", "{{ a/b }}.example.com"),
        ("kafka://***@$(HOST):$(PORT)/$(TOPIC)?x=1", "$(HOST):$(PORT)"),
    ],
)
def test_the_host_of_a_url(url: str, host: str) -> None:
    assert hosts.of_url(url) == host


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("$(HOST):$(PORT)", True),
        ("${env:NODE}:10250", True),
        ("{{ .Release.Name }}.{{ .Namespace }}.svc:80", True),
        ("$host", True),
        ("<host>", True),
        ("%(host)s", True),
        ("${NAME}evil.com", True),
        ("${BUCKET}.s3.amazonaws.com", False),
        ("<your-host>.wandb.ai:443", False),
        ("$name.evil.com", False),
        ("a.example.com", False),
        ("", False),
    ],
)
def test_a_host_that_is_known_only_when_it_runs(host: str, variable: bool) -> None:
    assert hosts.is_variable(host) is variable


@pytest.mark.parametrize(
    "host",
    ["r.corp.example", "R.Corp.Example", "r.corp.example.", "r.corp.example:443",
     "git.corp.example:8443", "a.wild.example", "a.b.wild.example:1", "203.0.113.9",
     "web", "web:8080", "", "web.default.svc", "web.default.svc.cluster.local:80",
     "metadata.google.internal", "localhost", "127.0.0.1:9090", "10.1.2.3", "192.168.0.1",
     "169.254.169.254", "100.64.0.1", "[::1]:80", "[fd00::1]", "[::ffff:10.0.0.1]",
     "a.wild.example:27017,b.wild.example:27017", "${X}.wild.example"],
)  # fmt: skip
def test_inside(host: str) -> None:
    assert hosts.is_inside(host, ALLOWED)


@pytest.mark.parametrize(
    "host",
    ["a.example.com", "git.corp.example", "git.corp.example:443", "wild.example", "notwild.example",
     "r.corp.example.evil.com", "xr.corp.example", "8.8.8.8", "8.8.8.8:53", "[2606:4700::1]:443",
     "[::ffff:8.8.8.8]", "evil.com,a.wild.example", "a.wild.example,evil.com:1",
     "${BUCKET}.s3.amazonaws.com"],
)  # fmt: skip
def test_outside(host: str) -> None:
    assert not hosts.is_inside(host, ALLOWED)


@pytest.mark.parametrize(
    ("host", "name"),
    [("a:1", "a"), ("a", "a"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("::1", "::1")],
)
def test_without_the_port(host: str, name: str) -> None:
    assert hosts.without_port(host) == name


@pytest.mark.parametrize("host", ["134744072", "0x8080808", "8.8.2056", "010.8.8.8"])
def test_an_address_that_is_spelled_otherwise_is_outside(host: str) -> None:
    assert not hosts.is_inside(host, [])


@pytest.mark.parametrize("host", ["127.1", "10.1", "0x7f000001", "167772161"])
def test_an_unrouted_address_that_is_spelled_otherwise_is_inside(host: str) -> None:
    assert hosts.is_inside(host, [])


@pytest.mark.parametrize("host", ["api.wandb.ai:$(PORT)", "api.wandb.ai{{ .Path }}"])
def test_a_variable_for_the_port_or_the_path_hides_no_host(host: str) -> None:
    assert not hosts.is_variable(host)
    assert not hosts.is_inside(host, [])
    assert hosts.is_inside(host, ["api.wandb.ai"])
