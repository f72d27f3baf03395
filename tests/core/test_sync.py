"""Sync objects, from small manifests; checked against the CRDs that the engines publish."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.core.errors import ConfigurationError
from builder.core.manifests import Manifests, Origin, Resource, ResourceId
from builder.core.sync import (
    Engine,
    HealthRule,
    Source,
    Stage,
    Synced,
    instance_kinds,
    mark,
    objects,
    waves,
)
from builder.core.sync.health import cel, lua
from builder.core.sync.stages import COMPARE, FLUX_PRUNE, OPTIONS, STAGE, WAVE, stage
from tests import crds

RULE = HealthRule(
    group="apps.wandb.com",
    kind="WeightsAndBiases",
    phase="/status/phase",
    ready=("Completed",),
    degraded=("Invalid Config",),
)


def resource(kind: str, name: str = "a", api: str = "v1", ns: str = "", **body: Any) -> Resource:
    metadata = {"name": name, **({"namespace": ns} if ns else {}), **body.pop("metadata", {})}
    return Resource(
        body={"apiVersion": api, "kind": kind, "metadata": metadata, **body},
        origin=Origin(source="test"),
    )


def definition(group: str, kind: str, scope: str = "Namespaced", **spec: Any) -> Resource:
    spec = {"group": group, "names": {"kind": kind}, "scope": scope, **spec}
    name = f"{kind.lower().removesuffix('s')}s.{group}"
    return resource("CustomResourceDefinition", name, "apiextensions.k8s.io/v1", spec=spec)


PLATFORM = Manifests(
    [
        resource("Namespace", "wandb"),
        definition("apps.wandb.com", "WeightsAndBiases"),
        resource("ClusterRole", "manager", "rbac.authorization.k8s.io/v1"),
        resource("Deployment", "operator", "apps/v1", "wandb", spec={"replicas": 1}),
        resource("PersistentVolumeClaim", "data", ns="wandb"),
        resource("Certificate", "tls", "cert-manager.io/v1", "wandb"),
        resource("WeightsAndBiases", "wandb", "apps.wandb.com/v1", "wandb"),
    ]
)
KINDS = instance_kinds(PLATFORM)


def synced(name: str = "prod", manifests: Manifests = PLATFORM, **settings: Any) -> Synced:
    url = settings.pop("url", "https://git.example.com/platform/gitops.git")
    source = Source(url=url, path=name, secret=settings.pop("secret", None))
    defaults = {"namespace": "engine", "project": name, "health": (RULE,), "source": source}
    return Synced(
        environment=name,
        manifests=manifests,
        instances=instance_kinds(manifests),
        **{**defaults, **settings},
    )


def bodies(engine: Engine, *environments: Synced) -> dict[str, Any]:
    """Return the objects' bodies by kind; a second of a kind is numbered."""
    found: dict[str, Any] = {}
    for entry in objects(engine, environments):
        kind = str(entry.body["kind"])
        found[kind if kind not in found else f"{kind}2"] = entry.body
    custom = [body for body in found.values() if body["apiVersion"] != "v1"]
    crds.check(custom)
    return found


class TestStages:
    @pytest.mark.parametrize(
        ("number", "ours", "expected"),
        [(0, True, -1), (5, True, -1), (10, True, 0), (40, True, 0), (50, True, 1),
         (90, True, 1), (90, False, 0)],
    )  # fmt: skip
    def test_waves_of_phases(self, number: int, ours: bool, expected: int) -> None:
        assert waves(number, ours=ours) == expected

    def test_crd_before_operator_before_custom_resource(self) -> None:
        stages = {r.id.kind: stage(r, KINDS) for r in PLATFORM}
        assert stages == {
            "Namespace": Stage.definitions,
            "CustomResourceDefinition": Stage.definitions,
            "ClusterRole": Stage.platform,
            "Deployment": Stage.platform,
            # It binds with the first Pod: alone in a wave it would be waited for forever.
            "PersistentVolumeClaim": Stage.platform,
            # Its controller is not in the bundle, and the operator may wait for what it makes.
            "Certificate": Stage.platform,
            "WeightsAndBiases": Stage.instances,
        }

    def test_a_kind_of_the_base_is_an_instance_without_its_crd(self) -> None:
        kinds = instance_kinds(Manifests(), [("apps.wandb.com", "WeightsAndBiases")])
        assert kinds == {("apps.wandb.com", "WeightsAndBiases")}


def annotated(engine: Engine, manifests: Manifests = PLATFORM) -> dict[str, dict[str, str]]:
    marked = mark(manifests, engine, instance_kinds(manifests))
    return {r.id.kind: dict(r.body["metadata"].get("annotations", {})) for r in marked}


class TestMarks:
    def test_argocd(self) -> None:
        asks = "Prune=confirm,Delete=confirm"
        skips = "SkipDryRunOnMissingResource=true"
        assert annotated("argocd") == {
            "Namespace": {WAVE: "-1", OPTIONS: asks},
            "CustomResourceDefinition": {WAVE: "-1", OPTIONS: asks},
            "ClusterRole": {},
            "Deployment": {},
            "PersistentVolumeClaim": {
                OPTIONS: "Prune=false,Delete=false",
                COMPARE: "IgnoreExtraneous",
            },
            "Certificate": {OPTIONS: skips},
            "WeightsAndBiases": {WAVE: "1", OPTIONS: f"{asks},{skips}"},
        }

    def test_flux(self) -> None:
        assert annotated("flux") == {
            "Namespace": {FLUX_PRUNE: "disabled"},
            "CustomResourceDefinition": {FLUX_PRUNE: "disabled"},
            "ClusterRole": {},
            "Deployment": {},
            "PersistentVolumeClaim": {FLUX_PRUNE: "disabled"},
            "Certificate": {},
            "WeightsAndBiases": {STAGE: "instances", FLUX_PRUNE: "disabled"},
        }

    def test_what_stands_there_wins(self) -> None:
        standing = {WAVE: "7", OPTIONS: "Prune=true, Replace=true", "other": "stays"}
        one = resource("Namespace", metadata={"annotations": standing})
        assert annotated("argocd", Manifests([one]))["Namespace"] == {
            WAVE: "7",
            OPTIONS: "Prune=true,Replace=true,Delete=confirm",
            "other": "stays",
        }

    def test_the_resource_itself_is_not_changed(self) -> None:
        one = resource("Namespace", metadata={"annotations": None})
        mark(Manifests([one]), "argocd", frozenset())
        assert one.body["metadata"]["annotations"] is None

    def test_marking_twice_changes_nothing(self) -> None:
        once = mark(PLATFORM, "argocd", KINDS)
        assert [r.body for r in mark(once, "argocd", KINDS)] == [r.body for r in once]


class TestArgoCD:
    def test_a_project_has_the_rights_of_its_bundle_and_no_more(self) -> None:
        project = bodies("argocd", synced())["AppProject"]["spec"]
        assert project == {
            "description": "Sealift: prod",
            "sourceRepos": ["https://git.example.com/platform/gitops.git"],
            "destinations": [{"server": "https://kubernetes.default.svc", "namespace": "wandb"}],
            "clusterResourceWhitelist": [
                {"group": "", "kind": "Namespace", "name": "wandb"},
                {
                    "group": "apiextensions.k8s.io",
                    "kind": "CustomResourceDefinition",
                    "name": "weightsandbiases.apps.wandb.com",
                },
                {"group": "rbac.authorization.k8s.io", "kind": "ClusterRole"},
            ],
        }

    def test_cluster_wide_custom_resources(self) -> None:
        manifests = Manifests(
            [
                definition("x.io", "Wide", "Cluster"),
                definition("x.io", "Narrow"),
                resource("Wide", api="x.io/v1"),
                resource("Narrow", api="x.io/v1"),
                resource("Unknown", api="y.io/v1"),
                resource("Known", api="y.io/v1", ns="n"),
                resource("ConfigMap", "without-namespace"),
            ]
        )
        listed = bodies("argocd", synced(manifests=manifests))["AppProject"]["spec"]
        kinds = {entry["kind"] for entry in listed["clusterResourceWhitelist"]}
        assert kinds == {"CustomResourceDefinition", "Wide", "Unknown"}

    def test_an_application(self) -> None:
        application = bodies("argocd", synced(cluster="edge-1"))["Application"]
        annotations = application["metadata"]["annotations"]
        assert annotations == {"argocd.argoproj.io/manifest-generate-paths": "."}
        assert "finalizers" not in application["metadata"]
        spec = application["spec"]
        assert spec["source"] == {
            "repoURL": "https://git.example.com/platform/gitops.git",
            "targetRevision": "main",
            "path": "prod",
        }
        assert spec["destination"] == {"name": "edge-1", "namespace": "wandb"}
        assert spec["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}
        assert "ServerSideApply=true" in spec["syncPolicy"]["syncOptions"]
        assert "ignoreDifferences" not in spec

    def test_several_environments_are_one_set(self) -> None:
        found = bodies(
            "argocd", synced("a"), synced("b", cluster="edge", project="shared"),
        )  # fmt: skip
        assert "Application" not in found
        template = found["ApplicationSet"]["spec"]["template"]
        assert template["metadata"]["name"] == "{{.environment}}"
        assert template["spec"]["source"]["path"] == "{{.path}}"
        elements = found["ApplicationSet"]["spec"]["generators"][0]["list"]["elements"]
        assert [e["environment"] for e in elements] == ["a", "b"]
        assert [(e["server"], e["name"]) for e in elements] == [
            ("https://kubernetes.default.svc", ""),
            ("", "edge"),
        ]
        used = set(re.findall(r"\{\{\.(\w+)\}\}", json.dumps(template)))
        assert all(used <= set(element) for element in elements)

    def test_a_shared_project_has_the_rights_of_all(self) -> None:
        other = Manifests([resource("Namespace", "other"), resource("ConfigMap", ns="other")])
        found = bodies(
            "argocd", synced("a", project="p"), synced("b", manifests=other, project="p")
        )
        assert "AppProject2" not in found
        spec = found["AppProject"]["spec"]
        assert [d["namespace"] for d in spec["destinations"]] == ["other", "wandb"]

    def test_what_controllers_change_is_ignored(self) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"}
        manifests = Manifests(
            [
                resource("Deployment", "app", "apps/v1", "n", spec={"replicas": 2}),
                resource("Deployment", "other", "apps/v1", "n", spec={"replicas": 2}),
                resource(
                    "HorizontalPodAutoscaler", "app", "autoscaling/v2", "n",
                    spec={"scaleTargetRef": target},
                ),
                resource(
                    "ValidatingWebhookConfiguration", "hook", "admissionregistration.k8s.io/v1",
                    webhooks=[{"name": "a"}, {"name": "b"}],
                ),
                resource(
                    "APIService", "v1.x.io", "apiregistration.k8s.io/v1",
                    spec={"service": {"name": "x"}, "caBundle": "eA=="},
                ),
                definition("x.io", "X", conversion={"webhook": {"clientConfig": {}}}),
                resource("ClusterRole", "all", "rbac.authorization.k8s.io/v1", aggregationRule={
                    "clusterRoleSelectors": []
                }, rules=[]),
            ]
        )  # fmt: skip
        spec = bodies("argocd", synced(manifests=manifests))["Application"]["spec"]
        ignored = {(i["kind"], i["name"]): i["jsonPointers"] for i in spec["ignoreDifferences"]}
        assert ignored == {
            ("Deployment", "app"): ["/spec/replicas"],
            ("ValidatingWebhookConfiguration", "hook"): [
                "/webhooks/0/clientConfig/caBundle",
                "/webhooks/1/clientConfig/caBundle",
            ],
            ("APIService", "v1.x.io"): ["/spec/caBundle"],
            ("CustomResourceDefinition", "xs.x.io"): [
                "/spec/conversion/webhook/clientConfig/caBundle"
            ],
            ("ClusterRole", "all"): ["/rules"],
        }
        # Flux owns what the bundle sets, and only that.
        paths = [
            (entry["target"]["kind"], entry["paths"])
            for name, body in bodies("flux", synced(manifests=manifests)).items()
            if name.startswith("Kustomization")
            for entry in body["spec"].get("ignore", [])
        ]
        assert sorted(paths) == [
            ("APIService", ["/spec/caBundle"]),
            ("ClusterRole", ["/rules"]),
            ("Deployment", ["/spec/replicas"]),
        ]

    def test_a_bundle_without_marks_is_not_pruned(self) -> None:
        spec = bodies("argocd", synced(marked=False))["Application"]["spec"]
        assert spec["syncPolicy"]["automated"]["prune"] is False

    def test_an_oci_artifact_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="OCI artifact"):
            objects("argocd", [synced(url="oci://registry.example.com/bundles")])

    def test_credentials_are_named_where_argocd_looks_for_them(self) -> None:
        project = objects("argocd", [synced(secret="git-login")])[0]
        assert "git-login" in project.note
        assert "secret-type: repository" in project.note

    def test_health_stands_in_argocd_cm(self) -> None:
        data = bodies("argocd", synced())["ConfigMap"]["data"]
        key = "resource.customizations.health.apps.wandb.com_WeightsAndBiases"
        assert data == {key: lua(RULE)}

    def test_no_health_for_kinds_that_the_bundle_lacks(self) -> None:
        assert "ConfigMap" not in bodies("argocd", synced(manifests=Manifests()))


class TestFlux:
    def test_custom_resources_wait_for_the_rest(self) -> None:
        found = bodies("flux", synced())
        before, after = found["Kustomization"], found["Kustomization2"]
        assert (before["metadata"]["name"], after["metadata"]["name"]) == ("prod-platform", "prod")
        assert "dependsOn" not in before["spec"]
        assert after["spec"]["dependsOn"] == [{"name": "prod-platform"}]
        for body in (before, after):
            spec = body["spec"]
            assert (spec["wait"], spec["prune"], spec["force"]) == (True, True, False)
            assert spec["deletionPolicy"] == "Orphan"
            assert spec["path"] == "./prod"
        assert "healthCheckExprs" not in before["spec"]
        assert after["spec"]["healthCheckExprs"] == [
            {"apiVersion": "apps.wandb.com/v1", "kind": "WeightsAndBiases", **cel(RULE)}
        ]

    def test_without_marks_there_is_one_kustomization_that_prunes_nothing(self) -> None:
        found = bodies("flux", synced(marked=False))
        assert "Kustomization2" not in found
        assert found["Kustomization"]["spec"]["prune"] is False
        assert "patches" not in found["Kustomization"]["spec"]

    def test_without_custom_resources_there_is_one(self) -> None:
        found = bodies("flux", synced(manifests=Manifests([resource("Namespace")])))
        assert "Kustomization2" not in found
        assert "patches" not in found["Kustomization"]["spec"]

    def test_a_git_repository(self) -> None:
        found = bodies("flux", synced(secret="git-login", url="git@git.example.com:a/b.git"))
        assert found["GitRepository"]["spec"] == {
            "interval": "10m",
            "url": "ssh://git@git.example.com/a/b.git",
            "ref": {"branch": "main"},
            "sparseCheckout": ["prod"],
            "secretRef": {"name": "git-login"},
        }

    def test_an_oci_repository(self) -> None:
        source = Source(url="oci://registry.example.com/b", tag="v1", ca_secret="ca")
        found = bodies("flux", synced(source=source))
        assert found["OCIRepository"]["spec"]["ref"] == {"tag": "v1"}
        assert found["OCIRepository"]["spec"]["certSecretRef"] == {"name": "ca"}
        assert found["Kustomization"]["spec"]["sourceRef"]["kind"] == "OCIRepository"
        assert found["Kustomization"]["spec"]["path"] == "./"

    def test_another_cluster_and_service_account(self) -> None:
        spec = bodies("flux", synced(cluster="kubeconfig", service_account="deployer"))[
            "Kustomization"
        ]["spec"]
        assert spec["kubeConfig"] == {"secretRef": {"name": "kubeconfig"}}
        assert spec["serviceAccountName"] == "deployer"

    def test_names_that_would_meet_are_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="kustomization-engine-prod-platform"):
            objects("flux", [synced("prod"), synced("prod-platform")])


def glua() -> str:
    """Return Argo CD's Lua interpreter, as a program."""
    found = shutil.which("glua") or str(crds.TOOLS / "bin" / "glua")
    if not Path(found).is_file():
        crds.missing("glua", "glua")
    return found


def literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{json.dumps(k)}] = {literal(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def health_in_argocd(rule: HealthRule, obj: dict[str, Any], tmp_path: Path) -> list[str]:
    """Run a health check with the libraries that Argo CD leaves to it."""
    script = tmp_path / "check.lua"
    script.write_text(
        f"obj = {literal(obj)}\nstring, io, os, math, debug = nil, nil, nil, nil, nil\n"
        f"local function check()\n{lua(rule)}end\n"
        "local hs = check()\nprint(hs.status)\nprint(hs.message)\n"
    )
    done = subprocess.run([glua(), str(script)], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def health_in_flux(rule: HealthRule, obj: dict[str, Any]) -> str:
    """Evaluate as Flux does: in progress, failed, current; what fails to evaluate is waited for."""
    celpy = pytest.importorskip("celpy", reason="cel-python evaluates the expressions of Flux")
    environment = celpy.Environment()
    values = {key: celpy.json_to_cel(value) for key, value in obj.items()}
    for name, verdict in (("failed", "Failed"), ("current", "Current")):
        if name not in cel(rule):
            continue
        program = environment.program(environment.compile(cel(rule)[name]))
        try:
            if program.evaluate(values):
                return verdict
        except celpy.CELEvalError:
            return "InProgress"
    return "InProgress"


STATUSES: list[tuple[dict[str, Any], str, str]] = [
    ({"status": {"phase": "Completed"}}, "Healthy", "Current"),
    ({"status": {"phase": "Loading"}}, "Progressing", "InProgress"),
    ({"status": {"phase": "Applying"}}, "Progressing", "InProgress"),
    ({"status": {"phase": "Invalid Config"}}, "Degraded", "Failed"),
    ({"status": {"phase": "Something New"}}, "Progressing", "InProgress"),
    ({"status": {}}, "Progressing", "InProgress"),
    ({"status": "text"}, "Progressing", "InProgress"),
    ({"spec": {}}, "Progressing", "InProgress"),
]


class TestHealth:
    @pytest.mark.parametrize(("obj", "argocd", "flux"), STATUSES)
    def test_of_weights_and_biases(
        self, obj: dict[str, Any], argocd: str, flux: str, tmp_path: Path
    ) -> None:
        assert health_in_argocd(RULE, obj, tmp_path)[0] == argocd
        assert health_in_flux(RULE, obj) == flux

    def test_odd_words_are_quoted(self, tmp_path: Path) -> None:
        odd = 'a"b\\c\nd'
        rule = HealthRule(group="x.io", kind="X", phase="/status/the-phase", ready=(odd,))
        obj = {"status": {"the-phase": odd}}
        assert health_in_argocd(rule, obj, tmp_path)[0] == "Healthy"
        assert health_in_flux(rule, obj) == "Current"
        assert "failed" not in cel(rule)

    def test_a_message_is_shown(self, tmp_path: Path) -> None:
        rule = HealthRule(
            group="x.io", kind="X", phase="/phase", ready=("Up",), message="/status/why"
        )
        lines = health_in_argocd(rule, {"phase": "Down", "status": {"why": "no disk"}}, tmp_path)
        assert lines == ["Progressing", "phase Down: no disk"]
        assert health_in_flux(rule, {"phase": "Up"}) == "Current"


def test_the_schemas_are_strict() -> None:
    """An unknown field, a wrong type, a missing field: each is noticed."""
    body = bodies("flux", synced())["GitRepository"]
    for wrong in (
        {**body, "spec": {**body["spec"], "brnach": "main"}},
        {**body, "spec": {**body["spec"], "ref": {"branch": 1}}},
        {**body, "spec": {"url": "https://git.example.com"}},
        {**body, "spec": {**body["spec"], "interval": "often"}},
    ):
        with pytest.raises(AssertionError, match="GitRepository/prod"):
            crds.check([wrong])


def test_all_is_plain_data() -> None:
    """Objects can be written as YAML, and hold no secret's value."""
    engines: tuple[Engine, ...] = ("argocd", "flux")
    for engine in engines:
        for entry in objects(engine, [synced(secret="git-login")]):
            text = yaml.safe_dump(json.loads(json.dumps(entry.body)))
            assert "password" not in text
            assert ResourceId.of(entry.body).name
