"""What a chart says when it refuses values: the switch of its own that it names."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from builder.core.overrides import Path, leaves

_DOTTED = re.compile(r"(?<![\w./-])(?:\.?Values\.)?([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+)")


def switches(message: str, values: Mapping[str, Any]) -> Iterator[tuple[Path, bool]]:
    """Yield the booleans of a chart that a message names by their path, turned round.

    A global may stand in the values of a subchart only: set above, it reaches down.
    """
    known = {path: value for path, value in leaves(values) if isinstance(value, bool)}
    for match in dict.fromkeys(_DOTTED.findall(message)):
        path = tuple(match.split("."))
        for at, value in known.items():
            if at == path or (path[0] == "global" and at[-len(path) :] == path):
                yield path, not value
                break
