"""The objects by which Flux syncs bundles: a source, and Kustomizations that wait for each other.

Written for and checked against the CRDs of Flux's source-controller and kustomize-controller
1.9. Within one Kustomization, Flux applies namespaces, CRDs and cluster roles first and waits for
them, but tries all the rest on the server (dry run) before it applies any of it: a custom resource
that the bundle's own webhook has to admit would hold up the repair of that webhook. So the last
stage is a Kustomization of its own, which depends on the first. Both read the one folder of the
bundle; the annotation that stands in it tells whose a resource is.
"""

import re
from collections.abc import Sequence
from typing import Any

from builder.core.secrets.forms import is_sops
from builder.core.sync.drift import Drift, drifts
from builder.core.sync.health import cel
from builder.core.sync.model import Source, Synced, SyncObject
from builder.core.sync.stages import INSTANCES, STAGE, Stage, stage

NAMESPACE = "flux-system"
RETRY = "2m"
AGE_KEY = "sops-age"  # the Secret's name in Flux's own guide
_LABELS = {"app.kubernetes.io/managed-by": "sealift"}
_ALL = frozenset(Stage)
_LAST = frozenset({Stage.instances})
_SCP = re.compile(r"(?P<user>[\w.-]+)@(?P<host>[\w.-]+):(?P<path>[^:]+)")
# kustomize takes any object for the text of a deletion; the target tells which ones go.
_DELETE = "$patch: delete\napiVersion: v1\nkind: Any\nmetadata:\n  name: any\n"


def objects(synced: Sequence[Synced]) -> list[SyncObject]:
    """Return what syncs the environments: for each a source, and one or two Kustomizations.

    A source of its own per environment: with Git its revision is the commit all the same, so every
    commit to the branch makes Flux look; with OCI only a change of the environment does.
    """
    return [found for one in synced for found in _objects(one)]


def _objects(one: Synced) -> list[SyncObject]:
    source = _oci(one) if one.source.oci else _git(one)
    last = [r for r in one.manifests if stage(r, one.instances) is Stage.instances]
    if not one.marked or len(last) in (0, len(one.manifests)):
        return [source, _kustomization(one, one.environment, _ALL)]
    before = f"{one.environment}-platform"
    return [
        source,
        _kustomization(one, before, _ALL - _LAST, without=f"{STAGE}={INSTANCES}"),
        _kustomization(one, one.environment, _LAST, without=f"{STAGE}!={INSTANCES}", after=before),
    ]


def _git(one: Synced) -> SyncObject:
    path = one.source.path
    return SyncObject(
        body={
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": _metadata(one, one.environment),
            "spec": {
                "interval": one.interval,
                "url": _url(one.source.url),
                "ref": {"branch": one.source.branch},
                **({"sparseCheckout": [path]} if path else {}),
                **_reference("secretRef", one.source.secret),
            },
        },
        note=_secret_note(one, "username and password, or identity and known_hosts; ca.crt")
        if one.source.secret
        else "",
    )


def _oci(one: Synced) -> SyncObject:
    return SyncObject(
        body={
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "OCIRepository",
            "metadata": _metadata(one, one.environment),
            "spec": {
                "interval": one.interval,
                "url": one.source.url,
                "ref": {"tag": one.source.tag or one.environment},
                **_reference("secretRef", one.source.secret),
                **_reference("certSecretRef", one.source.ca_secret),
            },
        },
        note=_secret_note(one, "a login of type kubernetes.io/dockerconfigjson")
        if one.source.secret
        else "",
    )


def _secret_note(one: Synced, keys: str) -> str:
    return f"The Secret {one.source.secret} in {one.namespace} is yours to create: {keys}."


def _kustomization(
    one: Synced,
    name: str,
    stages: frozenset[Stage],
    *,
    without: str = "",
    after: str = "",
) -> SyncObject:
    """Apply the bundle, ``without`` the resources that an annotation selector names.

    Removing the object leaves what it applied. ``prune`` is on; what must not be pruned says so in
    the bundle.
    """
    source: Source = one.source
    body = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": _metadata(one, name),
        "spec": {
            **({"dependsOn": [{"name": after}]} if after else {}),
            "sourceRef": {
                "kind": "OCIRepository" if source.oci else "GitRepository",
                "name": one.environment,
            },
            "path": f"./{source.path}" if source.path and not source.oci else "./",
            "interval": one.interval,
            "retryInterval": RETRY,
            "timeout": one.timeout,
            "wait": True,
            "prune": one.marked,
            "force": False,
            "deletionPolicy": "Orphan",
            **({"serviceAccountName": one.service_account} if one.service_account else {}),
            **({"kubeConfig": {"secretRef": {"name": one.cluster}}} if one.cluster else {}),
            **_decryption(one, stages),
            **_patches(without),
            **_health(one, stages),
            **_ignored(one, stages),
        },
    }
    note = _age_note(one) if "decryption" in body["spec"] else ""
    return SyncObject(body=body, note=note)


def _decryption(one: Synced, stages: frozenset[Stage]) -> dict[str, Any]:
    """Let Flux decrypt where a Secret of the stages is encrypted by SOPS; else it refuses it."""
    if not any(is_sops(r.body) for r in one.manifests if stage(r, one.instances) in stages):
        return {}
    return {"decryption": {"provider": "sops", **_reference("secretRef", _age_key(one))}}


def _age_key(one: Synced) -> str:
    return one.age_secret or AGE_KEY


def _age_note(one: Synced) -> str:
    return (
        f"The Secret {_age_key(one)} in {one.namespace} is yours to create: the age key, under a "
        "name that ends in .agekey."
    )


def _patches(without: str) -> dict[str, Any]:
    if not without:
        return {}
    return {"patches": [{"target": {"annotationSelector": without}, "patch": _DELETE}]}


def _health(one: Synced, stages: frozenset[Stage]) -> dict[str, Any]:
    """Return the health checks for kinds of the stages; Flux matches their group, not version."""
    versions = {
        (r.id.group, r.id.kind): str(r.body["apiVersion"])
        for r in one.manifests
        if stage(r, one.instances) in stages
    }
    found = [
        {"apiVersion": versions[rule.group, rule.kind], "kind": rule.kind, **cel(rule)}
        for rule in one.known_health
        if (rule.group, rule.kind) in versions
    ]
    return {"healthCheckExprs": found} if found else {}


def _ignored(one: Synced, stages: frozenset[Stage]) -> dict[str, Any]:
    """Return what to leave to controllers: only what the bundle sets, for Flux owns no more."""
    by_id = {r.id: r for r in one.manifests if stage(r, one.instances) in stages}
    found = [
        {"paths": list(drift.in_git), "target": _target(drift)}
        for drift in drifts(one.manifests)
        if drift.in_git and drift.resource in by_id
    ]
    return {"ignore": found} if found else {}


def _target(drift: Drift) -> dict[str, str]:
    key = drift.resource
    return {
        **({"group": key.group} if key.group else {}),
        "kind": key.kind,
        "name": key.name,
        **({"namespace": key.namespace} if key.namespace else {}),
    }


def _metadata(one: Synced, name: str) -> dict[str, Any]:
    return {"name": name, "namespace": one.namespace, "labels": _LABELS}


def _reference(field: str, name: str | None) -> dict[str, Any]:
    return {field: {"name": name}} if name else {}


def _url(url: str) -> str:
    """Write git's short form for ssh as a URL: Flux knows no other."""
    match = _SCP.fullmatch(url)
    if match is None:
        return url
    return f"ssh://{match['user']}@{match['host']}/{match['path'].lstrip('/')}"
