"""What commands print of a fleet."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from builder import log
from builder.core.text import count, lines
from builder.fleet.outcome import BUG, Outcome
from builder.progress import duration

_LISTED = 20


@dataclass(kw_only=True)
class Tally:
    """What is left of outcomes once they are printed: how many of what."""

    total: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    open: list[tuple[str, str]] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        self.total += 1
        self.codes[outcome.code] += 1
        if not outcome.ships:
            self.open.append((outcome.name, outcome.why))

    @property
    def code(self) -> int:
        """The worst exit code; 0 when all ship."""
        return max(self.codes, default=0)


def said(outcome: Outcome) -> str:
    """Return what goes to standard error of an environment; the trace of a bug goes to a log."""
    text = lines(outcome.said)
    if outcome.code == BUG:
        with tempfile.NamedTemporaryFile(
            "w", prefix="sealift-", suffix=".log", delete=False
        ) as log:
            log.write(outcome.trace)
        text += f"\nhint: please report it with {log.name}"
    return text


def tell(outcome: Outcome) -> None:
    """Say on standard error what speaks against an environment."""
    text = said(outcome) or f"{outcome.text}\n"
    log.say("error", "environment", text, name=outcome.name, code=outcome.code, why=outcome.why)


def summary(tally: Tally, seconds: float) -> str:
    """Write how many ship, which do not and why, and how long it took."""
    closed = tally.codes[0]
    each = f", {seconds / tally.total * 1000:.0f} ms each" if tally.total > 1 else ""
    verdict = f"{closed:,} of {count(tally.total, 'environment')} closed"
    rows = [lines(f"  {name}: {why}") for name, why in tally.open[:_LISTED]]
    more = len(tally.open) - _LISTED
    rows += [f"  and {more:,} more"] if more > 0 else []
    return "\n".join([f"{verdict}, in {duration(seconds)}{each}", *rows])


def records(found: Sequence[str]) -> str:
    """Join JSON documents, which are indented by two spaces, to a list of them."""
    if not found:
        return "[]"
    return "[\n" + ",\n".join(_indented(record) for record in found) + "\n]"


def _indented(record: str) -> str:
    return "\n".join(f"  {line}" for line in record.split("\n"))
