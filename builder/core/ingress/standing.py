"""What a platform behind a Gateway needs in the place of its Ingresses, all of them together."""

from collections.abc import Iterable

from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.ingress import gateway, read, routes
from builder.core.manifests import Body, Manifests, Resource, ResourceId


def behind_gateway(
    environment: Environment,
    before: Manifests,
    nested: Iterable[tuple[Resource, str]],
    generated: str,
) -> tuple[list[Body], list[Finding]]:
    """Return the routes that have to stand in Git, and what none can do; none without a Gateway.

    ``nested`` are resources of second order with the namespaces that they land in. A route of the
    same name in ``before`` is people's own, and left alone, unless its file ends in ``generated``.
    """
    bodies: list[Body] = []
    findings: list[Finding] = []
    if environment.ingress.gateway is None:
        return bodies, findings
    placed = [*((resource, resource.id.namespace) for resource in before), *nested]
    known = routes.services(placed)
    ingresses = [(one, namespace) for one, namespace in placed if read.is_ingress(one)]
    for resource, namespace in ingresses:
        for annotation, value in read.annotations(resource).items():
            findings += gateway.silent(annotation, value, read.place(resource))
        # What is called as an Ingress is its own first; nothing else is called so.
        own = resource.id.name
        taken = {one.id.name for one, space in ingresses if space == namespace} - {own}
        taken |= {b["metadata"]["name"] for b in bodies if ResourceId.of(b).namespace == namespace}
        for found in routes.routes(resource, namespace, known, environment, taken):
            if isinstance(found, Finding):
                findings.append(found)
            elif not _is_by_hand(found, before, generated):
                bodies.append(found)
    return bodies, findings


def _is_by_hand(route: Body, before: Manifests, generated: str) -> bool:
    standing = before.get(ResourceId.of(route))
    return standing is not None and not standing.origin.source.endswith(generated)
