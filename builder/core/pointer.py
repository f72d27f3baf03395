"""JSON pointers (RFC 6901) as tuples of tokens."""

import re
from collections.abc import Iterable
from typing import Any

_INDEX = re.compile(r"0|[1-9][0-9]*")  # RFC 6901, section 4: ASCII, no leading zero


def tokens(pointer: str) -> tuple[str, ...]:
    """Split a pointer; raise ValueError when it does not start with a slash."""
    if pointer == "":
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"a JSON pointer starts with a slash: {pointer!r}")
    return tuple(t.replace("~1", "/").replace("~0", "~") for t in pointer[1:].split("/"))


def pointer(path: Iterable[str | int]) -> str:
    """Join tokens to a pointer."""
    return "".join("/" + str(t).replace("~", "~0").replace("/", "~1") for t in path)


def get(value: Any, path: Iterable[str | int], default: Any = None) -> Any:
    """Return what stands at ``path``, or ``default`` where a step is missing."""
    for token in path:
        if isinstance(value, dict) and str(token) in value:
            value = value[str(token)]
        elif isinstance(value, list) and _INDEX.fullmatch(str(token)) and int(token) < len(value):
            value = value[int(token)]
        else:
            return default
    return value


def mapping(value: Any, path: Iterable[str | int] = ()) -> dict[str, Any]:
    """Return the mapping at ``path``; an empty one where there is none, or something else.

    Charts and files are other people's: what a kind calls a mapping may be anything there.
    """
    found = get(value, path)
    return found if isinstance(found, dict) else {}


def mappings(value: Any, path: Iterable[str | int] = ()) -> list[dict[str, Any]]:
    """Return the mappings in the list at ``path``, in order; none where there is no list."""
    found = get(value, path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
