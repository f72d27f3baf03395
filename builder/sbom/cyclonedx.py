"""CycloneDX 1.6, by cyclonedx-python-lib."""

from builder.core.lock import Lock
from builder.sbom.parts import needs, parts, serial


def write(lock: Lock, tree: str) -> str:
    """Return the JSON of a lock; ``tree`` is the Git tree id of its bundle.

    The bundle depends on its charts and images, a chart on the images that its render pulls. Raises
    ConfigurationError when the extra is not installed.
    """
    needs("cyclonedx", "sbom")
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from packageurl import PackageURL

    types = {"chart": ComponentType.APPLICATION, "image": ComponentType.CONTAINER}
    listed = parts(lock)
    components = {
        part.ref: Component(
            name=part.name,
            version=part.version or None,
            type=types[part.kind],
            bom_ref=part.ref,
            purl=PackageURL.from_string(part.purl),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)]
            if part.sha256
            else [],
        )
        for part in listed
    }
    root = Component(
        name=lock.environment, version=tree, type=ComponentType.APPLICATION, bom_ref="bundle"
    )
    metadata = BomMetaData(component=root)
    # The library takes the clock where none is given; the specification asks for none.
    setattr(metadata, "timestamp", None)  # noqa: B010 - declared as one that is always there
    bom = Bom(components=components.values(), metadata=metadata, serial_number=serial(lock, tree))
    bom.register_dependency(root, components.values())
    for part in listed:
        bom.register_dependency(components[part.ref], [components[ref] for ref in part.depends])
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)
