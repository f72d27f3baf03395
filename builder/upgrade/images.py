"""The lock of images during a move: made anew where registries answer, else said to be next."""

from collections.abc import Callable
from dataclasses import dataclass

from builder import pins
from builder.build import Build
from builder.closure import closure
from builder.core import images_lock
from builder.core.errors import SealiftError
from builder.core.findings import blocking
from builder.files import write_text
from builder.lock import renew
from builder.registries import Registries


@dataclass(frozen=True, kw_only=True, slots=True)
class Images:
    """What became of the lock: ``written``, or why `sealift lock` is to be run. Empty: nothing."""

    written: bool = False
    left: str = ""


def renew_lock(built: Build, opened: Callable[[str], Registries] | None) -> Images:
    """Lock the images of a build anew, where its environment has a lock that does not fit.

    ``opened`` returns the registries for an environment's own; None: they are not to be asked.
    """
    overlay = built.overlay
    before = pins.load(overlay)
    if before is None or {e.image for e in before.images} == {e.image for e in closure(built)}:
        return Images()
    if opened is None:
        return Images(left="its images are not those of the lock any more")
    try:
        with opened(overlay.environment.registry.host) as registries:
            renewal = renew(built, registries)
    except SealiftError as error:
        return Images(left=str(error))
    stopping = [finding for finding in renewal.findings if finding.severity == "error"]
    if blocking(stopping):
        first = stopping[0]
        more = f", and {len(stopping) - 1} more" if len(stopping) > 1 else ""
        return Images(left=f"{first.subject}: {first.cause}{more}")
    write_text(overlay.folder / images_lock.FILE, images_lock.dump(renewal.after))
    return Images(written=True)
