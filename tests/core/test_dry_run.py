"""Verdicts on what an API server of Kubernetes 1.34 answered."""

from typing import Any

import pytest

from builder.core.dry_run import Refusal, Verdict, verdict
from builder.core.manifests import Origin, Resource

SECRET: dict[str, Any] = {
    "data": {"a": "Y29ycmVjdC1ob3JzZQ=="},
    "stringData": {"b": "correct-horse"},
}


def thing(kind: str = "Deployment", hooks: tuple[str, ...] = (), **more: Any) -> Resource:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "web"}, **more}
    return Resource(body=body, origin=Origin(source="app.yaml", hooks=hooks))


def asked(status: int, message: str, resource: Resource | None = None, **details: Any) -> Verdict:
    answer = {"kind": "Status", "message": message, "details": details}
    return verdict(resource or thing(), status, answer)


def cause(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}


@pytest.mark.parametrize("status", [200, 201])
def test_what_is_made_or_changed_is_accepted(status: int) -> None:
    assert verdict(thing(), status, {"kind": "Deployment"}) == Verdict(state="accepted")


TYPED = "failed to create typed patch object (/web; apps/v1, Kind=Deployment): "
CONVERTED = (
    "failed to convert new object (/web; apps/v1, Kind=Deployment) to proper version: "
    "unable to convert unstructured object to apps/v1, Kind=Deployment: "
)


@pytest.mark.parametrize(
    ("message", "field", "what", "unknown"),
    [
        (
            '.spec.containers[name="a"].foo: field not declared in schema',
            'spec.containers[name="a"].foo', "field not declared in schema", True,
        ),
        (
            '.env[name="A"].value: expected string, got &value.valueUnstructured{Value:4711}',
            'env[name="A"].value', "expected string", False,
        ),
        (
            ".spec.replicas: expected numeric (int or float), got string",
            "spec.replicas", "expected numeric (int or float), got string", False,
        ),
        (
            '.env: duplicate entries for key [name="a"]',
            "env", 'duplicate entries for key [name="a"]', False,
        ),
        ("something else", "", "something else", False),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_schema(message: str, field: str, what: str, unknown: bool) -> None:
    found = asked(500, TYPED + message)
    assert found == Verdict(
        state="refused", refusals=(Refusal(field=field, what=what, unknown=unknown),)
    )


def test_all_fields_that_do_not_fit_are_told() -> None:
    found = asked(
        500, f"{TYPED}errors:\n  .spec.a: field not declared in schema\n  .b: expected map"
    )
    assert [refusal.field for refusal in found.refusals] == ["spec.a", "b"]


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("cannot convert float64 to int32", "cannot convert float64 to int32"),
        (
            "json: cannot unmarshal number 4711 into Go value of type int32",
            "json: cannot unmarshal number into Go value of type int32",
        ),
    ],
)
def test_what_cannot_be_read(message: str, what: str) -> None:
    assert asked(500, CONVERTED + message).refusals == (Refusal(field="", what=what),)


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("Required value", "Required value"),
        ('Invalid value: "a\\"b: c": has to be short', "invalid value: has to be short"),
        ("Invalid value: 0: must be at least 1", "invalid value: must be at least 1"),
        ('Invalid value: {"a":"b: c"}: field is immutable', "invalid value: field is immutable"),
        ('Invalid value: core.Pod{A:"b"}: field is immutable', "invalid value: field is immutable"),
        ('Duplicate value: "a"', "duplicate value"),
        (
            'Unsupported value: "mid": supported values: "low", "high"',
            'unsupported value: supported values: "low", "high"',
        ),
        ("Forbidden: may not be set", "Forbidden: may not be set"),
    ],
)  # fmt: skip
def test_a_field_is_told_without_its_value(message: str, what: str) -> None:
    found = asked(422, "x is invalid", causes=[cause("spec.a", message)])
    assert found.refusals == (Refusal(field="spec.a", what=what),)


@pytest.mark.parametrize(
    "resource",
    [
        thing("Secret", **SECRET),
        thing(spec={"password": "correct-horse"}),
        thing(spec={"env": [{"name": "X", "value": "correct-horse"}]}),
    ],
)
def test_no_credential_is_told(resource: Resource) -> None:
    said = 'admission webhook "x" denied the request: bad correct-horse, Y29ycmVjdC1ob3JzZQ=='
    [refusal] = asked(400, said, resource).refusals
    assert refusal.what.startswith('admission webhook "x" denied the request: bad ***')
    assert "horse" not in refusal.what


def test_no_end_of_a_value_is_left_where_another_begins_it() -> None:
    secret = thing("Secret", stringData={"a": "hunter", "b": "hunter-and-more"})
    [refusal] = asked(403, 'admission webhook "x" denied: hunter-and-more', secret).refusals
    assert refusal.what.endswith("denied: ***")


def test_what_a_policy_denies_is_refused() -> None:
    found = asked(403, 'pods "web" is forbidden: violates PodSecurity "restricted:latest": ...')
    assert found.state == "refused"
    assert "violates PodSecurity" in found.refusals[0].what


@pytest.mark.parametrize(
    ("status", "message", "details", "why", "lacking"),
    [
        (404, 'namespaces "no" not found', {"kind": "namespaces", "name": "no"},
         "the namespace is not there yet", "no"),
        (403, 'deployments.apps "web" is forbidden: User "robot" cannot patch resource '
         '"deployments" in API group "apps" in the namespace "app"', {},
         "the account may not patch all of it in the namespace app", "deployments.apps"),
        (403, 'namespaces "x" is forbidden: User "robot" cannot create resource "namespaces" in '
         'API group "" at the cluster scope', {},
         "the account may not create all of it", "namespaces"),
        (403, 'roles "x" is forbidden: user "robot" (groups=[]) is attempting to grant RBAC '
         "permissions not currently held: {}", {},
         "the account may not grant what the role does", ""),
        (403, 'pods "x" is forbidden: error looking up service account a/b: serviceaccount "b" '
         "not found", {}, "their service account is not there yet", ""),
        (400, 'admission webhook "x" does not support dry run', {},
         "an admission webhook takes no dry run", ""),
        (500, 'Internal error occurred: failed calling webhook "x": connection refused', {},
         "an admission webhook does not answer", ""),
        (409, "object is being deleted: pods x", {},
         "something of that name is being deleted", ""),
        (429, "too many requests", {}, "the API server could not tell: too many requests", ""),
        (503, "", {}, "the API server could not tell: status 503", ""),
        (405, "no such method", {}, "the API server could not tell: no such method", ""),
    ],
)  # fmt: skip
def test_what_keeps_it_from_telling_is_no_fault_of_the_object(
    status: int, message: str, details: dict[str, Any], why: str, lacking: str
) -> None:
    found = asked(status, message, **details)
    assert (found.state, found.why, found.lacking) == ("untold", why, lacking)
    assert found.hint


def test_a_hook_is_deleted_before_it_is_made_again() -> None:
    message = "Invalid value: core.PodTemplateSpec{}: field is immutable"
    causes = [cause("spec.template", message)]
    assert asked(422, "x", thing("Job"), causes=causes).state == "refused"
    hook = thing("Job", hooks=("pre-upgrade",))
    assert asked(422, "x", hook, causes=causes).state == "accepted"
    causes.append(cause("spec", "Required value"))
    assert asked(422, "x", hook, causes=causes).state == "refused"


@pytest.mark.parametrize("answer", [{}, {"details": 1}, {"message": 1, "details": {"causes": [1]}}])
def test_an_answer_that_is_none_is_no_crash(answer: dict[str, Any]) -> None:
    assert verdict(thing(), 422, answer).state == "refused"


def test_a_long_message_is_cut() -> None:
    [refusal] = asked(422, "x" * 5000).refusals
    assert len(refusal.what) < 400
