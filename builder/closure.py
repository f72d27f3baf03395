"""The images of an environment, with the names from which they are mirrored.

The bundle has mirrored names only. Their sources are read off the same environment without the
patches that `sealift airgap` wrote: each name there has one mirrored name, by
:mod:`builder.core.mirror`, and those that the build has are the closure.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from builder import pins
from builder.build import Build, collect
from builder.core import image as images
from builder.core import mirror
from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.first_order import target
from builder.core.hosts import is_inside
from builder.core.image import ImageName
from builder.core.references import Reference
from builder.expand import expand
from builder.render import FirstOrder, render
from builder.workspace import Overlay, find_overlay


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Wanted:
    """One image of the closure: the name that the cluster pulls, and that of its source.

    Both are whole references; ``image`` is without a digest that only the lock adds. ``source`` is
    empty where nobody knows it.
    """

    image: str
    source: str

    def name(self, side: str) -> str:
        """Return the name by which a side, ``source`` or ``mirror``, knows the image."""
        return self.image if side == "mirror" or not self.source else self.source


def closure(built: Build) -> list[Wanted]:
    """Return every image of a build with its source, sorted: as many as the build's lock has."""
    overlay = built.overlay
    known = sources(overlay)
    lock = pins.load(overlay)
    found = set()
    for locked in built.lock.images:
        name = images.parse(locked.image)
        if name is not None:
            entry = lock.find(locked.image) if lock and name.digest else None
            named = entry.image if entry else _only(name, known)
            whole = next((n for n in (_bare(name), str(name), named) if n in known), named)
            origin = known.get(whole) or _by_name(name, overlay.environment)
            found.add(Wanted(image=whole, source=origin or ""))
    return sorted(found)


def unready(wanted: Iterable[Wanted], environment: Environment) -> Iterator[Finding]:
    """Yield what is to be said of images that nobody can mirror: an error, or a warning."""
    for entry in wanted:
        name = images.parse(entry.image)
        allowed = any(mirror.matches(a.reference, entry.image) for a in environment.allow)
        if name and not allowed and _leaves(name, environment):
            yield Finding(
                code="not-mirrored",
                subject=entry.image,
                place="the bundle",
                cause="it lies outside, and no patch points it at the registry",
                hint="run `sealift airgap` first, and look at what it cannot move",
            )
        elif not entry.source:
            yield Finding(
                code="source-unknown",
                severity="warning",
                subject=entry.image,
                place="the bundle",
                cause="a patch by hand, or the base, names it in the registry: from where it comes "
                "is not known, so it has to be there already",
                hint="name its source in environment.yaml registry.mappings: {SOURCE: PATH}",
            )


def sources(overlay: Overlay) -> Mapping[str, str]:
    """Return the source of each name that the airgap patches of an environment bring about.

    Names are written as they would be without digests from the lock.
    """
    environment = overlay.environment
    above = _above(overlay)
    found: dict[str, str] = {}
    for reference in _before(overlay):
        name = reference.image
        wanted = target(reference, environment)
        inside = images.parse(wanted) if wanted else None
        if name is None or inside is None:
            continue
        pinned = mirror.pinned(name, environment)
        origin = above.get(str(pinned)) or above.get(_bare(pinned)) or _source(pinned, environment)
        if origin:
            found.setdefault(str(inside), origin)
    return found


def _above(overlay: Overlay) -> Mapping[str, str]:
    """Return the sources that the environment which this one extends knows."""
    extends = overlay.environment.extends
    return sources(find_overlay(overlay.root, extends)) if extends else {}


def _before(overlay: Overlay) -> list[Reference]:
    first: FirstOrder = render(overlay)
    nested, _ = expand(overlay, first.before_airgap)
    return [
        r
        for r in collect(first.before_airgap, nested)
        if r.kind == "image" and not r.comment and not r.origin.test_hook
    ]


def _source(name: ImageName, environment: Environment) -> str | None:
    """Return the source of a name as it is before the patches: itself, where it lies outside."""
    registry = environment.registry
    if any(mirror.is_mirrored(name, m) for m in (registry, *registry.mirrors)):
        return _by_name(name, environment)
    return str(name)


def _only(name: ImageName, known: Iterable[str]) -> str:
    """Return the one known name of a digest's repository, where a digest has replaced the tag."""
    if name.tag or str(name) in known:
        return str(name)
    place = f"{name.registry}/{name.repository}"
    found = [text for text in known if text.startswith(f"{place}:")]
    return found[0] if len(found) == 1 else str(name)


def _by_name(name: ImageName, environment: Environment) -> str | None:
    found = mirror.source(name, environment.registry)
    return None if found is None else str(found)


def _bare(name: ImageName) -> str:
    """Write a name without its digest, where a tag is left to tell it by."""
    return str(replace(name, digest="") if name.tag else name)


def _leaves(name: ImageName, environment: Environment) -> bool:
    hosts = (environment.registry.host, *environment.hosts)
    return not is_inside(name.registry, hosts)
