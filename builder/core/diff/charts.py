"""Charts of two locks compared, and which of the changes are dangerous."""

import re
from collections.abc import Iterable, Iterator

from builder.core.diff.model import ChartChange, Danger
from builder.core.lock import LockedChart


def compare(before: Iterable[LockedChart], after: Iterable[LockedChart]) -> tuple[ChartChange, ...]:
    """Return what becomes of the charts, by name."""
    old, new = _by_name(before), _by_name(after)
    changes: list[ChartChange] = []
    for name in sorted(old.keys() | new.keys()):
        ours, theirs = old.get(name, {}), new.get(name, {})
        gone = [key for key in ours if key not in theirs]
        come = [key for key in theirs if key not in ours]
        if len(gone) == len(come) == 1:
            changes.append(_changed(ours[gone[0]], theirs[come[0]]))
            gone, come = [], []
        changes += [ChartChange(action="removed", name=name, before=key[0]) for key in gone]
        changes += [
            ChartChange(action="added", name=name, after=key[0], detail=key[1]) for key in come
        ]
        changes += [
            _changed(ours[key], theirs[key])
            for key in sorted(ours.keys() & theirs.keys())
            if ours[key].sha256 != theirs[key].sha256
        ]
    return tuple(changes)


def _by_name(charts: Iterable[LockedChart]) -> dict[str, dict[tuple[str, str], LockedChart]]:
    found: dict[str, dict[tuple[str, str], LockedChart]] = {}
    for chart in charts:
        found.setdefault(chart.name, {})[chart.version, chart.repository] = chart
    return found


def _changed(old: LockedChart, new: LockedChart) -> ChartChange:
    details = []
    if old.repository != new.repository:
        details.append(f"repository {old.repository or 'none'} → {new.repository or 'none'}")
    if old.version == new.version and old.sha256 != new.sha256:
        details.append("same version, other content")
    return ChartChange(
        action="changed",
        name=new.name,
        before=old.version,
        after=new.version,
        detail=", ".join(details),
    )


def dangers(changes: Iterable[ChartChange]) -> Iterator[Danger]:
    """Yield major bumps (below 1.0 a minor counts as one), steps back, and changed archives."""
    for change in changes:
        if change.action != "changed":
            continue
        subject = f"{change.name} {change.before}"
        if change.before != change.after:
            subject += f" → {change.after}"
        old, new = _numbers(change.before), _numbers(change.after)
        if old and new and new < old:
            reason = "a step back: what a newer version migrated stays migrated"
            yield Danger(code="chart-downgrade", subject=subject, reason=reason)
        elif old and new and _major(old) != _major(new):
            below = "" if new[0] else ", for below 1.0 a minor one counts as such"
            reason = f"a major version{below}: read in its release notes what breaks"
            yield Danger(code="chart-major", subject=subject, reason=reason)
        if "other content" in change.detail:
            reason = "the archive differs although the version is the same"
            yield Danger(code="chart-content", subject=subject, reason=reason)


def _numbers(version: str) -> tuple[int, int, int] | None:
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _major(numbers: tuple[int, int, int]) -> tuple[int, int]:
    return (numbers[0], 0) if numbers[0] else (0, numbers[1])
