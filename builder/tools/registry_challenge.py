"""How a registry asks for a login: its ``WWW-Authenticate`` headers (RFC 9110, 11.6.1)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_PART = re.compile(
    r"""(?P<key>[\w-]+)[ \t]*=[ \t]*("(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,"]*))"""
    r"|(?P<scheme>[\w-]+)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Challenge:
    """One way to log in: ``scheme`` and the names of ``fields`` are in lower case."""

    scheme: str
    fields: Mapping[str, str]

    @property
    def basic(self) -> bool:
        """Whether user name and password are wanted with each request."""
        return self.scheme == "basic"


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """Return the challenges of all headers, of which one may hold several."""
    found: list[tuple[str, dict[str, str]]] = []
    for header in headers:
        first = len(found)
        for match in _PART.finditer(header):
            if match["scheme"]:
                found.append((match["scheme"].lower(), {}))
            elif len(found) > first:
                quoted = match["quoted"]
                value = match["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                found[-1][1].setdefault(match["key"].lower(), value)
    return [Challenge(scheme=scheme, fields=fields) for scheme, fields in found]


def chosen(offered: Iterable[Challenge]) -> Challenge | None:
    """Return the challenge to answer: a token rather than a password; None where neither is.

    A token has to be had from somewhere: its ``realm``.
    """
    known = [c for c in offered if c.basic or (c.scheme == "bearer" and c.fields.get("realm"))]
    return min(known, key=lambda challenge: challenge.basic, default=None)
