"""Pushes small artifacts to a registry: charts as Helm does it, and images of one file."""

import base64
import gzip
import hashlib
import http.client
import io
import json
import random
import ssl
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
IMAGE_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


class Descriptor(TypedDict):
    """How a manifest names a blob or another manifest."""

    mediaType: str
    digest: str
    size: int


@dataclass(frozen=True)
class PushedImage:
    """``digest`` is what the tag names; ``manifests`` has the digest of each platform."""

    digest: str
    manifests: dict[str, str]


def push_chart(
    host: str,
    repository: str,
    version: str,
    archive_bytes: bytes,
    auth: tuple[str, str] | None = None,
    scheme: str = "http",
    cafile: Path | None = None,
) -> str:
    """Push a chart to ``repository``, whose last part is the chart's name; the digest."""
    name = repository.rpartition("/")[2]
    config = json.dumps({"apiVersion": "v2", "name": name, "version": version}).encode()
    with _session(host, repository, auth, scheme, cafile) as session:
        manifest = _manifest(
            session.push_blob(config, CHART_CONFIG),
            session.push_blob(archive_bytes, CHART_LAYER),
        )
        # A tag may hold no plus sign; Helm writes an underscore for it.
        return session.push_manifest(manifest, MANIFEST, version.replace("+", "_"))["digest"]


def push_image(
    host: str,
    repository: str,
    tag: str,
    platforms: tuple[str, ...] = ("linux/amd64",),
    auth: tuple[str, str] | None = None,
    scheme: str = "http",
    cafile: Path | None = None,
    filler: int = 0,
) -> PushedImage:
    """Push an image under a tag: a manifest for one platform, an index for several.

    ``filler`` adds so many bytes to each layer, that do not compress.
    """
    content = tag.encode() + random.Random(tag).randbytes(filler)
    with _session(host, repository, auth, scheme, cafile) as session:
        if len(platforms) == 1:
            pushed = _push_platform(session, content, platforms[0], tag)
            return PushedImage(pushed["digest"], {platforms[0]: pushed["digest"]})
        members = {p: _push_platform(session, content, p, None) for p in platforms}
        listed = [{**pushed, "platform": _platform(p)} for p, pushed in members.items()]
        index: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}
        digest = session.push_manifest(index, INDEX, tag)["digest"]
    return PushedImage(digest, {p: pushed["digest"] for p, pushed in members.items()})


@dataclass(frozen=True)
class _Session:
    connection: http.client.HTTPConnection
    repository: str
    headers: dict[str, str] = field(default_factory=dict)

    def push_blob(self, content: bytes, media_type: str) -> Descriptor:
        descriptor = _descriptor(content, media_type)
        location = self._request("POST", f"/v2/{self.repository}/blobs/uploads/", 202)
        address = urlsplit(location)
        query = "&".join(filter(None, [address.query, f"digest={descriptor['digest']}"]))
        octets = {"Content-Type": "application/octet-stream"}
        self._request("PUT", f"{address.path}?{query}", 201, content, octets)
        return descriptor

    def push_manifest(
        self, document: dict[str, Any], media_type: str, tag: str | None
    ) -> Descriptor:
        """Push under the tag, or under nothing but its digest."""
        content = json.dumps(document).encode()
        descriptor = _descriptor(content, media_type)
        path = f"/v2/{self.repository}/manifests/{tag or descriptor['digest']}"
        self._request("PUT", path, 201, content, {"Content-Type": media_type})
        return descriptor

    def _request(
        self,
        method: str,
        path: str,
        expected: int,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> str:
        """The Location of an answer with the expected status."""
        self.connection.request(method, path, body, self.headers | (headers or {}))
        answer = self.connection.getresponse()
        text = answer.read().decode(errors="replace")
        if answer.status != expected:
            raise RuntimeError(f"{method} {path}: {answer.status}, not {expected}: {text}")
        return answer.headers.get("Location", "")


@contextmanager
def _session(
    host: str, repository: str, auth: tuple[str, str] | None, scheme: str, cafile: Path | None
) -> Iterator[_Session]:
    connection = (
        http.client.HTTPConnection(host, timeout=30)
        if scheme == "http"
        else http.client.HTTPSConnection(
            host, timeout=30, context=ssl.create_default_context(cafile=cafile)
        )
    )
    headers = {}
    if auth is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
    try:
        yield _Session(connection, repository, headers)
    finally:
        connection.close()


def _push_platform(session: _Session, content: bytes, platform: str, tag: str | None) -> Descriptor:
    layer = _tar("platform.txt", content + f" for {platform}\n".encode())
    config = {
        **_platform(platform),
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    manifest = _manifest(
        session.push_blob(json.dumps(config).encode(), IMAGE_CONFIG),
        session.push_blob(gzip.compress(layer, mtime=0), IMAGE_LAYER),
    )
    return session.push_manifest(manifest, MANIFEST, tag)


def _manifest(config: Descriptor, layer: Descriptor) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}


def _descriptor(content: bytes, media_type: str) -> Descriptor:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _platform(text: str) -> dict[str, str]:
    """The parts of ``os/architecture`` or ``os/architecture/variant``."""
    return dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))


def _tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
