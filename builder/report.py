"""What commands print: for people, and as JSON for programs."""

import dataclasses
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from builder.build import Build
from builder.core.explain import Place
from builder.core.findings import Finding
from builder.core.references import Reference
from builder.core.text import count, lines, table
from builder.core.verify import leaves
from builder.deliver import Delivery
from builder.publish import Commit, Target
from builder.pull_request import Proposal

_MAX_SUBJECTS = 4
_INDENT = " " * 9  # of the second line of a text, which looks like no finding


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def findings_text(findings: Sequence[Finding]) -> str:
    """Write findings by subject: the cause once, then each place."""
    blocks = []
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        subject = finding.subject if finding.severity == "error" else ""
        key = (finding.severity, finding.code, subject, finding.cause, _common(finding))
        groups.setdefault(key, []).append(finding)
    for (severity, code, _, cause, _), members in groups.items():
        block = [f"{severity}: {_subjects(members)} [{code}]", f"  cause: {cause}"]
        block += [f"  place: {finding.place}" for finding in members]
        block.append(f"  next:  {members[0].hint}")
        blocks.append("\n".join(lines(part, _INDENT) for part in block))
    return "\n".join(blocks)


def _subjects(members: Sequence[Finding]) -> str:
    subjects = list(dict.fromkeys(finding.subject for finding in members))
    more = len(subjects) - _MAX_SUBJECTS
    return ", ".join(subjects[:_MAX_SUBJECTS]) + (f" and {more} more" if more > 0 else "")


def terminal_width() -> int | None:
    """Return the width of the terminal that is printed to; None for a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _common(finding: Finding) -> str:
    """Group findings whose next step is the same but for the place that it names."""
    return finding.hint.partition(", by a patch")[0]


def build_text(result: Build, folder: str | None) -> str:
    """Write the outcome of a build: findings, then the verdict."""
    blocks = [findings_text([f for f in result.findings if f.severity != "note"])]
    errors = sum(f.severity == "error" for f in result.findings)
    warnings = sum(f.severity == "warning" for f in result.findings)
    name = result.overlay.name
    closure = (
        f"{count(len(result.manifests), 'resource')} in Git, "
        f"{len(result.resources) - len(result.manifests)} more made in the cluster, "
        f"{count(len(result.lock.images), 'image')}, {count(len(result.lock.charts), 'chart')}"
    )
    warned = f" ({count(warnings, 'warning')})" if warnings else ""
    if errors:
        blocks.append(f"{name}: does not ship, {count(errors, 'error')}{warned}\n{closure}")
    else:
        where = f", written to {folder}" if folder else ""
        blocks.append(f"{name}: {_closed(result)}{warned}\n{closure}{where}")
    return "\n\n".join(block for block in blocks if block)


def _closed(result: Build) -> str:
    allowed = {f.subject for f in result.findings if f.code == "allowed-reference"}
    if not allowed:
        return "closed, nothing leaves the network"
    return f"closed but for {count(len(allowed), 'reference')} that environment.yaml allows"


def build_json(result: Build, folder: str | None) -> str:
    """Write the outcome of a build as JSON."""
    return _json(
        {
            "environment": result.overlay.name,
            "ships": result.ships,
            "folder": folder,
            "findings": [dataclasses.asdict(f) for f in result.findings],
            "images": [image.image for image in result.lock.images],
            "files": sorted(result.files),
        }
    )


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


def _images(result: Build) -> list[Reference]:
    images = [r for r in result.references if r.kind == "image" and not r.comment]
    return sorted(images, key=lambda r: (r.value, str(r.resource), r.path))


def _verdict(reference: Reference, result: Build) -> str:
    verdicts = []
    if leaves(reference, result.overlay.environment):
        verdicts.append("outside")
    if reference.image is not None and reference.image.floating:
        verdicts.append("floating")
    if reference.origin.test_hook:
        verdicts.append("test only")
    return ", ".join(verdicts) or "inside"


def images_table(result: Build) -> str:
    """Write every image with the place where it hides."""
    rows = [
        (
            reference.value,
            _verdict(reference, result),
            str(reference.resource),
            reference.place
            + (f", {'/'.join(reference.origin.hooks)} hook" if reference.origin.hooks else ""),
            reference.origin.source,
        )
        for reference in _images(result)
    ]
    return table(("IMAGE", "LIES", "RESOURCE", "PLACE", "FROM"), rows, terminal_width())


def images_list(result: Build) -> str:
    """Write each image that the cluster will pull once, a line each."""
    return "\n".join(image.image for image in result.lock.images)


def images_json(result: Build) -> str:
    """Write every image with its places as JSON."""
    return _json(
        [
            {
                "image": reference.value,
                "verdict": _verdict(reference, result),
                "resource": str(reference.resource),
                "place": reference.place,
                "pointer": reference.pointer,
                "source": reference.origin.source,
                "template": reference.origin.template,
                "hooks": list(reference.origin.hooks),
            }
            for reference in _images(result)
        ]
    )


def explain_text(places: Iterable[Place]) -> str:
    """Write what made each place."""
    blocks = []
    for place in places:
        lines = [place.subject, f"  stands in  {place.place}"]
        lines += [
            f"  {'made by' if i == 0 else '':9}  {step}" for i, step in enumerate(place.made_by)
        ]
        lines += [f"  {'values' if i == 0 else '':9}  {v}" for i, v in enumerate(place.values)]
        for operation in place.patches:
            lines.append(f"  patched    {operation.op} {operation.path} at {operation.place}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def explain_json(places: Iterable[Place]) -> str:
    """Write what made each place as JSON; the values before a patch are left out."""
    return _json(
        [
            {
                "subject": place.subject,
                "place": place.place,
                "madeBy": list(place.made_by),
                "values": list(place.values),
                "patches": [{"op": o.op, "path": o.path, "place": o.place} for o in place.patches],
            }
            for place in places
        ]
    )


def text_diff(before: str, after: str, name: str) -> str:
    """Write the difference of two texts, as a unified diff."""
    import difflib

    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, f"{name} (fresh)", lineterm=""
    )
    return "\n".join(lines)
