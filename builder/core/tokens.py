"""Unique texts that stand in for values: each keeps the shape of the value that it replaces.

Slashes, a dotted host and a tag stay where they are, so that templates take the same branches.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.core.overrides import Path
from builder.core.pointer import get

_TOKEN = re.compile(r"slz[0-9]{5}z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """A piece of a reference that a value makes; ``path`` is the value's path in the chart."""

    path: Path


Piece = str | Variable


class Tokens:
    """The tokens of some values."""

    def __init__(
        self, values: Mapping[str, Any], paths: Sequence[Path], *, tags: bool = False
    ) -> None:
        self._shapes: dict[Path, str] = {}
        for number, path in enumerate(paths):
            token = f"slz{number:05}z"
            value = scalar(get(values, path))
            self._shapes[path] = tag_shape(value, token) if tags else shape(value, token)
        self._by_token = {_TOKEN.findall(text)[0]: path for path, text in self._shapes.items()}

    @property
    def assignments(self) -> dict[Path, str]:
        """The values to render with."""
        return dict(self._shapes)

    def without(self, paths: Collection[Path]) -> dict[Path, str]:
        """Return the assignments but for some paths."""
        return {path: text for path, text in self._shapes.items() if path not in paths}

    def pieces(self, text: str) -> tuple[tuple[Piece, ...], tuple[Path, ...]]:
        """Take a rendered reference apart: its pieces, and the paths of all tokens in it.

        There are no pieces when a token arrived in another shape than it was sent.
        """
        paths = tuple(
            dict.fromkeys(self._by_token[t] for t in _TOKEN.findall(text) if t in self._by_token)
        )
        shapes = {self._shapes[path]: path for path in paths}
        if not shapes:
            return (text,), ()
        pattern = "|".join(re.escape(s) for s in sorted(shapes, key=len, reverse=True))
        pieces: list[Piece] = []
        for part in re.split(f"({pattern})", text):
            if part in shapes:
                pieces.append(Variable(path=shapes[part]))
            elif part:
                pieces.append(part)
        if any(isinstance(p, str) and _TOKEN.search(p) for p in pieces):
            return (), paths
        return tuple(pieces), paths


def scalar(value: Any) -> str:
    """Return the text that a template prints for a value; empty for one that is no scalar."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def shape(value: str, token: str) -> str:
    """Write a token in the shape of a registry, a repository, or a whole reference."""
    if "{{" in value or not value:
        return token
    scheme = re.match(r"[a-z][a-z0-9+.-]*://", value)
    start = scheme[0] if scheme else ""
    rest = value[len(start) :]
    lead, trail = rest[: len(rest) - len(rest.lstrip("/"))], rest[len(rest.rstrip("/")) :]
    body = rest.strip("/")
    tag = _tag_suffix(body)
    first, *others = body[: len(body) - len(tag)].split("/")
    dotted = "." in first or ":" in first
    parts = [f"{token}.example" if dotted else token, *(token for _ in others)]
    return f"{start}{lead}{'/'.join(parts)}{tag}{trail}"


def _tag_suffix(body: str) -> str:
    match = re.search(
        r"(?<=[a-z0-9]):[A-Za-z0-9_][\w.-]*(?:@sha256:[0-9a-f]+)?$|@sha256:[0-9a-f]+$", body
    )
    if match is None or ("/" not in body and re.fullmatch(r":[0-9]+", match[0])):
        return ""  # a port is a part of the host
    return match[0]


def tag_shape(value: str, token: str) -> str:
    """Write a token in the shape of a tag: a version stays one."""
    if re.fullmatch(r"v?[0-9]+\.[0-9]+\.[0-9]+", value):
        return f"{value}-{token}"
    if value.startswith("sha256:"):
        return f"sha256:{token}"
    return token
