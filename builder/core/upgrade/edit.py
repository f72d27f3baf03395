"""Versions in YAML texts, changed so that comments, order and quotes of what people wrote stay.

Each place where the old version stands is tried; that one counts which changes the wanted value and
nothing else, read again. None where there is no such place: an alias, a value that is not written
out, a text that is made of parts.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from builder.core import yaml
from builder.core.errors import YamlError
from builder.core.manifests import ResourceId
from builder.core.overrides import Path, leaves
from builder.core.pointer import get, tokens

_MOST = 200  # places that are tried
_WORD = "[0-9A-Za-z.+-]"


def in_resource(text: str, resource: ResourceId, path: Path, version: str) -> str | None:
    """Return a file of resources in which the value at ``path`` of one of them is ``version``.

    The resource is the one of that group, kind and name; where no name fits, as when a
    kustomization adds a prefix, the only one of that kind which has the path.
    """
    found = [at for at in _objects(_read(text)) if _is_like(get(_read(text), at), resource, path)]
    named = [at for at in found if get(_read(text), (*at, "metadata", "name")) == resource.name]
    at = (named or found)[0] if len(named or found) == 1 else None
    if at is None:
        return None
    place = (*at, *path)
    present = str(get(_read(text), place))
    return _replaced(text, present, version, lambda changed: changed == place)


def names(text: str, resource: ResourceId) -> bool:
    """Tell whether a file of resources has one of that group, kind and name."""
    path = ("metadata", "name")
    read = _read(text)
    found = [get(read, at) for at in _objects(read)]
    return any(_is_like(one, resource, path) and get(one, path) == resource.name for one in found)


def in_operation(text: str, operation: str, below: Path, version: str, line: int) -> str | None:
    """Return a file of patches in which an operation sets ``version``.

    ``operation`` is its path, ``below`` leads from its value to the version, ``line`` is where it
    stands, from 1. The file may be operations, a kustomization, or a list of transformers.
    """

    def sets(changed: Path) -> bool:
        at, end = changed[: -len(below) - 1], changed[-len(below) - 1 :]
        return end == ("value", *below) and get(_read(text), (*at, "path")) == operation

    for value in dict.fromkeys(_values(_read(text), operation, below)):
        edited = _replaced(text, value, version, sets, line)
        if edited is not None:
            return edited
    return None


def _values(read: Any, operation: str, below: Path) -> Iterator[str]:
    """Yield the texts that operations of that path set."""
    for at in _objects(read):
        found = get(read, at)
        if found.get("path") == operation:
            value = get(found, ("value", *below))
            if isinstance(value, str | int | float):
                yield str(value)


def _replaced(
    text: str, old: str, new: str, wanted: Callable[[Path], bool], line: int = 0
) -> str | None:
    if old == new:
        return text
    before = dict(leaves(_read(text)))
    matches = list(re.finditer(rf"(?<!{_WORD}){re.escape(old)}(?!{_WORD})", text))
    first = [m for m in matches if text.count("\n", 0, m.start()) + 1 >= line]
    for match in [*first, *(m for m in matches if m not in first)][:_MOST]:
        edited = text[: match.start()] + new + text[match.end() :]
        try:
            after = dict(leaves(_read(edited)))
        except YamlError:
            continue
        changed = [path for path in after if after[path] != before.get(path, ...)]
        if before.keys() == after.keys() and len(changed) == 1:
            [path] = changed
            if after[path] == new and wanted(path):
                return edited
    return None


def _read(text: str) -> Any:
    """Read all documents; texts that hold YAML themselves, as patches do, are read as well."""
    return [_inner(document.value) for document in yaml.load_all(text, source="file")]


def _inner(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _inner(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_inner(child) for child in value]
    if isinstance(value, str) and ("\n" in value or value.startswith(("[", "{"))):
        try:
            documents = yaml.load_all(value, source="text")
        except YamlError:
            return value
        found = [_inner(document.value) for document in documents]
        return found if any(isinstance(one, dict | list) for one in found) else value
    return value


def _objects(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the places of all mappings."""
    if isinstance(value, Mapping):
        yield path
        for key, child in value.items():
            yield from _objects(child, (*path, str(key)))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _objects(child, (*path, str(index)))


def _is_like(found: Any, resource: ResourceId, path: Path) -> bool:
    group = str(found.get("apiVersion") or "").rpartition("/")[0]
    key = (group, found.get("kind"))
    return key == (resource.group, resource.kind) and get(found, path) is not None


def with_chart_versions(
    text: str, name: str, versions: Sequence[str], repository: str
) -> str | None:
    """Return ``base.yaml`` in which the charts of that name are those of ``versions``.

    An entry that goes gives its place to one that comes, without its digest. None when that cannot
    be done without rewriting what people wrote.
    """
    for _ in range(_MOST):
        present = _versions(text, name)
        gone = [v for v in present if v not in versions]
        come = [v for v in versions if v not in present]
        if not gone and not come:
            return text
        edited = _changed_entry(text, name, gone, come, repository)
        if edited is None:
            return None
        text = edited
    return None


def _changed_entry(
    text: str, name: str, gone: Sequence[str], come: Sequence[str], repository: str
) -> str | None:
    """Make one change: replace an entry's version, drop an entry, or add one."""
    charts = _charts(text)
    wanted: list[Any] = [dict(chart) for chart in charts]
    at = next((i for i, c in enumerate(charts) if (c["name"], c["version"]) in
               {(name, version) for version in gone}), None)  # fmt: skip
    if at is None:
        wanted.append({"name": name, "version": come[0], "repository": repository})
        return _checked(_with_entry(text, wanted[-1]), text, wanted)
    if come:
        place = ("0", "charts", str(at), "version")
        wanted[at]["version"] = come[0]
        edited = _replaced(text, str(charts[at]["version"]), come[0], lambda p: p == place)
        if wanted[at].pop("digest", None) and edited:
            edited = _without_line(edited, ("charts", str(at), "digest"))
        return _checked(edited, text, wanted)
    del wanted[at]
    return _checked(_without_entry(text, at), text, wanted)


def _charts(text: str) -> list[Any]:
    value = yaml.load(text, source="base.yaml")
    charts = value.get("charts") if isinstance(value, dict) else None
    return list(charts or [])


def _versions(text: str, name: str) -> list[str]:
    return [str(chart["version"]) for chart in _charts(text) if chart["name"] == name]


def _checked(edited: str | None, text: str, wanted: list[Any]) -> str | None:
    """Return the edited text when it is the old one with the wanted charts, else None."""
    if edited is None:
        return None
    before = yaml.load(text, source="base.yaml")
    try:
        after = yaml.load(edited, source="base.yaml")
    except YamlError:
        return None
    return edited if after == {**before, "charts": wanted} else None


def _with_entry(text: str, entry: Mapping[str, str]) -> str | None:
    charts = _charts(text)
    lines = text.splitlines(keepends=True)
    if not charts:
        return None
    start, end = _entry_lines(text, len(charts) - 1)
    match = re.match(r"(\s*)- ", lines[start])
    if match is None:
        return None
    indent = match[1]
    first, *rest = yaml.dump(dict(entry)).splitlines()
    added = [f"{indent}- {first}\n", *(f"{indent}  {line}\n" for line in rest)]
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    return "".join([*lines[:end], *added, *lines[end:]])


def _without_entry(text: str, number: int) -> str | None:
    lines = text.splitlines(keepends=True)
    start, end = _entry_lines(text, number)
    return "".join([*lines[:start], *lines[end:]])


def _without_line(text: str, path: Path) -> str:
    lines = text.splitlines(keepends=True)
    number = yaml.lines(text, source="base.yaml").by_path[path]
    return "".join([*lines[: number - 1], *lines[number:]])


def _entry_lines(text: str, number: int) -> tuple[int, int]:
    """Return where an entry of the charts begins, and the line after its last, from 0."""
    places = yaml.lines(text, source="base.yaml").by_path
    above = ("charts", str(number))
    found = [line for path, line in places.items() if path[:2] == above]
    return min(found) - 1, max(found)


def covers(operation: str, path: Path) -> Path | None:
    """Return the way from an operation's place to ``path`` when it sets what stands there."""
    at = tokens(operation)
    return path[len(at) :] if path[: len(at)] == at else None
