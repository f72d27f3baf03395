"""What is on the page of many environments: versions, findings and drift, side by side."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from builder import __version__
from builder.core import image as images
from builder.core.lock import Lock
from builder.core.versions import order
from builder.fleet.outcome import Outcome
from builder.page.drift import Drift

PUBLISHED = {
    "same": "as built",
    "differs": "differs",
    "absent": "not published",
    "unknown": "not known",
}
_SHADES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """One value of a facet: how many environments have it, as a part of ``wide`` pixels too."""

    id: str
    text: str
    number: int
    shade: int
    left: float = 0.0
    width: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Facet:
    """What environments are told apart by. ``kind`` is verdict, published, version or finding."""

    name: str
    kind: str
    values: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One environment; ``facets`` are the ids of its values, ``changes`` what publishing brings."""

    name: str
    ships: bool
    built: bool
    why: str
    kubernetes: str
    charts: tuple[tuple[str, str], ...]
    images: int
    errors: int
    warnings: int
    findings: tuple[Mapping[str, str], ...]
    drift: Drift | None
    changes: tuple[str, ...]
    facets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetContents:
    """All that the page says; ``compared`` tells whether it was with what is published."""

    ships: int
    rows: tuple[Row, ...]
    facets: tuple[Facet, ...]
    images: tuple[Facet, ...]
    compared: bool
    source: str
    version: str = field(default=__version__)


BAR = 240
"""How wide the bar of a facet is, in pixels."""


def fleet_contents(
    outcomes: Sequence[Outcome], drifts: Mapping[str, Drift] | None, source: str
) -> FleetContents:
    """Return what the page says of a fleet; ``source`` is the commit that it was built from."""
    records = [json.loads(outcome.record) for outcome in outcomes]
    told = [_told(*pair, drifts) for pair in zip(outcomes, records, strict=True)]
    facets = _facets([{k: v for k, v in one.items() if k[0] != "image"} for one in told])
    tags = [{k: v for k, v in one.items() if k[0] == "image"} for one in told]
    skewed = [facet for facet in _facets(tags, start=1000) if len(facet.values) > 1]
    ids = {
        (facet.kind, facet.name, value.text): value.id
        for facet in (*facets, *skewed)
        for value in facet.values
    }
    return FleetContents(
        ships=sum(outcome.ships for outcome in outcomes),
        rows=tuple(
            _row(outcome, record, (drifts or {}).get(outcome.name), _ids(ids, values))
            for outcome, record, values in zip(outcomes, records, told, strict=True)
        ),
        facets=tuple(facets),
        images=tuple(skewed),
        compared=drifts is not None,
        source=source,
    )


_Told = dict[tuple[str, str], set[str]]


def _told(outcome: Outcome, record: Any, drifts: Mapping[str, Drift] | None) -> _Told:
    """Return the values of one environment, by kind and name of their facet."""
    verdict = "ships" if outcome.ships else "does not ship" if outcome.code == 1 else "not built"
    found: _Told = {("verdict", "Verdict"): {verdict}}
    if drifts is not None:
        found["published", "Published"] = {PUBLISHED[drifts[outcome.name].state]}
    for finding in record["findings"]:
        if finding["severity"] != "note":
            key = ("finding", f"{finding['severity'].capitalize()}s")
            found.setdefault(key, set()).add(finding["code"])
    for chart in record["charts"]:
        found.setdefault(("version", chart["name"]), set()).add(chart["version"])
    if record["kubernetes"]:
        found["version", "Kubernetes"] = {record["kubernetes"]}
    for text in record["images"]:
        name = images.parse(text)
        if name is not None:
            tag = name.tag or name.digest[:19] or "no tag"
            found.setdefault(("image", name.repository), set()).add(tag)
    return found


def _facets(told: Iterable[_Told], start: int = 1) -> list[Facet]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for one in told:
        for key, values in one.items():
            counts.setdefault(key, Counter()).update(values)
    found = []
    for kind, name in sorted(counts, key=_position):
        texts = _sorted(counts[kind, name], kind)
        numbers = [counts[kind, name][text] for text in texts]
        found.append(Facet(name=name, kind=kind, values=tuple(_values(texts, numbers, start))))
        start += len(texts)
    return found


_KINDS = ("verdict", "published", "finding", "version", "image")


def _position(key: tuple[str, str]) -> tuple[int, bool, str]:
    kind, name = key
    return _KINDS.index(kind), name == "Kubernetes", name


def _sorted(counts: Counter[str], kind: str) -> list[str]:
    """Sort versions, the newest first; verdicts and states as they are listed; else by number."""
    if kind in ("version", "image"):
        texts = sorted(counts)
        return sorted(texts, key=lambda text: (order(_whole(text)) or (-1,), text), reverse=True)
    fixed = ("ships", "does not ship", "not built", *PUBLISHED.values())
    known = {text: index for index, text in enumerate(fixed)}
    return sorted(counts, key=lambda text: (known.get(text, 0), -counts[text], text))


def _whole(version: str) -> str:
    """Complete a version of two numbers, as Kubernetes' and many images' are."""
    return f"{version}.0" if version.count(".") == 1 else version


def _values(texts: Sequence[str], numbers: Sequence[int], start: int) -> Iterator[Value]:
    left, total = 0.0, sum(numbers)
    for index, (text, number) in enumerate(zip(texts, numbers, strict=True)):
        width = BAR * number / total
        yield Value(
            id=f"f{start + index}", text=text, number=number, shade=min(index, _SHADES),
            left=round(left, 2), width=round(width, 2),
        )  # fmt: skip
        left += width


def _ids(ids: Mapping[tuple[str, str, str], str], told: _Told) -> tuple[str, ...]:
    found = (ids.get((*key, text), "") for key, values in told.items() for text in sorted(values))
    return tuple(filter(None, found))


def _row(outcome: Outcome, record: Any, drift: Drift | None, facets: tuple[str, ...]) -> Row:
    shown = [finding for finding in record["findings"] if finding["severity"] != "note"]
    severities = Counter(finding["severity"] for finding in shown)
    return Row(
        name=outcome.name,
        ships=outcome.ships,
        built=outcome.code in (0, 1),
        why=outcome.why,
        kubernetes=record["kubernetes"],
        charts=tuple((chart["name"], chart["version"]) for chart in record["charts"]),
        images=len(record["images"]),
        errors=severities["error"],
        warnings=severities["warning"],
        findings=tuple(shown),
        drift=drift,
        changes=tuple(_changes(record, drift.lock)) if drift and drift.lock else (),
        facets=facets,
    )


def _changes(record: Any, lock: Lock) -> Iterator[str]:
    """Say what differs between a published lock and a build, in a few words each."""
    before = {chart.name: chart.version for chart in lock.charts}
    after = {chart["name"]: chart["version"] for chart in record["charts"]}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"{name} {before.get(name, 'none')} → {after.get(name, 'none')}"
    if lock.kubernetes != record["kubernetes"]:
        yield f"Kubernetes {lock.kubernetes} → {record['kubernetes']}"
    there = {image.image for image in lock.images}
    names = set(record["images"])
    gone, new = len(there - names), len(names - there)
    if gone or new:
        yield f"images: {new} new, {gone} gone"
