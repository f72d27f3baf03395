"""A build before the API server that it is for: a server-side dry run of every resource.

Nothing is changed. What is refused is a finding; what could not be told is grouped by its reason:
a namespace or a definition that is not there yet, a right that the account lacks.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from builder.build import Build
from builder.core import schemas
from builder.core.dry_run import Refusal, Verdict, verdict
from builder.core.errors import ConfigurationError
from builder.core.findings import NOT_CHECKED, Finding, ordered
from builder.core.manifests import Resource
from builder.core.schemas import custom
from builder.core.schemas.findings import source
from builder.core.schemas.served import kind_of
from builder.core.text import count
from builder.parallel import each
from builder.tools import kubectl
from builder.tools.kubectl import Cluster, unreachable
from builder.tools.kubectl_proxy import Proxy, proxy

T = TypeVar("T")
R = TypeVar("R")

MANAGER = "sealift-dry-run"
_JOBS = 8
# Forced: a dry run takes no field away from who manages it, and is to say what else is wrong.
_QUERY = f"?dryRun=All&force=true&fieldValidation=Strict&fieldManager={MANAGER}"
_MAX_NAMED = 3
_PLURAL = re.compile(r"[a-z0-9][a-z0-9.-]*", re.ASCII)  # none of subresources, which have a slash


@dataclass(frozen=True, kw_only=True, slots=True)
class Untold:
    """Resources of which the API server could not tell, and why."""

    why: str
    hint: str
    resources: tuple[Resource, ...]

    @property
    def named(self) -> str:
        """Some of the resources, as they are named everywhere."""
        more = len(self.resources) - _MAX_NAMED
        names = ", ".join(str(resource.id) for resource in self.resources[:_MAX_NAMED])
        return names + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a dry run came to."""

    accepted: int
    findings: tuple[Finding, ...]
    untold: tuple[Untold, ...]

    def __str__(self) -> str:
        takes = count(self.accepted, "resource")
        refused = len({finding.place.partition(" ")[0] for finding in self.findings})
        untold = sum(len(one.resources) for one in self.untold)
        return f"the API server takes {takes}, refuses {refused}, could not tell of {untold}"

    def notes(self) -> Iterator[Finding]:
        """Yield a note for each reason that something could not be told for."""
        for one in self.untold:
            yield Finding(
                code=NOT_CHECKED,
                severity="note",
                subject=f"{count(len(one.resources), 'resource')} on the API server",
                place=one.named,
                cause=one.why,
                hint=one.hint,
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Served:
    """How the API names the objects of a kind in paths."""

    plural: str
    namespaced: bool


def check(cluster: Cluster, built: Build) -> Outcome:
    """Ask the API server of a cluster whether it would take each resource of a build.

    Those of second order as well: to their controllers it says the same. Raises ToolError when it
    does not answer, or not this account.
    """
    placed = list(_placed(built))
    brought = frozenset(custom.kinds(built.resources))
    with proxy(cluster) as api:
        versions = sorted({str(resource.body["apiVersion"]) for resource, _ in placed})
        served = dict(_all(partial(_kinds, api), versions))

        def ask(entry: tuple[Resource, str]) -> Verdict:
            resource, namespace = entry
            kind = served[str(resource.body["apiVersion"])].get(resource.id.kind)
            if schemas.encrypted(resource):
                return _ENCRYPTED
            if kind is None:
                return _DEFINED if kind_of(resource) in brought else _NOT_SERVED
            return _asked(api, kind, resource, namespace)

        return _outcome([(resource, found) for (resource, _), found in _all(ask, placed)])


def tried(built: Build, kubeconfig: str, context: str = "") -> tuple[Build, Outcome]:
    """Return a build with what the API server of a kubeconfig says to it, and that alone.

    Raises ConfigurationError when no cluster is named, and ToolError.
    """
    if not kubeconfig:
        raise ConfigurationError(
            "no cluster is named", hint="give --kubeconfig, or set KUBECONFIG, for --server"
        )
    with kubectl.cluster(kubeconfig, context) as cluster:
        outcome = check(cluster, built)
    said = [*built.findings, *outcome.findings, *outcome.notes()]
    return replace(built, findings=tuple(ordered(said))), outcome


_ENCRYPTED = Verdict(
    state="untold", why="SOPS encrypts it", hint="nothing to do: what applies it decrypts it first"
)
_DEFINED = Verdict(
    state="untold",
    why="the bundle brings its definition, which is not there yet",
    hint="apply the definition, and ask again",
)
_NOT_SERVED = Verdict(
    state="refused", refusals=(Refusal(field="", what="no kind of that name is served"),)
)


def _placed(built: Build) -> Iterator[tuple[Resource, str]]:
    """Yield every resource that will be made, with the namespace of one that names none."""
    yield from ((resource, "default") for resource in built.manifests)
    for one in built.nested:
        for resource in one.created:
            if not resource.origin.test_hook:
                yield resource, one.chart.namespace


def _all(work: Callable[[T], R], items: Iterable[T]) -> list[tuple[T, R]]:
    done, failures = each(work, items, _JOBS, str, what="trying resources")
    for failure in failures:
        raise failure.error
    return done


def _kinds(api: Proxy, version: str) -> dict[str, _Served]:
    """Return the kinds that are served in an API version."""
    answer = api.get(f"/apis/{version}" if "/" in version else f"/api/{version}")
    if answer.status != 404 and answer.status >= 300:
        raise unreachable(str(answer.body.get("message") or f"status {answer.status}"))
    listed = answer.body.get("resources") if answer.status < 300 else ()
    return {
        str(one.get("kind")): _Served(plural=name, namespaced=bool(one.get("namespaced")))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict) and _PLURAL.fullmatch(name := str(one.get("name")))
    }


def _asked(api: Proxy, kind: _Served, resource: Resource, namespace: str) -> Verdict:
    version, metadata = str(resource.body["apiVersion"]), dict(resource.body["metadata"])
    name = metadata.setdefault("name", f"{metadata.pop('generateName', '')}dry-run")
    where = f"/apis/{version}" if "/" in version else f"/api/{version}"
    if kind.namespaced:
        where += f"/namespaces/{quote(resource.id.namespace or namespace, safe='')}"
    else:
        metadata.pop("namespace", None)
    path = f"{where}/{kind.plural}/{quote(str(name), safe='')}{_QUERY}"
    answer = api.apply(path, {**resource.body, "metadata": metadata})
    return verdict(resource, answer.status, answer.body)


def _outcome(verdicts: Sequence[tuple[Resource, Verdict]]) -> Outcome:
    findings: list[Finding] = []
    untold: dict[tuple[str, str], list[tuple[str, Resource]]] = {}
    for resource, found in verdicts:
        served = found is not _NOT_SERVED
        findings += [_finding(resource, refusal, served=served) for refusal in found.refusals]
        if found.state == "untold":
            untold.setdefault((found.why, found.hint), []).append((found.lacking, resource))
    return Outcome(
        accepted=sum(found.state == "accepted" for _, found in verdicts),
        findings=tuple(ordered(findings)),
        untold=tuple(
            Untold(
                why=why + (f": {', '.join(lacking)}" if lacking else ""),
                hint=hint,
                resources=tuple(resource for _, resource in members),
            )
            for (why, hint), members in sorted(untold.items(), key=lambda one: one[0])
            for lacking in [sorted({name for name, _ in members if name})]
        ),
    )


def _finding(resource: Resource, refusal: Refusal, *, served: bool) -> Finding:
    """Say why a resource is not taken; for a chart's, that it does without an unknown field."""
    nested = resource.origin.parent is not None
    lenient = nested and (refusal.unknown or not served)
    where = f"{resource.id} {refusal.field}" if refusal.field else str(resource.id)
    hint = "look at the values that make it" if nested else "correct it there"
    if not served:
        hint = "install what defines it before the bundle is merged, or take it out"
    return Finding(
        code="server-refused" if served else "not-served",
        severity="warning" if lenient else "error",
        subject=f"{resource.id.kind} ({resource.body['apiVersion']})",
        place=f"{where} ({source(resource, ())})",
        cause=f"the API server: {refusal.what}",
        hint=hint,
    )
