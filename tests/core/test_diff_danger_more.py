"""Dangers that stand in no single field: what labels give, names with hashes, what is missed."""

from dataclasses import replace

import pytest

from builder.core.diff import NestedSide, Side, compare
from builder.core.diff.compare import _WORST
from builder.core.diff.markdown import markdown
from builder.core.diff.summary import TITLES
from tests.core.test_diff import OWNER, differ, resources
from tests.core.test_diff_danger import RBAC, dangers, of

SELECTORS = "apiVersion: {}\nkind: ClusterRole\naggregationRule: {{clusterRoleSelectors: [{}]}}"
LABELLED = "metadata: {{labels: {{rbac.authorization.k8s.io/aggregate-to-{}: '{}'}}}}\n"
RULES = "[{apiGroups: [''], resources: [secrets], verbs: [get]}]"
HOOKS = "admissionregistration.k8s.io/v1"


def reasons(before: str, after: str) -> list[str]:
    return [f"{d.code} {d.reason}" for d in differ(before, after).dangers]


def selecting(*labels: str) -> str:
    selectors = [f"{{matchLabels: {{{label}: 'true'}}}}" if label else "{}" for label in labels]
    return SELECTORS.format(RBAC, ", ".join(selectors))


def labelled(role: str, value: str = "true", rules: str = RULES) -> str:
    return of("ClusterRole", rules, RBAC, "rules") + LABELLED.format(role, value)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (selecting("a"), selecting("a", "b"),
         ["rbac-widened may now do all that ClusterRoles with b=true allow"]),
        (selecting("a", "b"), selecting("b"), []),
        ("", selecting("a"), []),
        ("", selecting(""),
         ["rbac-widened may now do all that ClusterRoles with any label allow"]),
        ("", SELECTORS.format(RBAC, "{matchExpressions: [{key: a, operator: Exists}]}"), []),
        (selecting("a"), SELECTORS.format(RBAC, "{matchExpressions: [{key: a, operator: In, "
                                                "values: [b, c]}]}"),
         ["rbac-widened may now do all that ClusterRoles with a In b,c allow"]),
        ("", labelled("view"),
         ["rbac-widened whoever has ClusterRole view may now get secrets",
          "rbac-wide may get secrets"]),
        (labelled("view", "false"), labelled("view"),
         ["rbac-widened whoever has ClusterRole view may now get secrets"]),
        (labelled("view"), labelled("edit"),
         ["rbac-widened whoever has ClusterRole edit may now get secrets"]),
        (labelled("view"), labelled("view"), []),
        ("", labelled("view", rules="[]"), []),
    ],
)  # fmt: skip
def test_cluster_roles_that_aggregate(before: str, after: str, expected: list[str]) -> None:
    assert reasons(before, after) == expected


def secret(name: str, text: str, kind: str = "Secret", more: str = "") -> str:
    field = "stringData" if kind == "Secret" else "data"
    return f"kind: {kind}\nmetadata: {{name: {name}}}\n{field}: {{a: '{text}', b: c}}\n{more}"


@pytest.mark.parametrize("more", ["", "immutable: true\n"])
def test_a_generated_secret_with_other_content_is_changed(more: str) -> None:
    found = differ(
        secret("gen-abcdef1234", "x", more=more), secret("gen-abcdef5678", "y", more=more)
    )
    [change] = found.resources
    assert (change.action, change.id.name) == ("changed", "gen-abcdef5678")
    assert [".".join(field.path) for field in change.fields] == ["data.a", "metadata.name"]
    assert [(d.code, d.subject, d.place) for d in found.dangers] == [
        ("secret-changed", "Secret/gen-abcdef5678", "data.a")
    ]
    assert "`data.a`: `***` → `***`" in markdown(found)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (secret("a-production", "x"), secret("a-monitoring", "y")),
        (secret("gen-abcdef1234", "x"), secret("other-abcdef5678", "y")),
        (secret("gen-abcdef1234", "x"), secret("gen-abcdef5678", "y", "ConfigMap")),
        (secret("gen-abcdef1234", "x"),
         secret("gen-abcdef5678", "y") + "---\n" + secret("gen-abcdef9012", "z")),
    ],
)  # fmt: skip
def test_names_that_are_not_one_with_another_hash(before: str, after: str) -> None:
    assert "changed" not in {change.action for change in differ(before, after).resources}


def test_a_generated_config_map_shows_its_keys() -> None:
    found = differ(
        secret("c-g57h7kfhc2", "x", "ConfigMap"), secret("c-bg9f7k5hdm", "y", "ConfigMap")
    )
    [change] = found.resources
    assert [(field.path, field.before, field.after) for field in change.fields] == [
        (("data", "a"), "x", "y"),
        (("metadata", "name"), "c-g57h7kfhc2", "c-bg9f7k5hdm"),
    ]
    assert not found.dangers


def uses(reference: str, kind: str = "Deployment") -> str:
    return (
        f"---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: user}}\n"
        f"spec: {{template: {{spec: {reference}}}}}\n"
    )


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("{volumes: [{name: v, secret: {secretName: s}}]}", "Secret"),
        ("{volumes: [{name: v, projected: {sources: [{secret: {name: s}}]}}]}", "Secret"),
        ("{volumes: [{name: v, configMap: {name: s}}]}", "ConfigMap"),
        ("{containers: [{envFrom: [{secretRef: {name: s}}]}]}", "Secret"),
        ("{containers: [{env: [{valueFrom: {secretKeyRef: {name: s, key: k}}}]}]}", "Secret"),
        ("{containers: [{env: [{valueFrom: {configMapKeyRef: {name: s, key: k}}}]}]}", "ConfigMap"),
        ("{imagePullSecrets: [{name: s}]}", "Secret"),
    ],
)
def test_what_is_removed_and_still_referred_to(reference: str, kind: str) -> None:
    gone, user = secret("s", "x", kind), uses(reference)
    assert dangers(gone + user, user) == [f"still-used {kind}/s used by Deployment/user"]
    assert dangers(gone + user, "") == []
    assert dangers(gone, gone + user) == []
    optional = user.replace("name: s", "optional: true, name: s", 1)
    optional = optional.replace("secretName: s", "optional: true, secretName: s", 1)
    if "imagePullSecrets" not in reference:
        assert dangers(gone + optional, optional) == []


def test_a_secret_that_something_makes_is_not_missed() -> None:
    user = uses("{volumes: [{secret: {secretName: s}}]}")
    for maker in (
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {target: {name: s}}\n",
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {}\n",
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nspec: {secretName: s}\n",
    ):
        assert dangers(secret("s", "x") + user, f"{maker}{user}") == []


def test_a_reference_to_the_old_name_of_a_generated_secret() -> None:
    user = uses("{volumes: [{secret: {secretName: gen-abcdef1234}}]}")
    found = dangers(secret("gen-abcdef1234", "x") + user, secret("gen-abcdef5678", "x") + user)
    assert found == ["still-used Secret/gen-abcdef5678 gen-abcdef1234, used by Deployment/user"]


def test_a_secret_in_git_is_missed_by_what_a_controller_makes() -> None:
    text = "kind: Secret\nmetadata: {name: s, namespace: wandb}\n---\nkind: Service\n"
    made = NestedSide(owner=OWNER, chart="c", version="1", namespace="wandb",
                      resources=resources(uses("{imagePullSecrets: [{name: s}]}")))  # fmt: skip
    old = Side(resources=resources(text), nested=(made,))
    new = replace(old, resources=resources("kind: Service"))
    assert [(d.code, d.place) for d in compare(old, new, environment="x").dangers] == [
        ("still-used", "used by Deployment/user")
    ]
    elsewhere = replace(new, nested=(replace(made, namespace="other"),))
    found = compare(replace(old, nested=elsewhere.nested), elsewhere, environment="x")
    assert found.dangers == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{replicas: 2}", "{replicas: 0}", True),
        ("{}", "{replicas: 0}", True),
        ("{replicas: 0}", "{replicas: 0, paused: true}", False),
        ("{replicas: 2}", "{replicas: 1}", False),
        ("{replicas: 2}", "{}", False),
    ],
)
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_what_stops_running(kind: str, before: str, after: str, expected: bool) -> None:
    found = dangers(of(kind, before, "apps/v1"), of(kind, after, "apps/v1"))
    wanted = [f"scaled-to-zero {kind}/x spec.replicas"] if expected else []
    assert [d for d in found if "immutable" not in d] == wanted


CLAIM = "persistentVolumeClaim: {claimName: c}"


def pod(volume: str, name: str = "data", at: str = "/data") -> str:
    volumes = f"volumes: [{{name: {name}, {volume}}}]"
    mounts = f"containers: [{{name: a, volumeMounts: [{{name: {name}, mountPath: {at}}}]}}]"
    return of("Deployment", f"{{template: {{spec: {{{volumes}, {mounts}}}}}}}", "apps/v1")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (pod(CLAIM), pod("emptyDir: {}"), ["volume-ephemeral Deployment/x volume data"]),
        (pod(CLAIM), pod("emptyDir: {}", "other"), ["volume-ephemeral Deployment/x volume other"]),
        (pod(CLAIM), pod("emptyDir: {}", "other", "/tmp"), []),
        (pod(CLAIM), pod(CLAIM, "other"), []),
        (pod("emptyDir: {}"), pod(CLAIM), []),
        (pod("emptyDir: {}"), pod("emptyDir: {}", "other"), []),
    ],
)
def test_volumes_that_are_kept_no_longer(before: str, after: str, expected: list[str]) -> None:
    assert dangers(before, after) == expected


def test_a_claim_of_a_stateful_set_that_becomes_an_empty_folder() -> None:
    container = "{{name: a, volumeMounts: [{{name: d, mountPath: /d}}]}}"
    spec = f"{{{{{{}}template: {{{{spec: {{{{{{}}containers: [{container}]}}}}}}}}}}}}"
    before = spec.format("volumeClaimTemplates: [{metadata: {name: d}}], ", "")
    after = spec.format("", "volumes: [{name: d, emptyDir: {}}], ")
    found = dangers(of("StatefulSet", before, "apps/v1"), of("StatefulSet", after, "apps/v1"))
    assert "volume-ephemeral StatefulSet/x volume d" in found


def webhook(kind: str, rule: str, more: str = "") -> str:
    return of(kind, f"[{{name: w, rules: [{rule}]{more}}}]", HOOKS, "webhooks")


ALL, PODS = "{apiGroups: ['*'], resources: ['*']}", "{apiGroups: [''], resources: [pods]}"


@pytest.mark.parametrize("kind", ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"])
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, (ALL,), True),
        (None, (ALL.replace("'*']}", "'*/*']}"), ", failurePolicy: Fail"), True),
        (None, (ALL, ", failurePolicy: Ignore"), False),
        (None, (PODS,), False),
        ((PODS,), (ALL,), True),
        ((ALL, ", failurePolicy: Ignore"), (ALL,), True),
        ((ALL, ", namespaceSelector: {matchLabels: {a: b}}"), (ALL,), True),
        ((ALL,), (ALL, ", namespaceSelector: {matchLabels: {a: b}}"), False),
        ((ALL,), (ALL, ", sideEffects: None"), False),
    ],
)
def test_webhooks_for_everything(
    kind: str, before: tuple[str, ...] | None, after: tuple[str, ...], expected: bool
) -> None:
    found = dangers(webhook(kind, *before) if before else "", webhook(kind, *after))
    assert found == ([f"webhook-wide {kind}/x webhook w"] if expected else [])


@pytest.mark.parametrize(
    "text",
    [
        of("ClusterRole", "5", RBAC, "rules") + "aggregationRule: 3\nmetadata: {labels: 2}\n",
        of("ClusterRole", "[]", RBAC, "rules") + "aggregationRule: {clusterRoleSelectors: 3}\n",
        of("MutatingWebhookConfiguration", "7", HOOKS, "webhooks"),
        webhook("MutatingWebhookConfiguration", "{apiGroups: 1, resources: 2}"),
        of("Deployment", "{replicas: x, template: {spec: {volumes: 3, containers: 4}}}", "apps/v1"),
        of("Pod", "{imagePullSecrets: 3, secretRef: 4, secret: {name: 5}}"),
        "apiVersion: a.io/v1\nkind: ExternalSecret\nspec: {target: 3}\n",
    ],
)
def test_resources_of_another_shape_are_no_errors(text: str) -> None:
    assert dangers("", text) == dangers(text, f"{text}zzz: 1\n") == []


def test_every_danger_has_a_title_and_a_rank() -> None:
    assert sorted(_WORST) == sorted(TITLES)
