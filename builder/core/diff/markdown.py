"""A difference as Markdown for a pull request: the verdict first, long lists folded, a limit kept.

All that comes from charts and manifests stands in code spans: there it is text and nothing else.
Of sentences that quote it, all but plain words does.
"""

from collections.abc import Iterable, Sequence

from builder.core.diff.model import (
    ChartChange,
    Danger,
    Diff,
    FieldChange,
    ImageChange,
    NestedChange,
    ResourceChange,
)
from builder.core.diff.page import Page, Unit, code, fenced, sentence
from builder.core.diff.show import alike, is_text, line_diff, path_text, value_text
from builder.core.diff.summary import TITLES, grouped, tally, verdict
from builder.core.text import count

LIMIT = 65_536
_IN_A_LINE = 8
_FOLDED_FROM = 12
_FIELDS = 40
_NARROW = 150
_LINES = 20


def markdown(diff: Diff, limit: int = LIMIT) -> str:
    """Write a difference, shorter than ``limit`` bytes; what does not fit is counted.

    What is dangerous comes first, and is dropped last.
    """
    page = Page(limit, hint=f"{code(f'sealift diff {diff.environment}')} prints everything.")
    page.text(f"**{sentence(verdict(diff))}**\n")
    if diff.against:
        page.text(f"\nCompared with {code(diff.against)}.\n")
    _findings(page, diff)
    _dangers(page, diff)
    _images(page, diff.images)
    page.section("Charts", [Unit(_chart(c)) for c in diff.charts], "chart", share=0.3)
    if diff.kubernetes:
        before, after = diff.kubernetes
        page.section("Kubernetes", [Unit(f"- {code(before)} → {code(after)}\n")], "version")
    share = 0.5 if diff.nested else 1
    page.section("In Git", _changes(diff.resources), "Git change", share=share)
    for nested in diff.nested:
        _nested(page, nested)
    _routine(page, diff.changes)
    return page.done()


def _findings(page: Page, diff: Diff) -> None:
    errors = [f for f in diff.findings if f.severity == "error"]
    units = [Unit(f"- {code(f.subject)} at {code(f.place)}: {sentence(f.cause)}\n") for f in errors]
    page.section("Does not ship", units, "finding", share=0.2)


def _dangers(page: Page, diff: Diff) -> None:
    groups = [members for _, members in grouped(diff.dangers)]
    units = [Unit(_danger(g, _IN_A_LINE), len(g), _danger(g[:1], 1, len(g))) for g in groups]
    page.section("Dangers", units, "danger")
    rest = [Unit(f"- {_subject(danger)}\n") for g in groups for danger in g[_IN_A_LINE:]]
    title = f"{len(rest)} more places of these dangers"
    page.folded(title, rest, "further place", share=0.3)


def _danger(group: Sequence[Danger], named: int, total: int = 0) -> str:
    first, total = group[0], total or len(group)
    subjects = ", ".join(_subject(danger) for danger in group[:named])
    more = f", and {total - named} more" if total > named else ""
    where = f" (in the cluster, from {code(first.owner, width=_NARROW)})" if first.owner else ""
    return f"- **{TITLES[first.code]}**: {subjects}{more}{where}: {sentence(first.reason)}\n"


def _subject(danger: Danger) -> str:
    parts = (danger.subject, danger.place)
    return " ".join(code(part, width=_NARROW) for part in parts if part)


def _images(page: Page, images: Iterable[ImageChange]) -> None:
    rows = [Unit(_image(change)) for change in images]
    head = "| | before | after | digest | where |\n| --- | --- | --- | --- | --- |\n"
    if len(rows) > 2 * _FOLDED_FROM:
        page.section("Images", rows[:_FOLDED_FROM], "image", head=head, share=0.3)
        rest = rows[_FOLDED_FROM:]
        page.folded(f"{len(rest)} more images", rest, "image", head=head, share=0.2)
    else:
        page.section("Images", rows, "image", head=head, share=0.3)


def _image(change: ImageChange) -> str:
    known = {True: "in the registry", False: "not in the registry", None: ""}[change.in_registry]
    digest = ", ".join(part for part in (code(change.digest[:19], table=True), known) if part)
    places = ", ".join(code(place, table=True) for place in change.places[:2])
    more = f", and {len(change.places) - 2} more" if len(change.places) > 2 else ""
    names = (code(name, table=True, width=250) for name in (change.before, change.after))
    missing = "none in the lock" if change.after else ""
    return f"| {change.action} | {' | '.join(names)} | {digest or missing} | {places}{more} |\n"


def _chart(change: ChartChange) -> str:
    versions = " → ".join(code(v) for v in dict.fromkeys((change.before, change.after)) if v)
    detail = f": {sentence(change.detail)}" if change.detail else ""
    return f"- {change.action} {code(change.name)} {versions}{detail}\n"


def _nested(page: Page, nested: NestedChange) -> None:
    title = f"In the cluster, from {code(nested.owner)}"
    if nested.chart:
        title += f", chart {code(nested.title)}"
    if nested.left_out:
        page.section(title, [Unit(f"Not compared: {sentence(nested.left_out)}\n")], "nested chart")
        return
    summary = f"{tally(nested.resources)}.\n\n"
    page.section(title, _changes(nested.resources), "cluster change", head=summary)


def _changes(changes: Iterable[ResourceChange]) -> list[Unit]:
    """Write what comes and goes as lists, folded when they are long, then each change."""
    listed = [change for change in changes if not change.routine]
    units: list[Unit] = []
    for action in ("removed", "added"):
        names = [_name(change) for change in listed if change.action == action]
        if len(names) > _FOLDED_FROM:
            for start in range(0, len(names), 100):
                part = names[start : start + 100]
                span = f" ({start + 1} to {start + len(part)})" if len(names) > 100 else ""
                inside = "".join(f"- {name}\n" for name in part)
                text = _details(f"{len(names)} {action}{span}", inside)
                units.append(Unit(text, len(part)))
        else:
            units += [Unit(f"- {action} {name}\n") for name in names]
    rest = [change for change in listed if change.action not in ("removed", "added")]
    rest.sort(key=lambda change: change.action != "recreated")
    return units + [Unit(_changed(change)) for change in rest]


def _name(change: ResourceChange) -> str:
    return code(change.id) + (f" ({code(', '.join(change.hooks))} hook)" if change.hooks else "")


def _changed(change: ResourceChange) -> str:
    fields = [field for field in change.fields if not field.routine]
    routine = len(change.fields) - len(fields)
    notes = [f"{routine} routine"] if routine else []
    notes += ["Pods restart"] if change.restarts else []
    if len(fields) == 1 and not is_text(fields[0]):
        note = f" ({', '.join(notes)})" if notes else ""
        return f"- {change.action} {_name(change)}{note}: {_field(fields[0])}\n"
    notes.insert(0, count(len(fields), "field"))
    lines = "".join(f"- {_field(field)}\n" for field in fields[:_FIELDS])
    if len(fields) > _FIELDS:
        lines += f"- … {len(fields) - _FIELDS} more fields\n"
    return _details(f"{change.action} {code(change.id, html=True)}: {', '.join(notes)}", lines)


def _field(field: FieldChange) -> str:
    path = code(path_text(field.path))
    if field.action == "reordered":
        return f"{path}: reordered"
    if field.action == "added":
        return f"{path}: added {code(value_text(field.after))}"
    if field.action == "removed":
        return f"{path}: removed {code(value_text(field.before))}"
    if is_text(field):
        return f"{path}:\n\n{fenced(line_diff(field, _LINES))}"
    before, after = value_text(field.before), value_text(field.after)
    same = f" ({alike(field)})" if before == after else ""
    return f"{path}: {code(before)} → {code(after)}{same}"


def _routine(page: Page, changes: Iterable[ResourceChange]) -> None:
    """Fold what means nothing to the cluster: labels of versions, checksums, orders."""
    units: list[Unit] = []
    total = 0
    for change in changes:
        paths = [path_text(field.path) for field in change.fields if field.routine]
        total += len(paths)
        if paths:
            line = f"- {code(change.id)}: {', '.join(code(path) for path in paths)}\n"
            units.append(Unit(line, len(paths)))
    title = f"{count(total, 'routine change')} in {count(len(units), 'resource')}"
    page.folded(f"{title} (version labels, checksums, orders)", units, "routine change")


def _details(summary: str, inside: str) -> str:
    return f"\n<details><summary>{summary}</summary>\n\n{inside}\n</details>\n\n"
