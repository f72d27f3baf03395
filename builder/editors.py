"""JSON Schemas of the files that people write, for editors: made of the models that read them.

What the models' source says of a key is its help. The dialect is draft 7: all editors know it.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from builder.core.base import Base
from builder.core.environment import Environment
from builder.core.section import Section, schema

DIALECT = "http://json-schema.org/draft-07/schema#"
MODELS: Mapping[str, type[Section]] = {"environment": Environment, "base": Base}
_REF = "#/definitions/"
_EXTENDS = "extends"


def text(kind: str) -> str:
    """Return the schema of ``environment.yaml`` or ``base.yaml`` as JSON."""
    return json.dumps(document(kind), indent=2, ensure_ascii=False) + "\n"


def document(kind: str) -> dict[str, Any]:
    """Return the schema of ``environment.yaml`` or ``base.yaml``."""
    model = MODELS[kind]
    made = schema(model)
    definitions = {name: _drawn(node) for name, node in made["$defs"].items()}
    for section in _sections(model):
        _describe(section, definitions)
    top = definitions.pop(model.__name__)
    if _EXTENDS in top["properties"]:
        _relax(top, definitions)
    return {
        "$schema": DIALECT,
        "title": f"{kind}.yaml of Sealift",
        **{key: value for key, value in top.items() if key != "title"},
        "definitions": definitions,
    }


def _drawn(node: Any) -> Any:
    """Return a node in the form of draft 7, where nothing may stand beside a reference."""
    if isinstance(node, list):
        return [_drawn(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _drawn(child) for key, child in node.items()}
    if "$ref" in node:
        target = _REF + node.pop("$ref").rpartition("/")[2]
        return {**node, "allOf": [{"$ref": target}]}
    return node


def _sections(model: type[Section]) -> Iterator[type[Section]]:
    """Yield a model and all that stand in its module's schema below it, each once."""
    found = {model.__name__: model}
    queue = [model]
    while queue:
        module = inspect.getmodule(queue.pop())
        for name, value in vars(module).items():
            if inspect.isclass(value) and issubclass(value, Section) and name not in found:
                found[name] = value
                queue.append(value)
    names = schema(model)["$defs"]
    yield from (value for name, value in found.items() if name in names)


def _describe(model: type[Section], definitions: dict[str, Any]) -> None:
    """Give each key what its model's source says below it, and after that which form it has."""
    node = definitions[model.__name__]
    said = {name: text for one in reversed(model.__mro__) for name, text in _notes(one).items()}
    for field, key in zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True):
        child = node["properties"][key]
        form = child.get("description")
        note = said.get(field)
        if not note and "allOf" in child:
            note = definitions[child["allOf"][0]["$ref"].removeprefix(_REF)].get("description")
        if note:
            child["description"] = f"{note} Form: {form}." if form else note


def _notes(model: type) -> dict[str, str]:
    """Return what stands as a text below each field of a class."""
    if not issubclass(model, Section) or model is Section:
        return {}
    [body] = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - the source of a class
    notes = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            notes[field.target.id] = " ".join(str(below.value.value).replace("``", "`").split())
    return notes


def _relax(top: dict[str, Any], definitions: dict[str, Any]) -> None:
    """Ask for what has to be there only where nothing is extended: the rest may stand above."""
    needed = _taken(top, definitions)
    top["if"] = {"not": {"required": [_EXTENDS]}}
    top["then"] = needed


def _taken(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Take ``required`` out of a section and those in it, and return what asks for the same.

    Sections in lists keep it: lists are not merged.
    """
    needed: dict[str, Any] = {}
    if node.get("required"):
        needed["required"] = node["required"]
    node.pop("required", None)
    below = {}
    for key, child in node["properties"].items():
        if "allOf" in child:
            section = definitions[child["allOf"][0]["$ref"].removeprefix(_REF)]
            if more := _taken(section, definitions):
                below[key] = more
    return {**needed, **({"properties": below} if below else {})}
