"""Files with a closed model: their schema, their errors with lines, how they merge."""

import functools
import re
import threading
from typing import Any, TypeVar

import msgspec

from builder.core import yaml
from builder.core.errors import ConfigurationError, Problem, nearest

T = TypeVar("T", bound="Section")
# msgspec 0.22 gathers what it knows of a model when that is first used, without a lock: two threads
# that do so at once end the process.
_ONE = threading.RLock()


class Section(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename="camel",
):
    """One mapping of a configuration file: immutable, and closed to unknown keys.

    Defaults are not written: a key that a later version knows changes no digest of today's files.
    """


def parse(model: type[T], value: Any, text: str, source: str) -> T:
    """Turn the value of a configuration file into its model.

    ``text`` is what ``value`` was read from, for line numbers. Raises ConfigurationError that names
    every problem, each with its line, and the nearest known key for an unknown one.
    """
    with _ONE:
        problems = _problems(model, value, text, source)
        if not problems:
            try:
                return msgspec.convert({} if value is None else value, model)
            except msgspec.ValidationError as error:
                problems = [_refused(error, text, source)]
    first, *others = problems
    what = "\n".join([first.what, *(f"{one.where}: {one.what}" for one in others)])
    raise ConfigurationError(what, where=first.where, problems=problems)


def _refused(error: msgspec.ValidationError, text: str, source: str) -> Problem:
    """Return what the model refuses though its schema does not, with the place of its node.

    msgspec names it at the end: ``Expected ... - at `$.ingress.tls[0]` ``.
    """
    what, _, at = str(error).partition(" - at `")
    path = tuple(re.findall(r"[^.\[\]`$]+", at))
    place = yaml.lines(text, source=source).where(path)
    return Problem(what=f"{'.'.join(path) or 'the file'}: {what}", where=place)


def check_version(value: Any, known: int, source: str) -> None:
    """Refuse a lock that a later Sealift wrote, before its unknown keys are; or one of no version.

    ``value`` is what was read. Raises ConfigurationError.
    """
    version = value.get("lockVersion") if isinstance(value, dict) else None
    if not isinstance(version, int) or version == known:
        return  # the model tells what else is wrong
    if version > known:
        raise ConfigurationError(
            f"lockVersion {version} was written by a newer Sealift; this one reads {known}",
            where=source,
            hint="use the Sealift that wrote it, or a newer one",
        )
    raise ConfigurationError(
        f"lockVersion {version} is none that Sealift ever wrote; this one reads {known}",
        where=source,
        hint="have the file written again",
    )


def schema(model: type[Section]) -> dict[str, Any]:
    """Return the JSON Schema of a configuration file; an optional key is left out, never null."""
    return dict(_without_null(msgspec.json.schema(model)))


def _without_null(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    options = [o for o in node.get("anyOf", []) if o != {"type": "null"}]
    if len(options) == 1:
        node = {**{k: v for k, v in node.items() if k not in ("anyOf", "default")}, **options[0]}
    return {key: _without_null(child) for key, child in node.items()}


def _problems(model: type[Section], value: Any, text: str, source: str) -> list[Problem]:
    """Return each violation of the model's schema, in the file's order."""
    document, validator = _validator(model)
    errors = list(validator.iter_errors(value if value is not None else {}))
    if not errors:
        return []
    lines = yaml.lines(text, source=source)
    problems = []
    for error in errors:
        path = tuple(str(token) for token in error.instance_path)
        unexpected = getattr(error.kind, "unexpected", None) or ()
        for key in unexpected:
            known = _fields(document, path)
            near = nearest(key, known)
            advice = f"did you mean {near!r}?" if near else f"known are {', '.join(known)}"
            dotted = ".".join((*path, key))
            what = f"unknown key {dotted!r}: {advice}"
            problems.append(Problem(what=what, where=lines.where((*path, key), key=True)))
        if not unexpected:
            dotted = ".".join(path) or "the file"
            what = f"{dotted}: {_message(error, document)}"
            problems.append(Problem(what=what, where=lines.where(path)))
    return sorted(problems, key=lambda p: (p.mark.line if p.mark else 0, p.what))


@functools.cache
def _validator(model: type[Section]) -> tuple[dict[str, Any], Any]:
    """Return a model's schema, and what checks by it."""
    import jsonschema_rs

    document = schema(model)
    return document, jsonschema_rs.Draft202012Validator(document)


def _message(error: Any, document: dict[str, Any]) -> str:
    """Say what is wrong; for a pattern in words, where the model has them."""
    from builder.core.guard.veil import without_suspects  # which needs the models

    text = without_suspects(str(error.message))
    text = text if len(text) < 300 else text[:297] + "..."
    *above, keyword = error.schema_path
    if keyword != "pattern":
        return text
    schema: Any = document
    for key in above:
        schema = schema[key]
    words = schema.get("description")
    found = without_suspects(re.sub(r"(?<=//)[^/@]*@", "***@", str(error.instance)))
    return f'"{found}" is not {words}' if words else text


def _fields(document: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    """Return the known keys of the mapping at ``path``."""
    node: Any = document
    for token in ("", *path):
        if token:
            below = node.get("items", {}) if token.isdigit() else node.get("properties", {})
            node = below if token.isdigit() else below.get(token, {})
        if "$ref" in node:
            node = document["$defs"][node["$ref"].rpartition("/")[2]]
    return sorted(node.get("properties", {}))


def merge(parent: Any, child: Any) -> Any:
    """Merge the text of an environment over the one it extends: maps deeply, the rest by key."""
    if isinstance(parent, dict) and isinstance(child, dict):
        merged = dict(parent)
        for key, value in child.items():
            merged[key] = merge(parent.get(key), value)
        return merged
    return child
