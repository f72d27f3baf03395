"""The objects by which Argo CD syncs bundles: AppProject, Application or ApplicationSet, health.

Written for and checked against the CRDs of Argo CD 3.6 (argo-cd.readthedocs.io, user guide: sync
options, sync waves, projects, diffing, automated sync).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from builder.core.bundle import CUSTOM, phase
from builder.core.errors import ConfigurationError
from builder.core.manifests import Resource
from builder.core.scope import Scopes, in_cluster, scopes
from builder.core.sync.drift import drifts
from builder.core.sync.health import lua
from builder.core.sync.model import Synced, SyncObject

NAMESPACE = "argocd"
HERE = "https://kubernetes.default.svc"
_LABELS = {"app.kubernetes.io/managed-by": "sealift"}
# Of these, a name says which one a project may touch; of the others the content matters.
_NAMED = frozenset({"Namespace", "CustomResourceDefinition"})
_PARAMETER = "{{{{.{}}}}}"


def objects(synced: Sequence[Synced]) -> list[SyncObject]:
    """Return what syncs the environments: an Application for one, an ApplicationSet for several.

    A project's rights are those that the bundles need, so a bundle that needs more does not sync
    before its project was written again. Raises ConfigurationError for sources that Argo CD cannot
    read.
    """
    for one in synced:
        _check(one)
    found = [
        _project([s for s in synced if (s.namespace, s.project) == key])
        for key in _keys((s.namespace, s.project) for s in synced)
    ]
    for namespace, url in _keys((s.namespace, s.source.url) for s in synced):
        members = [s for s in synced if (s.namespace, s.source.url) == (namespace, url)]
        found.append(
            _application_object(members[0]) if len(members) == 1 else _application_set(members)
        )
    for namespace in _keys(s.namespace for s in synced):
        health = _health([s for s in synced if s.namespace == namespace])
        found += [health] if health else []
    return found


def _keys(values: Iterable[Any]) -> list[Any]:
    return sorted(dict.fromkeys(values))


def _check(one: Synced) -> None:
    if one.source.oci:
        raise ConfigurationError(
            f"{one.environment} is published as an OCI artifact of Flux, which Argo CD does not "
            "read",
            hint="publish to a Git repository, or use --engine flux",
        )


def _project(members: Sequence[Synced]) -> SyncObject:
    """Restrict a project to the repositories, namespaces and cluster-wide kinds of its bundles."""
    first = members[0]
    destinations = {(_cluster(one), namespace) for one in members for namespace in _namespaces(one)}
    wide = {entry for one in members for entry in _cluster_wide(one)}
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": first.project, "namespace": first.namespace, "labels": _LABELS},
        "spec": {
            "description": f"Sealift: {', '.join(sorted(s.environment for s in members))}",
            "sourceRepos": _keys(s.source.url for s in members),
            "destinations": [
                {key: cluster, "namespace": namespace}
                for (key, cluster), namespace in sorted(destinations)
            ],
            "clusterResourceWhitelist": [
                {"group": group, "kind": kind, **({"name": name} if name else {})}
                for group, kind, name in sorted(wide)
            ],
        },
    }
    secrets = _keys(s.source.secret for s in members if s.source.secret)
    note = (
        f"Argo CD finds the repository's credentials by its URL: the Secret {', '.join(secrets)} "
        f"in {first.namespace} needs the label argocd.argoproj.io/secret-type: repository, and "
        "the keys url, username, password (or sshPrivateKey)."
    )
    return SyncObject(body=body, note=note if secrets else "")


def _cluster(one: Synced) -> tuple[str, str]:
    """Return how a destination names the cluster: the field and its value."""
    cluster = one.cluster or HERE
    return ("server" if "://" in cluster else "name"), cluster


def _namespaces(one: Synced) -> list[str]:
    return _keys([_namespace(one), *(r.id.namespace for r in one.manifests if r.id.namespace)])


def _namespace(one: Synced) -> str:
    """Return the namespace that most resources are in: that of those which name none."""
    counts = Counter(r.id.namespace for r in one.manifests if r.id.namespace)
    return min(counts, key=lambda name: (-counts[name], name)) if counts else "default"


def _cluster_wide(one: Synced) -> Iterable[tuple[str, str, str]]:
    """Yield group, kind and (where it matters) name of what is in no namespace."""
    known = scopes(one.manifests)
    for resource in one.manifests:
        if _is_cluster_wide(resource, known):
            name = resource.id.name if resource.id.kind in _NAMED else ""
            yield resource.id.group, resource.id.kind, name


def _is_cluster_wide(resource: Resource, known: Scopes) -> bool:
    key = resource.id
    if in_cluster(key, known) or (key.group, key.kind) in known:
        return in_cluster(key, known)
    # Of a custom resource without its CRD nobody knows: no namespace then means cluster-wide.
    return not key.namespace and phase(resource) >= CUSTOM


def _application_object(one: Synced) -> SyncObject:
    return SyncObject(
        body={
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {
                "name": one.environment,
                "namespace": one.namespace,
                "labels": _LABELS,
                "annotations": _ANNOTATIONS,
            },
            "spec": _spec(_parameters(one), [one]),
        }
    )


# Relative to the path of the source: a commit to another environment does not wake this one.
_ANNOTATIONS = {"argocd.argoproj.io/manifest-generate-paths": "."}


def _parameters(one: Synced) -> dict[str, str]:
    """Return what differs from environment to environment."""
    field, cluster = _cluster(one)
    return {
        "environment": one.environment,
        "project": one.project,
        "branch": one.source.branch,
        "path": one.source.path or ".",
        field: cluster,
        "namespace": _namespace(one),
    }


def _application_set(members: Sequence[Synced]) -> SyncObject:
    """Make one Application for each environment of a list.

    A list, not the repository's folders: a folder that somebody pushes must not become an
    Application. What it made stays when the set or one of its entries is removed.
    """
    first = members[0]
    elements = [_parameters(one) for one in members]
    keys = list(dict.fromkeys(key for element in elements for key in element))
    complete = [{key: element.get(key, "") for key in keys} for element in elements]
    parameters = {key: _PARAMETER.format(key) for key in keys}
    return SyncObject(
        body={
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "metadata": {
                "name": _set_name(first.source.url),
                "namespace": first.namespace,
                "labels": _LABELS,
            },
            "spec": {
                "goTemplate": True,
                "goTemplateOptions": ["missingkey=error"],
                "generators": [{"list": {"elements": complete}}],
                "syncPolicy": {"preserveResourcesOnDeletion": True},
                "template": {
                    "metadata": {
                        "name": parameters["environment"],
                        "labels": _LABELS,
                        "annotations": _ANNOTATIONS,
                    },
                    "spec": _spec(parameters, members),
                },
            },
        }
    )


def _set_name(url: str) -> str:
    place = url.partition("://")[2] or url.rpartition("@")[2]
    slug = re.sub(r"[^a-z0-9]+", "-", place.lower().removesuffix(".git")).strip("-")
    return f"sealift-{slug}"[:63].rstrip("-")


def _spec(parameters: Mapping[str, str], members: Sequence[Synced]) -> dict[str, Any]:
    ignored = _ignored(members)
    destination = {k: parameters[k] for k in ("server", "name", "namespace") if k in parameters}
    return {
        "project": parameters["project"],
        "source": {
            "repoURL": members[0].source.url,
            "targetRevision": parameters["branch"],
            "path": parameters["path"],
        },
        "destination": destination,
        **({"ignoreDifferences": ignored} if ignored else {}),
        "syncPolicy": {
            "automated": {"prune": all(s.marked for s in members), "selfHeal": True},
            "syncOptions": [
                "CreateNamespace=false",
                "FailOnSharedResource=true",
                "PruneLast=true",
                "PrunePropagationPolicy=foreground",
                "RespectIgnoreDifferences=true",
                "ServerSideApply=true",
            ],
            # With refresh a retry takes the commit that repairs what failed.
            "retry": {
                "limit": 10,
                "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"},
                "refresh": True,
            },
        },
    }


def _ignored(members: Sequence[Synced]) -> list[dict[str, Any]]:
    found = {(d.resource, d.pointers): None for one in members for d in drifts(one.manifests)}
    return [
        {
            **({"group": key.group} if key.group else {}),
            "kind": key.kind,
            "name": key.name,
            **({"namespace": key.namespace} if key.namespace else {}),
            "jsonPointers": list(pointers),
        }
        for key, pointers in sorted(found)
    ]


def _health(members: Sequence[Synced]) -> SyncObject | None:
    rules = {(r.group, r.kind): r for one in members for r in one.known_health}
    if not rules:
        return None
    return SyncObject(
        body={
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": "argocd-cm",
                "namespace": members[0].namespace,
                "labels": {
                    "app.kubernetes.io/name": "argocd-cm",
                    "app.kubernetes.io/part-of": "argocd",
                },
            },
            "data": {
                "resource.customizations.health." + "_".join(part for part in key if part): lua(
                    rules[key]
                )
                for key in sorted(rules)
            },
        },
        note="Add these keys to the argocd-cm of your Argo CD, beside those that it has: "
        "kubectl apply --server-side does, or the place where you manage it.",
        fragment=True,
    )
