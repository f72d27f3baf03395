"""SPDX 2.3, by spdx-tools."""

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from builder.core.errors import ConfigurationError
from builder.core.lock import Lock
from builder.sbom.parts import Part, needs, parts, serial

if TYPE_CHECKING:
    from spdx_tools.spdx.model.package import Package


def write(lock: Lock, tree: str) -> str:
    """Return the JSON of a lock; ``tree`` is the Git tree id of its bundle.

    The format asks for a time of creation: SOURCE_DATE_EPOCH (seconds, reproducible-builds.org),
    else the beginning of time. Raises ConfigurationError when the extra is not installed.
    """
    needs("spdx_tools", "spdx")
    from spdx_tools.spdx.jsonschema.document_converter import DocumentConverter
    from spdx_tools.spdx.model.actor import Actor, ActorType
    from spdx_tools.spdx.model.document import CreationInfo, Document
    from spdx_tools.spdx.model.relationship import Relationship, RelationshipType

    listed = parts(lock)
    ids = {part.ref: f"SPDXRef-{part.kind}-{number}" for number, part in enumerate(listed)}
    packages = [_root(lock, tree), *(_package(part, ids[part.ref]) for part in listed)]
    depends = RelationshipType.DEPENDS_ON
    relations = [
        Relationship("SPDXRef-DOCUMENT", RelationshipType.DESCRIBES, "SPDXRef-bundle"),
        *(Relationship("SPDXRef-bundle", depends, ids[part.ref]) for part in listed),
        *(
            Relationship(ids[part.ref], depends, ids[ref])
            for part in listed
            for ref in part.depends
        ),
    ]
    info = CreationInfo(
        spdx_version="SPDX-2.3",
        spdx_id="SPDXRef-DOCUMENT",
        name=lock.environment,
        document_namespace=f"urn:uuid:{serial(lock, tree)}",
        creators=[Actor(ActorType.TOOL, "sealift")],
        created=_created(),
    )
    converter = DocumentConverter()  # type: ignore[no-untyped-call]
    document = Document(info, packages=packages, relationships=relations)
    converted = converter.convert(document)
    return json.dumps(converted, indent=2, ensure_ascii=False)


def _root(lock: Lock, tree: str) -> "Package":
    from spdx_tools.spdx.model.package import Package, PackagePurpose
    from spdx_tools.spdx.model.spdx_no_assertion import SpdxNoAssertion

    return Package(
        spdx_id="SPDXRef-bundle",
        name=lock.environment,
        version=tree,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        primary_package_purpose=PackagePurpose.APPLICATION,
    )


def _package(part: Part, spdx_id: str) -> "Package":
    from spdx_tools.spdx.model.checksum import Checksum, ChecksumAlgorithm
    from spdx_tools.spdx.model.package import (
        ExternalPackageRef,
        ExternalPackageRefCategory,
        Package,
        PackagePurpose,
    )
    from spdx_tools.spdx.model.spdx_no_assertion import SpdxNoAssertion

    purposes = {"chart": PackagePurpose.APPLICATION, "image": PackagePurpose.CONTAINER}
    purl = ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", part.purl)
    return Package(
        spdx_id=spdx_id,
        name=part.name,
        version=part.version or None,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        checksums=[Checksum(ChecksumAlgorithm.SHA256, part.sha256)] if part.sha256 else [],
        external_references=[purl],
        primary_package_purpose=purposes[part.kind],
    )


def _created() -> datetime:
    text = os.environ.get("SOURCE_DATE_EPOCH", "0")
    try:
        return datetime.fromtimestamp(int(text), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigurationError(
            f"SOURCE_DATE_EPOCH {text!r} is not a number of seconds"
        ) from error
