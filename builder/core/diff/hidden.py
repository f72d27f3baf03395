"""Secrets, taken out of a body before anything compares or prints it.

A :class:`Hidden` stands where a secret stood: it equals another when both hid the same, and holds
nothing that could be printed. What is a secret: the content of Secrets, what is named as a
credential (the rule of :mod:`builder.core.verify`), also as the name of an environment variable, an
argument, or a line of a text; passwords in URLs; private keys.
"""

import functools
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.core.credentials import names_credential

# Digests of short secrets can be guessed: these mean nothing outside of this process.
_SALT = secrets.token_bytes(32)
STARS = "***"


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


def hide(value: Any) -> Any:
    """Return a body without its secrets."""
    if isinstance(value, Mapping):
        named = value.get("name")
        secret = isinstance(named, str) and is_credential(named)
        return {
            str(key): conceal(child)
            if _is_secret(str(key), child) or (secret and key == "value" and child)
            else hide(child)
            for key, child in value.items()
        }
    if isinstance(value, list):
        return [
            conceal(item) if _follows_flag(value, index) else hide(item)
            for index, item in enumerate(value)
        ]
    if isinstance(value, str):
        shown = scrub(value)
        return value if shown == value else conceal(value, shown)
    return value


def hide_all(value: Any) -> Any:
    """Return a mapping with every value hidden."""
    if isinstance(value, Mapping):
        return {str(key): conceal(child) for key, child in value.items()}
    return conceal(value)


@functools.lru_cache(maxsize=4096)
def is_credential(name: str) -> bool:
    """Tell whether something of that name is a credential."""
    last = name.lstrip("-").rpartition(".")[2]
    return names_credential(last)


def _is_secret(key: str, child: Any) -> bool:
    if isinstance(child, bool) or not isinstance(child, str | int | float) or child == "":
        return False
    return is_credential(key) and not _VARIABLE.fullmatch(str(child))


def _follows_flag(items: list[Any], index: int) -> bool:
    """Tell whether an item is the argument of a flag that takes a credential."""
    if index == 0 or not isinstance(items[index], str):
        return False
    flag, item = items[index - 1], items[index]
    return (
        isinstance(flag, str)
        and re.fullmatch(r"--?[A-Za-z][\w.-]*", flag) is not None
        and is_credential(flag)
        and not _VARIABLE.fullmatch(item)
    )


# The ends of the names that credential_paths knows: no other name may swallow what follows it.
_WORDS = r"pass(?:word|wd|phrase)?|secret|token|license|(?:access|secret|api|private|auth)[_-]?key"
_NAME = rf"(?P<name>[\w.-]{{0,80}}?(?:{_WORDS}))"
_VARIABLE = re.compile(r"\$\([\w.-]+\)|\$\{[\w.-]+\}|\$\w+")
_MAY_HOLD = re.compile(rf"(?i){_WORDS}|private key|://[^\s/@:]*:|bearer|basic")
_PRIVATE = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END [A-Z ]*-----|\Z)", re.S)
_USERINFO = re.compile(r"(://[^\s/@:]{0,200}:)([^\s\"'<>]{1,500})(?=@)")
_HEADER = re.compile(r"(?i)\b((?:bearer|basic)[ \t]+)([A-Za-z0-9+/=._~-]{8,})")
# In the order in which they are looked for: a block of YAML, an item of an environment, a line that
# is name and value, and what stands within a line: ``name=value``, ``"name": "value"``, flags.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        rf"^(?P<start>[ \t]*){_NAME}(?P<between>:[ \t]*[|>][^\n]*\n)"
        r"(?P<value>(?:(?P=start)[ \t]+[^\n]*(?:\n|\Z)|[ \t]*\n)+)",
        rf"(?P<start>\bname[\"']?:[ \t]*[\"']?){_NAME}"
        r"(?P<between>[\"']?,?\s+[\"']?value[\"']?:[ \t]*)(?P<value>[^\s|>].*)$",
        rf"^(?P<start>[ \t]*(?:- |export |set )?[\"']?){_NAME}"
        r"(?P<between>[\"']?[ \t]*[:=][ \t]*|[ \t]+(?=\S+$))(?P<value>[^\s|>].*)$",
        rf"(?<![\w.-])(?P<start>-{{0,2}}){_NAME}(?P<between>\\?[\"']?[ \t]*[:=][ \t]*)"
        r"(?P<value>\\?\"(?:[^\"\\]|\\[^\"])*\\?\"|'[^']*'|\$\([\w.-]+\)|\$\{[\w.-]+\}|"
        r"[^\s,;&})|>\[{\"'][^\s,;&})]*)",
        rf"(?<![\w.-])(?P<start>--?){_NAME}(?P<between>[ \t]+)(?P<value>[^\s-]\S*)",
    )
)


def scrub(text: str) -> str:
    """Return a text with the secrets in it starred out."""
    if len(text) < 4 or not _MAY_HOLD.search(text):
        return text
    text = _PRIVATE.sub(rf"\1{STARS}\2", text)
    text = _USERINFO.sub(lambda m: m[0] if _VARIABLE.fullmatch(m[2]) else m[1] + STARS, text)
    text = _HEADER.sub(rf"\1{STARS}", text)
    for pattern in _PATTERNS:
        text = pattern.sub(_starred, text)
    return text


def _starred(match: re.Match[str]) -> str:
    value = match["value"].strip().strip("\"'")
    if not is_credential(match["name"]) or value in ("", STARS) or _VARIABLE.fullmatch(value):
        return match[0]
    block = match["between"].endswith("\n")
    stars = f"{match['start']}  {STARS}\n" if block else STARS
    return f"{match['start']}{match['name']}{match['between']}{stars}"
