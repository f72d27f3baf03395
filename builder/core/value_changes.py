"""A nested chart's values as they stand in its resource: what is set by hand, and what to change.

They stand as a mapping, or as a text that holds them as YAML.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from builder.core import yaml
from builder.core.changes import Change
from builder.core.errors import YamlError
from builder.core.manifests import AppliedOperation
from builder.core.nested import NestedChart
from builder.core.overrides import Path, leaves, with_values
from builder.core.pointer import get, pointer, tokens


def root(chart: NestedChart) -> Path:
    """Return the place in the resource below which a value's path stands."""
    return chart.values_path or chart.values_text or ()


def parameters(chart: NestedChart) -> frozenset[Path]:
    """Return the value paths that stand as ``--set`` pairs beside the values, and win."""
    return frozenset(
        tuple(step.replace("\0", ".") for step in key.replace("\\.", "\0").split("."))
        for key, _, _ in chart.sets
    )


def by_hand(chart: NestedChart, generated: str) -> frozenset[Path]:
    """Return the value paths that people have set: by patches, or beside the values.

    Patches whose place names a file that ends in ``generated`` are not theirs.
    """
    found = set(parameters(chart))
    for operation in chart.resource.origin.patches:
        if operation.place.rpartition(":")[0].endswith(generated):
            continue
        path, at = tokens(operation.path), root(chart)
        if chart.values_text == path:
            found |= _changed_text(operation, get(chart.resource.body, path))
        elif chart.values_path is not None and len(path) > len(at) and path[: len(at)] == at:
            found |= {p for p, _ in leaves(get(chart.values, path[len(at) :]), path[len(at) :])}
        elif chart.values_path is not None and at[: len(path)] == path:
            found |= _changed_values(get(operation.before, at[len(path) :]), chart.values)
    return frozenset(found)


def _changed_text(operation: AppliedOperation, after: Any) -> set[Path]:
    return _changed_values(_loaded(operation.before), _loaded(after))


def _changed_values(before: Any, after: Any) -> set[Path]:
    known = dict(leaves(before if isinstance(before, Mapping) else {}))
    return {p for p, value in leaves(after) if p not in known or known[p] != value}


def _loaded(text: Any) -> dict[str, Any]:
    try:
        documents = yaml.load_all(str(text or ""), source="values")
    except YamlError:
        return {}
    value = documents[0].value if documents else {}
    return value if isinstance(value, dict) else {}


def changes(
    chart: NestedChart,
    effective: Mapping[str, Any],
    assignments: Mapping[Path, Any],
    reasons: Mapping[Path, str],
) -> Iterator[Change]:
    """Yield the changes of the resource that set the assignments.

    ``effective`` are the values that count without them.
    """
    if not assignments:
        return
    if chart.values_path is None:
        if chart.values_text is not None:
            yield _text(chart, effective, assignments, reasons)
        return
    own = get(chart.resource.body, chart.values_path) or {}
    result = with_values(chart.values, effective, assignments)
    whole: dict[Path, dict[str, None]] = {}
    for path, value in assignments.items():
        above = _list_above(effective, own, path)
        if above is not None:
            whole.setdefault(above, {})[reasons[path]] = None
        else:
            yield _change(chart, path, value, effective, reasons[path])
    for path, because in whole.items():
        yield _change(chart, path, get(result, path), effective, "; ".join(because))


def _change(
    chart: NestedChart, path: Path, value: Any, effective: Mapping[str, Any], reason: str
) -> Change:
    return Change(
        resource=chart.resource.id,
        path=(*root(chart), *path),
        value=value,
        before=get(effective, path),
        reason=reason,
    )


def _list_above(effective: Mapping[str, Any], own: Any, path: Path) -> Path | None:
    """Return the list that a path goes through when the resource does not have it itself.

    helm replaces lists whole, so all of it has to be set.
    """
    for length in range(1, len(path)):
        if isinstance(get(effective, path[:length]), list):
            return None if isinstance(get(own, path[:length]), list) else path[:length]
    return None


def _text(
    chart: NestedChart,
    effective: Mapping[str, Any],
    assignments: Mapping[Path, Any],
    reasons: Mapping[Path, str],
) -> Change:
    """Return the change of a text that holds values; each of them is named in the reason."""
    assert chart.values_text is not None  # noqa: S101 - the caller looked
    own = _loaded(get(chart.resource.body, chart.values_text))
    was = [f"{pointer(p)}: {get(effective, p) or 'nothing'}" for p in sorted(assignments)]
    return Change(
        resource=chart.resource.id,
        path=chart.values_text,
        value=yaml.dump(with_values(own, effective, assignments)),
        before="; ".join(was),
        reason="; ".join(f"{pointer(p)}: {reasons[p]}" for p in sorted(assignments)),
    )
