"""What Pods may do to the node that they run on."""

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
    yield from (item for item in value or [] if isinstance(item, Mapping))
