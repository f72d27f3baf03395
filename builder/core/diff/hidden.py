"""Secrets, taken out of a body before anything compares or prints it.

A :class:`Hidden` stands where a secret stood: it equals another when both hid the same, and holds
nothing that could be printed. What is a secret: the content of Secrets, what is named as a
credential (the rule of :mod:`builder.core.guard`), also as the name of an environment variable, an
argument, or a line of a text; passwords in URLs; private keys; and whatever the guard has found in
what stands in Git, wherever controllers put that.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.core.credentials import is_credential
from builder.core.guard.texts import SHOWN, STARS, scrub
from builder.core.guard.veil import NOTHING, Veil

# Digests of short secrets can be guessed: these mean nothing outside of this process.
_SALT = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text with something taken out: what may be shown, and a digest of the whole."""

    shown: str
    digest: bytes = field(repr=False)

    def __str__(self) -> str:
        return self.shown


def conceal(value: Any, shown: str = STARS) -> Hidden:
    """Return what stands for ``value``; of it, only ``shown`` may be seen."""
    text = json.dumps(value, sort_keys=True, default=str).encode()
    return Hidden(shown, hashlib.blake2b(text, key=_SALT, digest_size=32).digest())


def hide(value: Any, veil: Veil = NOTHING) -> Any:
    """Return a body without its secrets; ``veil`` takes out those that are known by themselves."""
    if isinstance(value, Mapping):
        named = value.get("name")
        secret = isinstance(named, str) and is_credential(named)
        return {
            str(key): conceal(child)
            if _is_secret(str(key), child) or (secret and key == "value" and child)
            else hide(child, veil)
            for key, child in value.items()
        }
    if isinstance(value, list):
        return [
            conceal(item) if _follows_flag(value, index) else hide(item, veil)
            for index, item in enumerate(value)
        ]
    if isinstance(value, str):
        shown = scrub(veil.text(value))
        return value if shown == value else conceal(value, shown)
    return value


def hide_all(value: Any) -> Any:
    """Return a mapping with every value hidden."""
    if isinstance(value, Mapping):
        return {str(key): conceal(child) for key, child in value.items()}
    return conceal(value)


def _is_secret(key: str, child: Any) -> bool:
    if isinstance(child, bool) or not isinstance(child, str | int | float) or child == "":
        return False
    return is_credential(key) and not SHOWN.fullmatch(str(child))


def _follows_flag(items: list[Any], index: int) -> bool:
    """Tell whether an item is the argument of a flag that takes a credential."""
    if index == 0 or not isinstance(items[index], str):
        return False
    flag, item = items[index - 1], items[index]
    return (
        isinstance(flag, str)
        and re.fullmatch(r"--?[A-Za-z][\w.-]*", flag) is not None
        and is_credential(flag)
        and not SHOWN.fullmatch(item)
    )
