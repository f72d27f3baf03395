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


def selected(before: Body | None, after: Body) -> list[str]:
    """Name which other ClusterRoles' rules a ClusterRole takes in that it did not before."""
    old = _selectors(before)
    fresh = [selector for selector in _selectors(after) if selector not in old]
    # A new role takes in what is labelled for it. Only one without a label takes in everything.
    return [_shown(selector) for selector in fresh if before is not None or not _narrows(selector)]


def aggregated(before: Body | None, after: Body) -> list[str]:
    """Name the roles to which a ClusterRole's label adds all its rules, and did not before."""
    old = _targets(before)
    return [role for role in _targets(after) if role not in old]


def allowed(body: Body) -> list[str]:
    """Name everything that a role allows, the worst first."""
    return _named(grants(body))


def _selectors(body: Body | None) -> list[Mapping[str, Any]]:
    rule = (body or {}).get("aggregationRule")
    return list(_mappings(rule.get("clusterRoleSelectors") if isinstance(rule, Mapping) else None))


def _narrows(selector: Mapping[str, Any]) -> bool:
    return any(selector.get(key) for key in ("matchLabels", "matchExpressions"))


def _shown(selector: Mapping[str, Any]) -> str:
    labels = selector.get("matchLabels")
    parts = [f"{k}={v}" for k, v in labels.items()] if isinstance(labels, Mapping) else []
    for expression in _mappings(selector.get("matchExpressions")):
        values = ",".join(_texts(expression.get("values")))
        words = (expression.get("key"), expression.get("operator"), values)
        parts.append(" ".join(str(word) for word in words if word))
    return " and ".join(parts) or "any label"


def _targets(body: Body | None) -> list[str]:
    metadata = (body or {}).get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    found = labels.items() if isinstance(labels, Mapping) else ()
    return sorted(
        str(key).partition("/aggregate-to-")[2]
        for key, value in found
        if "/aggregate-to-" in str(key) and str(value).lower() == "true"
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
    listed = value if isinstance(value, list) else ()
    yield from (item for item in listed if isinstance(item, Mapping))


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
