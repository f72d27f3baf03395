"""The cluster's API server: whether it would take each resource of a build."""

from builder import server_check
from builder.build import Build
from builder.core.checks import Check, failed, skipped
from builder.core.errors import SealiftError
from builder.core.findings import Finding
from builder.core.text import count
from builder.doctor.inside import Facts
from builder.tools.kubectl import Cluster

_SUBJECT = "dry run"


def check(built: Build | None, cluster: Cluster, known: Facts) -> list[Check]:
    """Have the API server try all resources; what it could not tell of is skipped, with why."""
    if known.error is not None or built is None:
        why = "the cluster does not answer" if built else "the environment cannot be built"
        return [skipped("cluster", _SUBJECT, why)]
    try:
        outcome = server_check.check(cluster, built)
    except SealiftError as error:
        return [failed("cluster", _SUBJECT, error)]
    found = [_refused(finding) for finding in outcome.findings]
    found += [
        skipped("cluster", f"{_SUBJECT} of {one.named}", one.why, one.hint)
        for one in outcome.untold
    ]
    if outcome.accepted:
        detail = f"the API server takes {count(outcome.accepted, 'resource')}"
        found.append(Check(group="cluster", subject=_SUBJECT, state="ok", detail=detail))
    return found


def _refused(finding: Finding) -> Check:
    return Check(
        group="cluster",
        subject=finding.place,
        state="failure" if finding.severity == "error" else "warning",
        detail=finding.cause,
        hint=finding.hint,
    )
