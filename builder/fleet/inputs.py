"""Every file that a build may read, under one digest.

Those are all files in the folders of an environment's kustomizations, of the environments that it
extends, of its base with all charts. What more than files decides has no digest: certificates
expire.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder.core.errors import ConfigurationError
from builder.files import fingerprint

if TYPE_CHECKING:
    from builder.workspace import Overlay


class Inputs(msgspec.Struct, frozen=True):
    """What a build may read: paths below the root, and one SHA-256 over all that stands there.

    With ``timeless`` false, the time decides as well.
    """

    paths: tuple[str, ...]
    digest: str
    timeless: bool = True


def inputs(overlay: "Overlay") -> Inputs | None:
    """Return what the build of an environment may read; None where that has no digest.

    Raises ConfigurationError as :func:`builder.sources.tree` does.
    """
    from builder import certificates, sources  # who only asks for what is kept needs none of it

    found = {overlay.folder, overlay.base.folder}
    found.update(overlay.root / path for path in overlay.environment.certificates)
    for kustomization in sources.tree(overlay.folder, overlay.root):
        found.add(kustomization.folder)
        found.update(sources.files(kustomization))
        found.update(chart.folder for chart in sources.helm_charts(kustomization))
    if not all(path.is_relative_to(overlay.root) for path in found):
        return None
    paths = sorted(path.relative_to(overlay.root).as_posix() for path in _outermost(found))
    timeless = certificates.load(overlay) == certificates.Trusted()
    return sealed(overlay.root, paths, timeless=timeless)


def _outermost(paths: Iterable[Path]) -> Iterator[Path]:
    """Leave out what stands in another of the folders."""
    last = None
    for path in sorted(paths):
        if last is None or not path.is_relative_to(last):
            yield path
            last = path


def sealed(root: Path, paths: Sequence[str], *, timeless: bool = True) -> Inputs | None:
    """Return the paths with the digest of what stands there now; None when that has no digest."""
    total = hashlib.sha256()
    try:
        for path in paths:
            total.update(f"{path}\0".encode() + fingerprint(root / path))
    except (OSError, ConfigurationError):
        return None
    return Inputs(paths=tuple(paths), digest=total.hexdigest(), timeless=timeless)
