from dataclasses import replace
from typing import Any

import pytest

from builder.core import unmoved
from builder.core.environment import Allowance
from builder.core.findings import Finding
from builder.core.references import Reference
from builder.core.trace import Traced
from builder.core.unmoved import Known
from tests.core.samples import INSIDE, environment, reference, traced

WEB = "quay.io/acme/web:1"
IMAGE = ("image",)


def findings(
    of: Reference | str, made: Traced | None = None, pins: dict[str, str] | None = None, **more: Any
) -> list[Finding]:
    fields: dict[str, Any] = {"by_hand": (), "refused": {}, "conditions": {}} | more
    known = Known(environment=environment(pins=pins or {}), **fields)
    return list(unmoved.findings(reference(of) if isinstance(of, str) else of, made, known))


def test_what_is_right_is_not_mentioned() -> None:
    assert findings(f"{INSIDE}/acme/web:1") == []


def test_what_no_value_makes() -> None:
    [found] = findings(WEB)
    assert found.code == "cannot-move"
    assert found.cause == f"no value moves it to {INSIDE}/acme/web:1"
    assert found.place == "Pod/web container web (app/templates/web.yaml)"
    assert "switch the component off" not in found.hint


def test_the_values_that_are_in_it() -> None:
    [found] = findings(WEB, traced(WEB, IMAGE))
    assert "(/image is in it)" in found.cause


def test_the_condition_that_switches_it_off() -> None:
    off = reference(WEB, template="app/charts/extra/templates/x.yaml")
    [found] = findings(off, conditions={("extra",): "extra.enabled"})
    assert found.hint.startswith("switch the component off (extra.enabled: false), or ")


def test_a_patch_of_peoples_own() -> None:
    [found] = findings(WEB, traced(WEB, IMAGE), by_hand={IMAGE})
    assert found.cause == "a patch of your own has set it: /image"


def test_a_value_that_the_chart_refuses() -> None:
    [found] = findings(WEB, traced(WEB, IMAGE), refused={IMAGE: "only quay.io"})
    assert found.cause == "the chart does not take /image as it would have to be: only quay.io"


@pytest.mark.parametrize(
    ("pins", "code"), [({}, "no-pin"), ({"quay.io/acme/web": "1"}, "cannot-pin")]
)
def test_a_tag_that_floats(pins: dict[str, str], code: str) -> None:
    made = traced("quay.io/acme/web:latest", IMAGE, ":", ("tag",))
    [found] = findings(f"{INSIDE}/acme/web:latest", made, pins)
    assert found.code == code
    assert "it is made by /image, /tag" in found.hint
    assert ("pins: {quay.io/acme/web: VERSION}" in found.hint) == (not pins)


def test_an_address() -> None:
    [found] = findings(reference("https://a.example/x", kind="url"), None)
    assert found.cause == "no value of the chart makes it"
    assert "urls:" in found.hint


def test_what_only_helm_test_runs_is_not_mentioned() -> None:
    hook = reference("quay.io/acme/web")
    hook = replace(hook, origin=replace(hook.origin, hooks=("test",)))
    assert findings(hook) == []


def test_what_was_allowed_is_not_mentioned() -> None:
    allow = (Allowance(reference="https://a.example/*", reason="a link"),)
    known = Known(environment=environment(allow=allow), by_hand=(), refused={}, conditions={})
    assert not list(unmoved.findings(reference("https://a.example/x", kind="url"), None, known))


def test_many_addresses_of_one_host_are_one_finding() -> None:
    many = [f for n in range(5) for f in findings(reference(f"https://a.example/{n}", kind="url"))]
    few = [f for n in range(3) for f in findings(reference(f"https://b.example/{n}", kind="url"))]
    images = [f for n in range(5) for f in findings(f"quay.io/acme/{n}:1")]
    found = [f.subject for f in unmoved.grouped([*many, *few, *images])]
    assert found == [
        "https://a.example/*",
        *(f.subject for f in few),
        *(f.subject for f in images),
    ]
