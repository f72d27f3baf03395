"""What a preflight has to say: one check each, with its reason and the next step."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from builder.core.errors import SealiftError

State = Literal["ok", "warning", "failure", "skipped"]
Group = Literal["tools", "build", "registry", "charts", "cluster", "git"]
GROUPS: tuple[Group, ...] = ("tools", "build", "registry", "charts", "cluster", "git")
_ORDER = {"failure": 0, "warning": 1, "skipped": 2, "ok": 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was looked at, or not.

    ``group`` is the place that was asked, ``subject`` what it was asked for, ``detail`` what was
    found or why nothing could be; ``hint`` the next step, empty where there is none.
    """

    group: Group
    subject: str
    state: State
    detail: str
    hint: str = ""


def failed(group: Group, subject: str, error: SealiftError) -> Check:
    """Return the check that an error ended."""
    return Check(
        group=group, subject=subject, state="failure", detail=str(error), hint=error.hint or ""
    )


def skipped(group: Group, subject: str, why: str, hint: str = "") -> Check:
    """Return a check that could not be made."""
    return Check(group=group, subject=subject, state="skipped", detail=why, hint=hint)


def ordered(checks: Iterable[Check]) -> list[Check]:
    """Return checks by group, in each what failed first, then by subject."""
    return sorted(
        dict.fromkeys(checks),
        key=lambda c: (GROUPS.index(c.group), _ORDER[c.state], c.subject, c.detail),
    )


def counts(checks: Iterable[Check]) -> dict[State, int]:
    """Return how many checks ended in each state, also in those that none ended in."""
    found = Counter(check.state for check in checks)
    states: tuple[State, ...] = ("ok", "warning", "failure", "skipped")
    return {state: found[state] for state in states}
