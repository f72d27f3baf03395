"""Images of two locks compared: by the places at which they stand, then by their names."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from builder.core.diff.model import ImageAction, ImageChange
from builder.core.image import ImageName, parse
from builder.core.lock import LockedImage

_ORDER: dict[ImageAction, int] = {"moved": 0, "retagged": 1, "added": 2, "removed": 3}


def compare(
    before: Iterable[LockedImage],
    after: Iterable[LockedImage],
    in_registry: Mapping[str, bool] | None = None,
) -> tuple[ImageChange, ...]:
    """Return what becomes of the images.

    An image whose place has another one now moved, or was retagged when only tag or digest differ.
    ``in_registry`` tells what is known of the new ones.
    """
    old = {image.image: image for image in before}
    new = {image.image: image for image in after}
    pairs = _at_same_place(old, new)
    paired = {image for pair in pairs for image in pair}
    gone = [image for image in old if image not in new and image not in paired]
    come = [image for image in new if image not in old and image not in paired]
    for one, other in _of_same_name(gone, come):
        pairs[one, other] = new[other].used_by
        gone.remove(one)
        come.remove(other)
    changes = [
        *(ImageChange(action=_action(a, b), before=a, after=b, places=p)
          for (a, b), p in pairs.items()),
        *(ImageChange(action="added", after=i, places=new[i].used_by) for i in come),
        *(ImageChange(action="removed", before=i, places=old[i].used_by) for i in gone),
    ]  # fmt: skip
    known = in_registry or {}
    return tuple(
        sorted(
            (
                replace(c, digest=new[c.after].digest, in_registry=known.get(c.after))
                if c.after
                else c
                for c in changes
            ),
            key=lambda c: (_ORDER[c.action], c.before, c.after),
        )
    )


def _at_same_place(
    old: Mapping[str, LockedImage], new: Mapping[str, LockedImage]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the places at which one image stands for another now."""
    was, now = _by_place(old), _by_place(new)
    pairs: dict[tuple[str, str], tuple[str, ...]] = {}
    for place in sorted(was.keys() & now.keys()):
        gone, come = was[place] - now[place], now[place] - was[place]
        if len(gone) == len(come) == 1:
            key = (gone.pop(), come.pop())
            pairs[key] = (*pairs.get(key, ()), place)
    return pairs


def _by_place(images: Mapping[str, LockedImage]) -> dict[str, set[str]]:
    places: dict[str, set[str]] = {}
    for name, image in images.items():
        for place in image.used_by:
            places.setdefault(place, set()).add(name)
    return places


def _of_same_name(gone: list[str], come: list[str]) -> list[tuple[str, str]]:
    """Pair images of which what used them has another name too: by path, then by its last part."""
    pairs: list[tuple[str, str]] = []
    for part in (_whole, _last):
        for one in gone:
            if any(one == pair[0] for pair in pairs):
                continue
            rivals = [o for o in gone if part(o) == part(one)]
            found = [o for o in come if part(o) == part(one) and o not in {p[1] for p in pairs}]
            if part(one) and len(found) == 1 and len(rivals) == 1:
                pairs.append((one, found[0]))
    return pairs


def _whole(image: str) -> str:
    name = parse(image)
    return f"{name.registry}/{name.repository}" if name else ""


def _last(image: str) -> str:
    name = parse(image)
    return name.repository.rpartition("/")[2] if name else ""


def _action(before: str, after: str) -> ImageAction:
    old, new = parse(before), parse(after)
    if isinstance(old, ImageName) and isinstance(new, ImageName):
        same = (old.registry, old.repository) == (new.registry, new.repository)
        return "retagged" if same else "moved"
    return "moved"
