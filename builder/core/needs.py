"""What has to be in a cluster before a bundle is applied: Secrets, ConfigMaps, ingress classes.

Read off the resources of first and second order: what Pods and custom resources refer to, less what
the bundle brings, or a controller makes from it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from builder.core.manifests import Resource, ResourceId
from builder.core.pointer import get, mapping, mappings

Path = tuple[str, ...]
Kind = Literal["Secret", "ConfigMap"]
_SKIPPED = ("CustomResourceDefinition", "Secret", "ConfigMap")
# The cluster itself puts it into every namespace.
_GIVEN = {("ConfigMap", "kube-root-ca.crt")}
_CLASS = "kubernetes.io/ingress.class"
_ISSUERS = ("cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme")
# Resources from which a controller makes a Secret, with the places of its name.
_MAKERS: Mapping[tuple[str, str], tuple[Path, ...]] = {
    ("cert-manager.io", "Certificate"): (("spec", "secretName"),),
    ("external-secrets.io", "ExternalSecret"): (("spec", "target", "name"), ("metadata", "name")),
    ("bitnami.com", "SealedSecret"): (("metadata", "name"),),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A resource, the namespace it lands in, and places in it that say nothing by themselves."""

    resource: Resource
    namespace: str
    skip: frozenset[Path] = frozenset()
    credentials: tuple[Path, ...] = ()
    """Places that name a Secret by ``name``, with the names of its keys in ``...Key``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A Secret or ConfigMap that has to be there, with these keys.

    ``optional`` tells that Pods start without it; ``maker`` is a resource that seems to make it in
    the cluster, empty where none does.
    """

    kind: Kind
    namespace: str
    name: str
    keys: tuple[str, ...] = ()
    optional: bool = False
    used_by: tuple[str, ...] = ()
    maker: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class IngressClass:
    """An ingress class that has to be there; an empty name is the cluster's default."""

    name: str
    used_by: tuple[str, ...]


def needs(placed: Sequence[Placed]) -> list[Need]:
    """Return the Secrets and ConfigMaps that resources refer to and that nothing brings, sorted."""
    there = {key for one in placed for key in brought(one)}
    found: dict[tuple[Kind, str, str], Need] = {}
    for one in placed:
        for need in uses(one):
            key = (need.kind, need.namespace, need.name)
            if key in there or (need.kind, need.name) in _GIVEN:
                continue
            found[key] = _joined(found.get(key), need, str(one.resource.id))
    return [replace(need, maker=_maker(need, placed)) for _, need in sorted(found.items())]


def uses(one: Placed) -> Iterator[Need]:
    """Yield each place in which a resource refers to a Secret or ConfigMap, with the keys there."""
    if one.resource.id.kind not in _SKIPPED and not one.resource.origin.test_hook:
        yield from _walk(one.resource.body, (), one)
        yield from _named(one)


def ingress_classes(placed: Iterable[Placed], configured: str | None) -> list[IngressClass]:
    """Return the ingress classes that Ingresses name and that the bundle does not bring."""
    used: dict[str, set[str]] = {}
    brought = set()
    for one in placed:
        key = one.resource.id
        if key.kind == "IngressClass":
            brought.add(key.name)
        if key.kind == "Ingress" and not one.resource.origin.test_hook:
            name = get(one.resource.body, ("spec", "ingressClassName"))
            name = name or get(one.resource.body, ("metadata", "annotations", _CLASS)) or ""
            used.setdefault(str(name), set()).add(str(key))
    if configured:
        used.setdefault(configured, set()).add("environment.yaml ingress.class")
    return [
        IngressClass(name=name, used_by=tuple(sorted(users)))
        for name, users in sorted(used.items())
        if name not in brought
    ]


def _joined(known: Need | None, need: Need, user: str) -> Need:
    if known is None:
        return replace(need, used_by=(user,))
    # One place that cannot do without is enough.
    return replace(
        known,
        keys=tuple(sorted({*known.keys, *need.keys})),
        optional=known.optional and need.optional,
        used_by=tuple(sorted({*known.used_by, user})),
    )


def brought(one: Placed) -> Iterator[tuple[Kind, str, str]]:
    """Yield what a resource is, or makes a controller make."""
    key, body = one.resource.id, one.resource.body
    if key.kind == "Secret" and not key.group:
        yield "Secret", one.namespace, key.name
    elif key.kind == "ConfigMap" and not key.group:
        yield "ConfigMap", one.namespace, key.name
    adds = get(body, ("spec", "target", "creationPolicy")) in ("Merge", "None")  # ExternalSecret
    for path in () if adds else _MAKERS.get((key.group, key.kind), ()):
        if isinstance(name := get(body, path), str):
            yield "Secret", one.namespace, name
            break
    annotations = mapping(body, ("metadata", "annotations"))
    if key.kind == "Ingress" and any(issuer in annotations for issuer in _ISSUERS):
        for entry in mappings(get(body, ("spec", "tls"))):
            if isinstance(name := entry.get("secretName"), str):
                yield "Secret", one.namespace, name


def _walk(value: Any, path: Path, one: Placed) -> Iterator[Need]:
    if path in one.skip:
        return
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _of_key(str(key), child, one.namespace)
            yield from _walk(child, (*path, str(key)), one)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _walk(child, (*path, str(index)), one)


def _of_key(key: str, value: Any, namespace: str) -> Iterator[Need]:
    """Yield what one field refers to, by its name: those of Pods are custom resources' as well."""
    if key == "imagePullSecrets":
        for entry in value if isinstance(value, list) else ():
            yield from _need("Secret", _as_mapping(entry), namespace)
    elif key == "valuesFrom":
        for entry in mappings(value):
            kind: Kind = "ConfigMap" if entry.get("kind") == "ConfigMap" else "Secret"
            yield from _need(kind, entry, namespace, key=entry.get("valuesKey"))
    elif key == "tls":
        for entry in mappings(value):
            yield from _need("Secret", {"name": entry.get("secretName")}, namespace)
    elif isinstance(value, Mapping):
        yield from _of_mapping(key, value, namespace)


def _of_mapping(key: str, value: Mapping[str, Any], namespace: str) -> Iterator[Need]:
    if key in ("secretKeyRef", "configMapKeyRef"):
        kind: Kind = "Secret" if key == "secretKeyRef" else "ConfigMap"
        yield from _need(kind, value, namespace, key=value.get("key"))
    elif key.endswith(("secretRef", "SecretRef")) or key in ("authSecret", "dockerRegistrySecret"):
        yield from _need("Secret", value, namespace)
    elif key in ("configMapRef", "repoCAConfigMap"):
        yield from _need("ConfigMap", value, namespace)
    elif key == "secret":  # a volume has secretName, a source of a projected one has name
        name = value.get("secretName") or value.get("name")
        yield from _volume("Secret", {**value, "name": name}, namespace)
    elif key == "configMap":
        yield from _volume("ConfigMap", value, namespace)


def _volume(kind: Kind, value: Mapping[str, Any], namespace: str) -> Iterator[Need]:
    keys = [str(item.get("key")) for item in mappings(value.get("items"))]
    for need in _need(kind, value, namespace):
        yield replace(need, keys=tuple(sorted(keys)))


def _need(
    kind: Kind, value: Mapping[str, Any], namespace: str, *, key: Any = None
) -> Iterator[Need]:
    name = value.get("name")
    if isinstance(name, str) and name and "$" not in name:
        yield Need(
            kind=kind,
            namespace=str(value.get("namespace") or namespace),
            name=name,
            keys=(str(key),) if key else (),
            optional=value.get("optional") is True,
        )


def _named(one: Placed) -> Iterator[Need]:
    """Yield the Secrets that a base's rule knows of, as that of a chart repository's login."""
    for path in one.credentials:
        value = get(one.resource.body, path)
        if isinstance(value, Mapping):
            keys = sorted(str(v) for k, v in value.items() if str(k).endswith("Key") and v)
            for need in _need("Secret", value, one.namespace):
                yield replace(need, keys=tuple(keys))


def _maker(need: Need, placed: Iterable[Placed]) -> str:
    """Return a Job that is told the name: certificates of webhooks are made so."""
    for one in placed:
        if one.resource.id.kind in ("Job", "CronJob") and one.namespace == need.namespace:
            arguments = " ".join(_arguments(one.resource.body))
            if need.name in arguments.replace("=", " ").replace(",", " ").split():
                return str(one.resource.id)
    return ""


def _arguments(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if key in ("args", "command") and isinstance(child, list):
                yield from map(str, child)
            else:
                yield from _arguments(child)
    elif isinstance(value, list):
        for child in value:
            yield from _arguments(child)


def _as_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"name": value}


def place(
    resources: Iterable[Resource],
    namespace: str,
    skip: Mapping[ResourceId, Iterable[Path]],
    credentials: Mapping[tuple[str, str], tuple[Path, ...]],
) -> list[Placed]:
    """Say where resources land; ``namespace`` is for those that name none.

    ``skip`` has places of values that a render has answered already, ``credentials`` by group and
    kind the places that a base's rules name.
    """
    return [
        Placed(
            resource=resource,
            namespace=resource.id.namespace or namespace,
            skip=frozenset(skip.get(resource.id, ())),
            credentials=credentials.get((resource.id.group, resource.id.kind), ()),
        )
        for resource in resources
    ]
