"""The Gateway that a bundle's routes hang on: whether it is there, and takes them."""

from collections.abc import Iterable

from builder.core.checks import Check, failed
from builder.core.environment import Environment, Gateway
from builder.core.errors import SealiftError
from builder.core.ingress.gateway import is_route, refusals
from builder.core.ingress.hosts import wanted
from builder.core.ingress.routes import VERSION
from builder.core.needs import Placed
from builder.tools.kubectl import Cluster


def check(environment: Environment, placed: Iterable[Placed], cluster: Cluster) -> list[Check]:
    """Look at the Gateway API, and at the environment's Gateway; nothing where it names none."""
    gateway = environment.ingress.gateway
    if gateway is None:
        return []
    try:
        if VERSION not in cluster.api_versions():
            return [_served(found=False)]
    except SealiftError as error:
        return [failed("cluster", VERSION, error)]
    namespaces = sorted({one.namespace for one in placed if is_route(one.resource)})
    spaces = [gateway.namespace] if gateway.namespace else namespaces
    found = [_gateway(gateway, environment, space, namespaces, cluster) for space in spaces]
    return [_served(found=True), *found]


def _served(*, found: bool) -> Check:
    return Check(
        group="cluster",
        subject=VERSION,
        state="ok" if found else "failure",
        detail="is served" if found else "is not served: the cluster takes no HTTPRoute",
        hint="" if found else "install the definitions of the Gateway API, and a controller for it",
    )


def _gateway(
    gateway: Gateway,
    environment: Environment,
    space: str,
    namespaces: list[str],
    cluster: Cluster,
) -> Check:
    subject = f"Gateway/{space}/{gateway.name}"
    try:
        body = cluster.gateway(space, gateway.name)
    except SealiftError as error:
        return failed("cluster", subject, error)
    if body is None:
        return Check(
            group="cluster", subject=subject, state="failure", detail="is not there",
            hint="make it, or set ingress: {gateway: ...} in environment.yaml",
        )  # fmt: skip
    problems = list(refusals(body, gateway, wanted(environment), namespaces))
    return Check(
        group="cluster",
        subject=subject,
        state="failure" if problems else "ok",
        detail="; ".join(problems) or "is there, and takes the routes",
        hint="change its listeners, or ingress: {gateway: ...} in environment.yaml"
        if problems
        else "",
    )
