"""Secrets are taken out of bodies, and still compare."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core.diff.hidden import Hidden, conceal, hide
from builder.core.diff.show import visible
from builder.core.guard.texts import scrub


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing to hide", "nothing to hide"),
        ("mysql://user:s3cret@host/db", "mysql://user:***@host/db"),
        ("mysql://user:s3/c@ret@host/db", "mysql://user:***@host/db"),
        ("mysql://$(USER):$(PASSWORD)@host", "mysql://$(USER):$(PASSWORD)@host"),
        ("redis:\n  password: s3cret word\n  port: 1", "redis:\n  password: ***\n  port: 1"),
        ("export DB_PASSWORD=s3cret", "export DB_PASSWORD=***"),
        ("spring.datasource.password=s3cret", "spring.datasource.password=***"),
        ("requirepass s3cret", "requirepass ***"),
        ('{"token":"s3cret","a":1}', '{"token":***,"a":1}'),
        ("run --password=s3cret --port=1", "run --password=*** --port=1"),
        ("run --password s3cret --port 1", "run --password *** --port 1"),
        ("curl -H 'Authorization: Bearer abcdefgh123'", "curl -H 'Authorization: Bearer ***'"),
        ("password: |\n  s3cret\n  more\nport: 1", "password: |\n  ***\nport: 1"),
        ("a: b\n  token: >-\n    s3cret\n", "a: b\n  token: >-\n    ***\n"),
        ("helm --set db.password=s3cret,a=b", "helm --set db.password=***,a=b"),
        ("a=password=s3cret", "a=password=***"),
        ("key: password=s3cret", "key: password=***"),
        ("- name: DB_PASSWORD\n  value: s3cret\n", "- name: DB_PASSWORD\n  value: ***\n"),
        ("passwordFile: /x/y", "passwordFile: /x/y"),
        ('{"x": "{\\"token\\": \\"s3cret\\"}"}', '{"x": "{\\"token\\": ***}"}'),
        ("password: $(DB_PASSWORD)", "password: $(DB_PASSWORD)"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n",
         "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\n"),
        ("-----BEGIN CERTIFICATE-----\nabc\n", "-----BEGIN CERTIFICATE-----\nabc\n"),
    ],
)  # fmt: skip
def test_what_is_taken_out_of_a_text(text: str, shown: str) -> None:
    assert scrub(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"password": "s3cret", "user": "me"}, {"password": "***", "user": "me"}),
        ({"accessKey": "s3cret", "keys": ["s"]}, {"accessKey": "***", "keys": ["s"]}),
        ({"password": 1234, "token": True}, {"password": "***", "token": True}),
        ({"password": {"secretKeyRef": {"name": "x"}}}, {"password": {"secretKeyRef": {
            "name": "x"}}}),
        ({"name": "DB_PASSWORD", "value": "s3cret"}, {"name": "DB_PASSWORD", "value": "***"}),
        ({"name": "global.password", "value": "s3"}, {"name": "global.password", "value": "***"}),
        ({"name": "DB_PASSWORD", "valueFrom": {"a": "b"}}, {"name": "DB_PASSWORD", "valueFrom": {
            "a": "b"}}),
        (["--password", "s3cret", "x"], ["--password", "***", "x"]),
        (["--password", "$(DB_PASSWORD)"], ["--password", "$(DB_PASSWORD)"]),
    ],
)  # fmt: skip
def test_what_is_taken_out_of_a_body(value: Any, shown: Any) -> None:
    assert visible(hide(value)) == shown


def test_what_is_hidden_still_compares() -> None:
    assert hide({"token": "one"}) == hide({"token": "one"})
    assert hide({"token": "one"}) != hide({"token": "two"})
    assert hide("token: one") != hide("token: two")


@given(st.text())
def test_nothing_of_a_secret_is_in_what_stands_for_it(secret: str) -> None:
    hidden = conceal(secret)
    assert (str(hidden), repr(hidden)) == ("***", "Hidden(shown='***')")


words = st.text("abcdefXYZ0123456789", min_size=12, max_size=16)


@given(words, st.sampled_from(["password", "DB_PASSWORD", "secretKey", "api-token", "license"]))
def test_a_named_credential_is_never_shown(secret: str, name: str) -> None:
    for value in (
        {name: secret},
        {"env": [{"name": name, "value": secret}]},
        {"args": [f"--{name}={secret}", f"--{name}", secret]},
        {"data": {"config.yaml": f"a:\n  {name}: {secret}\n", "x.env": f"{name}={secret}"}},
        {"json": f'{{"a": {{"{name}": "{secret}"}}}}'},
        {"sh": f"run --{name} {secret} && run --{name}={secret}"},
    ):
        assert secret not in str(visible(hide(value)))


def test_hidden_values_are_hashable() -> None:
    assert len({conceal("a"), conceal("a"), conceal("b")}) == 2
    assert isinstance(hide({"token": "x"})["token"], Hidden)
