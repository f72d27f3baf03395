"""HTTP chart repositories: the index, and the archives that it names."""

import base64
import hashlib
import http.client
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builder.core import versions as chart_versions
from builder.core import yaml
from builder.core.errors import ConfigurationError, ToolError, nearest
from builder.tools.bound import bound

MAX_INDEX = 64 * 1024 * 1024
MAX_ARCHIVE = 100 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Credentials for a repository, and the certificates that it is trusted by.

    ``host_in`` is the variable that says for which host they are, ``named`` a URL of the command
    line that stands for it; without a variable they are for every host.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    host_in: str = ""
    named: str = ""

    def counts_for(self, url: str, *, plain_http: bool = False) -> bool:
        """Tell whether there are any, and for ``url``. Raises ConfigurationError when unsaid."""
        if not self.username or not self.host_in:
            return bool(self.username)
        web = "http" if plain_http else "https"
        return bound(
            self.host_in,
            re.sub(r"^oci(?=://)", web, url),
            credentials="SEALIFT_CHARTS_PASSWORD",
            named=re.sub(r"^oci(?=://)", web, self.named),
        )


def check_url(url: str) -> None:
    """Raise ConfigurationError when ``url`` is no chart repository, or holds credentials."""
    try:
        parts = urllib.parse.urlsplit(url)
        good = parts.scheme in ("http", "https", "oci") and parts.hostname and " " not in url
        secret = "@" in parts.netloc
        if not secret:
            _ = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{url} is not a URL: {error}") from error
    if secret:
        raise ConfigurationError(
            "the chart repository's URL holds credentials, and would be locked with them",
            hint="set SEALIFT_CHARTS_USERNAME and SEALIFT_CHARTS_PASSWORD",
        )
    if not good:
        raise ConfigurationError(
            f"{url} is not a chart repository", hint="name one by https://, http:// or oci://"
        )


def fetch(repository: str, name: str, version: str, login: Login) -> bytes:
    """Return the archive of a chart, checked against the index's digest.

    Raises ToolError when the repository cannot be read or does not have the chart.
    """
    index_url = repository.rstrip("/") + "/index.yaml"
    index = _index(_get(index_url, repository, login, MAX_INDEX), index_url)
    versions = index.get(name)
    if not versions:
        near = nearest(name, list(index))
        raise ToolError(
            f"{repository} has no chart {name}", hint=f"did you mean {near}?" if near else None
        )
    entry = next((e for e in versions if str(e.get("version")) == version), None)
    if entry is None:
        known = [str(e.get("version")) for e in versions]
        raise ToolError(
            f"{repository} has no {name} {version}",
            hint=chart_versions.near(version, known) or None,
        )
    urls = entry.get("urls")
    if not isinstance(urls, list) or not urls:
        raise ToolError(f"{index_url} names no URL for {name} {version}")
    try:
        url = urllib.parse.urljoin(repository.rstrip("/") + "/", str(urls[0]))
    except ValueError as error:
        raise ToolError(f"{index_url} names {urls[0]}: {error}") from error
    if repository.startswith("https:") and not entry.get("digest"):
        _check_safe(url, f"{index_url} has no digest of {name} {version}, and names")
    data = _get(url, repository, login, MAX_ARCHIVE)
    expected = str(entry.get("digest") or "").removeprefix("sha256:")
    found = hashlib.sha256(data).hexdigest()
    if expected and expected != found:
        raise ToolError(
            f"{url} is not what {index_url} says: sha256 {found}, but the index has {expected}",
            hint="the archive was changed, or the index is old: ask who keeps the repository",
        )
    return data


def digests(repository: str, login: Login) -> dict[tuple[str, str], str]:
    """Return the digest of each chart, by name and version, that the repository's index has.

    A digest is ``sha256:`` and hexadecimal; empty where the index has none. Raises ToolError.
    """
    url = repository.rstrip("/") + "/index.yaml"
    index = _index(_get(url, repository, login, MAX_INDEX), url)
    return {
        (name, str(entry.get("version"))): f"sha256:{digest}" if digest else ""
        for name, versions in index.items()
        for entry in versions
        for digest in [str(entry.get("digest") or "").removeprefix("sha256:")]
    }


def upload(repository: str, data: bytes, login: Login, *, replace: bool = False) -> None:
    """Push an archive through the API of ChartMuseum, below ``/api`` before the repository's path.

    Without ``replace``, a version that is there already is an error. Raises ToolError.
    """
    parts = urllib.parse.urlsplit(repository.rstrip("/"))
    query = "force" if replace else ""
    url = urllib.parse.urlunsplit(
        (parts.scheme, parts.netloc, f"/api{parts.path}/charts", query, "")
    )
    _get(url, repository, login, MAX_INDEX, data)


def _index(data: bytes, url: str) -> dict[str, list[dict[str, Any]]]:
    try:
        documents = yaml.load_all(data.decode("utf-8", "replace"), source=url)
    except ConfigurationError as error:
        raise ToolError(str(error)) from error
    entries = (
        documents[0].value.get("entries")
        if documents and isinstance(documents[0].value, dict)
        else None
    )
    if not isinstance(entries, dict):
        raise ToolError(f"{url} is not the index of a chart repository")
    return {
        name: [entry for entry in versions if isinstance(entry, dict)]
        for name, versions in sorted(entries.items())
        if isinstance(versions, list)
    }


def _get(url: str, repository: str, login: Login, limit: int, body: bytes | None = None) -> bytes:
    """Fetch ``url``, or post a body to it; credentials go to the repository's own host only."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ToolError(f"{url} is neither http nor https")
    headers = {"User-Agent": "sealift", "Content-Type": "application/octet-stream"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - checked
    if _origin(url) == _origin(repository) and login.counts_for(url):
        pair = f"{login.username}:{login.password}".encode()
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(pair).decode())
    secure = urllib.request.HTTPSHandler(context=_context(login.ca_file))
    try:
        with urllib.request.build_opener(secure, _Redirects).open(request, timeout=60) as response:
            data: bytes = response.read(limit + 1)
    except urllib.error.HTTPError as error:
        error.close()
        hints = {
            401: "set SEALIFT_CHARTS_USERNAME and SEALIFT_CHARTS_PASSWORD",
            403: "the account may not read this chart",
            404: "is it a chart repository?",
            405: "it takes no uploads: write a folder (--charts-to), and put that there",
            409: "another archive has this version: replace it with --replace, or find out why",
        }
        raise ToolError(
            f"{url} answers {error.code} {error.reason}", hint=hints.get(error.code)
        ) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ToolError(
            f"cannot fetch {url}: {reason}",
            hint="name the file of its certificate authority in SEALIFT_CA_FILE"
            if isinstance(reason, ssl.SSLCertVerificationError)
            else "is the repository reachable from here?",
        ) from error
    if len(data) > limit:
        raise ToolError(f"{url} is larger than {limit // 2**20} MiB")
    return data


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but from TLS to TLS only: what comes without it may be anybody's."""

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:
        """Return the request for the place that another leads to."""
        request, place = args[0], args[-1]
        if request.type == "https":
            _check_safe(place, f"{request.full_url} leads to")
        return super().redirect_request(*args)


def _check_safe(url: str, does: str) -> None:
    """Raise ToolError for a place without TLS, where something with TLS leads to."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https":
        raise ToolError(
            f"{does} {parts.scheme}://{parts.hostname}, which is not safe",
            hint="a chart repository with TLS may not lead to a place without it",
        )


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigurationError(
            f"SEALIFT_CA_FILE: {ca_file} holds no certificates: {error.strerror or error}"
        ) from error


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc
