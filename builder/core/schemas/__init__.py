"""Resources against the schemas of their kinds: what the API server would drop or refuse."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from builder.core.findings import Finding, Severity
from builder.core.manifests import Resource
from builder.core.schemas import custom
from builder.core.schemas.findings import not_served, of_problem
from builder.core.schemas.known import Known
from builder.core.schemas.published import Published, published
from builder.core.schemas.served import Cluster, kind_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What came of it: findings, and the resources whose fields nobody could look at.

    ``unknown`` counts those by ``kind (apiVersion)``.
    """

    findings: tuple[Finding, ...]
    unknown: Mapping[str, int]


def check(
    resources: Iterable[Resource],
    kubernetes: str,
    own: Published | None,
    *,
    others: Iterable[str] = (),
    asks: Callable[[Resource], bool] = lambda _: False,
) -> Held:
    """Hold resources of both orders against the schemas of their kinds.

    Kubernetes' own kinds against ``own``, custom resources against the definitions among
    ``resources``. ``others`` are API versions that are served besides; ``asks`` tells whether the
    chart of a resource asks the cluster what it serves: there it may render otherwise.
    """
    listed = [resource for resource in resources if not resource.origin.test_hook]
    definitions = custom.kinds(listed)
    cluster = Cluster(
        kubernetes=kubernetes, published=own, custom=definitions, others=tuple(others)
    )
    known = Known(own, definitions, frozenset(kind_of(resource) for resource in listed))
    findings: list[Finding] = []
    unknown: Counter[str] = Counter()
    for resource in listed:
        lacking = cluster.lacks(resource)
        problems = known.problems(resource) if lacking is None else []
        if lacking is not None:
            severity: Severity = "warning" if asks(resource) else "error"
            findings.append(not_served(resource, lacking, cluster.instead(resource), severity))
        elif problems is None:
            unknown[f"{resource.id.kind} ({resource.body['apiVersion']})"] += 1
        else:
            brought = kind_of(resource) in definitions
            who = f"the definition of {resource.id.kind}" if brought else f"Kubernetes {kubernetes}"
            if encrypted(resource):
                problems = [p for p in problems if p.kind == "unknown" and p.path != ("sops",)]
            told = (of_problem(resource, p, who, custom=brought) for p in problems)
            findings += [finding for finding in told if finding]
    return Held(findings=tuple(findings), unknown=unknown)


def encrypted(resource: Resource) -> bool:
    """Tell whether SOPS takes values for texts, and adds a field, until the cluster decrypts it."""
    return isinstance(resource.body.get("sops"), dict)


__all__ = ["Held", "Published", "check", "encrypted", "published"]
