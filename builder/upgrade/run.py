"""The move itself: version, charts, patches, locks, on a copy; then what differs is written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from builder.build import Build, build
from builder.core.base import ChartSource
from builder.core.findings import Finding, ordered
from builder.core.upgrade.review import Review
from builder.progress import Progress
from builder.registries import Registries
from builder.tools.charts import Login
from builder.upgrade import charts, choose, generated, places, review, versions
from builder.upgrade.copy import Difference, bring_back, differences, in_copy, working_copy
from builder.upgrade.images import Images, renew_lock
from builder.upgrade.others import Others, look, moved
from builder.upgrade.places import Found
from builder.upgrade.review import State
from builder.workspace import Overlay

_FATAL = ("render-failed", "kubernetes-too-old", "chart-not-vendored", "floating-chart")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is wanted: ``version`` None means the one that the sources name already.

    ``source`` is a folder of charts or a repository, ``in_base`` moves all environments that take
    the version from the base, ``keep`` keeps the old chart vendored, ``registries`` opens those
    that are asked for the images' digests, given the environment's own; None: they are not.
    """

    version: str | None = None
    chart: str | None = None
    source: str | None = None
    in_base: bool = False
    keep: bool = False
    registries: Callable[[str], Registries] | None = None
    dry_run: bool = False
    credentials: Login = field(default_factory=Login)


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What a move came to. Nothing is written when ``failed``, or when nothing differs.

    ``before`` is empty where no older version is at hand to compare with. ``set_at`` are the places
    in which the version was set, ``moved`` the environments that move along, ``kept`` the versions
    that stay vendored, ``removed`` those that do not.
    """

    environment: str
    chart: str
    before: str = ""
    after: str
    was_set: bool = False
    set_at: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    others: Others = field(default_factory=Others)
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    patched: bool = False
    images: Images = field(default_factory=Images)
    differences: list[Difference] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    review: Review | None = None
    failed: bool = False

    @property
    def changed(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.differences)

    @property
    def title(self) -> str:
        """The chart at its new version."""
        return f"{self.chart} {self.after}"


def upgrade(overlay: Overlay, request: Request) -> Outcome:
    """Move an environment to a version of a nested chart, and all that rests on it.

    Raises ConfigurationError and ToolError, with nothing written. What the new version needs and
    nothing can do is a finding.
    """
    with working_copy(overlay) as copy:
        outcome = _Move(overlay, copy, request).run()
        if not request.dry_run and not outcome.failed:
            bring_back(overlay.root, copy, outcome.differences)
    return outcome


class _Move:
    """One move; each step leaves the copy as the next needs it."""

    def __init__(self, overlay: Overlay, copy: Path, request: Request) -> None:
        self.original = overlay
        self.copy = copy
        self.request = request
        found, findings = self.charts()
        self.found = choose.charts(found, findings, overlay, request.chart)
        chart = self.found[0].chart
        self.present = {one.chart.version for one in self.found}
        self.version = choose.version(request.version, self.present, chart.name)
        self.outcome = Outcome(
            environment=overlay.name, chart=chart.name, after=self.version, findings=[]
        )
        known = (c.repository for c in overlay.base.base.charts if c.name == chart.name)
        self.source = ChartSource(
            name=chart.name, version=self.version, repository=next(known, chart.repository)
        )

    def overlay(self) -> Overlay:
        """Return the overlay as the copy has it now."""
        return in_copy(self.original, self.copy)

    def charts(self) -> tuple[list[Found], list[Finding]]:
        overlay = self.overlay()
        return places.charts(overlay, places.first_order(overlay).before_airgap)

    def run(self) -> Outcome:
        base = self.overlay().base
        others = look(self.overlay(), self.copy, self.source.name)
        with Progress("bringing the chart"):
            charts.bring(base, self.source, self.request.source, self.request.credentials)
        before = self.before(others)
        self.set_version(others)
        self.name_charts()
        if not self.patch():
            return self.outcome
        after = build(self.overlay())
        if self.is_fatal(after):
            return self.outcome
        after = self.lock(after)
        if before is not None and self.changes():
            now = self.state(after)
            repository = self.source.repository
            chart, source = self.found[0].chart, self.request.source
            known = review.known_versions(chart, source, repository, self.request.credentials)
            with Progress("comparing the versions"):
                self.outcome.review = review.compare(before, now, known)
        self.drop()
        self.outcome.differences = self.changes()
        told = {(finding.subject, finding.place) for finding in self.outcome.findings}
        more = [f for f in after.findings if (f.subject, f.place) not in told]
        self.outcome.findings = ordered([*self.outcome.findings, *more])
        return self.outcome

    def before(self, others: Others) -> State | None:
        """Build the environment as it was; None where no older version is at hand.

        Where the sources name the new version already, the one that was left behind is the old.
        """
        old = self.old(others)
        if old is None:
            return None
        self.outcome.before = old
        overlay = self.overlay()
        with places.present(overlay):
            if old in self.present:
                return self.state(build(overlay))
            with versions.set_back(overlay, self.found, old) as done:
                return self.state(build(self.overlay())) if done else None

    def old(self, others: Others) -> str | None:
        """Return the version from which the environment moves."""
        moving = sorted(self.present - {self.version})
        if moving:
            return moving[0]
        used = {*others.used, *self.present}
        return charts.leftover(self.overlay().base, self.source.name, self.version, used)

    def state(self, built: Build) -> State:
        found, _ = self.charts()
        ours = {one.chart.resource.id for one in self.found}
        return review.state(built, [f.chart for f in found if f.chart.resource.id in ours])

    def set_version(self, others: Others) -> None:
        """Set the version where it stands, or by a patch where others would move along."""
        for found in self.found:
            if found.chart.version != self.version or self.request.in_base:
                place = versions.set_in(
                    self.overlay(), found, self.version, others, in_base=self.request.in_base
                )
                self.outcome.was_set |= found.chart.version != self.version
                if place:
                    self.outcome.set_at.append(place)
        self.found = versions.checked(self.charts()[0], self.found, self.version)
        self.outcome.others = look(self.overlay(), self.copy, self.source.name)
        self.outcome.moved = moved(others, self.outcome.others)

    def keep(self) -> set[str]:
        """Return the versions that stay vendored."""
        others = self.outcome.others
        present = set(charts.vendored(self.overlay().base, self.source.name))
        if self.request.keep or others.unfinished or others.unknown:
            return present | {self.version}
        return {self.version, *(others.used & present)}

    def name_charts(self) -> None:
        charts.name_versions(self.overlay().base, self.source, self.keep())

    def patch(self) -> bool:
        """Make the generated patches anew, where the environment has any; False when none come."""
        found = generated.renew(self.overlay())
        self.outcome.patched = found.patched
        self.outcome.findings = found.findings
        self.outcome.failed = not found.complete
        return found.complete

    def is_fatal(self, after: Build) -> bool:
        """Tell whether the new version cannot be examined: then the sources stay as they are."""
        titles = {one.chart.title for one in self.found}
        fatal = [f for f in after.findings if f.code in _FATAL and f.subject in titles]
        self.outcome.findings += [f for f in fatal if f not in self.outcome.findings]
        self.outcome.failed = bool(fatal)
        return bool(fatal)

    def lock(self, after: Build) -> Build:
        """Lock the images anew, where there is a lock; with pinned digests, patch once more."""
        self.outcome.images = renew_lock(after, self.request.registries)
        if not self.outcome.images.written:
            return after
        if after.overlay.environment.digests:
            self.patch()
        return build(self.overlay())

    def drop(self) -> None:
        keep = self.keep()
        base = self.overlay().base
        self.outcome.removed = charts.drop(base, self.source.name, keep)
        self.outcome.kept = sorted(keep - {self.version})

    def changes(self) -> list[Difference]:
        return differences(self.original.root, self.copy)
