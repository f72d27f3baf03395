"""What of an object its schema does not allow, field by field. No value is told: only kinds."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from builder.core.errors import nearest
from builder.core.pointer import get

Path = tuple[str | int, ...]
_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
    "null": "nothing",
}
_MAX_KNOWN = 12
_MAX_TEXT = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A field that is unknown, missing, something else than it has to be, or null.

    ``what`` says what is wrong, ``hint`` what would be right; empty where nothing can be said.
    """

    kind: Literal["unknown", "missing", "wrong", "null"]
    path: Path
    what: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """A validator of jsonschema_rs, and the document it was compiled from."""

    validator: Any
    document: Mapping[str, Any]

    def problems(self, value: Any) -> Iterator[Problem]:
        """Yield what the document does not allow in ``value``.

        A field that is null and may not be is one that is absent, as in Kubernetes.
        """
        for error in self.validator.iter_errors(value):
            path = tuple(error.instance_path)
            keyword = str(error.schema_path[-1])
            if path and isinstance(path[-1], str) and get(value, path, ()) is None:
                required = path[-1] in self._schema(path[:-1]).get("required", ())
                yield _missing(path[:-1], path[-1]) if required else _null(path)
            elif keyword == "additionalProperties" and hasattr(error.kind, "unexpected"):
                yield from self._unknown(path, error.kind.unexpected)
            elif keyword == "required":
                yield _missing(path, str(error.kind.property))
            else:
                yield _wrong(path, keyword, error.kind, get(value, path))

    def _unknown(self, path: Path, names: list[str]) -> Iterator[Problem]:
        known = sorted(self._schema(path).get("properties", ()))
        for name in names:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else _listed(known)
            yield Problem(kind="unknown", path=(*path, name), what="no such field", hint=hint)

    def _schema(self, path: Path) -> Mapping[str, Any]:
        """Return the schema of what stands at ``path``."""
        node = self._resolved(self.document)
        for token in path:
            below = node.get("properties", {}).get(token, node.get("additionalProperties"))
            node = self._resolved(node.get("items") if isinstance(token, int) else below)
        return node

    def _resolved(self, node: Any) -> Mapping[str, Any]:
        while isinstance(node, Mapping) and "$ref" in node:
            node = self.document["$defs"][node["$ref"].rpartition("/")[2]]
        return node if isinstance(node, Mapping) else {}


def _listed(known: list[str]) -> str:
    if not known:
        return "nothing may stand there"
    more = len(known) - _MAX_KNOWN
    return f"known are {', '.join(known[:_MAX_KNOWN])}" + (f" and {more} more" if more > 0 else "")


def _missing(path: Path, name: str) -> Problem:
    return Problem(kind="missing", path=(*path, name), what="is missing")


def _null(path: Path) -> Problem:
    return Problem(kind="null", path=path, what="is null", hint="take it out, or give it a value")


def _wrong(path: Path, keyword: str, kind: Any, value: Any) -> Problem:
    if keyword == "type":
        takes = [name for name in kind.types if name != "null"]
        what = f"{_WORDS[_type(value)]} stands where {' or '.join(_WORDS[t] for t in takes)} has to"
        return Problem(kind="wrong", path=path, what=what, hint=_quotes(value, takes))
    if keyword == "enum":
        options = ", ".join(str(option) for option in kind.options)
        return Problem(kind="wrong", path=path, what=f"has to be one of {_cut(options)}")
    if keyword in ("anyOf", "oneOf", "not"):
        what = f"has none of the forms that its schema allows ({keyword})"
        return Problem(kind="wrong", path=path, what=what)
    limit = getattr(kind, "pattern", getattr(kind, "limit", None))
    return Problem(kind="wrong", path=path, what=f"breaks its {keyword} {_cut(json.dumps(limit))}")


def _type(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    kinds = {int: "integer", float: "number", str: "string", list: "array"}
    return kinds.get(type(value), "object")


def _quotes(value: Any, takes: list[str]) -> str:
    if takes == ["string"] and isinstance(value, bool | int | float):
        return "put it in quotes"
    if isinstance(value, str) and takes in (["integer"], ["number"], ["boolean"]):
        return "take the quotes away, where there are some"
    return ""


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
