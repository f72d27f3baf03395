"""What the verification of a bundle prints."""

import dataclasses
import json

from builder.attest import Verified
from builder.core.text import count


def text(found: Verified) -> str:
    """Write the verdict, and what it rests on."""
    if found.findings:
        return f"not verified: {count(len(found.findings), 'error')}\ntree   {found.tree}"
    held = ["its own list and lock"]
    held += ["its statement"] if found.statement else []
    held += [f"the signature by {found.signed_by}"] if found.signed_by else []
    held += ["a fresh build"] if found.rebuilt else []
    lines = [f"verified: {count(len(found.files), 'file')}, against {', '.join(held)}"]
    if not found.signed_by:
        lines.append("who made it was not checked: give --statement and --key")
    return "\n".join([*lines, f"tree   {found.tree}"])


def as_json(found: Verified) -> str:
    """Write the verdict as JSON."""
    value = {
        "verified": not found.findings,
        "tree": found.tree,
        "files": list(found.files),
        "statement": found.statement,
        "signedBy": found.signed_by,
        "rebuilt": found.rebuilt,
        "findings": [dataclasses.asdict(finding) for finding in found.findings],
    }
    return json.dumps(value, indent=2, ensure_ascii=False)
