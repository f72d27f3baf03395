"""The images of an environment, resolved: what each name means in its registry today."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from builder import pins
from builder.build import Build
from builder.closure import Wanted, closure, unready
from builder.content import UNKNOWN, Content, read
from builder.core import images_lock
from builder.core.errors import ToolError
from builder.core.findings import Finding
from builder.core.images_lock import FILE, ImagesLock, Platform, SourcedImage
from builder.files import shown
from builder.parallel import JOBS, Failure, findings
from builder.registries import Registries

Side = Literal["source", "mirror"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewal:
    """The lock that an environment has, the one that fits its build, and what is to be said."""

    before: ImagesLock | None
    after: ImagesLock
    findings: tuple[Finding, ...] = ()


def renew(
    built: Build,
    registries: Registries,
    *,
    side: Side = "source",
    platforms: Sequence[str] = (),
    jobs: int = JOBS,
    accept_moved: bool = False,
) -> Renewal:
    """Lock every image of a build anew, for the platforms of the present lock when none is named.

    What lies outside, what cannot be resolved, and a tag that has moved, is a finding.
    """
    overlay = built.overlay
    before = pins.load(overlay)
    wanted = closure(built)
    said = list(unready(wanted, overlay.environment))
    outside = {finding.subject for finding in said if finding.severity == "error"}
    asked = [entry for entry in wanted if entry.image not in outside]
    chosen = platforms or (before.platforms if before else ())
    after, failed = resolve(asked, registries, side=side, platforms=chosen, jobs=jobs)
    said += failed
    if before is not None and not accept_moved:
        place = shown(overlay.folder / FILE, overlay.root)
        said += images_lock.moved(before, after, place=place)
    return Renewal(before=before, after=after, findings=tuple(said))


def resolve(
    wanted: Iterable[Wanted],
    registries: Registries,
    *,
    side: Side = "source",
    platforms: Sequence[str] = (),
    jobs: int = JOBS,
) -> tuple[ImagesLock, list[Finding]]:
    """Ask the registries, ``jobs`` at a time, what every name means.

    ``side`` tells whose names are asked for. With one platform, an image is that platform's
    manifest alone; with several, it is the whole index, which has to have them. What cannot be
    resolved is a finding, all of them.
    """
    names = {entry: entry.name(side) for entry in wanted}
    contents, failures = read(dict.fromkeys(names.values()), registries, jobs)
    found = []
    for entry, name in names.items():
        if name in contents:
            try:
                found.append(_entry(entry, _chosen(contents[name], name, platforms)))
            except ToolError as error:
                failures.append(Failure(subject=name, error=error))
    lock = ImagesLock(
        lock_version=images_lock.VERSION,
        images=tuple(sorted(found, key=lambda i: i.image)),
        platforms=tuple(sorted(platforms)),
    )
    return lock, findings(failures)


def _chosen(content: Content, name: str, platforms: Sequence[str]) -> Content:
    """Return what of an image is wanted; raise ToolError when it is not for a platform."""
    known = {part.platform for part in content.parts}
    missing = sorted(set(platforms) - known)
    if missing:
        listed = ", ".join(sorted(known - {UNKNOWN})) or "none that it names"
        raise ToolError(f"{name} is not for {', '.join(missing)}", hint=f"it is for {listed}")
    return content.only(platforms[0]) if len(set(platforms)) == 1 else content


def _entry(entry: Wanted, content: Content) -> SourcedImage:
    parts = [
        Platform(platform=part.platform, digest=part.manifest.digest, size=part.size)
        for part in content.parts
        if part.platform != UNKNOWN
    ]
    return SourcedImage(
        image=entry.image,
        source=entry.source,
        digest=content.root.digest,
        media_type=content.root.media_type,
        size=content.size,
        platforms=tuple(sorted(parts, key=lambda p: (p.platform, p.digest))),
    )
