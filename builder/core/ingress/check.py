"""What a build has to say of its Ingresses, or of the routes in their place.

Nothing here fetches anything: most are warnings. A route that cannot work is an error.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.ingress import equivalents, gateway, hosts, read
from builder.core.ingress.controllers import CONTROLLERS, Served, of_ingress, readers
from builder.core.ingress.equivalents import Unread
from builder.core.ingress.meanings import Target
from builder.core.manifests import Resource
from builder.core.overrides import leaves
from builder.core.pointer import pointer

_HTTP = "http://"
_RUN = "run `sealift airgap`, and see what it says"
_SET = "set it in environment.yaml ingress.annotations"


def findings(
    environment: Environment,
    placed: Sequence[tuple[Resource, str]],
    values: Iterable[tuple[str, Any]],
) -> Iterator[Finding]:
    """Yield what is to be said.

    ``placed`` are the resources of first and second order with the namespaces that they land in,
    ``values`` those of nested charts as Git has them, with the place where they stand.
    """
    if environment.ingress.gateway is not None:
        yield from gateway.findings(environment, placed, values)
        return
    resources = [resource for resource, _ in placed]
    ingresses = read.ingresses(resources)
    yield from unmet(resources, environment, hint=_RUN)
    own = hosts.wanted(environment)
    if own and ingresses and not any(hosts.serves(one, own) for one in ingresses):
        yield unserved(ingresses, environment, _RUN)
    yield from _schemes(environment, values)
    for ingress in ingresses:
        yield from _annotations(ingress, environment)
    yield from _retired(ingresses, environment)


def unmet(
    resources: Iterable[Resource], environment: Environment, *, hint: str
) -> Iterator[Finding]:
    """Yield where an Ingress is not as the environment says: class, certificate, annotations."""
    settings = environment.ingress
    for resource in resources:
        named = dict(read.classes(resource))
        if read.is_ingress(resource) and not named:
            named[read.CLASS_FIELD] = ""
        for path, name in named.items() if settings.class_ else ():
            if name != settings.class_:
                was = f"is {name}" if name else "is left to the cluster"
                yield _finding(
                    "ingress-class", str(resource.id), f"{read.place(resource)} {pointer(path)}",
                    f"the class {was}, and the environment's is {settings.class_}", hint,
                )  # fmt: skip
        if not read.is_ingress(resource):
            continue
        if settings.tls and not read.has_tls(resource, settings.tls.secret):
            yield _finding(
                "ingress-tls", str(resource.id), read.place(resource),
                f"it is not served with the certificate of Secret {settings.tls.secret}", hint,
            )  # fmt: skip
        present = read.annotations(resource)
        for key, value in settings.annotations.items():
            if present.get(key) != value:
                yield _finding(
                    "ingress-annotation", key, read.place(resource),
                    "the environment's annotation is not there, or has another value", hint,
                )  # fmt: skip


def unserved(ingresses: Iterable[Resource], environment: Environment, hint: str) -> Finding:
    """Say that no Ingress has the environment's host, and which they have."""
    served = sorted({host for ingress in ingresses for host in read.hosts(ingress)})
    return _finding(
        "ingress-host", hosts.wanted(environment), "environment.yaml ingress.host",
        f"no Ingress serves it: they serve {', '.join(served)}", hint,
    )  # fmt: skip


def _schemes(environment: Environment, values: Iterable[tuple[str, Any]]) -> Iterator[Finding]:
    """Yield the values that speak of the platform's host without TLS, where it has TLS."""
    own = hosts.wanted(environment)
    for place, written in values if environment.ingress.tls and own else ():
        for path, value in leaves(written):
            text = value if isinstance(value, str) else ""
            if text.startswith(_HTTP) and hosts.is_whole(own, text[len(_HTTP) :].partition("/")[0]):
                yield _finding(
                    "ingress-scheme", text, f"{place} {pointer(path)}",
                    "the platform takes itself for one without TLS, and ingress.tls is set",
                    f"set it to https://{text[len(_HTTP) :]} by a patch",
                )  # fmt: skip


def _annotations(ingress: Resource, environment: Environment) -> Iterator[Finding]:
    """Yield the annotations that the controller does not read, with what says the same to it."""
    served = of_ingress(ingress, environment)
    present = read.annotations(ingress)
    name = read.class_of(ingress)
    if served is not None:
        for one in equivalents.unread(present, served.controller):
            yield _unread(one, served, name, read.place(ingress))
        if served.controller == "gce" and read.CLASS not in present:
            yield _finding(
                "ingress-class", str(ingress.id), read.place(ingress),
                f"{served.title} takes an Ingress by the annotation {read.CLASS} alone",
                f"set {read.CLASS}: {name} in environment.yaml ingress.annotations",
            )  # fmt: skip
        return
    known = sorted({CONTROLLERS[c].title for key in present for c in readers(key)})
    if known and name:
        yield _finding(
            "ingress-controller", f"IngressClass/{name}", read.place(ingress),
            f"which controller serves the class is not known, so nobody checks the annotations of "
            f"{', '.join(known)}", "set ingress.controller in environment.yaml",
        )  # fmt: skip


def _unread(one: Unread, served: Served, name: str, place: str) -> Finding:
    doubt = "" if served.certain else " When something else serves it, set ingress.controller."
    return _finding(
        "foreign-annotation", one.annotation, place,
        f"{served.title} does not read it (class {name}): {one.written}, {one.what}, has no effect",
        f"{equivalent(one, served.controller, certain=served.certain)}. Or take the annotation "
        f"out.{doubt}",
    )  # fmt: skip


def equivalent(one: Unread, target: Target, *, certain: bool = True) -> str:
    """Say how a controller is told what an annotation says to others."""
    title = equivalents.title(target)
    if one.way.instead:
        return f"For {title} it is {one.way.instead}"
    if not one.way.keys:
        return f"Look in the documentation of {title} for what says the same"
    key = one.way.keys[0]
    if one.value is None:
        return f"For {title} it is {key}, whose values are written otherwise: {_SET}"
    if not certain:
        return f"For {title} it is {key}: {one.value}: {_SET}"
    return f"For {title} it is {key}: {one.value}, which `sealift airgap` writes"


def _retired(ingresses: Iterable[Resource], environment: Environment) -> Iterator[Finding]:
    """Yield a warning of ingress-nginx, where a platform leans on it."""
    leaning = [
        ingress
        for ingress in ingresses
        if (served := of_ingress(ingress, environment)) and served.controller == "ingress-nginx"
        and any(readers(key) == {"ingress-nginx"} for key in read.annotations(ingress))
    ]  # fmt: skip
    if leaning:
        more = f" and {len(leaning) - 1} more" if len(leaning) > 1 else ""
        yield _finding(
            "ingress-nginx-retired", "ingress-nginx", f"{read.place(leaning[0])}{more}",
            "it was retired in March 2026: nobody closes its holes any more",
            "move to another class, or to a Gateway (ingress.gateway); the annotations are then "
            "told with their equivalents",
        )  # fmt: skip


def _finding(code: str, subject: str, place: str, cause: str, hint: str) -> Finding:
    return Finding(
        code=code, severity="warning", subject=subject, place=place, cause=cause, hint=hint
    )
