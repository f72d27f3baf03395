"""What each code of a finding means, and what to do, from findings.yaml."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_SEVERITY = {"E": "error", "W": "warning", "N": "note"}
_FILE: Any = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())


class Said(NamedTuple):
    """One row: how severe, what it means, the next step."""

    severity: str
    meaning: str
    step: str


def _row(letters: str, meaning: str, step: str) -> Said:
    return Said(", ".join(_SEVERITY[letter] for letter in letters), meaning, step)


# Sections of the page to codes, in its order.
FINDINGS: Mapping[str, Mapping[str, Said]] = {
    section: {code: _row(*row) for code, row in rows.items()}
    for section, rows in _FILE["findings"].items()
}
DANGERS: Mapping[str, str] = _FILE["dangers"]
