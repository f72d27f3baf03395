"""Texts as they may be printed: without the credentials that are known, or that look so."""

import base64
import json
import re
from collections.abc import Iterable
from typing import Any

from builder.core.credentials import is_placeholder
from builder.core.guard.forms import forms
from builder.core.guard.model import Suspect
from builder.core.guard.randomness import random_words
from builder.core.guard.texts import STARS, scrub
from builder.core.guard.walk import Walk

# Shorter ones would take letters out of every word; words that everybody uses say nothing.
_SHORTEST, _PART, _LINE = 4, 8, 16
_LOGIN = re.compile(r"([^\s/@:\"'=]{1,200}:)(?!//)([^\s@\"'<>]{1,500})(?=@[\w\[])")


class Veil:
    """Known credentials, taken out of texts in each form in which they may stand there."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._whole = {value for value in values if value}
        found = sorted({f for value in self._whole for f in _forms(value)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, found))) if found else None

    @classmethod
    def over(cls, suspects: Iterable[Suspect]) -> "Veil":
        """Return the veil over what the guard has found."""
        return cls(suspect.value for suspect in suspects)

    def text(self, text: str) -> str:
        """Return a text without the known credentials."""
        if text in self._whole:
            return STARS
        return self._pattern.sub(STARS, text) if self._pattern else text

    def forms(self, text: str) -> str:
        """Return a text without them, and without what has the form of a credential."""
        text = self.text(text)
        return _without(text, {form.text for form in forms(text)})

    def all(self, text: str) -> str:
        """Return a text without them, and without what looks like a credential."""
        return without_suspects(self.text(text))


NOTHING = Veil()


def redacted(text: str, values: Any) -> str:
    """Return a text without the credentials in ``values``: helm quotes them in errors."""
    return Veil.over(Walk(declared={}).value(values)).all(text)


def _forms(value: str) -> Iterable[str]:
    """Yield how a value may stand in a text: as it is, escaped, encoded, line by line."""
    text = value.strip()
    if len(text) < _PART and not (len(text) >= _SHORTEST and not text.isalpha()):
        return
    if is_placeholder(text) or (text.isalpha() and text.islower()):
        return
    yield from (text, repr(text)[1:-1], json.dumps(text)[1:-1])
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield base64.b64encode(value.encode()).decode().rstrip("=")
    if "\n" in text:
        yield from (line.strip() for line in text.splitlines() if len(line.strip()) >= _LINE)


def without_suspects(text: str) -> str:
    """Return a text without what looks like a credential: by a name, by its form, or random."""
    text = _LOGIN.sub(rf"\1{STARS}", scrub(text))
    found = {form.text for form in forms(text)} | {word for word, _ in random_words(text)}
    return _without(text, found)


def _without(text: str, found: Iterable[str]) -> str:
    for value in sorted(found, key=len, reverse=True):
        text = text.replace(value, STARS)
    return text
