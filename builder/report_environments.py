"""What ``sealift environment`` prints."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from builder.core.text import printable
from builder.core.text import table as aligned
from builder.environments.listing import Listed

_HEAD = ("ENVIRONMENT", "BASE", "CHARTS", "KUBERNETES", "REGISTRY")


def table(found: Sequence[Listed]) -> str:
    """Write one line each; the published state where it was asked for."""
    asked = any(one.published for one in found)
    rows = [[*_cells(one), *([one.published] if asked else [])] for one in found]
    head = [*_HEAD, *(["PUBLISHED"] if asked else [])]
    return aligned(head, [[printable(cell) for cell in row] for row in rows])


def _cells(one: Listed) -> list[str]:
    if one.problem:
        return [one.name, "", "cannot be read", "", ""]
    charts = ", ".join(f"{name} {version}" for name, version in one.charts)
    base = f"{one.base}, extends {one.extends}" if one.extends else one.base
    return [one.name, base, charts or "none", one.kubernetes, one.registry]


def names(found: Sequence[Listed]) -> str:
    """Write the names alone."""
    return "\n".join(one.name for one in found)


def as_json(found: Sequence[Listed]) -> str:
    """Write all that is known."""
    charts = [[{"name": n, "version": v} for n, v in one.charts] for one in found]
    records = [asdict(one) | {"charts": c} for one, c in zip(found, charts, strict=True)]
    return json.dumps({"environments": records}, indent=2)
