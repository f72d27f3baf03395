"""One reason not to ship: place, cause and the next step."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
NOT_CHECKED = "not-checked"
"""Code of the notes that say what nobody looked at: these are always printed."""
_ORDER = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a build has against shipping. An ``error`` stops it; the others are to be read.

    ``code`` names the kind of finding, ``subject`` what it is about (an image, a URL, a chart),
    ``place`` where that stands, ``cause`` why it counts, ``hint`` the next step.
    """

    code: str
    severity: Severity = "error"
    subject: str
    place: str
    cause: str
    hint: str


def ordered(findings: list[Finding]) -> list[Finding]:
    """Return the findings without repetition: errors first, then by code, subject and place."""
    return sorted(
        dict.fromkeys(findings), key=lambda f: (_ORDER[f.severity], f.code, f.subject, f.place)
    )


def blocking(findings: list[Finding]) -> bool:
    """Tell whether any of the findings stops a build."""
    return any(finding.severity == "error" for finding in findings)


def grouped(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return findings that say the same of several places together, in order.

    Errors are told by subject. Next steps are the same but for the place that they name.
    """
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        subject = finding.subject if finding.severity == "error" else ""
        step = finding.hint.partition(", by a patch")[0]
        key = (finding.severity, finding.code, subject, finding.cause, step)
        groups.setdefault(key, []).append(finding)
    return list(groups.values())
