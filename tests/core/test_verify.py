"""What speaks against shipping: each finding with place, cause and the next step."""

from typing import Any

import pytest

from builder.core.base import Base, Switch
from builder.core.environment import Allowance, ChartRepository
from builder.core.findings import Finding, blocking, ordered
from builder.core.manifests import Manifests, Origin, Resource
from builder.core.references import Reference
from builder.core.verify import verify
from tests.core.samples import environment, reference, resource

PARENT = resource("App", "x.io", "own")
NESTED = Origin(source="app-1.0.0", template="app/templates/web.yaml", parent=PARENT.id)
HOOK = Origin(source="app-1.0.0", template="app/templates/test.yaml", hooks=("test",))
DIGEST = "sha256:" + "a" * 64
ELSE = "a host inside, switch it off, or add it to allow: with a reason"


def findings(
    *references: Reference,
    resources: list[Resource] | None = None,
    base: Base | None = None,
    **more: Any,
) -> list[Finding]:
    return verify(environment(**more), base or Base(), Manifests(resources or []), references)


def one(*references: Reference, **more: Any) -> Finding:
    (finding,) = findings(*references, **more)
    return finding


def test_an_image_outside() -> None:
    assert one(reference("quay.io/a/b:1")) == Finding(
        code="outside-reference",
        subject="quay.io/a/b:1",
        place="Pod/web container web (app/templates/web.yaml)",
        cause="quay.io is not among the environment's hosts",
        hint="point it at r.corp.example/m, by a patch on Pod/web /spec/image",
    )


def test_an_image_that_a_controller_makes_is_moved_by_values() -> None:
    assert one(reference("quay.io/a/b:1", origin=NESTED)).hint == (
        "point it at r.corp.example/m, by a patch on the values of App/own"
    )


@pytest.mark.parametrize(
    ("kind", "value", "hint"),
    [
        ("chart", "https://charts.io/x", "https://charts.corp.example"),
        ("url", "https://api.io/x", ELSE),
        ("oci", "oci://r.io/x", ELSE),
    ],
)  # fmt: skip
def test_where_to_point_what_is_no_image(kind: Any, value: str, hint: str) -> None:
    repository = ChartRepository(url="https://charts.corp.example")
    found = one(reference(value, kind=kind), chart_repository=repository)
    assert (found.code, found.severity) == ("outside-reference", "error")
    assert found.hint == f"point it at {hint}, by a patch on Pod/web /spec/image"


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("r.corp.example/m/a:latest", "the tag 'latest' names another image tomorrow"),
        ("r.corp.example/m/a", "no tag, which means latest, names another image tomorrow"),
    ],
)
def test_a_floating_tag(value: str, cause: str) -> None:
    found = one(reference(value))
    assert (found.code, found.severity, found.cause) == ("floating-tag", "error", cause)
    assert found.hint == "name a version, or a digest, by a patch on Pod/web /spec/image"


def test_an_image_that_is_none() -> None:
    found = one(reference("{{ x }}", "spec", "containers", "0", "image"))
    assert (found.code, found.severity) == ("unreadable-image", "error")
    assert found.cause == "'{{ x }}' is not an image reference"
    assert found.hint == "look at the values that make it"


def test_an_image_that_only_the_run_tells() -> None:
    for text in ("{{ x }}", "{{workflow.parameters.image}}", "$(REGISTRY)/a/b:1"):
        found = one(reference(text))
        assert (found.code, found.severity) == ("runtime-image", "error")
        allowance = Allowance(reference=text, reason="the parameter lies inside")
        assert one(reference(text), allow=(allowance,)).code == "allowed-reference"
    assert one(reference("docker.io/x/y:$(TAG)")).code == "outside-reference"


def test_a_short_name_of_a_registry_is_inside_only_when_it_was_named() -> None:
    assert one(reference("registry:5000/a:1")).code == "outside-reference"
    assert findings(reference("registry:5000/a:1"), allowed_hosts=("registry:5000",)) == []


@pytest.mark.parametrize(
    ("given", "severity", "code", "cause"),
    [
        (reference("https://a.io/x", kind="url", comment=True), "note", "outside-reference",
         "stands in a comment, nothing fetches it"),
        (reference("quay.io/a:1", origin=HOOK), "warning", "test-hook-reference",
         "quay.io is outside, but only `helm test` would run it; controllers do not"),
        (reference("https://docs.io/x", kind="url"), "note", "allowed-reference",
         "allowed: only people read it"),
    ],
    ids=["comment", "test hook", "allowed"],
)  # fmt: skip
def test_what_is_outside_and_does_not_block(
    given: Reference, severity: str, code: str, cause: str
) -> None:
    allowance = Allowance(reference="https://docs.io/*", reason="only people read it")
    found = one(given, allow=(allowance,))
    assert (found.severity, found.code, found.cause) == (severity, code, cause)
    assert not blocking([found])


@pytest.mark.parametrize(
    "given",
    [
        reference("r.corp.example/m/a:1"),
        reference(f"r.corp.example/m/a:latest@{DIGEST}"),
        reference("quay.io/a:1", comment=True),
        reference("https://r.corp.example/x", kind="url"),
        reference("http://web.default.svc:80", kind="url"),
        reference("http://$(HOST)/x", kind="url"),
    ],
)
def test_what_is_fine(given: Reference) -> None:
    assert findings(given) == []


def test_a_bucket_behind_a_variable_is_outside() -> None:
    found = one(reference("https://${B}.s3.amazonaws.com/x", kind="url"))
    assert found.cause == "${B}.s3.amazonaws.com is not among the environment's hosts"


def test_a_cluster_that_is_too_old() -> None:
    assert one(base=Base(kubernetes="1.31")) == Finding(
        code="kubernetes-too-old",
        subject="Kubernetes 1.30",
        place="environment.yaml kubernetes",
        cause="the platform needs Kubernetes 1.31 or newer",
        hint="update the cluster, or choose an older version of the platform",
    )
    assert findings(base=Base(kubernetes="1.9")) == []


SWITCH = Switch(kind="Deployment", env="AIRGAPPED", value="true", reason="it calls out")


def deployment(*env: dict[str, str]) -> Resource:
    container = {"name": "c", "env": list(env)}
    spec = {"template": {"spec": {"containers": [container]}}}
    return resource("Deployment", "apps", "own", spec=spec)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (deployment({"name": "AIRGAPPED", "value": "false"}),
         "Deployment/own container c, env AIRGAPPED"),
        (deployment(), "no Deployment has it"),
        (resource("ConfigMap"), "no Deployment has it"),
    ],
    ids=["other value", "absent", "no Deployment"],
)  # fmt: skip
def test_a_switch_that_is_not_set(given: Resource, place: str) -> None:
    assert one(resources=[given], base=Base(switches=(SWITCH,))) == Finding(
        code="outbound-switch",
        subject="AIRGAPPED=true",
        place=place,
        cause="it calls out",
        hint="set AIRGAPPED to 'true' by a patch",
    )


def test_a_switch_that_is_set() -> None:
    given = deployment({"name": "AIRGAPPED", "value": "true"})
    assert findings(resources=[given], base=Base(switches=(SWITCH,))) == []


def test_errors_come_first_and_nothing_twice() -> None:
    given = [
        reference("https://a.io/x", kind="url", comment=True),
        reference("quay.io/b:1"),
        reference("quay.io/a:1"),
        reference("quay.io/a:1"),
    ]
    found = ordered(findings(*given))
    assert [(f.severity, f.subject) for f in found] == [
        ("error", "quay.io/a:1"), ("error", "quay.io/b:1"), ("note", "https://a.io/x"),
    ]  # fmt: skip
    assert blocking(found)
