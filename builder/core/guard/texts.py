"""Texts that may hold anything, as ConfigMaps, scripts and arguments do: what in them is assigned.

``password=x``, ``"password": "x"``, ``--password x``, ``password: x``, an item of an environment.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from builder.core.credentials import AFTER, WORDS, is_credential, is_given
from builder.core.guard.forms import without_public

STARS = "***"
SHOWN = re.compile(r"\$\([\w.-]+\)|\$\{[\w.-]+\}|\$\w+")
"""What may be shown in the place of a credential: the name of a variable."""
_NAME = rf"(?P<name>[\w.-]{{0,80}}?(?:{WORDS}){AFTER}?)"
_MAY_HOLD = re.compile(rf"(?i){WORDS}|private key|://[^\s/@:]*:|bearer|basic")
_PRIVATE = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END [A-Z ]*-----|\Z)", re.S)
_USERINFO = re.compile(r"(://[^\s/@:]{0,200}:)([^\s\"'<>]{1,500})(?=@)")
_HEADER = re.compile(r"(?i)\b((?:bearer|basic)[ \t]+)([A-Za-z0-9+/=._~-]{8,})")
# In the order in which they are looked for: a block of YAML, an item of an environment, a line that
# is name and value, what stands within a line: ``name=value``, ``"name": "value"``, flags; XML.
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
        rf"(?P<start><(?:\w{{1,40}}:)?){_NAME}(?P<between>(?:\s[^<>]{{0,200}})?>(?:<!\[CDATA\[)?)"
        r"(?P<value>[^<>\s\]][^<>\]]{0,500})(?=(?:\]\]>)?</)",
    )
)
_COVERED = re.compile(r"(?:\*\*\*\W*)?")
_QUOTES = "\"'"
# In a script: a test, a call, or code that reads the value from somewhere.
_GOES_ON = re.compile(r"[ \t]+[^\s#]")
_CODE = re.compile(r"[\w.]+\(|[=!]=|\$|`|\{|\[|<|\(|/|None\b|self\.|os\.|process\.")
# Another place that has it: `hs.token = obj.status.token`; or what usage says: `--token TOKEN`.
_ELSEWHERE = re.compile(r"(?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*|[A-Z][A-Z_]*")


class Assigned(NamedTuple):
    """A name, the text that it is given, and where the name begins."""

    name: str
    value: str
    start: int


def assigned(text: str) -> Iterator[Assigned]:
    """Yield the credentials that a text gives to names, by these names.

    What has blanks in it and no quotes around it is prose; what computes a value is code.
    """
    if len(text) < 4 or not _MAY_HOLD.search(text):
        return
    text = without_public(text)
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            value = match["value"].strip().rstrip(",;").strip("\\").strip(_QUOTES)
            named = is_credential(match["name"]) and is_given(match["name"], value)
            if named and not SHOWN.fullmatch(value) and _stands_for_itself(match, value):
                yield Assigned(match["name"].lstrip("-"), value, match.start("name"))


def _stands_for_itself(match: re.Match[str], value: str) -> bool:
    return _is_whole(match) or not _is_prose(match, value)


def _is_whole(match: re.Match[str]) -> bool:
    """Tell whether a value says itself where it ends: in quotes, or as a block."""
    return match["value"][:1] in (*_QUOTES, "\\") or match["between"].endswith("\n")


def _is_prose(match: re.Match[str], value: str) -> bool:
    """Tell whether a bare value is a word in a sentence, or code that reads it from somewhere."""
    goes_on = ":" in match["between"] and _GOES_ON.match(match.string, match.end())
    elsewhere = _ELSEWHERE.fullmatch(value) and is_credential(value)
    return bool(re.search(r"\s", value) or _CODE.match(value) or goes_on or elsewhere)


def scrub(text: str) -> str:
    """Return a text with the secrets in it starred out."""
    if len(text) < 4 or not _MAY_HOLD.search(text):
        return text
    text = _PRIVATE.sub(rf"\1{STARS}\2", text)
    text = _USERINFO.sub(lambda m: m[0] if SHOWN.fullmatch(m[2]) else m[1] + STARS, text)
    text = _HEADER.sub(rf"\1{STARS}", text)
    for pattern in _PATTERNS:
        text = pattern.sub(_starred, text)
    return text


def _starred(match: re.Match[str]) -> str:
    value = match["value"].strip().strip(_QUOTES)
    if not is_credential(match["name"]) or SHOWN.fullmatch(value) or _COVERED.fullmatch(value):
        return match[0]
    block = match["between"].endswith("\n")
    stars = f"{match['start']}  {STARS}\n" if block else STARS
    return f"{match['start']}{match['name']}{match['between']}{stars}"
