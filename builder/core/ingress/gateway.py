"""A platform behind a Gateway: what its bundle must and must not hold, and what the Gateway must.

https://gateway-api.sigs.k8s.io/reference/spec/ (v1): which listener takes which route.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from builder.core.environment import Environment, Gateway
from builder.core.findings import Finding
from builder.core.ingress import equivalents, read, routes
from builder.core.manifests import Body, Resource
from builder.core.overrides import leaves
from builder.core.pointer import get, mappings, pointer

_IN_GIT = "take it out of the base: no JSON patch removes a whole resource"
_NESTED = "run `sealift airgap`, and see what it says, or switch it off by the chart's values"


def is_route(resource: Resource) -> bool:
    """Tell whether a resource is an HTTPRoute."""
    return (resource.id.group, resource.id.kind) == (routes.GROUP, "HTTPRoute")


def hangs_on(route: Body, namespace: str, gateway: Gateway) -> bool:
    """Tell whether a route, which lands in a namespace, names the Gateway as a parent.

    One that names no listener hangs on all of them.
    """
    return any(
        parent.get("name") == gateway.name
        and (parent.get("namespace") or namespace) == (gateway.namespace or namespace)
        and (None in (section, gateway.listener) or section == gateway.listener)
        for parent in mappings(route, ("spec", "parentRefs"))
        for section in (parent.get("sectionName"),)
    )


def left(ingress: Resource) -> Finding:
    """Say that an Ingress stays, beside the route that takes its place."""
    return Finding(
        code="ingress-left",
        subject=str(ingress.id),
        place=read.place(ingress),
        cause="the environment's platform is behind a Gateway, and has an Ingress still",
        hint=_NESTED if ingress.origin.parent else _IN_GIT,
    )


def findings(
    environment: Environment,
    resources: Sequence[tuple[Resource, str]],
    values: Iterable[tuple[str, Any]],
) -> Iterator[Finding]:
    """Yield what speaks against a bundle behind a Gateway.

    ``resources`` are those of first and second order with the namespaces that they land in,
    ``values`` those of nested charts with the place where they stand.
    """
    gateway = environment.ingress.gateway
    assert gateway is not None  # noqa: S101 - without one there is nothing to say
    yield from (left(one) for one in read.ingresses(r for r, _ in resources))
    found = [(r, space) for r, space in resources if is_route(r)]
    if not any(hangs_on(route.body, namespace, gateway) for route, namespace in found):
        yield Finding(
            code="route-missing",
            subject=f"Gateway/{gateway.name}",
            place="environment.yaml ingress.gateway",
            cause="no HTTPRoute of the bundle hangs on the Gateway: nobody reaches the platform",
            hint="run `sealift airgap`, and see what it says",
        )
    ports = {
        (space, r.id.name, str(port.get("port")))
        for r, space in resources
        if (r.id.group, r.id.kind) == ("", "Service")
        for port in mappings(r.body, ("spec", "ports"))
    }
    for route, namespace in found:
        yield from _backends(route, namespace, ports)
    yield from _idle(environment, values)


def _backends(
    route: Resource, namespace: str, ports: set[tuple[str, str, str]]
) -> Iterator[Finding]:
    """Yield the Services that a route sends to and that nothing makes."""
    for index, rule in enumerate(mappings(route.body, ("spec", "rules"))):
        for number, backend in enumerate(mappings(rule, ("backendRefs",))):
            space, name = str(backend.get("namespace") or namespace), str(backend.get("name"))
            if backend.get("kind", "Service") != "Service" or backend.get("group"):
                continue
            if (space, name, str(backend.get("port"))) not in ports:
                path = ("spec", "rules", index, "backendRefs", number)
                yield Finding(
                    code="route-backend",
                    subject=f"Service/{space}/{name} port {backend.get('port')}",
                    place=f"{route.id} {pointer(path)}",
                    cause="nothing in the bundle, and nothing that controllers make of it, has it",
                    hint="run `sealift airgap`, which reads names and ports from the charts",
                )


def _idle(environment: Environment, values: Iterable[tuple[str, Any]]) -> Iterator[Finding]:
    """Yield what is set for an Ingress and has no effect on a route."""
    settings = environment.ingress
    if settings.tls:
        yield _warning(
            "ingress.tls", "environment.yaml ingress.tls",
            "a route has no certificate: the Gateway's listener has",
            f"see that the listener's certificateRefs name Secret {settings.tls.secret}, and take "
            "this out",
        )  # fmt: skip
    for key in settings.annotations:
        yield _warning(
            key, "environment.yaml ingress.annotations",
            "there is no Ingress to have it, and routes have no annotations of controllers",
            "take it out",
        )  # fmt: skip
    for place, known in values:
        for path, value in leaves(known):
            if "annotations" in path[:-1] and any("ingress" in s.lower() for s in path[:-1]):
                yield from silent(path[-1], str(value), f"{place} {pointer(path)}")


def silent(annotation: str, value: str, place: str) -> Iterator[Finding]:
    """Yield what an annotation of an Ingress says, where no route says it."""
    if routes.timeout(annotation, value):
        return
    for one in equivalents.unread({annotation: value}, "gateway"):
        way = one.way.instead or "nothing that is known"
        yield _warning(
            one.annotation, place,
            f"no Ingress is left to have it: {one.written}, {one.what}, has no effect",
            f"For the Gateway API it is {way}. Or take it out.",
        )  # fmt: skip


def _warning(subject: str, place: str, cause: str, hint: str) -> Finding:
    return Finding(
        code="foreign-annotation" if "/" in subject else "gateway-setting",
        severity="warning",
        subject=subject,
        place=place,
        cause=cause,
        hint=hint,
    )


def refusals(
    body: Mapping[str, Any], gateway: Gateway, host: str, namespaces: Iterable[str]
) -> Iterator[str]:
    """Yield why a Gateway would not take routes for a host from the namespaces.

    ``body`` is the Gateway as the cluster has it. An empty host fits any listener.
    """
    at = str(get(body, ("metadata", "namespace")) or "")
    listeners = [
        listener
        for listener in mappings(body, ("spec", "listeners"))
        if gateway.listener in (None, listener.get("name"))
    ]
    if not listeners:
        yield f"has no listener {gateway.listener}" if gateway.listener else "has no listener"
        return
    fitting = [one for one in listeners if _fits(one.get("hostname"), host)]
    if not fitting:
        named = ", ".join(str(one.get("hostname")) for one in listeners)
        yield f"has no listener for {host}: {named}"
        return
    for namespace in namespaces:
        if not any(_admits(one, namespace, at) for one in fitting):
            yield f"takes no routes of namespace {namespace} (allowedRoutes)"


def _fits(hostname: Any, host: str) -> bool:
    if not hostname or not host:
        return True
    pattern = str(hostname).lower()
    return host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _admits(listener: Mapping[str, Any], namespace: str, own: str) -> bool:
    """Tell whether a listener takes routes of a namespace; a selector may, nobody can tell here."""
    source = get(listener, ("allowedRoutes", "namespaces", "from")) or "Same"
    return source in ("All", "Selector") or (source == "Same" and namespace == own)
