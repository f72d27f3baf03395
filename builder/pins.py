"""What the lock of images pins: digests in the patches, digests in the bundle's lock."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import msgspec

from builder.core import images_lock
from builder.core.findings import Finding
from builder.core.image import parse
from builder.core.images_lock import FILE, ImagesLock
from builder.core.references import Reference
from builder.core.verify import leaves
from builder.files import decode, read_bytes, shown
from builder.workspace import Overlay


def load(overlay: Overlay) -> ImagesLock | None:
    """Return the lock of an environment; None when there is none. Raises ConfigurationError."""
    path = overlay.folder / FILE
    if not path.is_file():
        return None
    source = shown(path, overlay.root)
    return images_lock.load(decode(read_bytes(path, overlay.root), source), source=source)


def pinned(overlay: Overlay) -> Overlay:
    """Return the environment with the digests of its lock as pins, where it wants them.

    Each pin is for one name with its tag, and keeps the tag. Pins of people's own win.
    """
    environment = overlay.environment
    lock = load(overlay) if environment.digests else None
    if lock is None:
        return overlay
    pins: dict[str, str] = {}
    for entry in lock.images:
        for text in (entry.source, entry.image):
            name = parse(text)
            if name is not None and not name.digest:
                tag = f"{name.tag}@" if name.tag and not name.floating else ""
                pins[text] = f"{tag}{entry.digest}"
    changed = msgspec.structs.replace(environment, pins=pins | environment.pins)
    return replace(overlay, environment=changed)


def findings(
    overlay: Overlay, lock: ImagesLock | None, references: Iterable[Reference]
) -> Iterator[Finding]:
    """Hold the images of a build against the lock.

    With a lock, an image that it does not have, or has by another digest, is an error. Where the
    environment wants digests, there has to be a lock, and each image without a digest is a warning.
    """
    place = shown(overlay.folder / FILE, overlay.root)
    wants = overlay.environment.digests
    if lock is None and wants:
        yield Finding(
            code="no-images-lock",
            subject=place,
            place="environment.yaml digests",
            cause="digests are to be pinned, and nothing says which",
            hint=f"run `sealift lock {overlay.name}`, then `sealift airgap {overlay.name}`",
        )
    if lock is None:
        return
    for reference in references:
        name = reference.image
        concerns = name is not None and not reference.comment and not reference.origin.test_hook
        if not concerns or name is None or leaves(reference, overlay.environment):
            continue
        where = f"{reference} ({reference.origin.template or reference.origin.source})"
        entry = lock.find(str(name))
        if entry is None:
            other = lock.find(str(replace(name, digest="")))
            yield _not_locked(overlay, reference, where, other.digest if other else "")
        elif wants and not name.digest:
            yield Finding(
                code="no-digest",
                severity="warning",
                subject=reference.value,
                place=where,
                cause="no value or patch gives it its digest: the registry decides what its tag is",
                hint=f"run `sealift airgap {overlay.name}`; where it stays so, the chart has no "
                "value that takes a digest: protect the tag in the registry",
            )


def _not_locked(overlay: Overlay, reference: Reference, where: str, known: str) -> Finding:
    cause = "the lock does not have it"
    if known:
        cause = f"the lock has it as {known}"
    return Finding(
        code="not-locked",
        subject=reference.value,
        place=where,
        cause=cause,
        hint=f"run `sealift lock {overlay.name}`, and review what it changes",
    )
