"""What one environment runs, taken over by another: chart versions, pins, digests of images.

All results are computed in a copy of the sources; then what differs is written, or proposed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from builder import pins as pinning
from builder import sources
from builder.airgap_inputs import stale
from builder.build import Build, build
from builder.closure import closure
from builder.core import images_lock
from builder.core.errors import ConfigurationError
from builder.core.findings import Finding, ordered
from builder.core.images_lock import ImagesLock, SourcedImage
from builder.core.pins_edit import with_pins
from builder.files import read_text, shown, write_text
from builder.upgrade import Request, places, upgrade
from builder.upgrade import generated as patches
from builder.upgrade.copy import Difference, bring_back, differences, in_copy, working_copy
from builder.workspace import Overlay, find_overlay


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What a promotion came to. Nothing is written when ``failed``, or when nothing differs.

    ``charts`` and ``pins`` are name to version before and after, empty for none; ``locked`` is the
    number of images that have the digests of the other environment, ``unknown`` are images that it
    does not have.
    """

    source: str
    target: str
    charts: dict[str, tuple[str, str]] = field(default_factory=dict)
    pins: dict[str, tuple[str, str]] = field(default_factory=dict)
    locked: int = 0
    unknown: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    failed: bool = False
    ships: bool = False

    @property
    def unfinished(self) -> bool:
        """Tell whether something is left to do by hand."""
        stuck = bool(self.differences) and not self.ships
        return self.failed or bool(self.unknown) or stuck


def promote(root: Path, source: str, target: str, *, write: bool = True) -> Outcome:
    """Let one environment run what another one does. Without ``write`` only say what that takes.

    Raises ConfigurationError and ToolError, with nothing written. What speaks against shipping is
    a finding.
    """
    one, other = find_overlay(root, source), find_overlay(root, target)
    _check(one, other)
    _check_finished(one)
    with working_copy(other) as copy:
        outcome = _Promotion(one, other, copy).run()
        if write and not outcome.failed:
            bring_back(other.root, copy, outcome.differences)
    return outcome


def _check(one: Overlay, other: Overlay) -> None:
    if one.folder == other.folder:
        raise ConfigurationError(f"{one.name} cannot be promoted to itself")
    if one.environment.base != other.environment.base:
        raise ConfigurationError(
            f"{one.name} is built on {one.environment.base}, {other.name} on "
            f"{other.environment.base}: there is nothing to take over"
        )
    for above, below in ((one, other), (other, one)):
        if above.folder in (k.folder for k in sources.tree(below.folder, below.root)):
            raise ConfigurationError(
                f"{below.name} is built on {above.name}: it moves along with it",
                where=f"overlays/{below.name}/kustomization.yaml",
                hint="one that is to move by itself: `sealift environment add NAME --from OTHER`",
            )


def _check_finished(one: Overlay) -> None:
    """Raise ConfigurationError where an environment does not run yet what its sources say."""
    if any(stale(one, places.first_order(one).before_airgap)):
        raise ConfigurationError(
            f"the patches of {one.name} are not those of its sources",
            where=shown(one.airgap_file, one.root),
            hint=f"run `sealift airgap {one.name}` first",
        )


class _Promotion:
    """One promotion; each step leaves the copy as the next needs it."""

    def __init__(self, one: Overlay, other: Overlay, copy: Path) -> None:
        self.one = one
        self.original = other
        self.copy = copy
        self.outcome = Outcome(source=one.name, target=other.name)

    def overlay(self) -> Overlay:
        """Return the environment that is promoted to, as the copy has it now."""
        return in_copy(self.original, self.copy)

    def run(self) -> Outcome:
        self.set_pins()
        self.set_charts()
        if not self.outcome.failed and self.changed:
            self.finish()
        self.outcome.differences = differences(self.original.root, self.copy)
        return self.outcome

    @property
    def changed(self) -> bool:
        return bool(self.outcome.charts or self.outcome.pins or self.new_lock is not None)

    @property
    def new_lock(self) -> ImagesLock | None:
        return pinning.load(self.one)

    def set_pins(self) -> None:
        present = self.overlay().environment.pins
        wanted = {
            image: pin
            for image, pin in self.one.environment.pins.items()
            if present.get(image) != pin
        }
        self.outcome.pins = {image: (present.get(image, ""), pin) for image, pin in wanted.items()}
        if not wanted:
            return
        path = self.overlay().folder / "environment.yaml"
        edited = with_pins(read_text(path, self.copy), wanted)
        if edited is None:
            listed = ", ".join(f"{image}: {pin}" for image, pin in wanted.items())
            raise ConfigurationError(
                "pins cannot be set without being written anew",
                where=shown(path, self.copy),
                hint=f"write them there yourself: {{{listed}}}",
            )
        write_text(path, edited)

    def set_charts(self) -> None:
        wanted = _versions(self.one)
        present = _versions(self.overlay())
        for name, version in sorted(wanted.items()):
            before = present.get(name, "")
            if not before or before == version:
                continue
            moved = upgrade(
                self.overlay(), Request(version=version, chart=name, keep=True, registries=None)
            )
            self.outcome.charts[name] = (before, version)
            self.outcome.failed |= moved.failed
            if moved.failed:
                self.outcome.findings += moved.findings

    def finish(self) -> None:
        """Make anew what is generated, take the digests over, and build."""
        self.patch()
        built = build(self.overlay())
        if self.lock(built):
            if built.overlay.environment.digests:
                self.patch()
            built = build(self.overlay())
        told = {(finding.subject, finding.place) for finding in self.outcome.findings}
        more = [f for f in built.findings if (f.subject, f.place) not in told]
        self.outcome.findings = ordered([*self.outcome.findings, *more])
        self.outcome.ships = built.ships

    def patch(self) -> None:
        found = patches.renew(self.overlay())
        self.outcome.findings = found.findings
        self.outcome.failed = not found.complete

    def lock(self, built: Build) -> bool:
        """Write the lock with the digests of the other environment; tell whether it was written."""
        there = self.new_lock
        if there is None:
            return False
        known = {entry.source: entry for entry in there.images if entry.source}
        entries = list(_renamed(built, known))
        self.outcome.unknown = sorted(
            wanted.source or wanted.image for wanted in closure(built) if wanted.source not in known
        )
        if self.outcome.unknown:
            return False
        self.outcome.locked = len(entries)
        images = tuple(sorted(entries, key=lambda entry: entry.image))
        lock = ImagesLock(
            lock_version=images_lock.VERSION, images=images, platforms=there.platforms
        )
        write_text(self.overlay().folder / images_lock.FILE, images_lock.dump(lock))
        return True


def _renamed(built: Build, known: dict[str, SourcedImage]) -> Iterator[SourcedImage]:
    """Yield the entries of another environment's lock under the names that this one pulls."""
    for wanted in closure(built):
        entry = known.get(wanted.source)
        if entry is not None:
            yield SourcedImage(
                image=wanted.image,
                source=entry.source,
                digest=entry.digest,
                media_type=entry.media_type,
                size=entry.size,
                platforms=entry.platforms,
            )


def _versions(overlay: Overlay) -> dict[str, str]:
    """Return the nested charts of an environment; raise ConfigurationError for two of one name."""
    found, findings = places.charts(overlay, places.first_order(overlay).before_airgap)
    if findings:
        raise ConfigurationError(
            f"a chart of {overlay.name} cannot be told: {findings[0].cause}",
            where=findings[0].place,
            hint=findings[0].hint,
        )
    versions: dict[str, str] = {}
    for one in found:
        if versions.setdefault(one.chart.name, one.chart.version) != one.chart.version:
            raise ConfigurationError(
                f"{overlay.name} has several versions of {one.chart.name}",
                hint="promote by hand: `sealift upgrade`",
            )
    return versions
