"""Ingress controllers: their class names, and the annotations that each of them reads.

From the controllers' own documentation and code; docs/ingress.md names the versions.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from builder.core.environment import Controller, Environment
from builder.core.ingress.read import annotations, class_of
from builder.core.manifests import Resource


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A controller: its name for people, and how the annotations begin that it reads."""

    title: str
    reads: tuple[str, ...] = ()


CONTROLLERS: Mapping[Controller, Known] = MappingProxyType({
    "ingress-nginx": Known(title="ingress-nginx", reads=("nginx.ingress.kubernetes.io/",)),
    "f5-nginx": Known(
        title="F5 NGINX Ingress Controller",
        reads=("nginx.org/", "nginx.com/", "appprotect.f5.com/", "appprotectdos.f5.com/"),
    ),
    "haproxy": Known(
        title="HAProxy Technologies' controller",
        reads=("haproxy.org/", "haproxy.com/", "ingress.kubernetes.io/"),
    ),
    "haproxy-ingress": Known(
        title="HAProxy Ingress", reads=("haproxy-ingress.github.io/", "ingress.kubernetes.io/")
    ),
    "traefik": Known(title="Traefik", reads=("traefik.ingress.kubernetes.io/",)),
    "contour": Known(
        title="Contour",
        reads=(
            "projectcontour.io/",
            "ingress.kubernetes.io/force-ssl-redirect",
            "kubernetes.io/ingress.allow-http",
        ),
    ),
    "aws-alb": Known(
        title="the AWS Load Balancer Controller", reads=("alb.ingress.kubernetes.io/",)
    ),
    "gce": Known(
        title="GKE's controller",
        reads=(
            "networking.gke.io/",
            "ingress.gcp.kubernetes.io/",
            "kubernetes.io/ingress.allow-http",
            "kubernetes.io/ingress.global-static-ip-name",
            "kubernetes.io/ingress.regional-static-ip-name",
        ),
    ),
    "azure-agic": Known(
        title="Azure's Application Gateway controller", reads=("appgw.ingress.kubernetes.io/",)
    ),
    "openshift": Known(
        title="OpenShift's router",
        reads=("haproxy.router.openshift.io/", "router.openshift.io/", "route.openshift.io/"),
    ),
    "kong": Known(
        title="Kong",
        reads=(
            "konghq.com/",
            "ingress.kubernetes.io/force-ssl-redirect",
            "ingress.kubernetes.io/service-upstream",
        ),
    ),
    "istio": Known(title="Istio"),
    "cilium": Known(title="Cilium", reads=("ingress.cilium.io/",)),
})  # fmt: skip

# Names whose words would tell another one: what Azure runs under this one is ingress-nginx.
_NAMES: Mapping[str, tuple[Controller, ...]] = {
    "webapprouting.kubernetes.azure.com": ("ingress-nginx",),
}
# A word of a class' name, and the controllers that take it for theirs: the likelier one first.
_WORDS: Mapping[str, tuple[Controller, ...]] = {
    "nginx": ("ingress-nginx", "f5-nginx"),
    "haproxy": ("haproxy", "haproxy-ingress"),
    "traefik": ("traefik",),
    "contour": ("contour",),
    "alb": ("aws-alb",),
    "gce": ("gce",),
    "azure": ("azure-agic",),
    "agic": ("azure-agic",),
    "openshift": ("openshift",),
    "kong": ("kong",),
    "istio": ("istio",),
    "cilium": ("cilium",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """The controller that serves an Ingress; ``certain`` tells that nothing else may."""

    controller: Controller
    certain: bool = True

    @property
    def title(self) -> str:
        """Its name for people."""
        return CONTROLLERS[self.controller].title


def readers(annotation: str) -> frozenset[Controller]:
    """Return the controllers that read an annotation; none for one that is no controller's."""
    return frozenset(
        name for name, known in CONTROLLERS.items() if annotation.startswith(known.reads)
    )


def of_class(name: str, present: Iterable[str] = ()) -> Served | None:
    """Tell the controller by the name of a class; None when it does not tell.

    Two controllers share some names: the annotations that are ``present`` tell them apart.
    """
    words = re.split(r"[^a-z0-9]+", name.lower())
    found = {meant for word in words if (meant := _WORDS.get(word))}
    if name in _NAMES:
        found = {_NAMES[name]}
    if len(found) != 1:
        return None
    (possible,) = found
    own = {c for key in present if len(c_ := readers(key) & set(possible)) == 1 for c in c_}
    if len(own) == 1:
        return Served(controller=own.pop())
    return Served(controller=possible[0], certain=len(possible) == 1)


def of_ingress(
    resource: Resource, environment: Environment, name: str | None = None
) -> Served | None:
    """Tell the controller of an Ingress: as the environment says, or by its class.

    ``name`` is the class that it will have, where that is another one than today's.
    """
    settings, name = environment.ingress, name or class_of(resource)
    if settings.controller and name in ("", settings.class_ or name):
        return Served(controller=settings.controller)
    return of_class(name, [*annotations(resource), *settings.annotations])
