"""Which changes can break, lose or open something, each with its reason."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.core.diff import immutable, permissions, pods, webhooks
from builder.core.diff.hidden import Hidden
from builder.core.diff.model import Danger, FieldChange, ResourceChange
from builder.core.diff.normal import Entry
from builder.core.diff.removed_apis import minor, removed_in
from builder.core.diff.show import path_text
from builder.core.diff.usage import Usage
from builder.core.guard.texts import STARS
from builder.core.guard.veil import Veil
from builder.core.manifests import ResourceId
from builder.core.pointer import get

_WORKLOADS = ("DaemonSet", "Deployment", "Job", "CronJob", "Pod", "ReplicaSet", "StatefulSet")
_STATEFUL = re.compile(
    r"(?i)postgres|mysql|maria|mongo|redis|valkey|kafka|clickhouse|elastic|opensearch|cassandra|"
    r"etcd|minio|rabbitmq|zookeeper|innodb|percona|cockroach|database|weightsandbiases"
)
_LOST = {
    "PersistentVolumeClaim": ("volume-removed", "its data goes with it, unless the volume is kept"),
    "PersistentVolume": ("volume-removed", "what it holds is no longer reached from the cluster"),
    "Namespace": ("namespace-removed", "everything in it is deleted, volumes and Secrets included"),
    "StatefulSet": ("stateful-removed", "what keeps state is pruned"),
    "CustomResourceDefinition": ("crd-removed", "all its custom resources are deleted with it"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What rules have to know beside the change.

    ``first`` tells that nothing was published: nothing is new in comparison. ``platforms`` are the
    resources from which controllers make others. ``namespace`` is the one of what names none,
    ``usage`` what the new side refers to, ``veil`` covers what must not be shown.
    """

    kubernetes: str
    before_kubernetes: str
    first: bool = False
    platforms: frozenset[ResourceId] = frozenset()
    owner: str = ""
    namespace: str = ""
    usage: Usage = field(default_factory=Usage)
    veil: Veil = field(default_factory=Veil)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    change: ResourceChange
    old: Entry | None
    new: Entry | None
    context: Context

    @property
    def id(self) -> ResourceId:
        return self.change.id

    @property
    def renamed(self) -> bool:
        """Tell whether it is another object, named by a hash of its content."""
        return bool(self.old and self.new and self.old.id != self.new.id)

    def danger(self, code: str, reason: str, place: str = "") -> Danger:
        return Danger(
            code=code,
            subject=str(self.id),
            place=place,
            reason=reason,
            owner=self.context.owner,
        )


def dangers(
    change: ResourceChange, old: Entry | None, new: Entry | None, context: Context
) -> list[Danger]:
    """Return what is dangerous about one change."""
    case = _Case(change=change, old=old, new=new, context=context)
    return [danger for rule in _RULES for danger in rule(case)]


def outdated(entry: Entry, context: Context, *, fresh: bool) -> Iterator[Danger]:
    """Yield a danger when the target version of Kubernetes does not serve a resource.

    One that is not ``fresh`` counts only when the target was raised past the version.
    """
    gone = removed_in(entry.api_version, entry.id.kind)
    target, before = minor(context.kubernetes), minor(context.before_kubernetes)
    if gone and gone <= target and (fresh or before < gone):
        yield Danger(
            code="api-removed",
            subject=str(entry.id),
            place="apiVersion",
            reason=f"{entry.api_version} is not served since Kubernetes {gone[0]}.{gone[1]}, "
            f"and the target is {context.kubernetes.removeprefix('v')}",
            owner=context.owner,
        )


def _lost(case: _Case) -> Iterator[Danger]:
    if case.change.action != "removed":
        return
    if case.id in case.context.platforms:
        yield case.danger("platform-removed", "its controller removes everything that it made")
    elif case.id.kind in _LOST:
        yield case.danger(*_LOST[case.id.kind])
    elif _is_custom(case.id) and _STATEFUL.search(f"{case.id.kind}.{case.id.group}"):
        yield case.danger("stateful-removed", "its operator removes what it runs, data included")


def _missed(case: _Case) -> Iterator[Danger]:
    """Yield Secrets and ConfigMaps that are gone, and that something still needs."""
    if not case.old or (case.new and not case.renamed):
        return
    gone = case.old.id
    space = gone.namespace or case.context.namespace
    users = case.context.usage.missed((gone.kind, space, gone.name)) if not gone.group else []
    if users:
        more = f", and {len(users) - 1} more" if len(users) > 1 else ""
        reason = "what still refers to it does not start without it"
        name = f"{gone.name}, " if case.renamed else ""
        yield case.danger("still-used", reason, f"{name}used by {users[0]}{more}")


def _stopped(case: _Case) -> Iterator[Danger]:
    if case.id.kind in ("Deployment", "StatefulSet") and case.old and case.new:
        before, after = (
            get(dict(entry.body), ("spec", "replicas"), 1) for entry in (case.old, case.new)
        )
        if after == 0 and before != 0:
            yield case.danger("scaled-to-zero", "nothing of it runs any more", "spec.replicas")


def _forgotten(case: _Case) -> Iterator[Danger]:
    if case.id.kind in _WORKLOADS and case.old and case.new:
        for volume in pods.forgetful(case.old.body, case.new.body, case.id.kind):
            reason = "it was a claim, and is an emptyDir now: what it holds is lost with each Pod"
            yield case.danger("volume-ephemeral", reason, f"volume {volume}")


def _webhooks(case: _Case) -> Iterator[Danger]:
    if case.id.kind not in webhooks.KINDS or not case.new:
        return
    before = webhooks.for_everything(case.old.body if case.old else None)
    for name, narrowed in webhooks.for_everything(case.new.body).items():
        if name not in before or (before[name] and not narrowed):
            reason = "it is asked about every resource, and while it does not answer none changes"
            yield case.danger("webhook-wide", reason, f"webhook {name}")


def _is_custom(key: ResourceId) -> bool:
    return "." in key.group and not key.group.endswith(".k8s.io")


def _fixed(case: _Case) -> Iterator[Danger]:
    if not (case.old and case.new) or case.renamed:
        return
    if not immutable.replaces(case.new.body):
        found = immutable.immutable(case.id, case.change.fields, case.old.body)
        for path in dict.fromkeys(path_text(change.path) for change in found):
            yield case.danger(
                "immutable-field",
                f"Kubernetes does not change it: the {case.id.kind} has to be deleted first",
                path,
            )
    if immutable.shrunk(case.id, case.old.body, case.new.body):
        yield case.danger("volume-shrunk", "a volume does not shrink", "spec.resources.requests")


def _definitions(case: _Case) -> Iterator[Danger]:
    if case.id.kind != "CustomResourceDefinition" or not (case.old and case.new):
        return
    old, new = _versions(case.old.body), _versions(case.new.body)
    for name, (served, _) in old.items():
        if served and not new.get(name, (False, False))[0]:
            reason = "resources and clients that use this version are refused"
            yield case.danger("crd-version-dropped", reason, f"version {name}")
    stored = [[n for n, (_, stores) in versions.items() if stores] for versions in (old, new)]
    if stored[0] != stored[1]:
        reason = "what is stored stays in the old version until it is migrated"
        place = f"stored version {', '.join(stored[0])} → {', '.join(stored[1])}"
        yield case.danger("crd-stored-version", reason, place)


def _versions(body: Mapping[str, Any]) -> dict[str, tuple[bool, bool]]:
    """Return the versions of a definition: whether each is served, and stored."""
    spec = body.get("spec")
    if not isinstance(spec, Mapping):
        return {}
    listed = [v for v in spec.get("versions") or [] if isinstance(v, Mapping)]
    found = {
        str(v.get("name")): (v.get("served") is True, v.get("storage") is True) for v in listed
    }
    return found or ({str(spec["version"]): (True, True)} if spec.get("version") else {})


def _permissions(case: _Case) -> Iterator[Danger]:
    if case.id.kind not in ("Role", "ClusterRole") or not case.new:
        return
    if case.old:
        gained, code = permissions.gained(case.old.body, case.new.body), "rbac-widened"
    else:
        gained, code = permissions.sensitive(case.new.body), "rbac-wide"
    if gained:
        yield case.danger(code, f"may {'now ' if case.old else ''}{_first(gained)}")


def _aggregations(case: _Case) -> Iterator[Danger]:
    """Yield what ClusterRoles gain from each other, by labels."""
    if case.id.kind != "ClusterRole" or not case.new:
        return
    old = case.old.body if case.old else None
    for selector in permissions.selected(old, case.new.body):
        reason = f"may now do all that ClusterRoles with {selector} allow"
        yield case.danger("rbac-widened", reason, "aggregationRule")
    allowed = permissions.allowed(case.new.body)
    roles = permissions.aggregated(old, case.new.body) if not case.context.first else []
    if allowed and roles:
        who = f"whoever has ClusterRole {', '.join(roles)}"
        yield case.danger("rbac-widened", f"{who} may now {_first(allowed)}", "metadata.labels")


def _first(gained: list[str]) -> str:
    more = f", and {len(gained) - 4} more" if len(gained) > 4 else ""
    return f"{'; '.join(gained[:4])}{more}"


def _bindings(case: _Case) -> Iterator[Danger]:
    if case.id.kind not in ("RoleBinding", "ClusterRoleBinding") or not case.new:
        return
    role = permissions.role(case.new.body)
    before = case.old.body if case.old else None
    other_role = before is not None and permissions.role(before) != role
    old = set() if other_role else permissions.subjects(before)
    fresh = sorted(permissions.subjects(case.new.body) - old)
    admin = role == "ClusterRole cluster-admin"
    if fresh and (admin or not case.context.first):
        everything = ", which may do everything," if admin else ""
        code = "cluster-admin" if admin else "rbac-widened"
        yield case.danger(
            code, f"{role}{everything} is now given to {', '.join(fresh)}", "subjects"
        )


def _secrets(case: _Case) -> Iterator[Danger]:
    if not (case.old and case.new):
        return
    secret = case.id.kind == "Secret" and not case.id.group
    found = [
        path_text(change.path)
        for change in case.change.fields
        if (secret and change.path[:1] == ("data",)) or _holds_hidden(change)
    ]
    if found:
        what = "the content of a Secret differs" if secret else "a credential in it differs"
        place = ", ".join(found[:5]) + (f", and {len(found) - 5} more" if len(found) > 5 else "")
        yield case.danger("secret-changed", f"{what}: does the other side know?", place)


def _holds_hidden(change: FieldChange) -> bool:
    """Tell whether the secret itself changed, not the text around it."""
    before, after = change.before, change.after
    if isinstance(before, Hidden) and isinstance(after, Hidden):
        return before.shown == after.shown
    return any(isinstance(v, Hidden) and v.shown == STARS for v in (before, after))


def _hooks(case: _Case) -> Iterator[Danger]:
    if case.id.kind not in ("Job", "Pod") or not case.new or case.context.first:
        return
    before = case.old.hooks if case.old else ()
    fresh = [hook for hook in case.new.hooks if hook not in before and _on_upgrade(hook)]
    if fresh:
        reason = "runs in the cluster at the upgrade, which waits for it and fails with it"
        yield case.danger("upgrade-hook", reason, ", ".join(fresh))


def _on_upgrade(hook: str) -> bool:
    return hook.endswith(("upgrade", "rollback")) or hook in ("PreSync", "Sync", "PostSync")


def _powers(case: _Case) -> Iterator[Danger]:
    if case.id.kind not in _WORKLOADS or not case.new:
        return
    before = pods.powers(case.old.body if case.old else None, case.id.kind)
    for place, what in pods.powers(case.new.body, case.id.kind).items():
        if place not in before:
            yield case.danger("node-access", f"its Pods now reach {what}", place)


_RULES: tuple[Callable[[_Case], Iterator[Danger]], ...] = (
    _lost, _missed, _forgotten, _fixed, _stopped, _definitions, _permissions, _aggregations,
    _bindings, _webhooks, _secrets, _hooks, _powers,
)  # fmt: skip
