"""What a change lets a subject do that it could not do before (rbac.authorization.k8s.io)."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from builder.core.manifests import Body

Grant = tuple[str, str, str, str]
"""API group (or ``URL``), resource (or path), verb, resource name; ``*`` is any of them."""

_SENSITIVE = ("secrets", "pods/exec", "serviceaccounts/token", "nodes/proxy")
_POWERS = ("*", "escalate", "bind", "impersonate")


def grants(body: Body | None) -> frozenset[Grant]:
    """Return everything that a Role or ClusterRole allows."""
    found: set[Grant] = set()
    for rule in _mappings((body or {}).get("rules")):
        verbs = _texts(rule.get("verbs"))
        groups, resources = _texts(rule.get("apiGroups")), _texts(rule.get("resources"))
        names = _texts(rule.get("resourceNames")) or ["*"]
        found.update(itertools.product(groups, resources, verbs, names))
        found.update(itertools.product(["URL"], _texts(rule.get("nonResourceURLs")), verbs, ["*"]))
    return frozenset(found)


def gained(before: Body, after: Body) -> list[str]:
    """Name what a role allows that it did not before: ``get, list secrets``, the worst first."""
    old = grants(before)
    return _named(grant for grant in grants(after) if not _covered(grant, old))


def sensitive(body: Body) -> list[str]:
    """Name what a role allows beyond the ordinary: wildcards, Secrets, powers over permissions."""
    return _named(
        grant
        for grant in grants(body)
        if grant[2] in _POWERS or grant[1] == "*" or (grant[1] in _SENSITIVE and grant[3] == "*")
    )


def subjects(body: Body | None) -> set[str]:
    """Return whom a binding is for."""
    found = set()
    for subject in _mappings((body or {}).get("subjects")):
        parts = (subject.get("namespace"), subject.get("name"))
        found.add(f"{subject.get('kind')} {'/'.join(str(part) for part in parts if part)}")
    return found


def role(body: Body) -> str:
    """Return which role a binding gives."""
    reference = body.get("roleRef")
    reference = reference if isinstance(reference, Mapping) else {}
    return f"{reference.get('kind')} {reference.get('name')}"


def _covered(grant: Grant, old: frozenset[Grant]) -> bool:
    """Tell whether an old grant, or one with a wildcard, allows it already."""
    if grant in old:
        return True
    url = grant[0] == "URL"
    options = [(token, "*") if index or not url else (token,) for index, token in enumerate(grant)]
    return any(candidate in old for candidate in itertools.product(*options))


def _named(found: Iterable[Grant]) -> list[str]:
    verbs: dict[tuple[str, str, str], set[str]] = {}
    for group, resource, verb, name in found:
        verbs.setdefault((group, resource, name), set()).add(verb)

    def worst_first(key: tuple[str, str, str]) -> tuple[bool, bool, tuple[str, str, str]]:
        powers = "*" in key or bool(verbs[key] & set(_POWERS))
        return not powers, key[1] not in _SENSITIVE, key

    return [_grant(key, verbs[key]) for key in sorted(verbs, key=worst_first)]


def _grant(key: tuple[str, str, str], verbs: set[str]) -> str:
    group, resource, name = key
    what = "everything" if resource == "*" else resource
    text = f"{'do anything with' if '*' in verbs else ', '.join(sorted(verbs))} {what}"
    if group == "*":
        text += " of every API group"
    elif group not in ("", "URL"):
        text += f" of {group}"
    return text if name == "*" else f"{text} named {name}"


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (item for item in value or [] if isinstance(item, Mapping))


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
