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


def test_every_file_that_the_architecture_names_is_there() -> None:
    text = (REPOSITORY / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"[\w/]+\.py\b", text)) | set(re.findall(r"`([\w/]+/)`", text))
    assert len(named) > 100
    tops = [REPOSITORY / top for top in ("base", "builder", "docs", "overlays", "tests", "tools")]
    files = {f"/{p.relative_to(REPOSITORY).as_posix()}" for top in tops for p in top.glob("**/*")}
    missing = {name for name in named if not any(f.endswith(f"/{name.rstrip('/')}") for f in files)}
    assert missing == set()


def test_the_architecture_tells_nothing_twice() -> None:
    text = (REPOSITORY / "ARCHITECTURE.md").read_text()
    commands = re.findall(r"`(sealift \w+)`", "".join(re.findall(r"^## .*$", text, re.MULTILINE)))
    house = text.partition("## The house")[2].partition("\nImports go")[0]
    owners = re.findall(r"^ {6}([\w.]+)", house, re.MULTILINE)
    for listed in (commands, owners):
        assert sorted(listed) == sorted(set(listed))
