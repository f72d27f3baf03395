"""What is refused before it is built: size, depth, and what aliases expand to."""

import re
from collections.abc import Iterable
from typing import Any

import yaml

from builder.core.errors import YamlError

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 200
MAX_NODES = 5_000_000
MAX_MERGED = 10_000


def check_size(text: str, source: str) -> None:
    """Raise YamlError for a text that is too large, or nests too deep."""
    if len(text) > MAX_BYTES:
        raise YamlError(f"is larger than {MAX_BYTES // 2**20} MiB", where=source)
    if _may_be_deep(text) and _is_deep(text):
        raise _too_deep(source)


def _too_deep(source: str) -> YamlError:
    return YamlError(
        f"nests deeper than {MAX_DEPTH} levels", where=source, hint="no manifest needs that"
    )


def _may_be_deep(text: str) -> bool:
    """Tell cheaply whether ``text`` could nest too deep: brackets, indents and ``- - -`` rows.

    Closing brackets say nothing here: they may stand in quotes, or in comments.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH:
        return True
    return re.search(rf"^(?:[ ]|[-?:][ ]){{{MAX_DEPTH},}}", text, re.MULTILINE) is not None


def _is_deep(text: str) -> bool:
    """Count the depth exactly, over the parser's events: these need no recursion."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as error:
        # The C parser has a limit of its own, beyond ours, and looks ahead. All else the loader
        # tells, with the place.
        return "nesting depth" in str(error)
    return False


def check_aliases(values: Iterable[Any], source: str) -> None:
    """Refuse documents whose aliases expand to too many values, too deep, or to themselves."""
    known: dict[int, tuple[int, int]] = {}

    def measure(value: Any, above: int) -> tuple[int, int]:
        """Return how many values there are in ``value``, and how deep."""
        if not isinstance(value, dict | list):
            return 1, 0
        if id(value) not in known:
            known[id(value)] = (0, 0)
            children = value.values() if isinstance(value, dict) else value
            below = [measure(child, above + 1) for child in children] if above < MAX_DEPTH else []
            known[id(value)] = (
                1 + sum(n for n, _ in below),
                1 + max((d for _, d in below), default=0),
            )
        elif known[id(value)] == (0, 0):
            raise YamlError("an alias stands inside its own anchor", where=source)
        size, depth = known[id(value)]
        if above + depth > MAX_DEPTH:
            raise _too_deep(source)
        return size, depth

    if sum(measure(value, 0)[0] for value in values) > MAX_NODES:
        raise YamlError(f"its aliases expand to more than {MAX_NODES:,} values", where=source)
