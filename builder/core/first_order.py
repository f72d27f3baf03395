"""Pointing first-order resources inside: patches on the resource itself."""

import re
from collections.abc import Iterable, Iterator, Mapping

from builder.core import ingress, mirror
from builder.core.base import Base
from builder.core.changes import Change
from builder.core.environment import Environment
from builder.core.manifests import Manifests, Resource
from builder.core.pointer import get
from builder.core.references import Reference
from builder.core.verify import leaves

_POD = (
    ("spec",),
    ("spec", "template", "spec"),
    ("spec", "jobTemplate", "spec", "template", "spec"),
)
_KINDS_WITH_PODS = re.compile(
    r"^(?:Pod|Deployment|StatefulSet|DaemonSet|ReplicaSet|ReplicationController|Job|CronJob)$"
)


def target(reference: Reference, environment: Environment) -> str | None:
    """Return what a reference should be: itself when it is right; None when nobody said."""
    if reference.kind == "image":
        name = reference.image
        if name is None:
            return None
        right = mirror.pinned(name, environment)
        if leaves(reference, environment):
            inside = mirror.mirrored(right, environment.registry)
            return None if inside is None else str(mirror.pinned(inside, environment))
        return reference.value if right == name else str(right)
    if not leaves(reference, environment):
        return reference.value
    return _replaced(reference.value, environment.urls)


def cause(reference: Reference, environment: Environment) -> str:
    """Tell why a reference is not as it should be."""
    name = reference.image
    reasons = ["leaves the network"] if leaves(reference, environment) else []
    if name is not None and name.floating:
        reasons.append("floats")
    if not reasons:
        reasons.append("gets its digest")
    return ", and ".join(reasons)


def _replaced(url: str, replacements: Mapping[str, str]) -> str | None:
    """Return what takes a URL's place: of those named, the longest that it stands below."""
    for source in sorted(replacements, key=len, reverse=True):
        if stands_below(url, source):
            return replacements[source] + url.removeprefix(source)
    return None


def stands_below(url: str, other: str) -> bool:
    """Tell whether a URL is the other, or one of those below it."""
    rest = url.removeprefix(other)
    return rest != url and (not rest or other.endswith("/") or rest[0] in "/?#")


def changes(
    manifests: Manifests, references: Iterable[Reference], environment: Environment, base: Base
) -> list[Change]:
    """Return the changes that point first-order resources inside."""
    found: dict[tuple[object, ...], Change] = {}
    texts: dict[tuple[object, ...], str] = {}
    for reference in references:
        resource = manifests.get(reference.resource)
        wanted = target(reference, environment)
        if resource is None or reference.comment or wanted in (None, reference.value):
            continue
        key = (reference.resource, reference.path)
        why = f"{reference.place}: {cause(reference, environment)}"
        change = _change(resource, reference, str(wanted), texts.get(key), why)
        if change is not None:
            texts[key] = change.value if isinstance(change.value, str) else ""
            found[key] = change
    return [
        *found.values(),
        *_switches(manifests, base),
        *_pull_secrets(manifests, environment),
        *ingress.changes(manifests, environment),
    ]


def _change(
    resource: Resource, reference: Reference, wanted: str, before: str | None, reason: str
) -> Change | None:
    """Return the change of one place; ``before`` is its text after earlier changes."""
    value = get(resource.body, reference.path)
    if isinstance(value, dict):
        return _parts(reference, value, wanted, reason)
    if not isinstance(value, str) or resource.id.kind == "Secret":
        return None  # what a Secret holds is copied into no other file
    text = (value if before is None else before).replace(reference.value, wanted)
    return Change(
        resource=resource.id,
        path=reference.path,
        value=text,
        before=value if value == reference.value else reference.value,
        reason=reason,
        guards=tuple(_guards(resource, reference.path)),
    )


def _parts(
    reference: Reference, value: dict[str, object], wanted: str, reason: str
) -> Change | None:
    """Change an image that a custom resource writes as a map of its parts."""
    name, _, tag = (
        wanted.partition("@")[0].rpartition(":")
        if ":" in wanted.rpartition("/")[2]
        else (wanted, "", "")
    )
    key = "repository" if "repository" in value else "name"
    parts = dict(value)
    if "digest" in parts and "@" in wanted:
        parts["digest"] = wanted.partition("@")[2]
    if value.get("registry"):
        parts["registry"], _, parts[key] = name.partition("/")
    else:
        parts[key] = name
    if tag:
        parts["tag"] = tag
    return Change(
        resource=reference.resource,
        path=reference.path,
        value=parts,
        before=reference.value,
        reason=reason,
    )


def names_on(resource: Resource, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the names of the list items that a path goes through: an index alone says nothing."""
    for length in range(1, len(path)):
        item = get(resource.body, path[:length])
        if (
            path[length - 1].isdigit()
            and isinstance(item, dict)
            and isinstance(item.get("name"), str)
        ):
            yield (*path[:length], "name"), item["name"]


def _guards(resource: Resource, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    yield from names_on(resource, path)
    parent = get(resource.body, path[:-1])
    if path[-1].isdigit() and isinstance(parent, list):
        yield path, parent[int(path[-1])]


def _switches(manifests: Manifests, base: Base) -> Iterator[Change]:
    """Yield the changes of environment variables that keep a controller from calling out."""
    for switch in base.switches:
        for resource in manifests:
            if resource.id.kind != switch.kind:
                continue
            containers = ("spec", "template", "spec", "containers")
            for i, container in enumerate(get(resource.body, containers) or []):
                for j, entry in enumerate(container.get("env") or []):
                    if entry.get("name") == switch.env and entry.get("value") != switch.value:
                        path = (*containers, str(i), "env", str(j), "value")
                        yield Change(
                            resource=resource.id,
                            path=path,
                            value=switch.value,
                            before=entry.get("value"),
                            reason=switch.reason,
                            guards=tuple(_guards(resource, path)),
                        )


def pod_paths(resource: Resource) -> Iterator[tuple[str, ...]]:
    """Yield the places of the Pod specs in a workload."""
    if not _KINDS_WITH_PODS.match(resource.id.kind):
        return
    for path in _POD:
        if isinstance(get(resource.body, (*path, "containers")), list):
            yield path


def lacks_pull_secret(resource: Resource, secret: str) -> bool:
    """Tell whether a workload has a Pod that would pull without the Secret."""
    return any(
        {"name": secret} not in (get(resource.body, (*path, "imagePullSecrets")) or [])
        for path in pod_paths(resource)
    )


def _pull_secrets(manifests: Manifests, environment: Environment) -> Iterator[Change]:
    """Yield the changes that let Pods log in to the registry; the key may be absent, or null."""
    secret = environment.registry.pull_secret
    for resource in manifests if secret else ():
        for path in pod_paths(resource):
            place = (*path, "imagePullSecrets")
            present = get(resource.body, place) or []
            if {"name": secret} not in present:
                yield Change(
                    resource=resource.id,
                    path=place,
                    value=[*present, {"name": secret}],
                    before=present,
                    reason="lets the Pod pull from the registry",
                )
