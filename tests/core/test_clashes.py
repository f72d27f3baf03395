"""Objects that two would make, with who makes them."""

from typing import Any

import pytest

from builder.core import yaml
from builder.core.clashes import findings
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Origin, Resource
from builder.core.nested import NestedChart

TEMPLATE = "app/templates/x.yaml"


def carrier(name: str = "one", parent: Resource | None = None) -> Resource:
    body = {"apiVersion": "example.com/v1", "kind": "App", "metadata": {"name": name}}
    return Resource(
        body=body, origin=Origin(source="apps.yaml", parent=parent.id if parent else None)
    )


def chart(owner: Resource, namespace: str = "apps") -> NestedChart:
    return NestedChart(
        resource=owner,
        repository="https://charts.example.com",
        name="app",
        version="1.0.0",
        release=owner.id.name,
        namespace=namespace,
        version_at=(owner.id, ("spec", "chart", "version")),
    )


def resources(text: str, owner: Resource | None = None, **origin: Any) -> list[Resource]:
    parent = owner.id if owner else None
    more = {"template": TEMPLATE} if owner else {}
    where = Origin(source="app-1.0.0" if owner else "git.yaml", parent=parent, **(more | origin))
    documents = yaml.load_all(text, source="test")
    return [Resource(body=document.value, origin=where) for document in documents]


def found(git: str, *charts: tuple[NestedChart, list[Resource]], looks: bool = False) -> list[Any]:
    manifests = Manifests(resources(git) if git else [])
    return list(findings(manifests, charts, lambda _: looks))


def told(several: list[Finding]) -> list[tuple[str, str]]:
    return [(one.subject, one.severity) for one in several]


ONE, TWO = carrier("one"), carrier("two")
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: certs, namespace: apps}}"
BARE = "{apiVersion: v1, kind: ConfigMap, metadata: {name: certs}}"
ROLE = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}"
PLACED_ROLE = ROLE.replace("name: r", "name: r, namespace: apps")
OLD = "{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: i, namespace: apps}}"
NEW = OLD.replace("extensions/v1beta1", "networking.k8s.io/v1")
THING = "{apiVersion: example.com/v1, kind: Thing, metadata: {name: t}}"
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {group: example.com, names: {kind: Thing}, scope: Cluster}
"""
SECRET = "{apiVersion: v1, kind: Secret, metadata: {name: s}}"
EXTERNAL = """
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: s, namespace: apps}
spec: {target: {creationPolicy: Owner}}
"""


@pytest.mark.parametrize(
    ("git", "nested", "subjects"),
    [
        (MAP, MAP, ["ConfigMap/apps/certs"]),
        (MAP, BARE, ["ConfigMap/apps/certs"]),  # lands in the release's namespace
        (BARE, BARE, []),  # in default, and in the release's
        (BARE, MAP, []),
        (ROLE, ROLE, ["ClusterRole/r"]),
        (ROLE, PLACED_ROLE, ["ClusterRole/r"]),  # a namespace says nothing there
        (OLD, NEW, ["Ingress/apps/i"]),
        (MAP, MAP.replace("ConfigMap", "Secret"), []),
        (THING, THING, []),  # nobody knows whether it has a namespace
        (f"{DEFINITION}\n---\n{THING}", THING, ["Thing/t"]),
        (DEFINITION.replace("Cluster", "Namespaced") + f"---\n{THING}", THING, []),
        (EXTERNAL, SECRET, ["Secret/apps/s"]),
        (EXTERNAL.replace("Owner", "Merge"), SECRET, []),
        (EXTERNAL.replace("Owner", "None"), SECRET, []),
        (MAP.replace("name: certs", "generateName: certs"),
         MAP.replace("name: certs", "generateName: certs"), []),
    ],
)  # fmt: skip
def test_an_object_of_git_and_one_of_a_chart(git: str, nested: str, subjects: list[str]) -> None:
    several = found(git, (chart(ONE), resources(nested, ONE)))
    assert told(several) == [(subject, "error") for subject in subjects]


def test_a_finding_names_both() -> None:
    [one] = found(MAP, (chart(ONE), resources(MAP, ONE)))
    assert one == Finding(
        code="made-twice",
        subject="ConfigMap/apps/certs",
        place="git.yaml",
        cause="two make it: git.yaml and app-1.0.0 of App/one (app/templates/x.yaml); helm refuses "
        "to install over it, or each overwrites what the other wrote",
        hint="give one of them another name, or switch the chart's off by its values",
    )


def test_what_makes_a_secret_is_named() -> None:
    [one] = found(EXTERNAL, (chart(ONE), resources(SECRET, ONE)))
    assert one.place == "ExternalSecret/apps/s in git.yaml"


def test_two_charts_clash_where_two_resources_name_them() -> None:
    both = [(chart(one), resources(BARE, one)) for one in (ONE, TWO)]
    [one] = found("", *both)
    assert one.cause.startswith("two make it: app-1.0.0 of App/one (app/templates/x.yaml) and ")
    apart = (chart(TWO, "elsewhere"), resources(BARE, TWO))
    assert not found("", both[0], apart)


def test_three_are_one_finding() -> None:
    both = [(chart(one), resources(MAP, one)) for one in (ONE, TWO)]
    assert told(found(MAP, *both)) == [("ConfigMap/apps/certs", "error")]


def test_one_resource_may_make_an_object_in_several_ways() -> None:
    """A chart in a chart is rendered as it is installed, and as it is after an upgrade."""
    again = chart(ONE)
    assert not found("", (chart(ONE), resources(MAP, ONE)), (again, resources(MAP, ONE)))


def test_two_of_a_name_in_different_charts_are_two() -> None:
    outer = [carrier("x"), carrier("y")]
    inner = [carrier("same", parent=one) for one in outer]
    both = [(chart(one), resources(MAP, one)) for one in inner]
    assert told(found("", *both)) == [("ConfigMap/apps/certs", "error")]


def test_nobody_makes_what_only_helm_test_runs() -> None:
    assert not found(MAP, (chart(ONE), resources(MAP, ONE, hooks=("test",))))


def test_helm_deletes_what_stands_where_a_hook_is_to_run() -> None:
    [one] = found(MAP, (chart(ONE), resources(MAP, ONE, hooks=("pre-install",))))
    assert one.cause.endswith("helm deletes what is there before it runs the hook")


def test_helm_leaves_out_definitions_that_are_there() -> None:
    own = resources(DEFINITION, ONE, template="app/crds/x.yaml")
    assert not found(DEFINITION, (chart(ONE), own))
    assert told(found(DEFINITION, (chart(ONE), resources(DEFINITION, ONE)))) == [
        ("CustomResourceDefinition/things.example.com", "error")
    ]


def test_a_template_that_looks_first_may_leave_it_out() -> None:
    several = found(MAP, (chart(ONE), resources(MAP, ONE)), looks=True)
    assert told(several) == [("ConfigMap/apps/certs", "warning")]


@pytest.mark.parametrize(("release", "severity"), [("one", "warning"), ("other", "error")])
def test_people_may_hand_an_object_over_to_helm(release: str, severity: str) -> None:
    name = "name: certs, "
    given = MAP.replace(name, f"{name}annotations: {{meta.helm.sh/release-name: {release}}}, ")
    several = found(given, (chart(ONE), resources(MAP, ONE)))
    assert told(several) == [("ConfigMap/apps/certs", severity)]
