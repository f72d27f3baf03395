"""A bundle becomes an OCI artifact that Flux's ``OCIRepository`` reads.

Media types as ``flux push artifact`` has them (fluxcd.io/flux/cheatsheets/oci-artifacts). The
artifact names neither time nor source commit: the same bundle is the same digest. Its title is the
environment: a tag that has another's, or no artifact of Sealift's, is not replaced.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.core import tarball
from builder.core.errors import ConfigurationError
from builder.tools import docker_config
from builder.tools.registry import MANIFEST, Manifest, Registry

CONFIG = "application/vnd.cncf.flux.config.v1+json"
CONTENT = "application/vnd.cncf.flux.content.v1.tar+gzip"
TITLE = "org.opencontainers.image.title"
_REFERENCE = re.compile(
    r"oci://(?P<host>[A-Za-z0-9.-]+(?::[0-9]+)?)/(?P<repository>[a-z0-9._/-]+)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """What was pushed: the reference, its digest, and whether the tag had it before."""

    reference: str
    digest: str
    changed: bool


def publish_oci(
    files: Mapping[str, bytes], reference: str, *, environment: str, dry_run: bool = False
) -> Artifact:
    """Push a bundle to ``oci://host/repository[:tag]``; without a tag, the environment's name.

    Logins come from Docker's and Podman's files. Raises ConfigurationError, also for a tag that is
    another's, and ToolError.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ConfigurationError(
            f"{reference!r} is not an OCI reference", hint="write oci://host/repository:tag"
        )
    host, repository, tag = match["host"], match["repository"], match["tag"] or environment
    ca_file = os.environ.get("SEALIFT_CA_FILE")
    with Registry(
        host,
        login=docker_config.find(host, own=host, named=True),
        ca_file=Path(ca_file) if ca_file else None,
        plain_http=os.environ.get("SEALIFT_PLAIN_HTTP") == "1",
    ) as registry:
        blobs, manifest = _artifact(files, environment)
        before = registry.pull(repository, tag)
        if before is not None:
            _check_owner(before, environment, f"oci://{host}/{repository}:{tag}")
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        if not dry_run:
            for blob in blobs:
                registry.push_blob(repository, blob)
            registry.push_manifest(repository, tag, manifest)
    return Artifact(
        reference=f"oci://{host}/{repository}:{tag}",
        digest=digest,
        changed=before is None or before.digest != digest,
    )


def _check_owner(before: Manifest, environment: str, reference: str) -> None:
    """Raise ConfigurationError when a tag holds what is not an artifact of this environment."""
    try:
        manifest = json.loads(before.body)
    except (ValueError, RecursionError):
        manifest = None
    parts = manifest if isinstance(manifest, dict) else {}
    config, notes = (
        part if isinstance(part, dict) else {}
        for part in (parts.get("config"), parts.get("annotations"))
    )
    owner = notes.get(TITLE) if config.get("mediaType") == CONFIG else None
    if owner == environment:
        return
    raise ConfigurationError(
        f"the tag holds the bundle of {owner}, not of {environment}"
        if owner
        else "the tag holds something that Sealift did not push, as an image",
        where=reference,
        hint="name another tag or repository; where the environment was renamed, delete the tag "
        "from the registry first",
    )


def _artifact(files: Mapping[str, bytes], environment: str) -> tuple[list[bytes], bytes]:
    """Return the blobs of an artifact, and its manifest."""
    config, layer = b"{}", tarball.write(files)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(CONFIG, config),
        "layers": [_descriptor(CONTENT, layer)],
        "annotations": {TITLE: environment},
    }
    body = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    return [layer, config], body


def _descriptor(media_type: str, blob: bytes) -> dict[str, str | int]:
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    return {"mediaType": media_type, "digest": digest, "size": len(blob)}
