"""What no value moves, and what can be done about it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from builder.core import mirror, subcharts
from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.first_order import target
from builder.core.overrides import Path
from builder.core.pointer import pointer
from builder.core.references import Reference
from builder.core.trace import Traced
from builder.core.verify import of_reference

_MAX_ADDRESSES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known beside a reference.

    ``by_hand`` are the values that a patch of people's own has set, ``refused`` those that the
    chart does not take, with what it says, ``conditions`` those that switch subcharts off.
    """

    environment: Environment
    by_hand: Collection[Path]
    refused: Mapping[Path, str]
    conditions: Mapping[Path, str]


def findings(reference: Reference, traced: Traced | None, known: Known) -> Iterator[Finding]:
    """Yield what is left to say about a reference after all that could be set is set."""
    codes = {f.code for f in of_reference(reference, known.environment) if f.severity == "error"}
    paths = traced.paths if traced else ()
    place = f"{reference} ({reference.origin.template})"
    if "unreadable-image" in codes:
        yield Finding(
            code="unreadable-image",
            subject=reference.shown,
            place=place,
            cause="it is not an image reference" + (f"; made by {_shown(paths)}" if paths else ""),
            hint="set the values that make it",
        )
        return
    if "floating-tag" in codes:
        yield _floating(reference, traced, known, place)
    if "outside-reference" in codes:
        cause, hint = _why(reference, paths, known)
        off = subcharts.condition(known.conditions, reference.origin.template)
        if off and reference.kind == "image":
            hint = f"switch the component off ({off}: false), or {hint}"
        yield Finding(
            code="cannot-move", subject=reference.shown, place=place, cause=cause, hint=hint
        )


def grouped(found: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the findings, with one for all addresses of a host that have one cause."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        scheme, sign, rest = finding.subject.partition("://")
        host = f"{scheme}://{rest.partition('/')[0]}/*" if sign else finding.subject
        key = (host, finding.cause) if sign else (finding.subject, finding.place)
        groups.setdefault(key, []).append(finding)
    for (host, _), members in groups.items():
        subjects = {finding.subject for finding in members}
        if len(subjects) <= _MAX_ADDRESSES:
            yield from members
        else:
            place = f"{members[0].place} and {len(members) - 1} more"
            yield replace(members[0], subject=host, place=place)


def _floating(reference: Reference, traced: Traced | None, known: Known, place: str) -> Finding:
    """Say which pin is missing, or why the one that is named does not hold."""
    paths = traced.paths if traced else ()
    name = (traced.reference if traced else reference).image
    source = f"{name.registry}/{name.repository}" if name else reference.value
    pinned = name is not None and mirror.pinned(name, known.environment) != name
    made = f"; it is made by {_shown(paths)}" if paths else ""
    if not pinned:
        return Finding(
            code="no-pin",
            subject=reference.shown,
            place=place,
            cause="the tag floats, and no pin is named for the image",
            hint=f"add to environment.yaml pins: {{{source}: VERSION}}{made}",
        )
    held = _held(paths, known)
    return Finding(
        code="cannot-pin",
        subject=reference.shown,
        place=place,
        cause=held[0] if held else "no value of the chart sets the tag to the pin of the image",
        hint=held[1] if held else f"use a repackaged chart{made}",
    )


def _held(paths: Iterable[Path], known: Known) -> tuple[str, str] | None:
    """Return cause and next step when one of the values must not be changed."""
    refused = {path: known.refused[path] for path in paths if path in known.refused}
    by_hand = [path for path in paths if path in known.by_hand]
    if refused:
        said = "; ".join(sorted(set(refused.values())))
        return (
            f"the chart does not take {_shown(refused)} as it would have to be: {said}",
            "choose a registry prefix or a mapping that it takes, or use a repackaged chart",
        )
    if by_hand:
        return (
            f"a patch of your own has set it: {_shown(by_hand)}",
            "change that patch, or take it out",
        )
    return None


def _why(reference: Reference, paths: tuple[Path, ...], known: Known) -> tuple[str, str]:
    held = _held(paths, known)
    if held:
        return held
    if reference.kind != "image":
        return (
            f"it is made by {_shown(paths)}" if paths else "no value of the chart makes it",
            "name what takes its place, or the place of all below a part of it, in "
            "environment.yaml urls:, or allow: it with a reason",
        )
    wanted = target(reference, known.environment)
    if wanted is None:
        return _source_unknown(known.environment)
    return (
        f"no value moves it to {wanted}" + (f" ({_shown(paths)} is in it)" if paths else ""),
        "use a repackaged chart, map the image in environment.yaml registry.mappings to a name "
        "that its value can make, or mirror its registry on the nodes",
    )


def in_git(reference: Reference, environment: Environment) -> Iterator[Finding]:
    """Yield what is left to say about an image that stands in Git, after its patch."""
    codes = {f.code for f in of_reference(reference, environment) if f.severity == "error"}
    if reference.image and "outside-reference" in codes and not target(reference, environment):
        cause, hint = _source_unknown(environment)
        yield Finding(
            code="cannot-move",
            subject=reference.shown,
            place=f"{reference} ({reference.origin.source})",
            cause=cause,
            hint=hint,
        )
    elif "outside-reference" in codes and reference.resource.kind == "Secret":
        yield Finding(
            code="cannot-move",
            subject=reference.shown,
            place=f"{reference} ({reference.origin.source})",
            cause="it stands in a Secret, whose content is never copied into the patch file",
            hint="change it where the Secret is written",
        )


def _source_unknown(environment: Environment) -> tuple[str, str]:
    """Return cause and next step for a mirrored name that does not tell its source."""
    return (
        "it stands in another mirror, whose names leave out what layout: "
        f"{environment.registry.layout} needs",
        "name its source in environment.yaml registry.mappings: {SOURCE: PATH}, choose another "
        "layout, or extend an environment without patches/airgap.yaml",
    )


def _shown(paths: Iterable[Path]) -> str:
    return ", ".join(pointer(path) for path in paths)
