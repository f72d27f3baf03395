"""A bundle becomes an OCI artifact that Flux's ``OCIRepository`` reads.

Media types as ``flux push artifact`` has them (fluxcd.io/flux/cheatsheets/oci-artifacts). The
artifact names neither time nor source commit: the same bundle is the same digest.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.core import tarball
from builder.core.errors import ConfigurationError
from builder.tools import docker_config
from builder.tools.registry import MANIFEST, Descriptor, Registry

CONFIG = "application/vnd.cncf.flux.config.v1+json"
CONTENT = "application/vnd.cncf.flux.content.v1.tar+gzip"
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


def publish_oci(files: Mapping[str, bytes], reference: str, *, environment: str) -> Artifact:
    """Push a bundle to ``oci://host/repository[:tag]``; without a tag, the environment's name.

    Logins come from Docker's and Podman's files. Raises ConfigurationError and ToolError.
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
        login=docker_config.find(host),
        ca_file=Path(ca_file) if ca_file else None,
        plain_http=os.environ.get("SEALIFT_PLAIN_HTTP") == "1",
    ) as registry:
        digest, before = _push(registry, repository, tag, files, environment)
    return Artifact(
        reference=f"oci://{host}/{repository}:{tag}",
        digest=digest,
        changed=before is None or before.digest != digest,
    )


def _push(
    registry: Registry, repository: str, tag: str, files: Mapping[str, bytes], environment: str
) -> tuple[str, Descriptor | None]:
    """Push layer, config and manifest; return the digest, and what the tag named before."""
    layer = registry.push_blob(repository, tarball.write(files))
    config = registry.push_blob(repository, b"{}")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": config.digest, "size": config.size},
        "layers": [{"mediaType": CONTENT, "digest": layer.digest, "size": layer.size}],
        "annotations": {"org.opencontainers.image.title": environment},
    }
    body = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    before = registry.resolve(repository, tag)
    return registry.push_manifest(repository, tag, body).digest, before
