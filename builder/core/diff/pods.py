"""What Pods may do to the node that they run on, and what they keep when they are gone."""

from collections.abc import Iterator, Mapping
from typing import Any

from builder.core.manifests import Body
from builder.core.pointer import get

_TEMPLATES = (
    ("spec", "jobTemplate", "spec", "template", "spec"),
    ("spec", "template", "spec"),
)
_HOST = {
    "hostNetwork": "the node's network",
    "hostPID": "the node's processes",
    "hostIPC": "the node's shared memory",
}


def powers(body: Body | None, kind: str) -> dict[str, str]:
    """Return what a workload's Pods may do to their node: the place, and what it is."""
    spec = _pod_spec(body or {}, kind)
    return dict(_powers(spec)) if isinstance(spec, Mapping) else {}


def forgetful(before: Body, after: Body, kind: str) -> list[str]:
    """Return the volumes that were claims, and are gone now with each Pod: ``emptyDir``.

    One is found again by its name, or by the place where a container of the same name has it.
    """
    old, new = _pod_spec(before, kind), _pod_spec(after, kind)
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return []
    claimed = _volumes(old, "persistentVolumeClaim", "ephemeral") | _templates(before)
    empty = _volumes(new, "emptyDir") - _templates(after)
    was, now = _mounts(old), _mounts(new)
    mounted = (name for at, name in now.items() if was.get(at) in claimed and name in empty)
    return sorted({*(claimed & empty), *mounted})


def _volumes(spec: Mapping[str, Any], *types: str) -> set[str]:
    volumes = _mappings(spec.get("volumes"))
    return {str(volume.get("name")) for volume in volumes if any(t in volume for t in types)}


def _templates(body: Body) -> set[str]:
    """Return the volumes that a StatefulSet claims for each of its Pods."""
    found = _mappings(get(dict(body), ("spec", "volumeClaimTemplates")))
    return {str(get(dict(template), ("metadata", "name"))) for template in found}


def _mounts(spec: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (str(container.get("name")), str(mount.get("mountPath"))): str(mount.get("name"))
        for container in _mappings(spec.get("containers"))
        for mount in _mappings(container.get("volumeMounts"))
    }


def _pod_spec(body: Body, kind: str) -> Any:
    if kind == "Pod":
        return body.get("spec")
    return next((spec for path in _TEMPLATES if (spec := get(dict(body), path))), None)


def _powers(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, what in _HOST.items():
        if spec.get(key) is True:
            yield key, what
    for volume in _mappings(spec.get("volumes")):
        if isinstance(volume.get("hostPath"), Mapping):
            path = volume["hostPath"].get("path")
            yield f"hostPath {path}", f"the node's folder {path}"
    for key in ("initContainers", "containers"):
        for container in _mappings(spec.get(key)):
            yield from _of_container(container)


def _of_container(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    context = container.get("securityContext")
    if not isinstance(context, Mapping):
        return
    name = container.get("name")
    if context.get("privileged") is True:
        yield f"privileged, container {name}", "all of the node: the container is privileged"
    capabilities = context.get("capabilities")
    added = capabilities.get("add") if isinstance(capabilities, Mapping) else None
    for capability in added if isinstance(added, list) else ():
        if capability != "NET_BIND_SERVICE":
            yield f"capability {capability}, container {name}", f"the capability {capability}"


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    listed = value if isinstance(value, list) else ()
    yield from (item for item in listed if isinstance(item, Mapping))
