"""What speaks against shipping: references that leave, tags that float, switches that are off."""

from collections.abc import Iterable, Iterator
from typing import Any

from builder.core import hosts
from builder.core.base import Base, Switch
from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.manifests import Manifests
from builder.core.mirror import matches
from builder.core.pointer import mappings
from builder.core.references import Reference


def verify(
    environment: Environment,
    base: Base,
    manifests: Manifests,
    references: Iterable[Reference],
) -> list[Finding]:
    """Return every finding that the values themselves show."""
    return [
        *_kubernetes(environment, base),
        *(f for reference in references for f in of_reference(reference, environment)),
        *(finding for switch in base.switches for finding in _switch(switch, manifests)),
    ]


def of_reference(reference: Reference, environment: Environment) -> Iterator[Finding]:
    """Yield what speaks against one reference."""
    if reference.kind == "image":
        yield from _image(reference, environment)
    else:
        yield from _address(reference, environment)


def leaves(reference: Reference, environment: Environment) -> bool:
    """Tell whether the reference lies outside the environment's network."""
    if reference.kind == "image":
        name = reference.image
        if name is not None and name.at_run_time:
            return False
        return name is None or not _registry_inside(name.registry, environment)
    host = hosts.of_url(reference.value)
    return not hosts.is_variable(host) and not hosts.is_inside(host, environment.hosts)


def _registry_inside(registry: str, environment: Environment) -> bool:
    # A registry without a dot, or on an unrouted address, still has to be one that was named.
    return hosts.is_inside(registry, environment.hosts) and (
        registry == environment.registry.host
        or registry in environment.hosts
        or "." in hosts.without_port(registry)
    )


def _image(reference: Reference, environment: Environment) -> Iterator[Finding]:
    if reference.comment:
        return
    name = reference.image
    if name is None:
        yield _finding(
            reference, "unreadable-image", f"{reference.value!r} is not an image reference",
            "look at the values that make it",
        )  # fmt: skip
        return
    if name.at_run_time:
        yield _allowed(reference, environment) or _finding(
            reference, "runtime-image", "only the run tells which image this is",
            "name the image, or see to it that what fills it in lies inside, and allow: it with "
            "that reason", severity="warning" if reference.origin.test_hook else "error",
        )  # fmt: skip
    if leaves(reference, environment):
        yield _outside(reference, environment, name.registry)
    if name.floating and not reference.origin.test_hook:
        tag = f"the tag {name.tag!r}" if name.tag else "no tag, which means latest,"
        yield _finding(
            reference, "floating-tag", f"{tag} names another image tomorrow",
            "name a version, or a digest" + _where_to_patch(reference),
        )  # fmt: skip


def _address(reference: Reference, environment: Environment) -> Iterator[Finding]:
    if leaves(reference, environment):
        finding = _outside(reference, environment, hosts.of_url(reference.value))
        if reference.comment:
            yield _finding(
                reference, "outside-reference", "stands in a comment, nothing fetches it",
                "nothing to do", severity="note",
            )  # fmt: skip
        else:
            yield finding


def _outside(reference: Reference, environment: Environment, host: str) -> Finding:
    allowed = _allowed(reference, environment)
    if allowed:
        return allowed
    if reference.origin.test_hook:
        return _finding(
            reference, "test-hook-reference",
            f"{host} is outside, but only `helm test` would run it; controllers do not",
            "do not run helm test in the cluster", severity="warning",
        )  # fmt: skip
    return _finding(
        reference, "outside-reference", f"{host} is not among the environment's hosts",
        "point it at " + _inside(reference, environment) + _where_to_patch(reference),
    )  # fmt: skip


def _allowed(reference: Reference, environment: Environment) -> Finding | None:
    """Return the note of a reference that somebody has looked at and accepted."""
    for allowance in environment.allow:
        if matches(allowance.reference, reference.value):
            return _finding(
                reference, "allowed-reference", f"allowed: {allowance.reason}", "nothing to do",
                severity="note",
            )  # fmt: skip
    return None


def _inside(reference: Reference, environment: Environment) -> str:
    if reference.kind == "image":
        return environment.registry.prefix
    if reference.kind == "chart" and environment.chart_repository:
        return environment.chart_repository.url
    return "a host inside, switch it off, or add it to allow: with a reason"


def _where_to_patch(reference: Reference) -> str:
    if reference.nested:
        return f", by a patch on the values of {reference.origin.parent}"
    return f", by a patch on {reference.resource} {reference.pointer}"


def _finding(
    reference: Reference, code: str, cause: str, hint: str, *, severity: Any = "error"
) -> Finding:
    origin = reference.origin
    source = f"{origin.template}" if origin.template else origin.source
    return Finding(
        code=code,
        severity=severity,
        subject=reference.shown,
        place=f"{reference} ({source})",
        cause=cause,
        hint=hint,
    )


def _kubernetes(environment: Environment, base: Base) -> Iterator[Finding]:
    if base.kubernetes and _numbers(environment.kubernetes) < _numbers(base.kubernetes):
        yield Finding(
            code="kubernetes-too-old",
            subject=f"Kubernetes {environment.kubernetes}",
            place="environment.yaml kubernetes",
            cause=f"the platform needs Kubernetes {base.kubernetes} or newer",
            hint="update the cluster, or choose an older version of the platform",
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in version.removeprefix("v").split("."))[:2]


def _switch(switch: Switch, manifests: Manifests) -> Iterator[Finding]:
    """Yield the resources of the switch's kind in which it stands otherwise, or nowhere."""
    found = [
        (resource, container, entry)
        for resource in manifests
        if resource.id.kind == switch.kind
        for container in mappings(resource.body, ("spec", "template", "spec", "containers"))
        for entry in mappings(container, ("env",))
        if entry.get("name") == switch.env
    ]
    places = [
        f"{resource.id} container {container.get('name')}, env {switch.env}"
        for resource, container, entry in found
        if entry.get("value") != switch.value
    ]
    if not found and len(manifests):
        places = [f"no {switch.kind} has it"]
    for place in places:
        yield Finding(
            code="outbound-switch",
            subject=f"{switch.env}={switch.value}",
            place=place,
            cause=switch.reason,
            hint=f"set {switch.env} to {switch.value!r} by a patch",
        )
