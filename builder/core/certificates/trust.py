"""Who trusts what: certificates that arrive in Pods, and the values that bring them there.

Controllers that merge several sources of values put lists one behind the other, or replace them:
certificates from a source that is not in Git (a Secret beside the custom resource) come in
addition, or win. What is here is about what Git says.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from builder.core.certificates import pem
from builder.core.certificates.model import Certificate
from builder.core.encoding import decoded
from builder.core.first_order import pod_paths
from builder.core.manifests import Body, Resource
from builder.core.pointer import get, mapping, mappings

_Holder = tuple[str, str, str]  # kind, namespace, name
_HOLDERS = ("ConfigMap", "Secret")


def missing(
    certificates: Iterable[Certificate],
    pods: Iterable[Resource],
    holders: Iterable[Resource],
    namespace: str = "",
) -> list[Certificate]:
    """Return the certificates that no Pod of ``pods`` has among its files.

    They come from ConfigMaps and Secrets of ``holders``. ``namespace`` is that of resources without
    one.
    """
    content: dict[_Holder, dict[str, frozenset[str]]] = {}
    for resource in holders:
        key = resource.id
        if key.kind in _HOLDERS and not key.group:
            place = (key.kind, key.namespace or namespace, key.name)
            content.setdefault(place, {}).update(_content(resource.body))
    found = {
        fingerprint
        for resource in pods
        if not resource.origin.test_hook
        for (kind, name), keys in _mounted(resource)
        for entry, held in content.get((kind, resource.id.namespace or namespace, name), {}).items()
        if keys is None or entry in keys
        for fingerprint in held
    }
    return [one for one in certificates if one.fingerprint not in found]


def _content(body: Body) -> dict[str, frozenset[str]]:
    """Return the fingerprints of the certificates under each key of a ConfigMap or Secret."""
    found = {}
    for section in ("data", "stringData", "binaryData"):
        encoded = section == "binaryData" or (section == "data" and body.get("kind") == "Secret")
        for key, value in mapping(body, (section,)).items():
            text = decoded(str(value)) if encoded else str(value)
            found[str(key)] = frozenset(pem.fingerprints(text))
    return found


def _mounted(resource: Resource) -> Iterator[tuple[tuple[str, str], frozenset[str] | None]]:
    """Yield kind and name of each ConfigMap and Secret among a Pod's files, and their keys there.

    None stands for all keys.
    """
    for path in pod_paths(resource):
        spec = get(resource.body, path)
        containers = [*mappings(spec, ("containers",)), *mappings(spec, ("initContainers",))]
        mounts = [m for c in containers for m in mappings(c, ("volumeMounts",))]
        for volume in mappings(spec, ("volumes",)):
            own = [m for m in mounts if m.get("name") == volume.get("name")]
            subs = {str(m.get("subPath") or "") for m in own}
            for source in _sources(volume) if subs else ():
                yield source[0], _visible(source[1], subs)


def _sources(volume: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, str] | None]]:
    """Yield what a volume is made of, and the path of each key where they are chosen."""
    for source in (volume, *mappings(volume, ("projected", "sources"))):
        for kind, name in (("configMap", "name"), ("secret", "secretName"), ("secret", "name")):
            settings = mapping(source, (kind,))
            if not settings.get(name):
                continue
            items = mappings(settings, ("items",))
            paths = {str(i.get("path")): str(i.get("key")) for i in items} if items else None
            yield (kind[0].upper() + kind[1:], str(settings[name])), paths


def _visible(paths: dict[str, str] | None, subs: Collection[str]) -> frozenset[str] | None:
    """Return the keys that mounts show; ``subs`` are their sub-paths, empty for a whole volume."""
    if "" in subs:
        return None if paths is None else frozenset(paths.values())
    return frozenset((paths or {}).get(sub, sub) for sub in subs)


def listed(present: Any, certificates: Sequence[Certificate], gone: Collection[str]) -> list[Any]:
    """Return a list of PEM texts with the certificates behind those of other people.

    ``gone`` are fingerprints that an extended environment has put there, and this one has not.
    """
    own = {one.fingerprint for one in certificates}
    kept = []
    for entry in present if isinstance(present, list) else []:
        found = set(pem.fingerprints(str(entry)))
        if not found or not found <= own | set(gone):
            kept.append(entry)
    return [*kept, *(one.pem for one in certificates)]


def config_map(name: str, namespace: str, certificates: Iterable[Certificate]) -> dict[str, Any]:
    """Return a ConfigMap that holds the certificates, each under a key that ends in ``.crt``.

    update-ca-certificates reads no others.
    """
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    data = {f"{one.fingerprint[:16]}.crt": one.pem for one in certificates}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": dict(sorted(data.items())),
    }
