"""The credentials of a custom resource, by the rules of its base."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from builder.core.base import CredentialRule, NestedChartRule
from builder.core.credentials import credential_paths
from builder.core.nested import NestedChart
from builder.core.overrides import leaves
from builder.core.pointer import get, tokens
from builder.core.secrets.model import Credential, Path, State

_NAME = "{secret}"
_SHORTEST = 8


def credentials(
    chart: NestedChart, rule: NestedChartRule, written: Mapping[Path, Any]
) -> list[Credential]:
    """Return the credentials of a nested chart that have a rule, in the rules' order.

    ``written`` is what the patch file sets in the resource today: where the value has gone from
    the sources since, only the file knows that there was one.
    """
    found = (_credential(chart, rule, one, written) for one in rule.credentials)
    return [one for one in found if one is not None]


def _credential(
    chart: NestedChart, rule: NestedChartRule, own: CredentialRule, written: Mapping[Path, Any]
) -> Credential | None:
    at, body = tokens(rule.values), chart.resource.body
    keys = {(*at, *tokens(p)): key for p, key in own.values.items()}
    literals = {path: value for path in keys if (value := literal(get(body, path))) is not None}
    wanted = {(*at, *tokens(p)): value for p, value in own.reference.items()}
    named = [path for path, value in wanted.items() if _NAME in value]
    standing = {path: value for path in wanted if isinstance(value := get(body, path), str)}
    standing = {path: value for path, value in standing.items() if value}
    state: State
    if literals:
        state = "literal"
    elif named and all(path in standing for path in named):
        state = "referenced"
    elif named and all(path in written for path in named):
        state = "kept"
    else:
        return None
    secret = next(
        (standing[path] for path in named if wanted[path] == _NAME and path in standing),
        own.secret.replace("{name}", chart.resource.id.name),
    )
    # What people have named themselves stays, the keys in their Secret too.
    theirs = {wanted[path]: value for path, value in standing.items() if path not in named}
    return Credential(
        rule=own,
        resource=chart.resource.id,
        namespace=chart.namespace,
        secret=secret,
        keys={path: theirs.get(key, key) for path, key in keys.items()},
        literals=literals,
        references={
            path: standing.get(path, value.replace(_NAME, secret)) for path, value in wanted.items()
        },
        state=state,
    )


def literal(value: Any) -> str | None:
    """Return a value as the text that a Secret would hold; None where there is none."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def without_rule(chart: NestedChart, rule: NestedChartRule | None) -> Iterator[Path]:
    """Yield the places in a chart's values that are named as credentials and have no rule.

    Paths count from the top of the values: these may stand in a text, or come from a Secret.
    """
    ruled = {tokens(p) for own in _rules(rule) for p in (*own.values, *own.reference)}
    yield from (path for path in credential_paths(chart.values) if path not in ruled)


def from_elsewhere(
    chart: NestedChart, rule: NestedChartRule
) -> Iterator[tuple[CredentialRule, Path]]:
    """Yield the credentials that another source of the chart's values holds, with their places.

    Paths as above: what the resource itself holds can be taken out of it, this cannot.
    """
    for own in _rules(rule):
        for path in map(tokens, own.values):
            here = literal(get(chart.resource.body, (*tokens(rule.values), *path)))
            if here is None and literal(get(chart.values, path)) is not None:
                yield own, path


def _rules(rule: NestedChartRule | None) -> tuple[CredentialRule, ...]:
    return rule.credentials if rule else ()


def copies(values: Any, own: Credential, known: Sequence[Credential]) -> Iterator[Path]:
    """Yield further places whose text holds the value of a credential.

    ``values`` is the resource's body. Short values are found everywhere, and mean nothing.
    """
    ruled = {path for one in known for path in one.keys}
    texts = [value for value in own.literals.values() if len(value) >= _SHORTEST]
    for path, value in leaves(values):
        held = isinstance(value, str) and any(text in value for text in texts)
        if held and path not in ruled:
            yield path
