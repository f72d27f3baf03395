"""Pins in the text of ``environment.yaml``, set so that comments and order stay."""

import re
from collections.abc import Mapping
from typing import Any

from builder.core import yaml
from builder.core.errors import YamlError


def with_pins(text: str, pins: Mapping[str, str]) -> str | None:
    """Return the text with these pins set, those that differ and those that are missing.

    None when that cannot be done without rewriting what people wrote, as where all pins stand in
    one line.
    """
    before = _value(text)
    present = before.get("pins") or {}
    wanted = {**before, "pins": {**present, **pins}} if pins else before
    for image, pin in pins.items():
        if str(present.get(image)) != pin:
            text = _set(text, image, pin, known=image in present)
    try:
        return text if _value(text) == wanted else None
    except YamlError:
        return None


def _value(text: str) -> dict[str, Any]:
    value = yaml.load(text, source="environment.yaml")
    return value if isinstance(value, dict) else {}


def _set(text: str, image: str, pin: str, *, known: bool) -> str:
    places = yaml.lines(text, source="environment.yaml").by_path
    lines = text.splitlines()
    written = yaml.dump(pin).rstrip("\n")
    if known:
        number = places[("pins", image)] - 1
        lines[number] = re.sub(
            r"^(\s*.*?:\s+)(\"[^\"]*\"|'[^']*'|[^\s#]+)",
            lambda found: found[1] + written,
            lines[number],
        )
        return "\n".join([*lines, ""])
    entry = f"  {yaml.dump(image).rstrip()}: {written}"
    below = [line for path, line in places.items() if path[:1] == ("pins",) and len(path) > 1]
    if below:
        indent = re.match(r"\s*", lines[min(below) - 1])
        entry = (indent[0] if indent else "  ") + entry.lstrip()
        return "\n".join([*lines[: max(below)], entry, *lines[max(below) :], ""])
    return "\n".join([*lines, "pins:", entry, ""])
