"""Schemas as validators, compiled when the first object of a kind is there."""

import functools
from typing import Any

from builder.core.schemas.fields import Compiled
from builder.core.schemas.published import Kind, Published
from builder.core.schemas.structural import custom_resource


@functools.lru_cache(maxsize=4)
def of_kubernetes(published: Published, kinds: frozenset[Kind]) -> Compiled:
    """Return one validator for many kinds: see :meth:`Published.schema` for what it is given."""
    return _compiled(published.schema(sorted(kinds)))


def of_definition(schema: Any) -> Compiled | None:
    """Return the validator of a custom resource; None where its definition is none.

    A pattern that only Go's regular expressions know is left out, with all others.
    """
    closed = custom_resource(schema)
    for document in (closed, _without_patterns(closed)):
        try:
            return _compiled(document)
        except ValueError:
            continue
    return None


def _compiled(document: dict[str, Any]) -> Compiled:
    import jsonschema_rs

    # Go's expressions take linear time, and so do these: a chart's definition is anybody's text.
    options = jsonschema_rs.RegexOptions()
    validator = jsonschema_rs.Draft202012Validator(document, pattern_options=options)
    return Compiled(validator=validator, document=document)


def _without_patterns(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_patterns(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _without_patterns(child) for name, child in value.items()}
        if key == "properties"
        else _without_patterns(value)
        for key, value in node.items()
        if key != "pattern"
    }
