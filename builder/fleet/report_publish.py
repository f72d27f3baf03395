"""What commands print of a fleet that went out."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from builder.core.text import count
from builder.fleet.publish import Sent
from builder.publish_many import Many
from builder.report_publish import delivery_json, delivery_text

_LISTED = 20


def sent_text(sent: Sent, *, dry_run: bool) -> str:
    """Write what became of a branch; empty when nothing did."""
    blocks = [_many_text(sent, sent.many, dry_run=dry_run)] if sent.many else []
    blocks += [f"{name}\n{delivery_text(delivery)}" for name, delivery in sent.alone.items()]
    return "\n\n".join(filter(None, blocks))


def _many_text(sent: Sent, many: Many, *, dry_run: bool) -> str:
    total = count(len(sent.targets), "environment")
    place = f"on {many.branch} of {sent.repository}"
    if not many.changed:
        return f"nothing to do, already published: {total} {place}" if many.same else ""
    done = "would be published" if dry_run else "published"
    if not dry_run and not many.pushed:
        return f"held back: {count(len(many.changed), 'environment')} {place}"
    listed = ", ".join(many.changed[:_LISTED])
    more = len(many.changed) - _LISTED
    changed = f"changed {listed}" + (f" and {more:,} more" if more > 0 else "")
    named = "" if dry_run else f"commit {many.commit}\n"
    return f"{done}: {len(many.changed):,} of {total} {place}\n{named}{changed}"


def sent_records(sent: Sent) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what became of each environment, as values for JSON, with its name."""
    for name, target in sent.targets.items():
        if name in sent.refused:
            continue
        if name in sent.alone:
            yield name, {"environment": name, **json.loads(delivery_json(sent.alone[name]))}
        elif sent.many:
            changed = name in sent.many.changed
            yield name, {
                "environment": name, "commit": sent.many.commit, "branch": sent.many.branch,
                "changed": changed, "pushed": changed and sent.many.pushed,
                "repository": target.repository, "path": target.path,
            }  # fmt: skip
    for name, error in sent.refused.items():
        told = {"what": error.what, "where": error.where, "hint": error.hint}
        yield name, {"environment": name, "changed": False, "pushed": False, "error": told}


def records(found: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Write them as a list, in the order of names."""
    ordered = [record for _, record in sorted(found, key=lambda one: one[0])]
    return json.dumps(ordered, indent=2, ensure_ascii=False)
