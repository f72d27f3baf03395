"""Ingresses that stand in Git, as the environment says: patches on the resources themselves."""

from collections.abc import Iterator, Mapping
from typing import Any

from builder.core.changes import Change
from builder.core.environment import Environment
from builder.core.ingress import equivalents, hosts, read
from builder.core.manifests import Manifests, Resource
from builder.core.pointer import get, mapping


def changes(manifests: Manifests, environment: Environment) -> Iterator[Change]:
    """Yield the changes of class, host, certificate and annotations; none with a Gateway."""
    settings = environment.ingress
    if settings.gateway is not None:
        return
    ingresses = read.ingresses(manifests)
    foreign = hosts.foreign(ingresses, environment)
    for resource in manifests:
        if settings.class_:
            yield from _classes(resource, settings.class_)
    for ingress in ingresses:
        moved = _moved(ingress.body, foreign, environment)
        if moved["rules"] != get(ingress.body, ("spec", "rules")):
            yield from _hosts(ingress, moved)
        after = Resource(body={**ingress.body, "spec": moved}, origin=ingress.origin)
        if settings.tls and not read.has_tls(after, settings.tls.secret):
            wanted = read.tls(after, settings.tls.secret)
            yield _change(ingress, ("spec", "tls"), wanted, "the environment's certificate")
        elif moved.get("tls") != get(ingress.body, ("spec", "tls")):
            yield _change(ingress, ("spec", "tls"), moved["tls"], "the environment's host")
        for key, (value, reason) in equivalents.added(ingress, environment).items():
            yield _change(ingress, ("metadata", "annotations", key), value, reason)


def _change(resource: Resource, path: read.Path, value: Any, reason: str) -> Change:
    before = get(resource.body, path)
    return Change(resource=resource.id, path=path, value=value, before=before, reason=reason)


def _classes(resource: Resource, wanted: str) -> Iterator[Change]:
    named = dict(read.classes(resource))
    if read.is_ingress(resource) and not named:
        named[read.CLASS_FIELD] = ""
    for path, name in named.items():
        if name != wanted:
            yield _change(resource, path, wanted, "the environment's ingress class")


def _moved(body: Mapping[str, Any], foreign: list[str], environment: Environment) -> dict[str, Any]:
    """Return the ``spec`` with the environment's host in the place of the one that is foreign."""
    spec: dict[str, Any] = {"rules": None, **mapping(body, ("spec",))}
    if len(foreign) != 1:
        return spec
    (host,), own = foreign, hosts.wanted(environment)
    if isinstance(spec["rules"], list):
        spec["rules"] = [
            {**rule, "host": own} if isinstance(rule, dict) and rule.get("host") == host else rule
            for rule in spec["rules"]
        ]
    if isinstance(spec.get("tls"), list):
        spec["tls"] = [_moved_entry(entry, host, own) for entry in spec["tls"]]
    return spec


def _moved_entry(entry: Any, host: str, own: str) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get("hosts"), list):
        return entry
    named = [own if one == host else one for one in entry["hosts"]]
    return {**entry, "hosts": [one for i, one in enumerate(named) if one not in named[:i]]}


def _hosts(ingress: Resource, moved: Mapping[str, Any]) -> Iterator[Change]:
    for index, (rule, before) in enumerate(
        zip(moved["rules"], ingress.body["spec"]["rules"], strict=True)
    ):
        if rule != before:
            path = ("spec", "rules", str(index), "host")
            yield _change(ingress, path, rule["host"], "the environment's host")
