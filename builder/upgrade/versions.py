"""A version is set where it stands, or by a patch where that would move other environments."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from builder.core.errors import ConfigurationError
from builder.files import read_bytes, shown, write_bytes
from builder.upgrade import places
from builder.upgrade.others import Others, look, moved
from builder.upgrade.places import Found, Place
from builder.workspace import Overlay


def set_in(
    overlay: Overlay, found: Found, version: str, others: Others, *, in_base: bool
) -> str | None:
    """Set the version of a chart; return the place, None when it stands there already.

    Unless ``in_base``, no other environment moves, but for those that are built on this one. Raises
    ConfigurationError when there is no place for it.
    """
    if in_base:
        return _set_in_base(overlay, found, version)
    place = found.place
    if place is not None and _set(overlay, found, place, version, others):
        return _shown(overlay, place)
    places.set_by_patch(overlay, found, version)
    return shown(overlay.folder / places.FILE, overlay.root)


def _set(overlay: Overlay, found: Found, place: Place, version: str, others: Others) -> bool:
    """Set a version at a place, when that moves nobody but those that would move anyway."""
    before = read_bytes(place.path, overlay.root)
    if not places.set_version(overlay, found, place, version):
        return False
    if place.path.is_relative_to(overlay.folder):
        return True
    now = look(overlay, overlay.root, found.chart.name)
    if set(moved(others, now)) <= set(now.above) and not now.unknown:
        return True
    write_bytes(place.path, before)
    return False


def _set_in_base(overlay: Overlay, found: Found, version: str) -> str | None:
    """Set the version in the resource itself, and take away what sets another one above."""
    path = found.chart.version_at[1]
    place = places.own_place(overlay, found.owner, path)
    if place is None or not places.set_version(overlay, found, place, version):
        raise ConfigurationError(
            f"no file of the base has the version of {found.chart.name} as a value of its own",
            where=found.owner.origin.source,
            hint="leave --base out, and it is set by a patch of this environment alone",
        )
    above = found.place
    if above is not None and above.operation is not None:
        if above.path == overlay.folder / places.FILE and places.patched_charts(overlay) == 1:
            places.drop_patch(overlay)
        elif not places.set_version(overlay, found, above, version):
            raise ConfigurationError(
                "sets another version above the base's",
                where=above.operation.place,
                hint="take it out, or change it yourself",
            )
    return _shown(overlay, place)


def _shown(overlay: Overlay, place: Place) -> str:
    line = f":{place.line}" if place.line else ""
    return f"{shown(place.path, overlay.root)}{line}"


@contextmanager
def set_back(overlay: Overlay, charts: Sequence[Found], version: str) -> Iterator[bool]:
    """Let charts have an older version inside of the block; False where no text can be changed."""
    paths = {one.place.path for one in charts if one.place is not None}
    kept = {path: read_bytes(path, overlay.root) for path in paths}
    try:
        yield all(
            one.place is not None and places.set_version(overlay, one, one.place, version)
            for one in charts
        )
    finally:
        for path, content in kept.items():
            write_bytes(path, content)


def checked(now: Sequence[Found], wanted: Sequence[Found], version: str) -> list[Found]:
    """Return the charts as they are now; raise ConfigurationError when one has another version."""
    ids = {one.chart.resource.id for one in wanted}
    found = [
        one for one in now
        if one.chart.resource.id in ids and one.chart.name == wanted[0].chart.name
    ]  # fmt: skip
    for one in found:
        if one.chart.version != version:
            raise ConfigurationError(
                f"{one.chart.resource.id} has version {one.chart.version} still",
                where=one.chart.resource.origin.source,
                hint="something sets it again: a replacement, or a transformer of kustomize",
            )
    return found
