"""What ``sealift environment promote`` prints, and what its pull request says."""

import json
from collections.abc import Iterator

from builder.core.findings import Finding
from builder.core.text import count, printable
from builder.environments.promote import Outcome
from builder.pull_request import Proposal


def findings(outcome: Outcome) -> list[Finding]:
    """Return what is left to do by hand, and what is to be known."""
    return [f for f in outcome.findings if f.severity != "note"]


def text(outcome: Outcome, *, written: bool, proposal: Proposal | None) -> str:
    """Write what changes, in which files, and what is next."""
    title = f"{outcome.source} → {outcome.target}"
    if outcome.failed:
        return f"{title}: does not go\nnothing was written: it cannot be examined there"
    if not outcome.differences and not outcome.unknown:
        return f"{title}: nothing to do, charts, pins and digests are the same already"
    lines = [title, *_changes(outcome), *_files(outcome)]
    lines += list(_end(outcome, written=written, proposal=proposal))
    return "\n".join(map(printable, lines))


def _changes(outcome: Outcome) -> Iterator[str]:
    for name, (before, after) in outcome.charts.items():
        yield f"  chart {name} {before} → {after}"
    for image, (before, after) in outcome.pins.items():
        yield f"  pin {image} {before or 'none'} → {after}"
    if outcome.locked:
        yield f"  {count(outcome.locked, 'image')} by the digests of {outcome.source}"
    for image in outcome.unknown:
        yield f"  only here, so images.lock.yaml stays as it is: {image}"


def _files(outcome: Outcome) -> Iterator[str]:
    for one in outcome.differences:
        state = "new" if one.before is None else "removed" if one.after is None else "changed"
        yield f"  {state}: {one.path}"


def _end(outcome: Outcome, *, written: bool, proposal: Proposal | None) -> Iterator[str]:
    if proposal is not None and proposal.pull_request is not None:
        state = "opened" if proposal.created else "updated" if proposal.updated else "open already"
        yield f"pull request {state}: {proposal.pull_request.url}"
    elif not written or not outcome.differences:
        yield "nothing was written"
    else:
        yield f"written; review, commit, then `sealift publish {outcome.target}`"
    if outcome.differences and not outcome.ships:
        yield "the build would not pass: see above"


def markdown(outcome: Outcome) -> str:
    """Write the text of the pull request."""
    verdict = "ships" if outcome.ships else "does **not** ship yet"
    lines = [
        f"`{outcome.target}` gets what `{outcome.source}` runs; its settings stay. It {verdict}.",
        "",
        *(f"- {line.strip()}" for line in _changes(outcome)),
        "",
        "What is generated was made anew. What changes in the cluster, `sealift diff` tells.",
    ]
    return "\n".join(lines)


def as_json(outcome: Outcome, *, written: bool, proposal: Proposal | None) -> str:
    """Write all of it for programs."""
    request = proposal.pull_request if proposal else None
    return json.dumps(
        {
            "from": outcome.source,
            "to": outcome.target,
            "charts": {n: {"before": b, "after": a} for n, (b, a) in outcome.charts.items()},
            "pins": {n: {"before": b, "after": a} for n, (b, a) in outcome.pins.items()},
            "imagesLocked": outcome.locked,
            "imagesUnknown": outcome.unknown,
            "files": [one.path for one in outcome.differences],
            "failed": outcome.failed,
            "ships": outcome.ships,
            "written": written and bool(outcome.differences) and not outcome.failed,
            "pullRequest": request.url if request else None,
        },
        indent=2,
    )
