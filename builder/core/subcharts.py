"""Where the chart of a template has its values: below the aliases that lead to it."""

from collections.abc import Mapping

from builder.core.overrides import Path


def prefix(template: str) -> Path:
    """Return the path below which a template's chart has its values: its aliases."""
    parts = template.split("/")
    return tuple(parts[i + 1] for i, part in enumerate(parts[:-1]) if part == "charts")


def condition(charts: Mapping[Path, str], template: str) -> str | None:
    """Return the value path that switches off the subchart of a template, if one does.

    ``charts`` maps the alias path of each subchart to its condition; the nearest one counts.
    """
    aliases = prefix(template)
    found = None
    for length in range(1, len(aliases) + 1):
        found = charts.get(aliases[:length], found)
    return found
