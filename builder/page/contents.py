"""What is on the page of one environment, as plain values: nothing here knows of HTML."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from builder import __version__, pins
from builder.attest import parts
from builder.build import Build
from builder.closure import closure
from builder.core.diff import Diff
from builder.core.errors import SealiftError
from builder.core.findings import NOT_CHECKED, Finding, grouped
from builder.core.git_tree import tree_id
from builder.core.lock import LockedChart, LockedImage
from builder.core.picture import Picture
from builder.page.closure import picture
from builder.page.registry import Presence
from builder.page.states import States
from builder.report import closed


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRow:
    """One image: ``source`` is from where it is mirrored, ``size`` bytes where they are known."""

    anchor: str
    image: str
    source: str
    places: tuple[str, ...]
    digest: str
    size: int | None
    presence: Presence | None
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartRow:
    """One chart of the lock."""

    anchor: str
    chart: LockedChart
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Findings that differ in their places only, or of one cause in what they are about."""

    subjects: tuple[str, ...]
    cause: str
    places: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingGroup:
    """Findings of one kind with one next step; ``number`` counts their places."""

    anchor: str
    code: str
    severity: str
    hint: str
    number: int
    found: tuple[Found, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """All that the page says.

    ``why`` tells how closed an environment is that ships, ``reasons`` what keeps another back:
    codes, their numbers, their places on the page. ``diff`` is None when nothing was compared.
    ``asked`` tells whether the registry was. ``provenance`` are names and values.
    """

    name: str
    ships: bool
    why: str
    facts: tuple[tuple[str, str], ...]
    findings: tuple[FindingGroup, ...]
    notes: tuple[FindingGroup, ...]
    reasons: tuple[tuple[str, int, str], ...]
    counts: Mapping[str, int]
    picture: Picture
    images: tuple[ImageRow, ...]
    charts: tuple[ChartRow, ...]
    diff: Diff | None
    asked: bool
    provenance: tuple[tuple[str, str], ...]
    version: str = field(default=__version__)


def contents(
    built: Build,
    diff: Diff | None = None,
    presence: Mapping[str, Presence] | None = None,
) -> Contents:
    """Return what the page says of a build; ``presence`` is what the registry has of its images."""
    states = States(built.findings)
    images = tuple(_images(built, states, presence or {}))
    charts = tuple(
        ChartRow(anchor=f"chart-{n}", chart=chart, state=states.of_subject(_title(chart)))
        for n, chart in enumerate(built.lock.charts, start=1)
    )
    anchors = {row.image: row.anchor for row in images}
    anchors |= {_title(row.chart): row.anchor for row in charts}
    groups = [*_groups(built)]
    notes = [one for one in groups if one.severity == "note" and one.code != NOT_CHECKED]
    return Contents(
        name=built.overlay.name,
        ships=built.ships,
        why=closed(built) if built.ships else "",
        facts=tuple(_facts(built)),
        findings=tuple(one for one in groups if one not in notes),
        notes=tuple(notes),
        reasons=tuple(_reasons(groups)),
        counts={s: sum(f.severity == s for f in built.findings) for s in ("error", "warning")},
        picture=picture(built, states, anchors),
        images=images,
        charts=charts,
        diff=diff,
        asked=presence is not None,
        provenance=tuple(_provenance(built)),
    )


def _facts(built: Build) -> Iterator[tuple[str, str]]:
    in_git = len(built.manifests)
    numbers = {
        "resources in Git": in_git,
        "made in the cluster": len(built.resources) - in_git,
        "images": len(built.lock.images),
        "charts": len(built.lock.charts),
    }
    for name, number in numbers.items():
        yield str(number), name
    yield built.lock.kubernetes, "Kubernetes"


def _images(built: Build, states: States, presence: Mapping[str, Presence]) -> Iterator[ImageRow]:
    lock = pins.load(built.overlay)
    sources = _sources(built)
    for number, image in enumerate(built.lock.images, start=1):
        entry = lock.find(image.image) if lock else None
        asked = presence.get(image.image)
        size = entry.size if entry else asked.size if asked and asked.size else None
        yield ImageRow(
            anchor=f"image-{number}",
            image=image.image,
            source=entry.source if entry else sources.get(_bare(image), ""),
            places=image.used_by,
            digest=image.digest or (asked.digest if asked else ""),
            size=size,
            presence=asked,
            state=states.of_subject(image.image),
        )


def _sources(built: Build) -> Mapping[str, str]:
    """Return from where images are mirrored; nothing where that cannot be told."""
    try:
        return {wanted.image: wanted.source for wanted in closure(built)}
    except SealiftError:
        return {}


def _bare(image: LockedImage) -> str:
    return image.image.partition("@")[0]


def _title(chart: LockedChart) -> str:
    return f"{chart.name}-{chart.version}"


def _groups(built: Build) -> Iterator[FindingGroup]:
    """Yield findings by what is to be done about them."""
    steps: dict[tuple[str, str, str], list[list[Finding]]] = {}
    for members in grouped(built.findings):
        first = members[0]
        step = first.hint.partition(", by a patch")[0]
        steps.setdefault((first.severity, first.code, step), []).append(members)
    for number, ((severity, code, step), groups) in enumerate(steps.items(), start=1):
        hints = {finding.hint for members in groups for finding in members}
        yield FindingGroup(
            anchor=f"finding-{number}",
            code=code,
            severity=severity,
            hint=hints.pop() if len(hints) == 1 else step,
            number=sum(map(len, groups)),
            found=tuple(map(_found, groups)),
        )


def _reasons(groups: Iterable[FindingGroup]) -> Iterator[tuple[str, int, str]]:
    errors: dict[str, list[FindingGroup]] = {}
    for group in groups:
        if group.severity == "error":
            errors.setdefault(group.code, []).append(group)
    for code, members in errors.items():
        yield code, sum(group.number for group in members), members[0].anchor


def _found(members: Sequence[Finding]) -> Found:
    return Found(
        subjects=tuple(dict.fromkeys(finding.subject for finding in members)),
        cause=members[0].cause,
        places=tuple(dict.fromkeys(finding.place for finding in members)),
    )


def _provenance(built: Build) -> Iterator[tuple[str, str]]:
    source, parameters, versions = parts(built)
    yield "Source commit", source or "not in Git"
    if built.ships:
        yield "Tree of the bundle", tree_id(built.files)
    for name, value in parameters.items():
        if name != "environment":
            yield name.capitalize(), value
    for name, value in versions.items():
        yield name, value
