"""What ``sealift publish`` prints, and what else tells of commits."""

import dataclasses
import json
from typing import Any

from builder.core.text import count
from builder.deliver import Delivery
from builder.publish import Commit, Target
from builder.pull_request import Proposal


def delivery_text(delivery: Delivery) -> str:
    """Write what publishing came to."""
    if delivery.artifact is not None:
        artifact = delivery.artifact
        state = _state("pushed", delivery.dry_run, artifact.changed)
        return f"{state}: {artifact.reference}\ndigest {artifact.digest}"
    commit, target = delivery.commit, delivery.target
    assert commit is not None and target is not None  # noqa: S101, PT018 - one of the two ways
    text = commit_text(commit, target, dry_run=delivery.dry_run)
    proposed = _proposal_lines(delivery.proposal) if delivery.proposal else []
    return "\n".join([text, *proposed])


def commit_text(commit: Commit, target: Target, *, dry_run: bool = False) -> str:
    """Write what became of a commit, or would."""
    proposed = commit.branch != target.branch
    fresh = commit.changed and (commit.pushed or dry_run)
    state = _state("proposed" if proposed else "published", dry_run, fresh)
    place = f"at {target.path}/ " if target.path else ""
    where = f"on {commit.branch}" + (f", for {target.branch}" if proposed else "")
    named = "" if dry_run else f"commit {commit.commit}\n"
    files = count(len(commit.files), "file")
    return f"{state}: {files} {place}{where}\n{named}tree   {commit.tree}"


def _proposal_lines(proposal: Proposal) -> list[str]:
    closed = "superseded" if proposal.pull_request else "withdrawn"
    lines = [f"{closed} {request.url}" for request in proposal.superseded]
    if proposal.pull_request is not None:
        done = "opened" if proposal.created else "updated" if proposal.updated else "stands at"
        lines.insert(0, f"{done} {proposal.pull_request.url}")
    return lines


def _state(done: str, dry_run: bool, fresh: bool) -> str:
    if not fresh:
        return f"nothing to do, already {done}"
    return f"would be {done}" if dry_run else done


def delivery_json(delivery: Delivery) -> str:
    """Write what publishing came to as JSON."""
    if delivery.artifact is not None:
        return _json(dataclasses.asdict(delivery.artifact))
    assert delivery.commit is not None and delivery.target is not None  # noqa: S101, PT018
    target = {"repository": delivery.target.repository, "path": delivery.target.path}
    found = {**dataclasses.asdict(delivery.commit), **target, "base": delivery.target.branch}
    if delivery.proposal is not None:
        found |= _proposal_json(delivery.proposal)
    return _json(found)


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    request = proposal.pull_request
    return {
        "pullRequest": {
            "number": request.number,
            "url": request.url,
            "title": request.title,
            "created": proposal.created,
            "updated": proposal.updated,
        }
        if request
        else None,
        "superseded": [closed.url for closed in proposal.superseded],
        "warnings": list(proposal.warnings),
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
