"""Credentials, told by the names of keys: found, and taken out of what is printed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from builder.core.pointer import get

_CREDENTIAL = re.compile(
    r"(?:password|passwd|passphrase|(?<!by)(?<!com)pass)$|"
    r"(?:^|[_.-])(?:secret|token|license|(?:access|secret|api|private|auth)[_-]?key)$"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Shorter ones would take letters out of every word.
_SHORTEST = 4


def names_credential(key: str) -> bool:
    """Tell whether a key, or the name of a variable, says that its value is a credential."""
    return _CREDENTIAL.search(_HUMP.sub("_", key).lower()) is not None


def credential_paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the places of texts whose key is named as a credential; never their values."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            if isinstance(child, str) and child and names_credential(str(key)):
                yield (*path, str(key))
            else:
                yield from credential_paths(child, (*path, str(key)))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from credential_paths(child, (*path, str(index)))


def redacted(text: str, values: Any) -> str:
    """Return a text without the credentials in ``values``: helm quotes them in errors."""
    found = {str(get(values, path)) for path in credential_paths(values)}
    for secret in sorted(found, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return text
