"""What ``sealift upgrade`` prints: for whoever reviews the move, and as JSON."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from builder.core.diff.summary import TITLES, grouped
from builder.core.findings import Finding
from builder.core.text import count, printable
from builder.core.upgrade.review import CredentialNote, Review
from builder.core.upgrade.values import ValueNote
from builder.core.versions import Step
from builder.upgrade import Outcome

_VALUES = {
    "lost": "values that nothing reads any more",
    "retyped": "values of another type by default",
    "default": "values that hide a default that changed",
    "idle": "values that neither version reads, with all else as it is",
}
_LISTED = 6


def findings(outcome: Outcome) -> list[Finding]:
    """Return the findings that are told: what is left to do by hand, and what is to be known."""
    if not outcome.changed and not outcome.failed:
        return []
    return [f for f in outcome.findings if f.severity != "note"]


def text(outcome: Outcome, *, dry_run: bool = False) -> str:
    """Write what became of an environment, and what a reviewer has to know."""
    if outcome.failed:
        return (
            f"{_title(outcome)}: does not go\n"
            f"nothing was written: {outcome.title} cannot be examined in this environment"
        )
    if not outcome.changed:
        return f"{outcome.environment}: {outcome.title} already, nothing to do"
    blocks = [[_title(outcome)], list(_move(outcome))]
    if outcome.review is not None:
        blocks += _review(outcome.review, outcome.environment)
    blocks.append(list(_files(outcome, dry_run=dry_run)))
    blocks.append(list(_next(outcome)))
    return "\n\n".join("\n".join(map(printable, lines)) for lines in blocks if lines)


def _title(outcome: Outcome) -> str:
    before = f"{outcome.before} → " if outcome.before else ""
    return f"{outcome.environment}: {outcome.chart} {before}{outcome.after}"


def _move(outcome: Outcome) -> Iterator[str]:
    """Yield where the version was set, who moves along, and which charts stay."""
    if outcome.set_at:
        yield f"version set in {', '.join(outcome.set_at)}"
    elif not outcome.was_set:
        yield f"the sources name {outcome.after} already: what rests on it is made anew"
    if outcome.before == "":
        yield "no older version is vendored: nothing to compare with"
    if outcome.moved:
        yield f"moves along: {_list(outcome.moved)}"
    if outcome.kept:
        yield f"stays vendored: {', '.join(outcome.kept)}; {_why_kept(outcome)}"
    if outcome.removed:
        yield f"removed: {outcome.chart} {', '.join(outcome.removed)}, which nothing uses"


def _why_kept(outcome: Outcome) -> str:
    others = outcome.others
    users = [n for n, used in others.versions.items() if set(used) & set(outcome.kept)]
    if users:
        return f"{_list(users)} {'use' if len(users) > 1 else 'uses'} it"
    if others.unknown:
        return f"what {_list(others.unknown)} uses cannot be told"
    if others.unfinished:
        return f"{_list(others.unfinished)} has to be compared with it"
    return "as was asked for"


def _review(review: Review, environment: str) -> Iterator[list[str]]:
    yield list(_versions(review))
    for kind, title in _VALUES.items():
        yield list(_values(kind, title, [n for n in review.values if n.kind == kind]))
    yield _section("new images, to be mirrored", review.new_images, lambda i: [str(i)])
    yield _section("images that are gone", review.gone_images, lambda i: [str(i)])
    yield list(_credentials("can refer to a Secret now", review.gained, environment))
    yield list(_credentials("cannot refer to a Secret any more", review.lost, environment))
    yield _section(
        "definitions; see whether the controller updates them, helm does not",
        review.definitions,
        lambda entry: [f"{entry[1]}: {entry[0]}"],
    )
    yield _section(
        "hooks that run, and have to succeed",
        review.hooks,
        lambda hook: [f"{hook.resource} ({', '.join(hook.events)})"],
    )
    yield list(_dangers(review))
    yield _section("not compared", review.left_out, lambda reason: [reason])


def _section(title: str, entries: Sequence[object], write: Callable[..., list[str]]) -> list[str]:
    if not entries:
        return []
    return [f"{title}:", *(f"  {line}" for entry in entries for line in write(entry))]


def _versions(review: Review) -> Iterator[str]:
    if review.downgrade:
        yield "warning: a step back: what the newer version migrated stays migrated"
    if review.steps:
        yield _steps(review.steps)
    old, new = review.requires
    if old != new:
        yield (
            f"Kubernetes: the chart wants {new or 'no certain one'} now, {old or 'any'} before; "
            f"the environment has {review.kubernetes}"
        )


def _steps(steps: Sequence[Step]) -> str:
    below = steps[-1].name.startswith("0.")
    noun = f"{'minor' if below else 'major'} version"
    known = [f"{step.newest} is the newest of {step.name}" for step in steps[:-1] if step.newest]
    names = [step.name for step in steps]
    listed = ", ".join(names) if len(names) <= _LISTED else f"{names[0]} to {names[-1]}"
    line = f"enters {count(len(steps), noun)} ({listed})"
    line += ": below 1.0 each may break something" if below else ": read what breaks in each"
    if known and len(known) < _LISTED:
        line += f"; {', '.join(known)}"
    return line


def _values(kind: str, title: str, notes: Sequence[ValueNote]) -> Iterator[str]:
    """Yield what is said of values; of those that mean nothing to the move, the first alone."""
    shown = notes[:_LISTED] if kind == "idle" else notes
    if notes:
        yield f"{title}:"
    for note in shown:
        place = f", set in {note.set_at}" if note.set_at else ""
        yield f"  {'.'.join(note.path)}{place}"
        near = f"; perhaps it is {'.'.join(note.near)} now" if note.near else ""
        if kind != "idle":
            yield f"    {note.said}{near}"
    if len(notes) > len(shown):
        yield f"  and {len(notes) - len(shown)} more, which -o json has"


def _credentials(title: str, notes: Sequence[CredentialNote], environment: str) -> Iterator[str]:
    """Yield the credentials that are set, each with what is to do; then name the others."""
    if notes:
        yield f"credentials that {title}:"
    unset = [note.name for note in notes if not note.literal and not note.referenced]
    for note in notes:
        if note.name not in unset:
            yield f"  {note.name} (since {note.since}): {_credential(note, environment)}"
    if unset:
        yield f"  not set here: {', '.join(unset)}"


def _credential(note: CredentialNote, environment: str) -> str:
    if note.referenced:
        return "refers to one"
    return f"its value stands in the resource: see `sealift secrets {environment}`"


def _dangers(review: Review) -> Iterator[str]:
    for number, (first, members) in enumerate(grouped(review.dangers)):
        if not number:
            yield "dangers:"
        yield f"  {TITLES[first.code]}: {first.reason}"
        for danger in members:
            yield f"    {danger.subject} {danger.place}".rstrip()


def _files(outcome: Outcome, *, dry_run: bool) -> Iterator[str]:
    """Yield what is written, an unpacked chart as one."""
    done, gone = ("would be written", "would go") if dry_run else ("written", "removed")
    for name, is_gone in dict.fromkeys(
        (d.unpacked or d.path, d.after is None) for d in outcome.differences
    ):
        yield f"{gone if is_gone else done}: {name}"


def _next(outcome: Outcome) -> Iterator[str]:
    name = outcome.environment
    errors = sum(f.severity == "error" for f in outcome.findings)
    if errors:
        yield f"{count(errors, 'error')} left to you, see above: the build would not pass"
    else:
        yield f"{name} is closed at {outcome.title}"
    if not outcome.patched:
        yield f"next: `sealift airgap {name}`, which it has no patches of"
    if outcome.images.left:
        yield f"next: `sealift lock {name}`: {outcome.images.left}"
    if outcome.review is not None and outcome.review.new_images:
        yield f"next: `sealift mirror copy {name}`, before it is merged"
    for other in outcome.moved:
        yield f"next: `sealift upgrade {other}`, which moved along"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def as_json(outcome: Outcome, *, dry_run: bool = False) -> str:
    """Write the outcome as JSON."""
    return json.dumps(
        {
            "environment": outcome.environment,
            "chart": outcome.chart,
            "before": outcome.before,
            "after": outcome.after,
            "failed": outcome.failed,
            "dryRun": dry_run,
            "setAt": outcome.set_at,
            "moved": outcome.moved,
            "kept": outcome.kept,
            "removed": outcome.removed,
            "lock": {"written": outcome.images.written, "left": outcome.images.left},
            "files": [
                {"path": name, "action": "removed" if gone else "written"}
                for name, gone in dict.fromkeys(
                    (d.unpacked or d.path, d.after is None) for d in outcome.differences
                )
            ],
            "findings": [_finding(finding) for finding in outcome.findings],
            "review": dataclasses.asdict(outcome.review) if outcome.review else None,
        },
        indent=2,
        ensure_ascii=False,
    )


def _finding(finding: Finding) -> dict[str, str]:
    return dataclasses.asdict(finding)
