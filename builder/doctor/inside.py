"""The cluster: its version, its ingress classes, and the objects that a bundle refers to."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from builder.build import Build
from builder.core import needs
from builder.core.checks import Check, State, failed, skipped
from builder.core.errors import SealiftError
from builder.core.manifests import ResourceId
from builder.core.needs import IngressClass, Need, Placed
from builder.core.pointer import tokens
from builder.core.secrets.forms import is_sops
from builder.core.sync import flux
from builder.doctor import gateway
from builder.parallel import each
from builder.tools.kubectl import Cluster
from builder.workspace import Overlay

_JOBS = 8  # each is a process


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a cluster is: its version, or why nobody knows; ``os/architecture`` of its nodes."""

    version: str
    error: SealiftError | None = None
    platforms: frozenset[str] = frozenset()


def facts(cluster: Cluster) -> Facts:
    """Ask a cluster what it is; one that does not answer is a fact as well."""
    try:
        version = cluster.version()
    except SealiftError as error:
        return Facts(version="", error=error)
    try:
        return Facts(version=version, platforms=cluster.platforms())
    except SealiftError:  # not everyone may list nodes: then the lock tells the platforms
        return Facts(version=version)


def check(
    overlay: Overlay, built: Build | None, cluster: Cluster, known: Facts, jobs: int
) -> list[Check]:
    """Look at the version, and for each object that the bundle needs and does not bring."""
    if known.error is not None:
        why = "the cluster does not answer"
        return [
            failed("cluster", "Kubernetes", known.error),
            skipped("cluster", "ingress classes, Secrets and ConfigMaps", why),
        ]
    found = [_version(overlay, known.version)]
    if built is None:
        why = "the environment cannot be built, so what it needs is not known"
        return [*found, skipped("cluster", "ingress classes, Secrets and ConfigMaps", why)]
    placed = _placed(built)
    settings = overlay.environment.ingress
    classes = needs.ingress_classes(placed, None if settings.gateway else settings.class_)
    objects = [*needs.needs(placed), *_age_key(overlay, built)]
    asked, _ = each(
        lambda need: _object(need, cluster),
        objects,
        min(jobs, _JOBS),
        lambda need: need.name,
        what="asking the cluster",
    )
    routed = gateway.check(overlay.environment, placed, cluster)
    return [*found, *_classes(classes, cluster), *routed, *(check for _, check in asked)]


def _version(overlay: Overlay, text: str) -> Check:
    found, meant = _minor(text), _minor(overlay.environment.kubernetes)
    oldest = overlay.base.base.kubernetes
    state: State = "ok"
    detail, hint = text, ""
    if oldest and found < _minor(oldest):
        state, detail = "failure", f"{text}, and {overlay.base.name} needs {oldest} or newer"
        hint = "upgrade the cluster"
    elif found != meant:
        older = found < meant
        state = "failure" if older else "warning"
        detail = f"{text}, and the bundle is rendered for {overlay.environment.kubernetes}"
        hint = f'set kubernetes: "{found[0]}.{found[1]}" in environment.yaml, and build again'
    return Check(group="cluster", subject="Kubernetes", state=state, detail=detail, hint=hint)


def _minor(version: str) -> tuple[int, int]:
    match = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _placed(built: Build) -> list[Placed]:
    """Return all resources with the namespaces they land in, those that controllers make too."""
    skip: dict[ResourceId, list[tuple[str, ...]]] = {}
    for one in built.nested:
        skip.setdefault(one.chart.resource.id, []).extend(one.chart.value_paths)
    rules: Mapping[tuple[str, str], tuple[tuple[str, ...], ...]] = {
        (rule.group, rule.kind): (tokens(rule.credential_secret),)
        for rule in built.overlay.base.base.nested_charts
        if rule.credential_secret
    }
    placed = needs.place(built.manifests, "default", skip, rules)
    for one in built.nested:
        placed += needs.place(one.created, one.chart.namespace, skip, rules)
    return placed


def _age_key(overlay: Overlay, built: Build) -> Iterator[Need]:
    """Yield the Secret by which Flux decrypts, where it stands in the cluster that is asked."""
    sync = overlay.environment.sync
    if sync is None or sync.engine != "flux" or sync.cluster:
        return
    if any(is_sops(resource.body) for resource in built.manifests):
        yield Need(
            kind="Secret",
            namespace=sync.namespace or flux.NAMESPACE,
            name=overlay.environment.secrets.age_secret or flux.AGE_KEY,
            used_by=("Flux, which decrypts by it",),
        )


def _classes(classes: Iterable[IngressClass], cluster: Cluster) -> list[Check]:
    wanted = list(classes)
    if not wanted:
        return []
    try:
        there = cluster.ingress_classes()
    except SealiftError as error:
        return [failed("cluster", "ingress classes", error)]
    return [_class(one, there) for one in wanted]


def _class(one: IngressClass, there: Mapping[str, bool]) -> Check:
    subject = f"IngressClass/{one.name}" if one.name else "default IngressClass"
    if one.name in there or (not one.name and any(there.values())):
        return Check(group="cluster", subject=subject, state="ok", detail="is there")
    known = ", ".join(sorted(there)) or "none"
    return Check(
        group="cluster",
        subject=subject,
        state="failure" if one.name else "warning",
        detail=f"is not there, for {_users(one.used_by)}; the cluster has {known}",
        hint="install its controller, or set ingress: {class: ...} in environment.yaml",
    )


def _object(need: Need, cluster: Cluster) -> Check:
    subject = f"{need.kind}/{need.namespace}/{need.name}"
    try:
        keys = cluster.keys(need.kind, need.namespace, need.name)
    except SealiftError as error:
        return failed("cluster", subject, error)
    missing = sorted(set(need.keys) - (keys or frozenset()))
    if keys is not None and not missing:
        return Check(group="cluster", subject=subject, state="ok", detail="is there")
    what = "is not there" if keys is None else f"has no key {', '.join(missing)}"
    if need.optional or need.maker:
        why = "which is optional" if need.optional else f"and {need.maker} seems to make it"
        return Check(group="cluster", subject=subject, state="ok", detail=f"{what}, {why}")
    return Check(
        group="cluster",
        subject=subject,
        state="failure",
        detail=f"{what}, for {_users(need.used_by)}",
        hint="make it before the bundle is merged"
        + (f", with the keys {', '.join(need.keys)}" if need.keys and keys is None else ""),
    )


def _users(users: tuple[str, ...]) -> str:
    more = f" and {len(users) - 1} more" if len(users) > 1 else ""
    return f"{users[0]}{more}"
