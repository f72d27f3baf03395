"""The registry client against answers that no registry should give, and ways elsewhere."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from builder.content import read
from builder.registries import Registries
from builder.tools.checked_reader import DamagedError
from builder.tools.docker_config import Login
from builder.tools.registry import ACCEPT, INDEX, MANIFEST, Registry, RegistryError
from builder.tools.registry_challenge import challenges, chosen
from builder.tools.registry_routes import Routes
from tests.servers.http_site import Site, SiteHandler, serving
from tests.servers.tls import certificate_authority

Answer = tuple[int, Mapping[str, str], bytes]
NONE = "sha256:" + "0" * 64
GOOD = json.dumps(
    {"config": {"mediaType": "x/y", "digest": NONE, "size": 2}, "layers": []}
).encode()


@contextmanager
def answering(answer: Callable[[SiteHandler], Answer]) -> Iterator[str]:
    """Serve what a function says."""

    class Handler(SiteHandler):
        def do_GET(self) -> None:  # noqa: N802
            status, headers, body = answer(self)
            self.reply(status, body, dict(headers))

        do_HEAD = do_POST = do_GET  # noqa: N815

    site = Site()
    with serving(partial(Handler, site), site, None) as url:
        yield url.removeprefix("http://")


def index(text: str) -> Answer:
    return 200, {"Content-Type": INDEX}, text.encode()


def platform(value: str) -> Answer:
    return index(f'{{"manifests": [{{"digest": "{NONE}", "platform": {value}}}]}}')


def manifest(text: str) -> Answer:
    return 200, {"Content-Type": MANIFEST}, text.encode()


def login(challenge: str) -> Answer:
    return 401, {"WWW-Authenticate": challenge}, b""


def moved(location: str) -> Answer:
    return 307, {"Location": location}, b""


def config(size: str) -> Answer:
    return manifest(f'{{"config": {{"mediaType": "x/y", "digest": "{NONE}", "size": {size}}}}}')


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (index('{"manifests": ["x"]}'), "list of manifests that is not a JSON object"),
        (index('{"manifests": 5}'), "list of manifests that is not a list"),
        (index("[]"), "manifest that is not a JSON object"),
        (platform('"linux"'), "has a platform"),
        (platform('{"os": ["a"]}'), "which is none"),
        (manifest('{"config": "x", "layers": ["y"]}'), "that is not a JSON object"),
        (manifest('{"config": {}, "layers": "y"}'), "list of layers that is not a list"),
        (manifest('{"config": ["x"], "layers": []}'), "that is not a JSON object"),
        (config("Infinity"), "which is no size"),
        (config("-5"), "which is no size"),
        (config('"5"'), "which is no size"),
        (config("1" + "0" * 40), "which is no size"),
        (manifest("[" * 200_000), "that is not JSON, or nested too deeply"),
        (manifest("\ud800".encode("utf-16", "surrogatepass").hex()), "that is not"),
        (login('Bearer realm="http://a:b/x"'), "wants the login at http://a:b/x"),
        (login('Bearer realm="http://[x/y"'), "which is not a URL"),
        (login('Bearer service="hub"'), "its challenge has no realm"),
        (login("Negotiate"), "a kind that Sealift does not know: negotiate"),
        (moved("http://[x/y"), "leads to http://[x/y, which is not a URL"),
        (moved("http://x:y/y"), "leads to http://x:y/y, which is not a URL"),
        (moved("http://a..b/y"), "which is not a URL"),
        ((503, {"Retry-After": "\u00b2"}, b""), "answers 503"),
        ((400, {}, b"[" * 4000), "answers 400: Bad Request"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_an_error_of_the_registry(answer: Answer, says: str) -> None:
    with (
        answering(lambda _: answer) as host,
        Registries(host, plain_http=[host]) as registries,
    ):
        found, (failure,) = read([f"{host}/acme/app:1"], registries, 4)
    assert found == {}
    assert says in str(failure.error)


def test_what_a_registry_says_stays_on_its_line() -> None:
    body = b'{"errors": [{"message": "\\u001b[31mhello\\nerror: forged"}]}'
    with (
        answering(lambda _: (400, {}, body)) as host,
        Registry(host, plain_http=True) as client,
        pytest.raises(RegistryError) as caught,
    ):
        client.manifest("acme/app", "1")
    assert str(caught.value).endswith(r"answers 400: \u001b[31mhello\u000aerror: forged")


def test_a_length_that_is_no_number() -> None:
    headers = {"Content-Type": MANIFEST, "Docker-Content-Digest": NONE}

    class Handler(SiteHandler):
        def do_HEAD(self) -> None:  # noqa: N802
            self.send_response(200)
            for name, value in (*headers.items(), ("Content-Length", "\u00b2")):
                self.send_header(name, value)
            self.end_headers()

    site = Site()
    with (
        serving(partial(Handler, site), site, None) as url,
        Registry(url.removeprefix("http://"), plain_http=True) as client,
    ):
        found = client.resolve("acme/app", "1")
    assert found is not None
    assert (found.digest, found.size) == (NONE, 0)


@pytest.mark.parametrize("token", [b"[1]", b'"x"', b'{"token": 5}', b'{"token": "a\\nX: b"}'])
def test_a_token_that_is_none(token: bytes) -> None:
    def answer(handler: SiteHandler) -> Answer:
        if handler.path.startswith("/token"):
            return 200, {}, token
        return login(f'Bearer realm="http://{handler.headers["Host"]}/token"')

    with (
        answering(answer) as host,
        Registry(host, plain_http=True) as client,
        pytest.raises(RegistryError, match="gives a token that"),
    ):
        client.manifest("acme/app", "1")


def test_an_index_of_indexes_without_end() -> None:
    level = {"mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": NONE}]}
    bodies: dict[str, bytes] = {}
    name = "1"
    for _ in range(4):
        body = json.dumps(level).encode()
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        bodies[digest] = bodies["1"] = body
        level = {"mediaType": INDEX, "manifests": [{"mediaType": INDEX, "digest": digest}]}
    with (
        answering(lambda h: index(bodies[h.path.rpartition("/")[2]].decode())) as host,
        Registries(host, plain_http=[host]) as registries,
    ):
        found, (failure,) = read([f"{host}/acme/app:{name}"], registries, 4)
    assert found == {}
    assert "more than 3 deep" in str(failure.error)


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_an_image_is_checked_by_the_algorithm_of_its_digest(algorithm: str) -> None:
    digest = f"{algorithm}:{hashlib.new(algorithm, GOOD).hexdigest()}"
    bodies = {digest: GOOD}
    with (
        answering(lambda h: manifest(bodies[digest].decode())) as host,
        Registry(host, plain_http=True) as client,
    ):
        assert client.manifest("acme/app", digest) == GOOD
        bodies[digest] = GOOD + b" "
        with pytest.raises(DamagedError, match=f"gives {algorithm}:"):
            client.manifest("acme/app", digest)


def test_an_algorithm_that_cannot_be_checked_is_refused() -> None:
    with (
        answering(lambda _: manifest(GOOD.decode())) as host,
        Registry(host, plain_http=True) as client,
        pytest.raises(RegistryError, match="md5:00 is by an algorithm that cannot be checked"),
    ):
        client.manifest("acme/app", "md5:00")


def test_ways_that_lead_elsewhere_carry_what_is_asked_and_no_login() -> None:
    seen: list[tuple[str | None, str | None]] = []

    def storage(handler: SiteHandler) -> Answer:
        seen.append((handler.headers["Accept"], handler.headers["Authorization"]))
        if handler.path.startswith("/first"):
            return moved("second?n=1")  # relative to where it stands
        return manifest(GOOD.decode()) if handler.path == "/second?n=1" else (404, {}, b"")

    with answering(storage) as other:

        def answer(handler: SiteHandler) -> Answer:
            if not handler.headers["Authorization"]:
                return login("Basic realm=x")
            return moved(f"http://{other}/first")

        with (
            answering(answer) as host,
            Registry(host, login=Login(username="u", password="p"), plain_http=True) as client,
        ):
            found = client.pull("acme/app", "1")
    assert found is not None
    assert (found.body, found.media_type) == (GOOD, MANIFEST)
    assert seen == [(ACCEPT, None)] * 2


def test_a_circle_ends() -> None:
    asked: list[str] = []

    def answer(handler: SiteHandler) -> Answer:
        asked.append(handler.path)
        return moved(handler.path)

    with (
        answering(answer) as host,
        Registry(host, plain_http=True) as client,
        pytest.raises(RegistryError, match="more than 5 times"),
    ):
        client.manifest("acme/app", "1")
    assert len(asked) == 6


def test_no_way_leads_off_tls(tmp_path: Path) -> None:
    """Neither from the registry nor from where it leads; from a plain registry to TLS it may."""
    ca = certificate_authority(tmp_path / "ca")
    asked: list[str] = []

    class Secure(SiteHandler):
        def do_GET(self) -> None:  # noqa: N802
            asked.append(self.path)
            self.reply(307, b"", {"Location": f"http://{self.headers['Host']}/plain"})

    site = Site()
    with serving(partial(Secure, site), site, ca) as url:
        host = url.removeprefix("https://")
        with (
            Registry(host, ca_file=ca.certificate) as client,
            pytest.raises(RegistryError, match="which is not safe"),
        ):
            client.manifest("acme/app", "1")
        assert asked == ["/v2/acme/app/manifests/1"]
    plain = Routes("registry.example.com", None)
    assert plain.safe("https://x.example.com/a", "leads to").scheme == "https"
    with pytest.raises(RegistryError, match=r"http://y\.example\.com, which is not safe"):
        plain.safe("http://y.example.com/b", "leads to", base="https://x.example.com/a")
    assert type(plain.connect("https", "x.example.com")).__name__ == "HTTPSConnection"


@pytest.mark.parametrize(
    ("headers", "scheme", "realm"),
    [
        (["Negotiate", 'Basic realm="a"'], "basic", "a"),
        (['Basic realm="a"', 'Bearer realm="https://t/", scope="r:a:pull,push"'], "bearer", "https://t/"),
        (['Negotiate YWJj==, bearer REALM=https://t/ , Basic realm="a"'], "bearer", "https://t/"),
        (['Bearer service="x"', "Basic realm=a"], "basic", "a"),
        ([r'Basic realm="a \"b\", c"'], "basic", 'a "b", c'),
    ],
)  # fmt: skip
def test_the_login_that_is_chosen(headers: list[str], scheme: str, realm: str) -> None:
    found = chosen(challenges(headers))
    assert found is not None
    assert (found.scheme, found.fields["realm"]) == (scheme, realm)


def test_no_login_is_chosen_where_none_is_known() -> None:
    assert chosen(challenges(["Negotiate", 'Bearer service="x"', "=,="])) is None
