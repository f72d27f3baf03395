"""Logins as docker, podman and skopeo keep them, and files that hold something else."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from builder.core import image
from builder.registries import Registries
from builder.tools import docker_config
from builder.tools.docker_config import Login
from builder.tools.registry import RegistryError

HOST = "r.example.com"


def auth(username: str, password: str = "x") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


@pytest.fixture
def auths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "SEALIFT_REGISTRY_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "config.json"


@pytest.mark.parametrize(
    "text",
    [
        "[]", '{"auths": []}', '{"auths": {"%s": []}}', '{"auths": {"%s": {"auth": 5}}}',
        '{"auths": {"%s": {"auth": "\u00e9"}}}', '{"auths": {"%s": {"auth": "/w=="}}}',
        '{"credHelpers": [], "auths": 5}', "[" * 100_000, "\x00",
    ],
)  # fmt: skip
def test_a_file_that_holds_something_else_is_no_login(auths: Path, text: str) -> None:
    auths.write_text(text.replace("%s", HOST))
    assert docker_config.find(HOST, own="") is None
    assert docker_config.namespace(HOST, "a/b") == ""


@pytest.mark.parametrize("said", ["[]", "5", "no", '{"Username": "u"}'])
def test_a_helper_that_says_something_else(
    auths: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    helper(tmp_path, monkeypatch, said)
    auths.write_text(json.dumps({"credsStore": "x", "auths": {HOST: auth("u")}}))
    assert docker_config.find(HOST, own="") == Login(username="u", password="x")


def helper(folder: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    path = folder / "docker-credential-x"
    path.write_text(f"#!/bin/sh\necho '{said}'\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize("kept", ["auths", "helper"])
def test_an_identity_token_is_said_to_be_of_no_use(
    auths: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    helper(tmp_path, monkeypatch, '{"Username": "<token>", "Secret": "s3cret"}')
    entry = {**auth("00000000", ""), "identitytoken": "s3cret"}
    config: dict[str, Any] = {"auths": {HOST: entry}}
    auths.write_text(json.dumps(config if kept == "auths" else {"credsStore": "x"}))
    with pytest.raises(RegistryError, match="is an identity token") as caught:
        docker_config.find(HOST, own="")
    assert caught.value.host == HOST
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "written", [HOST, f"https://{HOST}", f"http://{HOST}", f"{HOST}/", "R.Example.com"]
)
def test_the_host_of_the_login_is_read_as_that_of_others(
    auths: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    assert not auths.exists()
    monkeypatch.setenv("SEALIFT_REGISTRY_USERNAME", "robot")
    monkeypatch.setenv("SEALIFT_REGISTRY_PASSWORD", "hunter2")
    monkeypatch.setenv("SEALIFT_REGISTRY_HOST", written)
    assert docker_config.find(HOST, own=HOST) == Login(username="robot", password="hunter2")
    for other in (f"{HOST}:5000", f"x.{HOST}", "example.com"):
        assert docker_config.find(other, own=HOST) is None


def test_the_login_of_the_longest_namespace(auths: Path) -> None:
    keys = {HOST: "host", f"{HOST}/a": "a", f"{HOST}/a/b": "b"}
    auths.write_text(json.dumps({"auths": {key: auth(user) for key, user in keys.items()}}))
    found = {}
    with Registries("own.example.com") as registries:
        for repository in ("a/b/c", "a/b", "a/bc", "ab/c"):
            name = image.parse(f"{HOST}/{repository}:1")
            assert name is not None
            login = registries.of(name).registry.session.login
            found[repository] = login.username if login else None
        assert registries.at(HOST).session.login == Login(username="host", password="x")
    assert found == {"a/b/c": "b", "a/b": "b", "a/bc": "a", "ab/c": "host"}
