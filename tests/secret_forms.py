"""Each form in which a credential may show: as it is, encoded, escaped, in parts."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import quote, quote_plus

import yaml

_LEAST = 8


def forms(value: str) -> set[str]:
    """Every text that gives a value away."""
    lines = (line for line in value.splitlines() if not line.startswith("-----"))
    plain = {value, *(line for line in lines if len(line) >= _LEAST)}
    found = set(plain)
    for text in plain:
        found |= {quote(text, safe=""), quote(text), quote_plus(text), escape(text)}
        for ascii_ in (True, False):
            escaped = json.dumps(text, ensure_ascii=ascii_)[1:-1]
            found |= {escaped, json.dumps(escaped, ensure_ascii=ascii_)[1:-1]}
        found |= {repr(text)[1:-1], yaml.safe_dump(text, width=10_000).strip("\n. '\"")}
        found |= set(_encoded(text))
    return {form for form in found if len(form) >= _LEAST}


def _encoded(text: str) -> Iterator[str]:
    """Base64 of a text wherever it begins in three bytes, without what its surroundings change."""
    data = text.encode()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        inner = whole[0 if before == 0 else 4 : -1]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


class Planted:
    """Named credentials, and the search for them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)
        self._forms = {name: sorted(forms(value)) for name, value in values.items()}
        self.leaks: list[str] = []

    def note(self, text: str) -> None:
        """Note which of them a text shows, with the first of its lines that does."""
        for name in self.shown_in(text):
            lines = (line for line in text.splitlines() if name in self.shown_in(line))
            self.leaks.append(f"{name}: {next(lines, text)[:300]}")

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def shown_in(self, content: bytes | str) -> list[str]:
        """The names of those that a content shows."""
        text = content if isinstance(content, str) else content.decode("utf-8", "replace")
        joined = re.sub(r"\\?\r?\n\s*", "", text)  # a long line may be broken
        return [
            name
            for name, listed in self._forms.items()
            if any(form in text or form in joined for form in listed)
        ]
