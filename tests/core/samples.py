"""Short ways to the values that the tests of core are about."""

from typing import Any

from builder.core.environment import Environment, Registry
from builder.core.manifests import Origin, Resource, ResourceId
from builder.core.references import Reference
from builder.core.tokens import Variable
from builder.core.trace import Traced

INSIDE = "r.corp.example/m"
POD = ResourceId(group="", kind="Pod", namespace="", name="web")


def environment(**more: Any) -> Environment:
    fields: dict[str, Any] = {
        "kubernetes": "1.30",
        "base": "app",
        "registry": Registry(prefix=INSIDE),
    } | more
    return Environment(**fields)


def reference(
    value: str, *path: str, template: str = "app/templates/web.yaml", **more: Any
) -> Reference:
    fields: dict[str, Any] = {
        "kind": "image",
        "resource": POD,
        "path": path or ("spec", "image"),
        "place": "container web",
        "origin": Origin(source="app-1.0.0", template=template),
    } | more
    return Reference(value=value, **fields)


def traced(value: str, *pieces: str | tuple[str, ...], at: str = "0", **more: Any) -> Traced:
    """A reference, and what makes it: texts, and the paths of values."""
    made = tuple(p if isinstance(p, str) else Variable(path=p) for p in pieces)
    paths = tuple(dict.fromkeys(p for p in pieces if not isinstance(p, str)))
    key = (POD, ("spec", at), 0)
    return Traced(key=key, reference=reference(value, "spec", at, **more), pieces=made, paths=paths)


def resource(kind: str = "Pod", group: str = "", name: str = "web", **body: Any) -> Resource:
    version = f"{group}/v1" if group else "v1"
    whole = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **body}
    return Resource(body=whole, origin=Origin(source="app.yaml"))
