"""What commands print: for people, and as JSON for programs."""

import dataclasses
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from builder import log
from builder.build import Build
from builder.core.explain import Place
from builder.core.findings import NOT_CHECKED, Finding, grouped
from builder.core.references import Reference
from builder.core.text import count, lines, table
from builder.core.verify import leaves

_MAX_SUBJECTS = 4
_INDENT = " " * 9  # of the second line of a text, which looks like no finding


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def findings_text(findings: Sequence[Finding]) -> str:
    """Write findings by subject: the cause once, then each place."""
    blocks = []
    for members in grouped(findings):
        first = members[0]
        block = [f"{first.severity}: {_subjects(members)} [{first.code}]"]
        block.append(f"  cause: {first.cause}")
        block += [f"  place: {finding.place}" for finding in members]
        block.append(f"  next:  {first.hint}")
        blocks.append("\n".join(lines(part, _INDENT) for part in block))
    return "\n".join(blocks)


def tell(findings: Sequence[Finding], end: str = "") -> None:
    """Say findings on standard error; with -q those alone that block."""
    if log.is_quiet():
        findings = [finding for finding in findings if finding.severity == "error"]
    log.findings(findings, findings_text(findings) + end if findings else "")


def refuse(result: Build) -> None:
    """Say on standard error why a build does not ship."""
    findings, verdict = _outcome(result, None)
    tell(findings, end="\n")
    log.say("error", "refused", verdict)


def _subjects(members: Sequence[Finding]) -> str:
    subjects = list(dict.fromkeys(finding.subject for finding in members))
    more = len(subjects) - _MAX_SUBJECTS
    return ", ".join(subjects[:_MAX_SUBJECTS]) + (f" and {more} more" if more > 0 else "")


def terminal_width() -> int | None:
    """Return the width of the terminal that is printed to; None for a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def build_text(result: Build, folder: str | None) -> str:
    """Write the outcome of a build: findings, then the verdict."""
    shown, verdict = _outcome(result, folder)
    return "\n\n".join(block for block in (findings_text(shown), verdict) if block)


def _outcome(result: Build, folder: str | None) -> tuple[list[Finding], str]:
    """Return the findings that are shown, and the verdict."""
    shown = [f for f in result.findings if f.severity != "note" or f.code == NOT_CHECKED]
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
        return shown, f"{name}: does not ship, {count(errors, 'error')}{warned}\n{closure}"
    where = f", written to {folder}" if folder else ""
    return shown, f"{name}: {closed(result)}{warned}\n{closure}{where}"


def closed(result: Build) -> str:
    """Say how closed an environment is that ships."""
    allowed = {f.subject for f in result.findings if f.code == "allowed-reference"}
    open_ = [f for f in result.findings if f.code == "allowed-credential"]
    closed = "closed, nothing leaves the network"
    if allowed:
        closed = f"closed but for {count(len(allowed), 'reference')} that environment.yaml allows"
    return f"{closed}; {count(len(open_), 'credential')} in the open, allowed" if open_ else closed


def build_json(result: Build, folder: str | None) -> str:
    """Write the outcome of a build as JSON."""
    return _json(
        {
            "environment": result.overlay.name,
            "ships": result.ships,
            "folder": folder,
            "kubernetes": result.lock.kubernetes,
            "findings": [dataclasses.asdict(f) for f in result.findings],
            "charts": [{"name": c.name, "version": c.version} for c in result.lock.charts],
            "images": [image.image for image in result.lock.images],
            "files": sorted(result.files),
        }
    )


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
