import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from builder import schemas as stage
from builder.core import schemas, yaml
from builder.core.manifests import AppliedOperation, Origin, Resource, ResourceId
from builder.core.schemas import Held, Published

FILE = Origin(source="base/app.yaml")
CHART = Origin(
    source="app-1.0.0",
    template="app/templates/all.yaml",
    parent=ResourceId(group="g.example", kind="App", namespace="", name="app"),
)
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: in/web:1
          env: [{name: A, value: "1"}]
          ports: [{containerPort: 80}]
          resources: {limits: {cpu: 1, memory: 1Gi}}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80, targetPort: web}]}
"""


def own(version: str = "1.34") -> Published:
    return stage.published(version, stage.installed()[version])


def read(text: str, origin: Origin = FILE) -> list[Resource]:
    documents = yaml.load_all(text, source="t")
    return [Resource(body=document.value, origin=origin) for document in documents]


def check(*resources: Resource, version: str = "1.34", **more: Any) -> Held:
    return schemas.check(resources, version, own(version), **more)


def said(held: Held) -> list[tuple[str, str, str]]:
    return [(f.severity, f.code, f.place.partition(" (")[0]) for f in held.findings]


def with_value(text: str, pointer: str, value: Any) -> Resource:
    """A resource of a text, with one field set."""
    [resource] = read(text)
    body = copy.deepcopy(dict(resource.body))
    *above, last = (int(t) if t.isdigit() else t for t in pointer.strip("/").split("/"))
    node: Any = body
    for token in above:
        node = node.setdefault(token, {}) if isinstance(node, dict) else node[token]
    node[last] = value
    return Resource(body=body, origin=FILE)


CONTAINER = "/spec/template/spec/containers/0"


TAKEN = [
    pytest.param(DEPLOYMENT, "/spec/replicas", None, id="null is absent"),
    pytest.param(DEPLOYMENT, "/spec/replicas", 3, id="a number"),
    pytest.param(DEPLOYMENT, "/metadata/creationTimestamp", None, id="no creation time"),
    pytest.param(DEPLOYMENT, "/spec/template/metadata/creationTimestamp", None, id="nor below"),
    pytest.param(DEPLOYMENT, "/status", {}, id="an empty status"),
    pytest.param(DEPLOYMENT, "/status", None, id="no status"),
    pytest.param(DEPLOYMENT, f"{CONTAINER}/command", None, id="no list"),
    pytest.param(DEPLOYMENT, f"{CONTAINER}/resources/limits/cpu", 0.5, id="a quantity"),
    pytest.param(DEPLOYMENT, f"{CONTAINER}/resources/limits/cpu", "100m", id="with a unit"),
    pytest.param(DEPLOYMENT, f"{CONTAINER}/resources/limits/memory", "1e3", id="an exponent"),
    pytest.param(DEPLOYMENT, f"{CONTAINER}/resources/limits/memory", ".5Gi", id="a fraction"),
    pytest.param(DEPLOYMENT, f"{CONTAINER}/resources/limits/memory", None, id="no quantity"),
    pytest.param(DEPLOYMENT, "/metadata/annotations", {"a.example/b": "c"}, id="free keys"),
    pytest.param(DEPLOYMENT, "/metadata/labels", {"a": None}, id="an empty label"),
    pytest.param(SERVICE, "/spec/ports/0/targetPort", 8080, id="a port's number"),
    pytest.param(SERVICE, "/spec/ports/0/targetPort", None, id="no target port"),
    pytest.param(SERVICE, "/status", {"loadBalancer": {}}, id="a status"),
]


@pytest.mark.parametrize(("text", "pointer", "value"), TAKEN)
def test_what_the_api_server_takes_is_right(text: str, pointer: str, value: Any) -> None:
    assert check(with_value(text, pointer, value)) == Held(findings=(), unknown={})


REFUSED = [
    (DEPLOYMENT, f"{CONTAINER}/imagePullPolcy", "Always", "error", "unknown-field"),
    (DEPLOYMENT, f"{CONTAINER}/imagePullPolcy", None, "error", "unknown-field"),
    (DEPLOYMENT, "/specs", {}, "error", "unknown-field"),
    (DEPLOYMENT, "/metadata/label", {}, "error", "unknown-field"),
    (DEPLOYMENT, "/spec/replicas", "3", "error", "schema"),
    (DEPLOYMENT, "/spec/replicas", 1.5, "error", "schema"),
    (DEPLOYMENT, f"{CONTAINER}/env/0/value", 1, "error", "schema"),
    (DEPLOYMENT, f"{CONTAINER}/env/0/value", True, "error", "schema"),
    (DEPLOYMENT, f"{CONTAINER}/env", {"A": "1"}, "error", "schema"),
    (DEPLOYMENT, f"{CONTAINER}/resources/limits/memory", "1GB", "error", "schema"),
    (DEPLOYMENT, f"{CONTAINER}/resources/limits/memory", True, "error", "schema"),
    (DEPLOYMENT, "/metadata/annotations", {"a": True}, "error", "schema"),
    (SERVICE, "/spec/ports/0/targetPort", 1.5, "error", "schema"),
]


@pytest.mark.parametrize(("text", "pointer", "value", "severity", "code"), REFUSED)
def test_what_it_refuses_or_drops_is_a_finding(
    text: str, pointer: str, value: Any, severity: str, code: str
) -> None:
    held = check(with_value(text, pointer, value))
    [(found, named, place)] = said(held)
    assert (found, named) == (severity, code)
    assert place.partition(" ")[2] in (pointer, f"{pointer}/a")


def test_a_field_that_the_api_server_may_fill_in_is_a_warning_where_it_is_missing() -> None:
    text = DEPLOYMENT.replace("  selector: {matchLabels: {app: web}}\n", "")
    assert said(check(*read(text))) == [("warning", "schema", "Deployment/web /spec/selector")]


def test_a_finding_names_the_near_field_and_the_file() -> None:
    [finding] = check(with_value(DEPLOYMENT, f"{CONTAINER}/imagePullPolcy", "Always")).findings
    assert finding.subject == "imagePullPolcy"
    assert finding.place == f"Deployment/web {CONTAINER}/imagePullPolcy (base/app.yaml)"
    assert "Kubernetes 1.34" in finding.cause
    assert finding.hint == "did you mean imagePullPolicy?"


def test_the_known_fields_are_listed_where_none_is_near() -> None:
    [finding] = check(with_value(SERVICE, "/spec/sessionAffinityConfig", {"xxx": 1})).findings
    assert finding.hint == "known are clientIP"


def test_a_value_is_never_told() -> None:
    held = check(
        with_value(DEPLOYMENT, f"{CONTAINER}/env/0/value", 4711001),
        with_value(DEPLOYMENT, f"{CONTAINER}/resources/limits/memory", "correct-horse"),
    )
    text = str(held)
    assert len(held.findings) == 2
    assert "4711001" not in text
    assert "horse" not in text


def test_the_patch_that_put_a_field_there_is_named() -> None:
    resource = with_value(SERVICE, "/spec/ports/0/nodeport", 1)
    operations = [
        AppliedOperation(op="add", path="/spec/ports/-", before=None, place="p.yaml:3"),
        AppliedOperation(op="add", path="/spec/type", before=None, place="p.yaml:7"),
    ]
    [finding] = check(resource.patched(resource.body, operations)).findings
    assert finding.place == "Service/web /spec/ports/0/nodeport (p.yaml:3)"


def nested(text: str, **more: Any) -> Held:
    return check(*read(text, CHART), **more)


def test_an_unknown_field_of_a_chart_is_a_warning_that_names_the_template() -> None:
    [finding] = nested(SERVICE.replace("targetPort", "target")).findings
    assert (finding.severity, finding.code) == ("warning", "unknown-field")
    assert finding.place.endswith("(app/templates/all.yaml)")
    assert finding.hint.startswith("did you mean targetPort?; look at the values")


def test_a_wrong_type_of_a_chart_is_an_error() -> None:
    """The API server refuses the object, whoever brings it."""
    [finding] = nested(SERVICE.replace("port: 80", 'port: "80"')).findings
    assert (finding.severity, finding.code) == ("error", "schema")


def test_what_only_helm_test_makes_is_not_looked_at() -> None:
    origin = Origin(source="app-1.0.0", hooks=("test",), parent=CHART.parent)
    assert check(*read(SERVICE.replace("port:", "prt:"), origin)).findings == ()


def test_what_sops_encrypted_is_looked_at_for_unknown_fields_alone() -> None:
    text = DEPLOYMENT.replace(
        "spec:\n", "sops: {mac: x}\nspecs: 1\nspec:\n  replicas: 'ENC[a]'\n", 1
    )
    assert said(check(*read(text))) == [("error", "unknown-field", "Deployment/web /specs")]


PDB = "apiVersion: policy/VERSION\nkind: PodDisruptionBudget\nmetadata: {name: web}\n"


def test_a_kind_that_is_not_served_any_more_is_an_error_with_what_is() -> None:
    [finding] = check(*read(PDB.replace("VERSION", "v1beta1")), version="1.30").findings
    assert (finding.severity, finding.code) == ("error", "api-version")
    assert "no more since 1.25" in finding.cause
    assert finding.hint == "use policy/v1"
    assert check(*read(PDB.replace("VERSION", "v1")), version="1.30").findings == ()


def test_a_kind_that_is_not_served_yet_is_an_error() -> None:
    text = (
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n"
        "metadata: {name: a}\n"
    )
    [finding] = check(*read(text), version="1.29").findings
    assert finding.code == "api-version"
    assert "v1beta1" in finding.hint
    assert check(*read(text), version="1.30").findings == ()


def test_what_moved_to_another_group_is_named() -> None:
    text = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}\n"
    [finding] = check(*read(text)).findings
    assert finding.hint == "use networking.k8s.io/v1"


def test_an_api_version_that_the_environment_names_is_served() -> None:
    held = check(*read(PDB.replace("VERSION", "v9")), others=["policy/v9"])
    assert held == Held(findings=(), unknown={"PodDisruptionBudget (policy/v9)": 1})


def test_a_chart_that_asks_the_cluster_may_render_otherwise_there() -> None:
    held = nested(PDB.replace("VERSION", "v1beta1"), asks=lambda _: True)
    assert said(held) == [("warning", "api-version", "PodDisruptionBudget/web")]
    held = nested(PDB.replace("VERSION", "v1beta1"), asks=lambda _: False)
    assert said(held) == [("error", "api-version", "PodDisruptionBudget/web")]


def test_a_removed_version_is_known_without_schemas() -> None:
    held = schemas.check(read(PDB.replace("VERSION", "v1beta1")), "1.30", None)
    assert said(held) == [("error", "api-version", "PodDisruptionBudget/web")]
    assert said(schemas.check(read(PDB.replace("VERSION", "v1beta1")), "1.24", None)) == []


DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: apps.g.example}
spec:
  group: g.example
  scope: Namespaced
  names: {kind: App, plural: apps}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size, tier]
              properties:
                size: {type: integer, minimum: 1, maximum: 9, exclusiveMaximum: true}
                tier: {type: string, enum: [low, high], default: low}
                port: {x-kubernetes-int-or-string: true}
                name: {type: string, pattern: "^[a-z]+$"}
                nothing: {type: string, nullable: true}
                list: {type: array, items: {type: string, nullable: true}}
                map:
                  type: object
                  additionalProperties: {type: object, properties: {a: {type: string}}}
                empty: {type: object}
                any: {x-kubernetes-preserve-unknown-fields: true}
                open:
                  type: object
                  x-kubernetes-preserve-unknown-fields: true
                  properties: {in: {type: object, properties: {a: {type: string}}}}
                template:
                  type: object
                  x-kubernetes-embedded-resource: true
                  properties: {spec: {type: object}}
                one:
                  type: object
                  properties: {a: {type: string}, b: {type: string}}
                  oneOf: [{required: [a]}, {required: [b]}]
                both:
                  anyOf: [{type: integer}, {type: string}]
                  x-kubernetes-int-or-string: true
    - {name: v0, served: false, storage: false}
"""


def app(**spec: Any) -> Resource:
    metadata = {"name": "a"}
    body = {"apiVersion": "g.example/v1", "kind": "App", "metadata": metadata, "spec": spec}
    return Resource(body=body, origin=FILE)


def hold(resource: Resource) -> Iterator[tuple[str, str, str]]:
    for severity, code, place in said(check(*read(DEFINITION), resource)):
        yield severity, code, place.partition(" ")[2].removeprefix("/spec")


FITS: list[dict[str, Any]] = [
    {},
    {"port": 1},
    {"port": "web"},
    {"nothing": None},
    {"list": [None, "a"]},
    {"map": {"x": {"a": "b"}, "y": {}}},
    {"any": {"x": [1]}},
    {"any": 1},
    {"open": {"x": 1, "in": {"a": "b"}}},
    {"template": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "n"}, "spec": {}}},
    {"one": {"a": "x"}},
    {"both": 1},
    {"both": "a"},
]


@pytest.mark.parametrize("spec", FITS)
def test_a_custom_resource_fits_its_definition(spec: dict[str, Any]) -> None:
    assert list(hold(app(size=1, **spec))) == []


FITS_NOT: list[tuple[dict[str, Any], str, str]] = [
    ({"size": 0}, "schema", "/size"),
    ({"size": 9}, "schema", "/size"),
    ({"size": None}, "schema", "/size"),
    ({"size": 1, "tier": "mid"}, "schema", "/tier"),
    ({"size": 1, "sizes": 1}, "unknown-field", "/sizes"),
    ({"size": 1, "name": "A"}, "schema", "/name"),
    ({"size": 1, "list": [1]}, "schema", "/list/0"),
    ({"size": 1, "map": {"x": {"b": "c"}}}, "unknown-field", "/map/x/b"),
    ({"size": 1, "empty": {"a": 1}}, "unknown-field", "/empty/a"),
    ({"size": 1, "open": {"in": {"b": "c"}}}, "unknown-field", "/open/in/b"),
    ({"size": 1, "template": {"status": {}}}, "unknown-field", "/template/status"),
    ({"size": 1, "one": {"a": "x", "b": "y"}}, "schema", "/one"),
    ({"size": 1, "both": 1.5}, "schema", "/both"),
]


@pytest.mark.parametrize(("spec", "code", "place"), FITS_NOT)
def test_what_a_definition_does_not_allow_is_an_error(
    spec: dict[str, Any], code: str, place: str
) -> None:
    assert set(hold(app(**spec))) == {("error", code, place)}


def test_a_missing_field_of_a_custom_resource_is_an_error() -> None:
    assert list(hold(app())) == [("error", "schema", "/size")]


def test_a_null_of_a_custom_resource_is_a_warning() -> None:
    """kubectl's own apply takes it for absent, a server-side apply is refused."""
    assert list(hold(app(size=1, name=None))) == [("warning", "schema", "/name")]
    body = app(size=1, name=None).body
    held = check(*read(DEFINITION), Resource(body=body, origin=CHART))
    assert held.findings == ()


def test_metadata_of_a_custom_resource_is_that_of_kubernetes() -> None:
    resource = app(size=1)
    body = {**resource.body, "metadata": {"name": "a", "label": {}}}
    assert list(hold(Resource(body=body, origin=FILE))) == [
        ("error", "unknown-field", "/metadata/label")
    ]


def test_a_version_that_its_definition_does_not_serve_is_an_error() -> None:
    resource = Resource(body={**app(size=1).body, "apiVersion": "g.example/v0"}, origin=FILE)
    [finding] = check(*read(DEFINITION), resource).findings
    assert finding.code == "api-version"
    assert finding.hint == "use g.example/v1"


def test_a_custom_resource_that_nothing_defines_is_counted() -> None:
    held = check(app(x=1), app(x=2))
    assert held == Held(findings=(), unknown={"App (g.example/v1)": 2})


def edited(change: Callable[[dict[str, Any]], None]) -> Resource:
    """The definition, with its schema changed."""
    [resource] = read(DEFINITION)
    body = copy.deepcopy(dict(resource.body))
    change(body["spec"]["versions"][0])
    return Resource(body=body, origin=FILE)


def test_a_pattern_that_only_go_knows_keeps_the_rest_of_the_schema() -> None:
    def change(version: dict[str, Any]) -> None:
        fields = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        fields["name"]["pattern"] = r"^\Qa.b\E$"

    held = check(edited(change), app(size="1", name="x"))
    assert said(held) == [("error", "schema", "App/a /spec/size")]


@pytest.mark.parametrize("schema", [None, {}, [], "x"])
def test_without_a_schema_nothing_is_known(schema: Any) -> None:
    def change(version: dict[str, Any]) -> None:
        version["schema"] = {"openAPIV3Schema": schema}

    assert check(edited(change), app(size=1)).unknown == {"App (g.example/v1)": 1}


@pytest.mark.parametrize("spec", [{"type": 1}, {"required": [1]}, {"properties": 1}, {"enum": 1}])
def test_a_definition_that_is_none_ends_no_build(spec: dict[str, Any]) -> None:
    def change(version: dict[str, Any]) -> None:
        version["schema"]["openAPIV3Schema"]["properties"]["spec"] = spec

    found = said(check(edited(change), app(size=1)))
    assert any(place.startswith("CustomResourceDefinition") for _, _, place in found)


def test_a_definition_fetches_nothing() -> None:
    """A reference to another document would be asked for on the network."""

    def change(version: dict[str, Any]) -> None:
        schema = version["schema"]["openAPIV3Schema"]
        schema["properties"]["spec"] = {"$ref": "https://schemas.example/evil.json"}

    assert "App/" not in str(check(edited(change), app(size=1)).findings)


def test_definitions_are_held_against_their_own_schema() -> None:
    def change(version: dict[str, Any]) -> None:
        version["schema"]["openAPIV3Schema"]["propertys"] = {}

    [(severity, code, place)] = said(check(edited(change)))
    assert (severity, code) == ("error", "unknown-field")
    assert place.endswith("/schema/openAPIV3Schema/propertys")
