"""Container registries, as the OCI distribution specification has them.

One :class:`Registry` a host. It logs in when asked to, retries what is said to pass, checks all
content against its digest, and never prints a credential.
"""

import hashlib
import ssl
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from builder.core.errors import ConfigurationError
from builder.tools import answers
from builder.tools.checked_reader import CheckedReader, DamagedError
from builder.tools.docker_config import Login
from builder.tools.registry_errors import RegistryError
from builder.tools.registry_session import (
    ATTEMPTS,
    Body,
    Response,
    Session,
)

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ACCEPT = ", ".join((INDEX, MANIFEST, DOCKER_LIST, DOCKER_MANIFEST))
_ALGORITHMS = ("sha256", "sha384", "sha512")
_OCTETS = "application/octet-stream"

__all__ = ["MANIFEST", "Descriptor", "Manifest", "Registry", "RegistryError"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """What a registry holds under a name: digest, media type and size in bytes."""

    digest: str
    media_type: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A manifest or an index as the registry has it: its bytes, digest and media type."""

    body: bytes
    digest: str
    media_type: str


class Source(Protocol):
    """What a blob can be read from, as often as it takes."""

    def reading(
        self, digest: str, size: int, advanced: Callable[[int], None]
    ) -> AbstractContextManager[CheckedReader]:
        """Open a blob; ``advanced`` is told how many bytes each piece has."""


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
        self.session = Session(
            self.host, login=login, context=None if plain_http else _context(ca_file)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return what a tag or digest names; None when the registry has no such thing."""
        path = f"/v2/{repository}/manifests/{reference}"
        response = self.request("HEAD", path, repository, {"Accept": ACCEPT}, ok=(200, 404))
        if response.status == 404:
            return None
        digest = response.headers.get("docker-content-digest", "")
        size = answers.number(response.headers.get("content-length")) or 0
        if not digest:  # an optional header: then the manifest itself tells
            body = self.manifest(repository, reference)
            digest, size = _digest(body), len(body)
        media_type = response.headers.get("content-type", "")
        return Descriptor(digest=digest, media_type=media_type, size=size)

    def pull(self, repository: str, reference: str) -> Manifest | None:
        """Return the manifest or index that a tag or digest names; None when there is none.

        Asked for by a digest, its content is checked against that.
        """
        path = f"/v2/{repository}/manifests/{reference}"
        response = self.request("GET", path, repository, {"Accept": ACCEPT}, ok=(200, 404))
        if response.status == 404:
            return None
        said = response.headers.get("docker-content-digest", "")
        for expected in [reference] if ":" in reference else [said] if said else []:
            found = self._hashed(repository, response.body, expected)
            if expected != found:
                raise self._damaged(repository, found, expected)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        digest = _digest(response.body)
        return Manifest(body=response.body, digest=digest, media_type=media_type)

    def manifest(self, repository: str, reference: str) -> bytes:
        """Return a manifest's bytes, checked against the digest where it is asked for by one."""
        found = self.pull(repository, reference)
        if found is None:
            raise RegistryError(f"{self.host}/{repository} answers 404: has no {reference}")
        return found.body

    def blob(self, repository: str, digest: str) -> bytes:
        """Return a blob, checked against its digest."""
        with self.reading(repository, digest) as reader:
            body = reader.read(answers.MAX_BODY)
            if reader.read(1):
                raise RegistryError(f"{self.host}/{repository} has more than 64 MiB for {digest}")
            return body

    @contextmanager
    def reading(
        self,
        repository: str,
        digest: str,
        size: int | None = None,
        advanced: Callable[[int], None] | None = None,
    ) -> Iterator[CheckedReader]:
        """Open a blob; reading it to its end raises RegistryError when its content is another.

        ``advanced`` is told how many bytes each piece has; what it raises ends the reading.
        """
        path = f"/v2/{repository}/blobs/{digest}"
        with self.session.opened("GET", path, repository) as answer:
            yield CheckedReader(answer, digest, f"{self.host}/{repository}", size, advanced)

    def has_blob(self, repository: str, digest: str) -> bool:
        """Tell whether the registry holds a blob."""
        path = f"/v2/{repository}/blobs/{digest}"
        return self.request("HEAD", path, repository, ok=(200, 404)).status == 200

    def push_blob(self, repository: str, data: bytes) -> Descriptor:
        """Push a blob that is not there yet."""
        digest = _digest(data)
        if not self.has_blob(repository, digest):
            self._upload(repository, digest, data, len(data))
        return Descriptor(digest=digest, media_type="", size=len(data))

    def mount(self, repository: str, digest: str, other: str) -> bool:
        """Take a blob over from another repository of this registry; tell whether that worked."""
        query = urllib.parse.urlencode({"mount": digest, "from": other})
        path = f"/v2/{repository}/blobs/uploads/?{query}"
        answer = self.request("POST", path, repository, push=True, ok=(201, 202))
        return answer.status == 201

    def copy_blob(
        self,
        repository: str,
        digest: str,
        size: int,
        source: Source,
        advanced: Callable[[int], None],
    ) -> None:
        """Push a blob that is held elsewhere, without keeping it; again when that breaks off.

        The registry takes it only when its content is that of the digest. ``advanced`` is told the
        bytes that went through, minus those of an attempt that failed.
        """
        for attempt in range(ATTEMPTS):
            told: list[int] = []

            def tell(piece: int, told: list[int] = told) -> None:
                told.append(piece)
                advanced(piece)

            try:
                with source.reading(digest, size, tell) as reader:
                    self._upload(repository, digest, reader, size)
                    return
            except RegistryError as error:
                advanced(-sum(told))
                if attempt == ATTEMPTS - 1 or error.host or isinstance(error, DamagedError):
                    raise
            time.sleep(0.2 * 2**attempt)

    def _upload(self, repository: str, digest: str, body: Body, size: int) -> None:
        path = f"/v2/{repository}/blobs/uploads/"
        started = self.request("POST", path, repository, push=True, ok=(202,))
        does = f"{self.host} wants a blob at"
        base = answers.address(f"{self.session.scheme}://{self.host}", does)
        location = started.headers.get("location", "")
        url = answers.address(location, does, base=base.geturl() + path)
        # Behind a proxy, registries often have the scheme wrong: the host is what matters.
        if url.hostname != base.hostname or url.port not in (base.port, None, 443):
            raise RegistryError(f"{self.host} wants a blob to be pushed to another host")
        query = f"{url.query}&" if url.query else ""
        target = f"{url.path}?{query}{urllib.parse.urlencode({'digest': digest})}"
        headers = {"Content-Type": _OCTETS, "Content-Length": str(size)}
        self.request("PUT", target, repository, headers, body, push=True, ok=(201,))

    def push_manifest(
        self, repository: str, reference: str, body: bytes, media_type: str = MANIFEST
    ) -> Descriptor:
        """Push a manifest under a tag or digest."""
        path = f"/v2/{repository}/manifests/{reference}"
        headers = {"Content-Type": media_type}
        self.request("PUT", path, repository, headers, body, push=True, ok=(201,))
        return Descriptor(digest=_digest(body), media_type=media_type, size=len(body))

    def request(
        self,
        method: str,
        path: str,
        repository: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        *,
        push: bool = False,
        ok: tuple[int, ...] = (200,),
    ) -> Response:
        """Send a request, logged in for the repository; raise RegistryError for another status."""
        return self.session.request(method, path, repository, headers, body, push=push, ok=ok)

    def _hashed(self, repository: str, body: bytes, digest: str) -> str:
        """Return the digest of a body by the algorithm of another one."""
        algorithm = digest.partition(":")[0]
        if algorithm not in _ALGORITHMS:
            raise RegistryError(
                f"{self.host}/{repository}: {answers.shown(digest)} is by an algorithm that cannot "
                "be checked",
                hint=f"those that can: {', '.join(_ALGORITHMS)}",
            )
        return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"

    def _damaged(self, repository: str, found: str, digest: str) -> DamagedError:
        return DamagedError(f"{self.host}/{repository}", found, digest)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A repository in a registry."""

    registry: Registry
    repository: str

    def reading(
        self, digest: str, size: int, advanced: Callable[[int], None]
    ) -> AbstractContextManager[CheckedReader]:
        """Open a blob of the repository."""
        return self.registry.reading(self.repository, digest, size, advanced)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _context(ca_file: Path | None) -> ssl.SSLContext:
    """Trust what the machine trusts, and the certificates in a file."""
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            raise ConfigurationError(
                f"{ca_file} holds no certificates: {error.strerror or error}"
            ) from error
    return context
