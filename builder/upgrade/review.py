"""Both versions of an environment held against each other, for whoever reviews the move."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from builder import vendor as vendoring
from builder.build import Build
from builder.closure import closure
from builder.core import archive, value_changes
from builder.core.errors import SealiftError
from builder.core.findings import Finding
from builder.core.nested import NestedChart
from builder.core.overrides import Path as ValuePath
from builder.core.pointer import tokens
from builder.core.upgrade import review
from builder.core.upgrade import values as chart_values
from builder.core.upgrade.review import Image, Review
from builder.core.upgrade.values import Reading, ValueNote
from builder.core.versions import steps
from builder.diff import diff
from builder.files import read_bytes, shown
from builder.probe import Probe, probe
from builder.published import Published
from builder.tools.charts import Login
from builder.tools.command import CommandError
from builder.upgrade import measure, places
from builder.upgrade.measure import Measure
from builder.workspace import Overlay


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """An environment with one version of the chart.

    ``charts`` are the nested charts with what people have set; generated patches are left out.
    """

    overlay: Overlay
    built: Build
    charts: tuple[NestedChart, ...]
    images: tuple[Image, ...]


def state(built: Build, charts: Sequence[NestedChart]) -> State:
    """Take an environment as it stands now: what is asked of it later may have changed."""
    wanted = closure(built) if len(built.manifests) else []
    images = tuple(Image(source=one.source, image=one.image) for one in wanted)
    return State(overlay=built.overlay, built=built, charts=tuple(charts), images=images)


def compare(before: State, after: State, known: Sequence[str]) -> Review:
    """Compare two states, as long as both charts are vendored. ``known`` are published versions."""
    old, new = before.charts[0], after.charts[0]
    files = before.built.files
    difference = diff(after.built, Published(source=old.title, commit="0" * 40, files=files))
    fresh, gone = review.images(before.images, after.images)
    rule = after.overlay.base.rule(new.resource.id)
    gained, lost = review.credentials(rule, after.charts, old.version, new.version)
    values, unmeasured = _values(before, after)
    owners = {chart.resource.id for chart in after.charts}
    return Review(
        before=old.version,
        after=new.version,
        kubernetes=after.overlay.environment.kubernetes,
        requires=(_requires(before.overlay, old), _requires(after.overlay, new)),
        steps=tuple(steps(old.version, new.version, known)),
        values=tuple(values),
        new_images=fresh,
        gone_images=gone,
        gained=gained,
        lost=lost,
        definitions=review.definitions(difference),
        hooks=review.hooks(
            resource
            for nested in after.built.nested
            if nested.chart.resource.id in owners
            for resource in nested.created
        ),
        dangers=review.dangers(difference),
        left_out=(*review.left_out(difference), *unmeasured),
    )


def _requires(overlay: Overlay, chart: NestedChart) -> str:
    vendored = overlay.base.chart(chart.name, chart.version)
    if isinstance(vendored, Finding):
        return ""
    content = archive.read(read_bytes(vendored[1], overlay.root), source=chart.title)
    return str(archive.chart_yaml(content.files, chart.title).get("kubeVersion") or "")


def _values(before: State, after: State) -> tuple[list[ValueNote], list[str]]:
    """Measure each chart's values, pair by pair; return also what could not be measured."""
    found: list[ValueNote] = []
    left_out = []
    theirs = {chart.resource.id: chart for chart in before.charts}
    for chart in after.charts:
        old = theirs.get(chart.resource.id)
        if old is None:
            continue
        try:
            with _opened(before.overlay, old) as one, _opened(after.overlay, chart) as other:
                found += _of_chart(one, other)
        except (SealiftError, CommandError) as error:
            # What a chart says of values may quote them.
            reason = error.what if not isinstance(error, CommandError) else "it does not render"
            left_out.append(f"values of {chart.resource.id}: {reason}")
    return found, left_out


@contextlib.contextmanager
def _opened(overlay: Overlay, chart: NestedChart) -> Iterator[Probe]:
    with probe(overlay, chart) as opened:
        if isinstance(opened, Finding):
            raise SealiftError(f"{chart.title} is not vendored")
        yield opened


def _of_chart(old: Probe, new: Probe) -> list[ValueNote]:
    paths = chart_values.paths(new.chart.values)
    now = Measure(new)
    read = now.read(paths)
    unread = [path for path in paths if path not in read]
    was = Measure(old).read(unread) if unread else set()
    readings = [
        Reading(path=path, old=None if path in read else path in was, new=path in read)
        for path in paths
    ]
    set_at = _set_at(new, paths)
    return chart_values.notes(readings, measure.known(old), measure.known(new), set_at)


def _set_at(opened: Probe, paths: Sequence[ValuePath]) -> Mapping[ValuePath, str]:
    """Return where each value was set last: by which patch, or in which source."""
    chart, overlay = opened.chart, opened.overlay
    root = value_changes.root(chart)
    own = places.own_file(overlay, chart.resource)
    source = shown(own, overlay.root) if own else chart.resource.origin.source
    found = {}
    for path in paths:
        place = (*root, *path)
        setters = [
            operation.place.partition(" (")[0]
            for operation in chart.resource.origin.patches
            if place[: len(at := tokens(operation.path))] == at or at[: len(place)] == place
        ]
        found[path] = setters[-1] if setters else source
    return found


def known_versions(
    chart: NestedChart, source: str | None, repository: str, credentials: Login
) -> list[str]:
    """Return the versions that a repository, or a folder, has; none where it does not tell."""
    try:
        return vendoring.known_versions(source or repository, chart.name, credentials)
    except SealiftError:
        return []
