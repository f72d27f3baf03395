"""HTTP chart repositories."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from builder.core.errors import ConfigurationError, ToolError
from builder.tools.charts import Login, check_url, digests, fetch
from tests.servers.chart_repository import chart_repository
from tests.servers.http_site import Site, SiteHandler, serving
from tests.servers.tls import CA, certificate_authority


class _Moved(SiteHandler):
    """Sends everybody elsewhere, or answers in a broken way."""

    def __init__(self, answer: bytes, *rest: Any) -> None:
        self._answer = answer
        super().__init__(*rest)

    def do_GET(self) -> None:  # noqa: N802
        self.admit()
        self.wfile.write(self._answer)
        self.close_connection = True


@contextmanager
def answering(answer: bytes, tls: CA | None = None) -> Iterator[str]:
    site = Site()
    with serving(partial(_Moved, answer, site), site, tls) as url:
        yield url


@pytest.fixture
def archives(vendored: Path) -> Path:
    return vendored / "base" / "wandb" / "charts"


def test_fetches_the_version_that_was_asked_for(archives: Path) -> None:
    with chart_repository(archives) as site:
        data = fetch(site.url + "/", "operator", "1.3.3", Login())
    assert data == (archives / "operator-1.3.3.tgz").read_bytes()
    assert [request.path for request in site.requests] == ["/index.yaml", "/operator-1.3.3.tgz"]


def moved_to(place: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {place}/index.yaml\r\n\r\n".encode()


def test_a_redirect_is_followed_without_the_password(archives: Path) -> None:
    login = Login(username="robot", password="hunter2")
    with chart_repository(archives, username="robot", password="hunter2") as site:
        with answering(moved_to(site.url)) as url, pytest.raises(ToolError, match="answers 401"):
            fetch(url, "operator", "1.3.3", login)
        assert [request.authorised for request in site.requests] == [False]


def test_a_repository_with_tls_leads_to_none_without_it(archives: Path, tmp_path: Path) -> None:
    ca = certificate_authority(tmp_path / "ca")
    login = Login(ca_file=ca.certificate)
    with chart_repository(archives) as site, chart_repository(archives, tls=ca) as safe:
        with answering(moved_to(safe.url), ca) as url:
            assert digests(url, login)
        said = r"leads to http://127\.0\.0\.1, which is not safe"
        with answering(moved_to(site.url), ca) as url, pytest.raises(ToolError, match=said):
            digests(url, login)
        assert site.requests == []


def test_without_a_digest_an_archive_comes_over_tls(archives: Path, tmp_path: Path) -> None:
    ca = certificate_authority(tmp_path / "ca")
    with chart_repository(archives) as site:
        body = f"entries: {{operator: [{{version: 1.3.3, urls: ['{site.url}/x.tgz']}}]}}\n"
        answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        said = "has no digest of operator 1.3.3, and names http://127.0.0.1, which is not safe"
        with answering(answer, ca) as url, pytest.raises(ToolError, match=said):
            fetch(url, "operator", "1.3.3", Login(ca_file=ca.certificate))
        assert site.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not http\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nshort",
        b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /index.yaml\r\n\r\n",
    ],
)
def test_a_server_that_answers_nonsense(answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(ToolError) as raised:
        fetch(url, "operator", "1.3.3", Login())
    assert "/index.yaml" in str(raised.value)


def test_an_index_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.tools.charts.MAX_INDEX", 1000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 100000
    with answering(answer) as url, pytest.raises(ToolError, match="is larger than"):
        fetch(url, "operator", "1.3.3", Login())


@pytest.mark.parametrize("url", ["https://charts.example.com", "oci://h:5000/x", "http://h/a@b"])
def test_urls_of_repositories(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize("url", ["https://a:b@h", "https://a@h/x", "oci://a:b@h", "//a@h"])
def test_urls_with_credentials(url: str) -> None:
    with pytest.raises(ConfigurationError, match="holds credentials"):
        check_url(url)
