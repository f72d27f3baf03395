"""Settings of an environment that match nothing: most are misspelt, and so do not hold."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from builder.core import first_order, hosts, mirror
from builder.core.environment import CredentialAllowance, Environment, Registry
from builder.core.errors import nearest
from builder.core.findings import Finding
from builder.core.image import ImageName, parse
from builder.core.references import Reference


def findings(environment: Environment, references: Iterable[Reference]) -> Iterator[Finding]:
    """Yield a warning for each pin, mapping, URL and allowance that no reference has to do with.

    ``references`` are all of the environment, before or after its patches.
    """
    listed = list(references)
    registry = environment.registry
    images = sorted({r.image for r in listed if r.image is not None})
    addresses = sorted({r.value for r in listed if r.kind != "image"})
    known = {r.value: r for r in listed}
    yield from _images("pins", environment.pins, images, registry)
    yield from _images("registry.mappings", registry.mappings, images, registry)
    yield from _urls(environment.urls, addresses, known)
    values = sorted({r.value for r in listed})
    for allowance in environment.allow:
        if not any(mirror.matches(allowance.reference, value) for value in values):
            near = nearest(allowance.reference, values)
            shown = known[near].shown if near else None
            yield _finding("allow", allowance.reference, "no reference matches it", shown)


def credentials(
    allowances: Iterable[CredentialAllowance], places: Iterable[str]
) -> Iterator[Finding]:
    """Yield a warning for each allowance of a credential that none of the places needs."""
    listed = sorted(set(places))
    for allowance in allowances:
        if not any(mirror.matches(allowance.place, place) for place in listed):
            near = nearest(allowance.place, listed)
            cause = "no credential stands there"
            yield _finding("allowCredentials", allowance.place, cause, near)


def _images(
    setting: str, entries: Mapping[str, str], images: Sequence[ImageName], registry: Registry
) -> Iterator[Finding]:
    for text in entries:
        name = parse(text)
        if name is None:
            yield _finding(setting, text, "it is not the name of an image", None)
        elif not any(mirror.stands_for(name, image, registry) for image in images):
            known = dict(_known(image, registry) for image in images)
            near = nearest(name.repository, list(known))
            yield _finding(setting, text, "no image has this name", known[near] if near else None)


def _known(image: ImageName, registry: Registry) -> tuple[str, str]:
    """Return the path of an image's name, and the name that a person would write for it."""
    name = f"{image.registry}/{image.repository}"
    for place in (registry, *registry.mirrors):
        if mirror.is_mirrored(image, place):
            rest = name.removeprefix(f"{place.prefix}/")
            return rest, rest
    return image.repository, name


def _urls(
    entries: Mapping[str, str], addresses: Sequence[str], known: Mapping[str, Reference]
) -> Iterator[Finding]:
    for source, target in entries.items():
        # What is no URL cannot be seen in the place of one.
        places = (source, target) if "://" in target else ()
        if places and not any(
            first_order.stands_below(address, place) for address in addresses for place in places
        ):
            near = nearest(source, list(addresses))
            cause = "nothing refers to it, or to what takes its place"
            shown = known[near].shown if near else None
            yield _finding("urls", hosts.without_login(source), cause, shown)


def _finding(setting: str, entry: str, cause: str, near: str | None) -> Finding:
    return Finding(
        code="unmatched-setting",
        severity="warning",
        subject=entry,
        place=f"environment.yaml {setting}",
        cause=cause,
        hint=f"did you mean {near}?" if near else "correct it, or take it out",
    )
