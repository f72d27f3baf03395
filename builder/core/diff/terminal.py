"""A difference for a terminal."""

from collections.abc import Iterable, Iterator

from builder.core.diff.model import Diff, FieldChange, ImageChange, NestedChange, ResourceChange
from builder.core.diff.show import alike, is_text, line_diff, path_text, value_text
from builder.core.diff.summary import TITLES, grouped, tally, verdict
from builder.core.text import count, printable

_CODES = {"red": 31, "green": 32, "yellow": 33, "bold": 1, "dim": 2}
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "recreated": "!", "reordered": "~"}
_COLOURS = {"added": "green", "removed": "red", "recreated": "red"}
_LINES = 20


class _Paint:
    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.on and text else text


def terminal(diff: Diff, *, colour: bool = False) -> str:
    """Write a difference: changes, then images and charts, then dangers and the verdict last."""
    paint = _Paint(colour)
    blocks = [
        list(_resources("in Git", diff.resources, paint)),
        *(list(_nested(nested, paint)) for nested in diff.nested),
        list(_images(diff.images, paint)),
        list(_charts(diff)),
        list(_dangers(diff, paint)),
        [paint(printable(verdict(diff)), "bold")],
        [f"compared with {printable(diff.against)}"] if diff.against else [],
    ]
    shown = ["\n".join(lines) for lines in blocks[:-2] if lines]
    return "\n\n".join([*shown, "\n".join(line for lines in blocks[-2:] for line in lines)])


def _resources(title: str, changes: Iterable[ResourceChange], paint: _Paint) -> Iterator[str]:
    listed = list(changes)
    if not listed:
        return
    yield paint(f"{title}: {tally(listed)}", "bold")
    routine = sum(field.routine for change in listed for field in change.fields)
    for change in listed:
        if change.routine:
            continue
        sign, hue = _SIGNS[change.action], _COLOURS.get(change.action, "yellow")
        hooks = f" ({', '.join(change.hooks)} hook)" if change.hooks else ""
        restarts = ", Pods restart" if change.restarts else ""
        yield paint(f"  {sign} {printable(str(change.id))}", hue) + printable(hooks + restarts)
        for field in change.fields:
            if not field.routine:
                yield from _field(field, paint)
    if routine:
        yield paint(f"  {count(routine, 'routine change')} not shown", "dim")


def _field(field: FieldChange, paint: _Paint) -> Iterator[str]:
    head = f"      {path_text(field.path)}: "
    if field.action == "reordered":
        yield head + "reordered"
    elif field.action == "added":
        yield head + paint(f"added {value_text(field.after)}", "green")
    elif field.action == "removed":
        yield head + paint(f"removed {value_text(field.before)}", "red")
    elif is_text(field):
        yield head.rstrip()
        for line in line_diff(field, _LINES):
            hue = {"+": "green", "-": "red"}.get(line[:1], "dim")
            yield "        " + paint(line, hue)
    else:
        before, after = value_text(field.before), value_text(field.after)
        same = f" ({alike(field)})" if before == after else ""
        yield f"{head}{paint(before, 'red')} → {paint(after, 'green')}{same}"


def _nested(nested: NestedChange, paint: _Paint) -> Iterator[str]:
    title = f"in the cluster, from {printable(str(nested.owner))}"
    if nested.chart:
        title += f", chart {printable(nested.title)}"
    if nested.left_out:
        yield paint(f"{title}: not compared", "bold")
        yield f"  {printable(nested.left_out)}"
    yield from _resources(title, nested.resources, paint)


def _images(images: Iterable[ImageChange], paint: _Paint) -> Iterator[str]:
    for number, change in enumerate(images):
        if not number:
            yield paint("images", "bold")
        names = " → ".join(printable(name) for name in (change.before, change.after) if name)
        hue = _COLOURS.get(change.action, "yellow")
        known = {True: ", in the registry", False: ", not in the registry", None: ""}
        digest = (
            f" ({printable(change.digest[:19])}{known[change.in_registry]})"
            if change.digest
            else ""
        )
        yield "  " + paint(f"{change.action:9}", hue) + names + digest
        for place in change.places[:3]:
            yield paint(f"           {printable(place)}", "dim")
        if len(change.places) > 3:
            yield paint(f"           and {len(change.places) - 3} more places", "dim")


def _charts(diff: Diff) -> Iterator[str]:
    for change in diff.charts:
        versions = " → ".join(dict.fromkeys(v for v in (change.before, change.after) if v))
        detail = f" ({change.detail})" if change.detail else ""
        yield printable(f"chart {change.action}: {change.name} {versions}{detail}")


def _dangers(diff: Diff, paint: _Paint) -> Iterator[str]:
    for finding in diff.findings:
        if finding.severity == "error":
            place = printable(f"{finding.subject} at {finding.place}: {finding.cause}")
            yield f"{paint('does not ship', 'red')}: {place}"
    for first, members in grouped(diff.dangers):
        yield f"{paint(TITLES[first.code], 'red')}: {printable(first.reason)}"
        owner = f" (from {first.owner})" if first.owner else ""
        for danger in members:
            yield printable(f"    {danger.subject} {danger.place}".rstrip() + owner)
