"""The registry client: tokens, patience, and what it does not believe."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from builder.core.errors import ConfigurationError, ToolError
from builder.registries import Registries, parse_via
from builder.tools.checked_reader import DamagedError
from builder.tools.docker_config import Login
from builder.tools.registry import MANIFEST, Place, Registry, RegistryError
from tests.servers.http_site import Site, SiteHandler, serving
from tests.servers.registry import registry

LOGIN = Login(username="robot", password="correct-horse")
BODY = b'{"schemaVersion": 2}'


class TokenSite(SiteHandler):
    """Tokens as Docker Hub gives them: for a repository, after a login; the first one runs out."""

    issued: list[str] = []  # noqa: RUF012 - of one test, which empties it

    def do_GET(self) -> None:  # noqa: N802
        address = urlsplit(self.path)
        if address.path == "/token":
            if not self.admit():
                return
            (scope,) = parse_qs(address.query)["scope"]
            self.issued.append(scope)
            token = json.dumps({"token": f"{scope}#{len(self.issued)}"}).encode()
            self.reply(200, token)
            return
        repository = address.path.removeprefix("/v2/").partition("/manifests/")[0]
        given = self.headers["Authorization"] or ""
        if not given.startswith(f"Bearer repository:{repository}:pull#") or given.endswith("#1"):
            challenge = f'Bearer realm="http://{self.headers["Host"]}/token",service="hub"'
            self.reply(401, b"", {"WWW-Authenticate": challenge})
            return
        self.reply(200, BODY, {"Content-Type": MANIFEST})

    do_HEAD = do_GET  # noqa: N815


class MoodySite(SiteHandler):
    """Answers with what the test says, one after the other, then well."""

    moods: list[Any] = []  # noqa: RUF012 - of one test

    def do_GET(self) -> None:  # noqa: N802
        self.admit()
        mood = self.moods.pop(0) if self.moods else 200
        if mood == "break":
            self.connection.close()
            self.close_connection = True
        elif isinstance(mood, str):
            self.reply(307, b"", {"Location": mood})
        elif isinstance(mood, int):
            self.reply(mood, BODY if mood == 200 else b"", {"Content-Type": MANIFEST})
        else:
            self.reply(200, BODY, mood)

    do_HEAD = do_GET  # noqa: N815


@pytest.fixture
def token_site() -> Iterator[tuple[str, Site]]:
    TokenSite.issued.clear()
    site = Site("robot", "correct-horse")
    with serving(partial(TokenSite, site), site, None) as url:
        yield url.removeprefix("http://"), site


@pytest.fixture
def moody() -> Iterator[tuple[str, Site]]:
    MoodySite.moods.clear()
    site = Site()
    with serving(partial(MoodySite, site), site, None) as url:
        yield url.removeprefix("http://"), site


def test_a_token_for_each_repository_and_a_new_one_when_it_ran_out(
    token_site: tuple[str, Site],
) -> None:
    host, _ = token_site
    with Registry(host, login=LOGIN, plain_http=True) as client:
        with pytest.raises(RegistryError):  # the site takes no token that is the first
            client.resolve("acme/app", "1")
        assert client.resolve("acme/app", "1") is not None
        assert client.resolve("acme/app", "2") is not None
        assert client.resolve("acme/job", "1") is not None
    assert TokenSite.issued == [
        "repository:acme/app:pull", "repository:acme/app:pull", "repository:acme/job:pull",
    ]  # fmt: skip


def test_a_wrong_password_for_tokens_is_tried_once(token_site: tuple[str, Site]) -> None:
    host, site = token_site
    login = Login(username="robot", password="wrong-secret")
    with Registry(host, login=login, plain_http=True) as client:
        for _ in range(3):
            with pytest.raises(RegistryError, match="the login is refused") as caught:
                client.resolve("acme/app", "1")
            assert caught.value.host == host
            assert "wrong-secret" not in str(caught.value)
    assert len(site.requests) == 1


@pytest.mark.parametrize("moods", [[503], [429, 502], ["break"], ["break", 500, "break"]])
def test_what_passes_is_tried_again(moody: tuple[str, Site], moods: list[Any]) -> None:
    host, _ = moody
    MoodySite.moods += moods
    with Registry(host, plain_http=True) as client:
        assert client.manifest("acme/app", "1") == BODY
    assert MoodySite.moods == []


def test_what_does_not_pass_is_told(moody: tuple[str, Site]) -> None:
    host, site = moody
    MoodySite.moods += [503] * 4
    with (
        Registry(host, plain_http=True) as client,
        pytest.raises(RegistryError, match="answers 503"),
    ):
        client.manifest("acme/app", "1")
    assert len(site.requests) == 4


def test_a_manifest_that_is_not_its_digest(moody: tuple[str, Site]) -> None:
    host, _ = moody
    digest = f"sha256:{'0' * 64}"
    MoodySite.moods += [200, {"Content-Type": MANIFEST, "Docker-Content-Digest": digest}]
    with Registry(host, plain_http=True) as client:
        with pytest.raises(DamagedError):
            client.manifest("acme/app", digest)
        with pytest.raises(DamagedError):
            client.pull("acme/app", "1")


def test_storage_elsewhere_has_to_be_safe(moody: tuple[str, Site]) -> None:
    host, _ = moody
    with Registry(host, plain_http=True) as client:
        MoodySite.moods += ["ftp://storage.example.com/blob"]
        with pytest.raises(RegistryError, match="leads to ftp://storage"):
            client.blob("acme/app", f"sha256:{'0' * 64}")


def test_nobody_there_is_told_for_the_host() -> None:
    with Registry("127.0.0.1:9", plain_http=True) as client:
        for _ in range(2):
            with pytest.raises(RegistryError, match="cannot reach") as caught:
                client.resolve("acme/app", "1")
            assert caught.value.host == "127.0.0.1:9"


@pytest.mark.usefixtures("needs_registry")
@pytest.mark.parametrize("lie", [-1, 1])
def test_a_blob_of_another_size_than_it_says(tmp_path: Path, lie: int) -> None:
    data = b"x" * 100_000
    told: list[int] = []
    with (
        registry(tmp_path / "a") as outside,
        registry(tmp_path / "b") as inside,
        Registry(outside.host, plain_http=True) as source,
        Registry(inside.host, plain_http=True) as target,
    ):
        digest = source.push_blob("acme/app", data).digest
        place = Place(registry=source, repository="acme/app")
        with pytest.raises(ToolError, match="bytes"):
            target.copy_blob("m/app", digest, len(data) + lie, place, told.append)
        assert sum(told) == 0  # what did not arrive does not count
        assert not target.has_blob("m/app", digest)
        target.copy_blob("m/app", digest, len(data), place, told.append)
        assert sum(told) == len(data)
        assert target.blob("m/app", digest) == data
        assert target.mount("m/other", digest, "m/app")
        assert target.has_blob("m/other", digest)


@pytest.mark.usefixtures("needs_registry")
@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ({"config": {"digest": "sha256:../../x", "size": 1}}, "which is not a sha256 digest"),
        ({"schemaVersion": 1, "fsLayers": []}, "cannot be mirrored: schema version 1"),
        ([], "is not a JSON object"),
    ],
)
def test_a_manifest_that_is_odd(moody: tuple[str, Site], manifest: Any, says: str) -> None:
    from builder.content import read

    host, _ = moody
    body = json.dumps(manifest).encode()

    class Odd(MoodySite):
        def do_GET(self) -> None:  # noqa: N802
            self.reply(200, body, {"Content-Type": MANIFEST})

    site = Site()
    with serving(partial(Odd, site), site, None) as url:
        host = url.removeprefix("http://")
        with Registries(host, plain_http=[host]) as registries:
            found, (failure,) = read([f"{host}/acme/app:1"], registries, 4)
    assert found == {}
    assert says in str(failure.error)


def test_a_proxy_stands_for_a_host() -> None:
    assert parse_via(["docker.io=proxy.example.com/hub/"]) == {"docker.io": "proxy.example.com/hub"}
    for wrong in ("docker.io", "=x", "docker.io=", "docker.io=https://x"):
        with pytest.raises(ConfigurationError, match="--via"):
            parse_via([wrong])
