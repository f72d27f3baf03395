"""Credentials: what names one, and that none is printed."""

import pytest

from builder.core.credentials import names_credential
from builder.core.guard.veil import redacted
from tests.core.samples import reference, resource


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("password", True), ("MYSQL_ROOT_PASSWORD", True), ("rootPassword", True),
        ("secretKey", True), ("accessKey", True), ("apiKey", True), ("license", True),
        ("requirepass", True), ("client-secret", True), ("authToken", True),
        ("GORILLA_GLUE_LOCAL_SERVICE_BYPASS", False), ("secretName", False),
        ("passwordSecretName", False), ("tokenizer", False), ("key", False), ("licensee", False),
    ],
)  # fmt: skip
def test_what_names_a_credential(name: str, is_one: bool) -> None:
    assert names_credential(name) is is_one


def test_credentials_are_taken_out_of_what_helm_says() -> None:
    values = {"db": {"password": "hunter2hunter2"}, "token": "abc", "list": [{"apiKey": "k3y-k3y"}]}
    said = "bad map[db:map[password:hunter2hunter2] list:[map[apiKey:k3y-k3y]] token:abc]"
    shown = "bad map[db:map[password:***] list:[map[apiKey:***]] token:***"
    assert redacted(said, values) == shown


def test_the_path_of_a_url_in_a_secret_is_not_printed() -> None:
    secret = resource("Secret").id
    url = "https://hooks.example.com/services/T0/TOPSECRET?sig=abc"
    assert reference(url, kind="url", resource=secret).shown == "https://hooks.example.com/***"
    assert reference(url, kind="url").shown == url
    bare = "https://hooks.example.com"
    assert reference(bare, kind="url", resource=secret).shown == bare
