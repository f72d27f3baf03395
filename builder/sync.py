"""Environments become the objects by which an engine syncs their bundles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from builder.core.environment import Mode, Sync
from builder.core.errors import ConfigurationError
from builder.core.sync import (
    NAMESPACES,
    Engine,
    HealthRule,
    Source,
    Synced,
    SyncObject,
    instance_kinds,
    objects,
)
from builder.deliver import Way, target_of
from builder.render import render
from builder.workspace import Overlay, environments, find_overlay

_OCI = re.compile(r"(?P<url>oci://[^/@]+/[^:@]+)(?::(?P<tag>[\w.-]+))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the command line says beyond ``environment.yaml``."""

    engine: Engine | None = None
    repository: str | None = None
    branch: str | None = None
    oci: str | None = None
    mode: Mode | None = None


def select(root: Path, names: Sequence[str], *, every: bool) -> list[Overlay]:
    """Return the environments by name, or every one that says where it is published."""
    if every == bool(names):
        raise ConfigurationError("name environments, or give --all")
    if not every:
        return [find_overlay(root, name) for name in dict.fromkeys(names)]
    found = [find_overlay(root, name) for name in environments(root.resolve())]
    found = [overlay for overlay in found if overlay.environment.publish]
    if not found:
        raise ConfigurationError(
            "no environment says where it is published",
            hint="set publish: {repository: ...} in environment.yaml, or name environments",
        )
    return found


def sync(overlays: Sequence[Overlay], wanted: Wanted) -> list[SyncObject]:
    """Return the objects that sync the environments, engine by engine.

    Raises ConfigurationError and ToolError.
    """
    engines = [_engine(overlay, wanted) for overlay in overlays]
    _check_projects(overlays, engines)
    synced = [_synced(o, engine, wanted) for o, engine in zip(overlays, engines, strict=True)]
    return [
        found
        for engine in sorted(set(engines))
        for found in objects(
            engine, [s for s, e in zip(synced, engines, strict=True) if e == engine]
        )
    ]


def unmarked(overlays: Sequence[Overlay]) -> list[str]:
    """Return the environments whose bundles carry no annotations for their engine."""
    return [o.name for o in overlays if o.environment.sync is None]


def _engine(overlay: Overlay, wanted: Wanted) -> Engine:
    """Return the engine; the one that marks the bundle is the one that has to sync it."""
    settings = overlay.environment.sync
    named = settings.engine if settings else None
    if named and wanted.engine and named != wanted.engine:
        raise ConfigurationError(
            f"the bundle of {overlay.name} is made for {named}, not for {wanted.engine}",
            hint="change sync: {engine: ...} in environment.yaml, and publish",
        )
    engine = named or wanted.engine
    if engine is None:
        raise ConfigurationError(
            f"nothing says what syncs {overlay.name}",
            hint="set sync: {engine: argocd} or {engine: flux} in environment.yaml, or --engine",
        )
    return engine


def _synced(overlay: Overlay, engine: Engine, wanted: Wanted) -> Synced:
    """Map the settings of an environment and its base to what the engine's objects need."""
    base = overlay.base.base
    settings = overlay.environment.sync or Sync(engine=engine)
    manifests = render(overlay).manifests
    return Synced(
        environment=overlay.name,
        source=_source(overlay, wanted),
        manifests=manifests,
        instances=instance_kinds(manifests, [(r.group, r.kind) for r in base.nested_charts]),
        health=tuple(
            HealthRule(
                group=rule.group,
                kind=rule.kind,
                phase=rule.phase,
                ready=rule.ready,
                degraded=rule.degraded,
                message=rule.message,
            )
            for rule in base.health
        ),
        marked=overlay.environment.sync is not None,
        namespace=settings.namespace or NAMESPACES[engine],
        project=_project(overlay),
        cluster=settings.cluster,
        interval=settings.interval or "10m",
        timeout=settings.timeout or "15m",
        service_account=settings.service_account,
        age_secret=overlay.environment.secrets.age_secret,
    )


def _project(overlay: Overlay) -> str:
    settings = overlay.environment.sync
    return (settings.project if settings else None) or overlay.name


def _source(overlay: Overlay, wanted: Wanted) -> Source:
    publish = overlay.environment.publish
    secret, ca_secret = (publish.secret, publish.ca_secret) if publish else (None, None)
    if wanted.oci:
        match = _OCI.fullmatch(wanted.oci)
        if match is None:
            raise ConfigurationError(
                f"{wanted.oci!r} is not an OCI reference", hint="write oci://host/repository:tag"
            )
        return Source(
            url=match["url"],
            tag=match["tag"] or overlay.name,
            secret=secret,
            ca_secret=ca_secret,
        )
    way = Way(repository=wanted.repository, branch=wanted.branch, mode=wanted.mode)
    target = target_of(overlay, way)
    _check_reachable(target.repository, overlay.name)
    return Source(url=target.repository, branch=target.branch, path=target.path, secret=secret)


def _check_reachable(repository: str, name: str) -> None:
    """Raise ConfigurationError for a folder: no cluster fetches from one."""
    scheme = urlsplit(repository).scheme if "://" in repository else ""
    short = re.fullmatch(r"[\w.-]+@[\w.-]+:[^:].*", repository)
    if scheme not in ("https", "http", "ssh") and not short:
        raise ConfigurationError(
            f"{name} is published to {repository}, which no cluster can fetch from",
            hint="name a URL (https, ssh) with --repository",
        )


def _check_projects(overlays: Sequence[Overlay], engines: Sequence[Engine]) -> None:
    """Raise ConfigurationError when an AppProject would lose what another environment needs."""
    if "argocd" not in engines or not overlays:
        return
    given = {overlay.name for overlay in overlays}
    projects = {_project(o) for o, e in zip(overlays, engines, strict=True) if e == "argocd"}
    root = overlays[0].root
    for name in environments(root):
        if name in given:
            continue
        other = find_overlay(root, name)
        settings = other.environment.sync
        if settings and settings.engine == "argocd" and _project(other) in projects:
            raise ConfigurationError(
                f"the project {_project(other)} is also that of {name}, and has the rights that "
                "all its bundles need",
                hint=f"name {name} too, or give --all",
            )
