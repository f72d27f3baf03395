"""What the other environments of a base have of a chart: some move along, some need the old one."""

from dataclasses import dataclass, field
from pathlib import Path

from builder import sources
from builder.airgap_inputs import stale
from builder.core.errors import SealiftError
from builder.upgrade import places
from builder.workspace import Overlay, environments, find_overlay


@dataclass(kw_only=True, slots=True)
class Others:
    """The versions that each environment uses, by its name.

    ``above`` are those that are built on the one that moves, ``unfinished`` those whose patches are
    not those of their sources, ``unknown`` those that cannot be read.
    """

    versions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    above: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def used(self) -> set[str]:
        """All versions that are used."""
        return {version for versions in self.versions.values() for version in versions}


def look(overlay: Overlay, root: Path, chart: str) -> Others:
    """Look at the environments in ``root`` that share an overlay's base."""
    result = Others()
    for name in environments(root):
        if name == overlay.name:
            continue
        try:
            other = find_overlay(root, name)
            if other.environment.base == overlay.base.name:
                _look(other, chart, result)
                if overlay.folder in (k.folder for k in sources.tree(other.folder, root)):
                    result.above.append(name)
        except SealiftError:
            result.unknown.append(name)
    return result


def _look(overlay: Overlay, chart: str, result: Others) -> None:
    first = places.first_order(overlay)
    found, findings = places.charts(overlay, first.before_airgap)
    if findings or not len(first.before_airgap):
        result.unknown.append(overlay.name)
    named = (one.chart.version for one in found if one.chart.name == chart)
    result.versions[overlay.name] = tuple(named)
    if any(stale(overlay, first.before_airgap)):
        result.unfinished.append(overlay.name)


def moved(before: Others, after: Others) -> list[str]:
    """Name the environments whose versions differ."""
    return sorted(n for n in before.versions if before.versions[n] != after.versions.get(n))
