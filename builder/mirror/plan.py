"""What has to be copied to the mirror: from where to where, how much, what is there already."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from builder.build import Build
from builder.closure import Wanted, closure
from builder.content import read
from builder.core import image as images
from builder.core.errors import ConfigurationError, ToolError
from builder.core.findings import Finding
from builder.core.images_lock import FILE, ImagesLock, SourcedImage
from builder.files import shown
from builder.mirror.charts import ChartStep, Store, chart_steps
from builder.parallel import JOBS, Failure, each, findings
from builder.registries import Registries

State = Literal["copy", "present", "replace", "stays", "unsourced", "unasked"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One image and what is to be done.

    ``copy``: the mirror does not have it; ``present``: it has, by the locked digest; ``replace``:
    the tag means ``found`` there; ``stays``: it is pulled from where it is; ``unsourced``: it is
    missing, and nobody knows from where it comes; ``unasked``: nobody asked the mirror.
    """

    image: SourcedImage
    state: State
    found: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All images and charts of an environment, and what speaks against copying them."""

    images: tuple[Step, ...]
    charts: tuple[ChartStep, ...]
    findings: tuple[Finding, ...]


def locked(built: Build, lock: ImagesLock | None) -> ImagesLock:
    """Return the lock of an environment; raise ConfigurationError when there is none."""
    if lock is None:
        overlay = built.overlay
        raise ConfigurationError(
            f"there is no {FILE}: what is to be mirrored is not known by digest",
            where=shown(overlay.folder, overlay.root),
            hint=f"run `sealift lock {overlay.name}`",
        )
    return lock


def compared(wanted: Iterable[Wanted], lock: ImagesLock, place: str) -> Iterator[Finding]:
    """Hold a lock against the closure: nothing is missing, and nothing is too much."""
    entries = {entry.image: entry for entry in lock.images}
    names = {entry.image: entry for entry in wanted}
    for name, entry in names.items():
        known = entries.get(name)
        if known is None or known.source != entry.source:
            cause = "the cluster will pull it, and the lock does not have it"
            if known is not None:
                cause = f"it comes from {entry.source}, and the lock has {known.source or 'none'}"
            yield Finding(
                code="not-locked",
                subject=name,
                place=place,
                cause=cause,
                hint="run `sealift lock` again, and review what it changes",
            )
    for name in entries.keys() - names.keys():
        yield Finding(
            code="locked-unused",
            severity="warning",
            subject=name,
            place=place,
            cause="nothing pulls it any more",
            hint="run `sealift lock` again",
        )


def of_plan(lock: ImagesLock, given: Plan) -> ImagesLock:
    """Return the lock with the plan's images only."""
    return msgspec.structs.replace(lock, images=tuple(step.image for step in given.images))


def plan(
    built: Build,
    lock: ImagesLock,
    registries: Registries,
    store: Store | None,
    *,
    jobs: int = JOBS,
    ask: bool = True,
) -> Plan:
    """Ask the mirror for every image and chart; without ``ask``, only say what belongs there.

    The lock's images are those of the closure, or that is a finding.
    """
    wanted = closure(built)
    place = shown(built.overlay.folder / FILE, built.overlay.root)
    names = {entry.image for entry in wanted}
    listed = [entry for entry in lock.images if entry.image in names]
    found = list(compared(wanted, lock, place))
    steps, failures = each(
        lambda entry: step(entry, registries, ask=ask),
        listed,
        jobs,
        lambda entry: entry.image,
        what="asking the registry" if ask else "",
    )
    charts, more = chart_steps(built, store, ask=ask)
    return Plan(
        images=tuple(done for _, done in steps),
        charts=tuple(charts),
        findings=(*found, *findings(failures), *more),
    )


def step(entry: SourcedImage, registries: Registries, *, ask: bool) -> Step:
    """Return what is to be done for one image. Raises ToolError."""
    if entry.image == entry.source:
        return Step(image=entry, state="stays")
    if not ask:
        return Step(image=entry, state="unasked")
    name = images.parse(entry.image)
    if name is None:
        raise ToolError(f"{entry.image!r} is not an image reference")
    place = registries.of(name)
    there = place.registry.resolve(place.repository, name.tag or entry.digest)
    if there is not None and there.digest == entry.digest:
        return Step(image=entry, state="present")
    if not entry.source:
        return Step(image=entry, state="unsourced", found=there.digest if there else "")
    if there is not None:
        return Step(image=entry, state="replace", found=there.digest)
    return Step(image=entry, state="copy")


def examined(given: Plan, registries: Registries, jobs: int) -> Plan:
    """Read all that the mirror holds of the plan's images, and find what is damaged or missing."""
    names = [s.image.pinned for s in given.images if s.state == "present"]
    contents, failures = read(names, registries, jobs)
    blobs = {(name, digest): None for name, content in contents.items() for digest in content.blobs}

    def check(pair: tuple[str, str]) -> None:
        name = images.parse(pair[0])
        assert name is not None  # noqa: S101 - it was read by this name
        place = registries.of(name)
        with place.registry.reading(place.repository, pair[1]) as reader:
            while reader.read(1 << 20):
                pass

    _, damaged = each(check, blobs, jobs, lambda pair: pair[0], what="reading the mirror")
    found = findings([*failures, *(_in_mirror(failure) for failure in damaged)])
    return replace(given, findings=(*given.findings, *found))


def _in_mirror(failure: Failure) -> Failure:
    hint = "delete it from the mirror's storage, then run `sealift mirror copy` again"
    return replace(failure, error=ToolError(failure.error.what, hint=hint))
