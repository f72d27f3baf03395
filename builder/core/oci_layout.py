"""An OCI image layout as files: its index, and what its manifests refer to.

As the OCI image specification has it: github.com/opencontainers/image-spec, image-layout.md.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from builder.core.errors import ConfigurationError

LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEXES = (INDEX, DOCKER_LIST)
_MEDIA_TYPE = re.compile(r"[!-~]{1,255}")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """What the layout's index names: a manifest or an index, under the name of an image."""

    name: str
    digest: str
    media_type: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Below:
    """What a manifest refers to: manifests by media type, blobs by size."""

    manifests: Mapping[str, str]
    blobs: Mapping[str, int]


def index(roots: Iterable[Root]) -> bytes:
    """Write ``index.json``; containerd and skopeo find images by these annotations."""
    entries = [
        {
            "mediaType": root.media_type,
            "digest": root.digest,
            "size": root.size,
            "annotations": {
                "io.containerd.image.name": root.name,
                "org.opencontainers.image.ref.name": root.name,
            },
        }
        for root in sorted(roots, key=lambda r: r.name)
    ]
    value = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def below(body: bytes, media_type: str, *, source: str) -> Below:
    """Return what a manifest or an index refers to; raise ConfigurationError when it is neither.

    Layers that stand elsewhere (``urls``) are not counted.
    """
    try:
        value: Any = json.loads(body)
        if media_type in INDEXES:
            entries = value["manifests"]
            listed = {_digest(e): _media_type(e) for e in entries}
            return Below(manifests=listed, blobs={})
        layers = [value["config"], *value.get("layers", [])]
        blobs = {_digest(e): int(e["size"]) for e in layers if not e.get("urls")}
    except (KeyError, TypeError, ArithmeticError, ValueError, AttributeError, RecursionError) as e:
        raise ConfigurationError("is not a manifest", where=source) from e
    return Below(manifests={}, blobs=blobs)


def _media_type(entry: Mapping[str, Any]) -> str:
    """Return the media type of a descriptor; it becomes a header, and may hold no line end."""
    media_type = str(entry["mediaType"])
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise ValueError(media_type)
    return media_type


def _digest(entry: Mapping[str, Any]) -> str:
    digest = str(entry["digest"])
    if not _SHA256.fullmatch(digest):
        raise ValueError(digest)
    return digest
