"""What an Ingress says: its class, its hosts, its certificate, its annotations."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from builder.core.manifests import Body, Resource
from builder.core.pointer import get

Path = tuple[str, ...]
CLASS = "kubernetes.io/ingress.class"
"""The annotation that named the class before ``spec.ingressClassName`` did; it wins where it is."""
CLASS_FIELD: Path = ("spec", "ingressClassName")
CLASS_ANNOTATION: Path = ("metadata", "annotations", CLASS)
_GROUPS = ("networking.k8s.io", "extensions")


def is_ingress(resource: Resource) -> bool:
    """Tell whether a resource is an Ingress that controllers will see."""
    key = resource.id
    return key.kind == "Ingress" and key.group in _GROUPS and not resource.origin.test_hook


def ingresses(resources: Iterable[Resource]) -> list[Resource]:
    """Return the Ingresses among resources."""
    return [resource for resource in resources if is_ingress(resource)]


def classes(resource: Resource) -> Iterator[tuple[Path, str]]:
    """Yield the places that name an ingress class, with the names.

    Of an Ingress, and of cert-manager's issuers: their solvers make Ingresses.
    """
    body = resource.body
    if is_ingress(resource):
        for path in (CLASS_FIELD, CLASS_ANNOTATION):
            if name := get(body, path):
                yield path, str(name)
    elif resource.id.group == "cert-manager.io" and resource.id.kind in ("Issuer", "ClusterIssuer"):
        at = ("spec", "acme", "solvers")
        for index in range(len(_list(get(body, at)))):
            for key in ("class", "ingressClassName"):
                path = (*at, str(index), "http01", "ingress", key)
                if name := get(body, path):
                    yield path, str(name)


def class_of(resource: Resource) -> str:
    """Return the class that counts for an Ingress; empty for the cluster's default."""
    named = dict(classes(resource))
    return named.get(CLASS_ANNOTATION) or named.get(CLASS_FIELD, "")


def annotations(resource: Resource) -> dict[str, str]:
    """Return the annotations."""
    found = get(resource.body, ("metadata", "annotations"))
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}


def rules(body: Body) -> list[Mapping[str, Any]]:
    """Return the rules of an Ingress."""
    return [rule for rule in _list(get(body, ("spec", "rules"))) if isinstance(rule, Mapping)]


def hosts(resource: Resource) -> list[str]:
    """Return the hosts of an Ingress' rules, in order, once each; a rule may name none."""
    named = [str(rule.get("host") or "") for rule in rules(resource.body)]
    return [host for host in dict.fromkeys(named) if host]


def has_tls(resource: Resource, secret: str) -> bool:
    """Tell whether each host of an Ingress is served with the certificate of the Secret."""
    covered: set[str] = set()
    for entry in _list(get(resource.body, ("spec", "tls"))):
        if isinstance(entry, Mapping) and entry.get("secretName") == secret:
            covered.update(map(str, _list(entry.get("hosts"))))
            if not entry.get("hosts"):
                return True  # without hosts it is for all of them
    named = hosts(resource)
    return bool(covered) and covered.issuperset(named)


def tls(resource: Resource, secret: str) -> list[dict[str, Any]]:
    """Return the ``spec.tls`` that serves every host of an Ingress with the Secret."""
    named = hosts(resource)
    return [{"hosts": named, "secretName": secret} if named else {"secretName": secret}]


def place(resource: Resource) -> str:
    """Return where an Ingress comes from, for people."""
    return f"{resource.id} ({resource.origin.template or resource.origin.source})"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
