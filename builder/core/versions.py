"""Versions of charts: told from ranges, in their order (semver.org), and what lies between two."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from builder.core.errors import nearest

Order = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]
_PART = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"v?(\d+)\.(\d+)\.(\d+)(?:-({_PART}))?(?:\+{_PART})?")
_AROUND = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One major version, below 1.0 one minor: ``2`` or ``0.19``, and the newest that is known."""

    name: str
    newest: str = ""


def exact(text: str) -> bool:
    """Tell whether a text names one version: no range, no ``latest``, nothing left out."""
    return _VERSION.fullmatch(text) is not None


def order(text: str) -> Order | None:
    """Return what versions are sorted by; None for a text that names no single one."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    numbers = int(match[1]), int(match[2]), int(match[3])
    parts = (match[4] or "").split(".") if match[4] else ()
    # A number counts less than a word, and a version with neither comes after those that have.
    ids = tuple((not p.isdigit(), int(p) if p.isdigit() else 0, p) for p in parts)
    return (*numbers, not ids, ids)


def older(one: str, other: str) -> bool:
    """Tell whether ``one`` comes before ``other``; False where that cannot be told."""
    first, second = order(one), order(other)
    return first is not None and second is not None and first < second


def ordered(known: Iterable[str]) -> list[str]:
    """Return the versions among some texts, the oldest first."""
    keys = {text: key for text in known if (key := order(text)) is not None}
    return sorted(keys, key=lambda text: (keys[text], text))


def near(version: str, known: Iterable[str]) -> str:
    """Say which versions there are, those next to the one that is wanted first; empty for none."""
    listed = ordered(known)
    if not listed:
        return ""
    if order(version) is None:
        like = nearest(version, listed)
        around = [like] if like else listed[-_AROUND:]
    else:
        below = [v for v in listed if older(v, version)]
        around = [*below[-_AROUND:], *[v for v in listed if v not in below][:_AROUND]]
    newest = "" if listed[-1] in around else f"; the newest is {listed[-1]}"
    return f"it has {', '.join(around)}{newest}"


def steps(before: str, after: str, known: Iterable[str] = ()) -> list[Step]:
    """Return the major versions that a move enters, that of ``after`` last; below 1.0 the minor.

    ``known`` are versions of which the newest of each is named. Empty for a step back.
    """
    old, new = order(before), order(after)
    if old is None or new is None or new <= old:
        return []
    if new[0]:
        names = [str(major) for major in range(old[0] + 1, new[0] + 1)]
    else:
        names = [f"0.{minor}" for minor in range(old[1] + 1, new[1] + 1)]
    released = [text for text in ordered(known) if "-" not in text]
    return [Step(name=name, newest=_newest(name, released)) for name in names]


def _newest(name: str, listed: Iterable[str]) -> str:
    inside = [text for text in listed if text.removeprefix("v").startswith(f"{name}.")]
    return inside[-1] if inside else ""
