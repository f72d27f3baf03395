"""Container registries, as the OCI distribution specification has them.

One :class:`Registry` a host: it keeps a connection a thread, logs in when asked to (basic, or a
token from the realm that the registry names), retries what is said to pass, and never prints a
credential.
"""

import hashlib
import http.client
import json
import re
import ssl
import threading
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from builder.core.errors import ToolError
from builder.tools.docker_config import Login

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ACCEPT = ", ".join((INDEX, MANIFEST, DOCKER_LIST, DOCKER_MANIFEST))
_ATTEMPTS = 4
_TIMEOUT = 60
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """What a registry holds under a name: digest, media type and size in bytes."""

    digest: str
    media_type: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One answer: status, headers with lower-case names, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Registry:
    """A registry at a host; safe to use from several threads. A ``with`` closes its connections."""

    def __init__(
        self,
        host: str,
        *,
        login: Login | None = None,
        ca_file: Path | None = None,
        plain_http: bool = False,
    ) -> None:
        self.host = "registry-1.docker.io" if host == "docker.io" else host
        self.login = login
        self.plain_http = plain_http
        self._context = None if plain_http else ssl.create_default_context(cafile=ca_file)
        self._local = threading.local()
        self._tokens: dict[str, str] = {}
        self._connections: list[http.client.HTTPConnection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return what a tag or digest names; None when the registry has no such thing."""
        path = f"/v2/{repository}/manifests/{reference}"
        response = self.request("HEAD", path, repository, {"Accept": ACCEPT}, ok=(200, 404))
        if response.status == 404:
            return None
        digest = response.headers.get("docker-content-digest", "")
        size = int(response.headers.get("content-length") or 0)
        if not digest:  # an optional header: then the manifest itself tells
            body = self.manifest(repository, reference)
            digest, size = f"sha256:{hashlib.sha256(body).hexdigest()}", len(body)
        media_type = response.headers.get("content-type", "")
        return Descriptor(digest=digest, media_type=media_type, size=size)

    def manifest(self, repository: str, reference: str) -> bytes:
        """Return a manifest, checked against the digest where it is asked for by one."""
        path = f"/v2/{repository}/manifests/{reference}"
        body = self.request("GET", path, repository, {"Accept": ACCEPT}).body
        if reference.startswith("sha256:"):
            self._check(body, reference, f"{self.host}/{repository}")
        return body

    def blob(self, repository: str, digest: str) -> bytes:
        """Return a blob, checked against its digest."""
        body = self.request("GET", f"/v2/{repository}/blobs/{digest}", repository).body
        self._check(body, digest, f"{self.host}/{repository}")
        return body

    def has_blob(self, repository: str, digest: str) -> bool:
        """Tell whether the registry holds a blob."""
        path = f"/v2/{repository}/blobs/{digest}"
        return self.request("HEAD", path, repository, ok=(200, 404)).status == 200

    def push_blob(self, repository: str, data: bytes) -> Descriptor:
        """Push a blob that is not there yet."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if not self.has_blob(repository, digest):
            path = f"/v2/{repository}/blobs/uploads/"
            started = self.request("POST", path, repository, push=True, ok=(202,))
            location = started.headers.get("location", "")
            url = urllib.parse.urljoin(self._base(), location)
            if urllib.parse.urlsplit(url).netloc != self.host:
                raise ToolError(f"{self.host} wants a blob to be pushed to another host")
            target = url[len(self._base()) :]
            target += ("&" if "?" in target else "?") + urllib.parse.urlencode({"digest": digest})
            headers = {"Content-Type": "application/octet-stream"}
            self.request("PUT", target, repository, headers, data, push=True, ok=(201,))
        return Descriptor(digest=digest, media_type="", size=len(data))

    def push_manifest(
        self, repository: str, reference: str, body: bytes, media_type: str = MANIFEST
    ) -> Descriptor:
        """Push a manifest under a tag or digest."""
        path = f"/v2/{repository}/manifests/{reference}"
        headers = {"Content-Type": media_type}
        self.request("PUT", path, repository, headers, body, push=True, ok=(201,))
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        return Descriptor(digest=digest, media_type=media_type, size=len(body))

    def request(
        self,
        method: str,
        path: str,
        repository: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        push: bool = False,
        ok: tuple[int, ...] = (200,),
    ) -> Response:
        """Send a request, logged in for the repository; raise ToolError for another status."""
        scope = f"repository:{repository}:pull" + (",push" if push else "")
        authorised = dict(headers or {})
        if scope in self._tokens:
            authorised["Authorization"] = self._tokens[scope]
        response = self._patiently(method, path, authorised, body)
        if response.status == 401:
            self._tokens[scope] = self._authorise(response, scope)
            authorised["Authorization"] = self._tokens[scope]
            response = self._patiently(method, path, authorised, body)
        if response.status in (301, 302, 303, 307, 308) and method in ("GET", "HEAD"):
            response = self._elsewhere(response)
        if response.status not in ok:
            raise self._refused(repository, response)
        return response

    def _base(self) -> str:
        return f"{'http' if self.plain_http else 'https'}://{self.host}"

    def _patiently(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        """Send a request again when the connection breaks, or the registry says to come later."""
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            try:
                response = self._once(method, path, headers, body)
            except (OSError, http.client.HTTPException) as error:
                self._local.connection = None
                if last or isinstance(error, ssl.SSLCertVerificationError):
                    raise self._unreachable(error) from error
            else:
                if last or response.status not in (429, 500, 502, 503, 504):
                    return response
                wait = response.headers.get("retry-after", "")
                if wait.isdigit():
                    time.sleep(min(int(wait), 30))
                    continue
            time.sleep(0.1 * 2**attempt)
        raise AssertionError("unreachable")

    def _once(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect(self.host)
            self._connections.append(connection)
        connection.request(method, path, body, {"User-Agent": "sealift", **headers})
        answer = connection.getresponse()
        data = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Response(status=answer.status, headers=found, body=data)

    def _connect(self, host: str) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(host, timeout=_TIMEOUT)
        return http.client.HTTPSConnection(host, timeout=_TIMEOUT, context=self._context)

    def _elsewhere(self, response: Response) -> Response:
        """Follow a registry to its storage, which is given no credentials."""
        url = urllib.parse.urlsplit(
            urllib.parse.urljoin(self._base(), response.headers.get("location", ""))
        )
        if url.scheme != "https" and not (self.plain_http and url.scheme == "http"):
            raise ToolError(
                f"{self.host} leads to {url.scheme}://{url.hostname}, which is not safe"
            )
        connection = self._connect(url.netloc)
        try:
            connection.request("GET", f"{url.path}?{url.query}", headers={"User-Agent": "sealift"})
            answer = connection.getresponse()
            return Response(
                status=answer.status, headers=dict(answer.getheaders()), body=answer.read()
            )
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def _authorise(self, response: Response, scope: str) -> str:
        """Return what to send as Authorization, after a registry asked for it."""
        challenge = response.headers.get("www-authenticate", "")
        if challenge.lower().startswith("basic"):
            if self.login is None:
                raise self._denied()
            return "Basic " + self.login.basic()
        fields = dict(_CHALLENGE.findall(challenge))
        realm = urllib.parse.urlsplit(fields.get("realm", ""))
        if realm.scheme != "https" and not (self.plain_http and realm.scheme == "http"):
            raise self._denied()
        query = {"service": fields.get("service", ""), "scope": fields.get("scope") or scope}
        headers = {"Authorization": "Basic " + self.login.basic()} if self.login else {}
        token = self._token(realm, query, headers)
        if token is None:
            raise self._denied()
        return f"Bearer {token}"

    def _token(
        self, realm: urllib.parse.SplitResult, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> str | None:
        connection = self._connect(realm.netloc)
        try:
            path = f"{realm.path}?{urllib.parse.urlencode(query)}"
            connection.request("GET", path, headers={"User-Agent": "sealift", **headers})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                return None
            value: Any = json.loads(body)
            token = value.get("token") or value.get("access_token")
            return str(token) if token else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def _check(self, body: bytes, digest: str, name: str) -> None:
        found = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if found != digest:
            raise ToolError(
                f"{name} gives {found} for {digest}",
                hint="the registry's storage is damaged, or something in between changes content",
            )

    def _denied(self) -> ToolError:
        known = "the login is refused" if self.login else "a login is needed"
        return ToolError(
            f"{self.host}: {known}",
            hint="log in with docker, podman or skopeo, or set SEALIFT_REGISTRY_USERNAME and "
            "SEALIFT_REGISTRY_PASSWORD",
        )

    def _refused(self, repository: str, response: Response) -> ToolError:
        if response.status in (401, 403):
            return self._denied()
        try:
            said = json.loads(response.body)["errors"][0]["message"]
        except (ValueError, KeyError, IndexError, TypeError):
            said = http.client.responses.get(response.status, "")
        return ToolError(f"{self.host}/{repository} answers {response.status}: {said}".rstrip(": "))

    def _unreachable(self, error: Exception) -> ToolError:
        reason = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or error
        hint = "is the registry reachable from here?"
        if isinstance(error, ssl.SSLError):
            hint = "name the CA that signed its certificate in SEALIFT_CA_FILE"
        return ToolError(f"cannot reach the registry {self.host}: {reason}", hint=hint)
