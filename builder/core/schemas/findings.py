"""What is said of a resource that its schema does not allow, or that no cluster serves."""

from collections.abc import Sequence

from builder.core.findings import Finding, Severity
from builder.core.manifests import Resource
from builder.core.pointer import pointer
from builder.core.schemas.fields import Path, Problem

_DROPPED = "the API server drops it, so what it was to set does not hold"
_EITHER = "the API server drops it, or refuses the object in a server-side apply"
_FILLED_IN = "the API server refuses the object, unless it fills the field in"
_REFUSED = "the API server refuses the object"
_NULL = "a server-side apply is refused, where any other takes it for absent"


def of_problem(resource: Resource, problem: Problem, who: str, *, custom: bool) -> Finding | None:
    """Return what is to be said of one field; ``who`` is whose schema it does not fit.

    What charts make in the cluster is not applied server-side: there an unknown field does nothing,
    and a null is fine. A field of Kubernetes' own kinds that is missing may have a default.
    """
    nested = resource.origin.parent is not None
    severity: Severity = "error"
    effect = _REFUSED
    match problem.kind:
        case "null":
            if nested or not custom:
                return None
            severity, effect = "warning", _NULL
        case "unknown":
            severity, effect = ("warning", _DROPPED) if nested else ("error", _EITHER)
        case "missing" if not custom:
            severity, effect = "warning", _FILLED_IN
    return Finding(
        code="unknown-field" if problem.kind == "unknown" else "schema",
        severity=severity,
        subject=_subject(problem.path),
        place=f"{resource.id} {pointer(problem.path)} ({source(resource, problem.path)})",
        cause=f"{problem.what}, says {who}: {effect}",
        hint=_hint(problem, nested=nested),
    )


def not_served(resource: Resource, why: str, instead: Sequence[str], severity: Severity) -> Finding:
    """Return what is to be said of a kind that the cluster does not serve."""
    hint = f"use {' or '.join(instead)}" if instead else "take it out, or bring its definition"
    if resource.origin.parent is not None:
        hint = "choose a version of the chart for that Kubernetes, or switch the resource off"
    if severity == "warning":
        why += ", but the chart asks the cluster, and may make another there"
    return Finding(
        code="api-version",
        severity=severity,
        subject=f"{resource.id.kind} ({resource.body['apiVersion']})",
        place=f"{resource.id} ({source(resource, ('apiVersion',))})",
        cause=why,
        hint=hint,
    )


def _subject(path: Path) -> str:
    """Name a field by its last keys: ``containers/0/image``."""
    names = [index for index, token in enumerate(path) if isinstance(token, str)]
    return "/".join(str(token) for token in path[names[-1] :]) if names else "the object"


def _hint(problem: Problem, *, nested: bool) -> str:
    if not nested:
        return problem.hint or "correct it there"
    hint = "look at the values that make it, or tell the chart's authors"
    return f"{problem.hint}; {hint}" if problem.hint else hint


def source(resource: Resource, path: Path) -> str:
    """Return the patch that put a field there, else the template or file of the resource."""
    at = pointer(path)
    for operation in reversed(resource.origin.patches):
        if f"{at}/".startswith(operation.path.removesuffix("-").rstrip("/") + "/"):
            return operation.place
    return resource.origin.template or resource.origin.source
