"""How annotations write a value, and one form turned into another.

Only what comes out as the same thing is turned: a value that does not fit is None.
"""

import re
from collections.abc import Callable
from typing import Any, Literal

Form = Literal[
    "nginx-size", "haproxy-size", "seconds", "duration", "truth", "switch", "comma-cidrs",
    "space-cidrs", "protocol", "haproxy-protocol", "affinity",
]  # fmt: skip
"""Sizes as ``64m``, times as ``60`` or ``60s``; ``truth``: true or false, ``switch``: on or off."""

_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_PROTOCOLS = {"HTTP": "h1", "HTTPS": "h1-ssl", "GRPC": "h2", "GRPCS": "h2-ssl"}
_CIDR = re.compile(r"[0-9a-fA-F.:]+(?:/[0-9]{1,3})?")
_UNLIMITED = 0


def turned(value: str, source: Form, target: Form) -> str | None:
    """Return a value of one form in another; None when it does not say the same there."""
    kind, read = _READ[source]
    other, write = _WRITE[target]
    found = read(value.strip()) if kind == other else None
    return None if found is None else write(found)


def duration(value: str, source: Form) -> str | None:
    """Return a time as the Gateway API writes it (GEP-2257), as ``90s``; None for what is none."""
    return turned(value, source, "duration") if _READ[source][0] == "time" else None


def _size(text: str) -> int | None:
    match = re.fullmatch(r"([0-9]{1,15})([kmg]?)", text.lower())
    return int(match[1]) * _UNITS[match[2]] if match else None


def _haproxy_size(text: str) -> int | None:
    return _UNLIMITED if text == "unlimited" else _size(text) or None


def _sized(size: int) -> str:
    unit = next(u for u in "gmk" if size % _UNITS[u] == 0) if size and size % 1024 == 0 else ""
    return f"{size // _UNITS[unit]}{unit}"


def _seconds(text: str) -> int | None:
    return int(text) * 1000 if re.fullmatch(r"[0-9]{1,9}", text) else None


def _duration(text: str) -> int | None:
    parts = re.findall(r"([0-9]{1,9})(ms|s|m|h)", text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return sum(int(number) * _MILLISECONDS[unit] for number, unit in parts)


def _lasting(time: int) -> str:
    return f"{time}ms" if time % 1000 else f"{time // 1000}s"


def _word(**words: Any) -> Callable[[str], Any]:
    return lambda text: words.get(text.lower())


def _cidrs(pattern: str) -> Callable[[str], list[str] | None]:
    def read(text: str) -> list[str] | None:
        found = [part for part in re.split(pattern, text) if part]
        return found if found and all(map(_CIDR.fullmatch, found)) else None

    return read


_READ: dict[Form, tuple[str, Callable[[str], Any]]] = {
    "nginx-size": ("size", _size),
    "haproxy-size": ("size", _haproxy_size),
    "seconds": ("time", _seconds),
    "duration": ("time", _duration),
    "truth": ("truth", _word(true=True, false=False)),
    "switch": ("truth", _word(on=True, off=False)),
    "comma-cidrs": ("cidrs", _cidrs(r"\s*,\s*")),
    "space-cidrs": ("cidrs", _cidrs(r"\s+")),
    "protocol": ("protocol", lambda text: text if text in _PROTOCOLS else None),
    "haproxy-protocol": (
        "protocol", _word(**{name: protocol for protocol, name in _PROTOCOLS.items()}),
    ),
    "affinity": ("affinity", _word(cookie="cookie")),
}  # fmt: skip
_WRITE: dict[Form, tuple[str, Callable[[Any], str | None]]] = {
    "nginx-size": ("size", _sized),
    "haproxy-size": ("size", lambda size: _sized(size) if size else "unlimited"),
    "seconds": ("time", lambda time: None if time % 1000 else str(time // 1000)),
    "duration": ("time", _lasting),
    "truth": ("truth", lambda on: "true" if on else "false"),
    "switch": ("truth", lambda on: "on" if on else "off"),
    "comma-cidrs": ("cidrs", ",".join),
    "space-cidrs": ("cidrs", " ".join),
    "protocol": ("protocol", str),
    "haproxy-protocol": ("protocol", lambda protocol: _PROTOCOLS[protocol]),
    "affinity": ("affinity", str),
}
