"""docs/environment.md names every setting that there is, and no other."""

import re
from collections.abc import Iterator
from typing import Any

from builder.core.environment import Environment
from builder.core.section import schema
from tests.conftest import REPOSITORY


def settings(document: dict[str, Any], node: dict[str, Any]) -> Iterator[str]:
    """The dotted keys of a model; a map of people's own names, or a list, is one setting."""
    if "$ref" in node:
        node = document["$defs"][node["$ref"].rpartition("/")[2]]
    for key, child in node.get("properties", {}).items():
        below = list(settings(document, child))
        yield key
        yield from (f"{key}.{name}" for name in below)


def test_every_setting_of_an_environment_is_in_the_table() -> None:
    text = (REPOSITORY / "docs" / "environment.md").read_text()
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    named = {name for first, _ in rows for name in re.findall(r"`([\w.]+)`", first)}
    document = schema(Environment)
    known = set(settings(document, document))
    # A row of a group may tell what is in it.
    grouped = {f"{first.strip(' `')}.{name}" for first, said in rows
               for name in re.findall(r"`([\w.]+)`", said)}  # fmt: skip
    parents = {name for name in known if any(other.startswith(f"{name}.") for other in known)}
    assert named <= known
    assert known - parents <= named | grouped
