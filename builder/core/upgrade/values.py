"""Values that people have set, held against another version of their chart.

That a template reads a value is measured: by renders in which it is another one. What cannot be
measured so, as why it is not read, is looked up in the chart's own values and templates.
"""

import copy
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from builder.core import archive
from builder.core.archive import ChartArchive
from builder.core.credentials import names_credential
from builder.core.overrides import Path, leaves, own_leaves
from builder.core.pointer import get

Kind = Literal["lost", "retyped", "idle", "default"]
_NUMBERS = 8_100_000  # numbers that no chart has by chance
_ALIKE = 0.75
_ABSENT = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueNote:
    """What a reviewer has to know of a value that people have set. It never holds the value.

    ``lost``: the old version read it, nothing in the new one does; ``retyped``: its default is of
    another type; ``idle``: neither version reads it; ``default``: its default changed. ``near`` is
    a guess at what took its place.
    """

    kind: Kind
    path: Path
    said: str
    near: Path = ()
    set_at: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What a version of a chart has: its defaults, and the text of all its templates."""

    version: str
    defaults: Mapping[str, Any]
    templates: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Whether the renders of the old and the new version depend on a value; None: not measured."""

    path: Path
    old: bool | None
    new: bool


def marked(
    user: Mapping[str, Any], paths: Sequence[Path]
) -> tuple[dict[str, Any], dict[Path, str]]:
    """Return the values with texts and numbers at ``paths`` changed, and what tells each of them.

    A text gets an ending, so that what it begins with still counts.
    """
    values, marks = copy.deepcopy(dict(user)), {}
    for number, path in enumerate(paths):
        value = get(values, path)
        if isinstance(value, str):
            marks[path] = f"zq{number}x"
            _put(values, path, f"{value}{marks[path]}")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            marks[path] = str(_NUMBERS + number)
            _put(values, path, _NUMBERS + number)
    return values, marks


def altered(user: Mapping[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """Return the values with others at ``paths``; without those that are null."""
    values = copy.deepcopy(dict(user))
    for path in paths:
        value = get(values, path)
        if value is None:
            _remove(values, path)
        elif isinstance(value, bool):
            _put(values, path, not value)
        elif isinstance(value, int | float):
            _put(values, path, value + 1)
        else:
            _put(values, path, f"{value}x")
    return values


def _put(values: Any, path: Path, value: Any) -> None:
    above = get(values, path[:-1])
    above[int(path[-1]) if isinstance(above, list) else path[-1]] = value


def _remove(values: Any, path: Path) -> None:
    above = get(values, path[:-1])
    if isinstance(above, dict):  # what follows in a list would change its place
        del above[path[-1]]


def bare(chart: ChartArchive, extra: Mapping[str, bytes]) -> ChartArchive:
    """Return a chart that renders nothing but ``extra``: all that is left of it are its values."""
    return replace(chart, files={**_without_templates(chart.files), **extra})


def _without_templates(files: Mapping[str, bytes]) -> dict[str, bytes]:
    kept = {}
    for path, content in files.items():
        parts = path.split("/")
        if parts[-1] == "values.schema.json" or {"templates", "crds"} & set(parts[:-1]):
            continue
        if path.endswith(".tgz") and "charts" in parts:
            below = archive.read(content, source=path)
            content = archive.pack(replace(below, files=_without_templates(below.files)))
        kept[path] = content
    return kept


def templates(files: Mapping[str, bytes]) -> str:
    """Return the text of all templates of a chart, at any depth."""
    found = []
    for path, content in sorted(files.items()):
        if path.endswith(".tgz"):
            found.append(templates(archive.read(content, source=path).files))
        elif "templates/" in path:
            found.append(content.decode("utf-8", "replace"))
    return "\n".join(found)


def only(values: Mapping[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """Return the values at some paths alone, where they are there."""
    found: dict[str, Any] = {}
    for path in paths:
        value = get(values, path, _ABSENT)
        if value is not _ABSENT:
            node = found
            for step in path[:-1]:
                node = node.setdefault(step, {})
            node[path[-1]] = value
    return found


def notes(
    readings: Iterable[Reading], old: Known, new: Known, set_at: Mapping[Path, str]
) -> list[ValueNote]:
    """Return what is to be said of the values, what matters most first."""
    found = [
        replace(note, set_at=set_at.get(note.path, ""))
        for reading in readings
        for note in _of(reading, old, new)
    ]
    order = ("lost", "retyped", "default", "idle")
    return sorted(found, key=lambda note: (order.index(note.kind), note.path))


def _of(reading: Reading, old: Known, new: Known) -> Iterator[ValueNote]:
    path = reading.path
    was, now = get(old.defaults, path, _ABSENT), get(new.defaults, path, _ABSENT)
    if not reading.new and reading.old:
        said = _why_lost(path, now is not _ABSENT, new)
        yield ValueNote(kind="lost", path=path, said=said, near=_near(path, old, new))
    elif not reading.new and reading.old is False:
        said = "neither version renders anything else with another value"
        yield ValueNote(kind="idle", path=path, said=said)
    elif _ABSENT not in (was, now) and None not in (was, now) and _type(was) != _type(now):
        said = f"its default was {_type(was)}, and is {_type(now)} now"
        yield ValueNote(kind="retyped", path=path, said=said)
    elif reading.new and _scalar(was) and _scalar(now) and was != now:
        said = f"its default was {_shown(was)}, and is {_shown(now)} now"
        hidden = names_credential(path[-1])
        yield ValueNote(kind="default", path=path, said="its default changed" if hidden else said)


def _why_lost(path: Path, in_values: bool, new: Known) -> str:
    named = re.search(rf"\b{re.escape(path[-1])}\b", new.templates) is not None
    if in_values:
        return (
            f"it stands in the values of {new.version} still, but with all else as it is, nothing "
            "that is rendered depends on it"
        )
    if named:
        return (
            f"{new.version} has no such value of its own, and renders the same without it; its "
            f"templates do name {path[-1]}, perhaps below another value"
        )
    return f"nothing in {new.version} names it: neither its values nor its templates"


def _near(path: Path, old: Known, new: Known) -> Path:
    """Guess what took the place of a value: a new one with its default, or almost its path."""
    before = {path, *(at for at, _ in own_leaves(old.defaults))}
    come = [(at, value) for at, value in own_leaves(new.defaults) if at not in before]
    default = get(old.defaults, path)
    telling = isinstance(default, str) and len(default) > 3
    same = [at for at, value in come if telling and value == default]
    alike = same or [at for at, _ in come if at[-1] == path[-1] and _alike(at, path) >= _ALIKE]
    return max(alike, key=lambda at: _alike(at, path), default=())


def _alike(one: Path, other: Path) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _type(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "a text"


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:57]}..."


def paths(user: Mapping[str, Any]) -> list[Path]:
    """Return the places of all scalars that people have set."""
    return [path for path, _ in leaves(user)]
