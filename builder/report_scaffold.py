"""What ``sealift init`` and ``sealift environment`` print."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from builder.core.text import count, lines
from builder.scaffold.merge import Change
from builder.scaffold.run import Plan

_WHY = {
    "merged": ", which you have changed",
    "kept": ", which you have changed",
    "left out": ", which you have removed",
    "conflict": ": you and the scaffold have changed the same lines",
}


def difference(changes: Sequence[Change]) -> str:
    """Write the difference of files that stand there already; empty when there is none."""
    parts = [_unified(change) for change in changes if change.before is not None and change.writes]
    return "\n".join(parts)


def _unified(change: Change) -> str:
    before, after = (
        content.decode("utf-8", "replace").splitlines()
        for content in (change.before or b"", change.after or b"")
    )
    names = (f"a/{change.path}", f"b/{change.path}" if change.after is not None else "/dev/null")
    return lines("\n".join(difflib.unified_diff(before, after, *names, lineterm="")))


def summary(plan: Plan, *, written: bool) -> str:
    """Write what happens to each file, in one line each."""
    found = list(_summary(plan, written=written))
    return "\n".join(found)


def _summary(plan: Plan, *, written: bool) -> Iterator[str]:
    for change in plan.changes:
        if change.state != "same":
            yield f"{change.state}: {change.path}{_WHY.get(change.state, '')}"
    for name in plan.yours:
        yield f"left alone, it is yours: {name}"
    same = sum(change.state == "same" for change in plan.changes)
    if same:
        yield f"unchanged: {count(same, 'file')}"
    if not written:
        yield "nothing was written"


def next_steps(folder: Path, base: str, name: str, source: str) -> str:
    """Write the commands that come next, in order; ``source`` is where the charts come from."""
    here = folder.resolve() == Path.cwd()
    steps = [
        *([] if here else [(f"cd {folder}", "")]),
        (
            f"sealift vendor {base}",
            f"the charts, from {source}; or --from FOLDER",
        ),
        (f"sealift secrets {name} --write", "Secrets in the place of credentials"),
        (f"sealift airgap {name}", "the patches that point all inside: review, commit"),
        (f"sealift build {name}", "the proof"),
        (f"sealift publish {name}", "the commit that the cluster is synced from"),
    ]
    width = max(len(command) for command, _ in steps)
    listed = [f"  {c.ljust(width)}  # {why}" if why else f"  {c}" for c, why in steps]
    return "\n".join(["Next, in this order:", *listed])
