"""Settings that match nothing."""

from typing import Any

import pytest

from builder.core import unmatched
from builder.core.environment import Allowance, Mirror, Registry
from tests.core.samples import INSIDE, environment, reference

REFERENCES = [
    reference("quay.io/acme/web:latest"),
    reference(f"{INSIDE}/acme/job:1"),
    reference("r.parent.example/acme/tool:1"),
    reference("https://api.acme.example/v1", kind="url"),
    reference("https://inside.corp.example/docs/a", kind="url"),
]


def said(registry: dict[str, Any] | None = None, **more: Any) -> list[tuple[str, str, str, str]]:
    mirrors = (Mirror(prefix="r.parent.example"),)
    given = Registry(prefix=INSIDE, mirrors=mirrors, **(registry or {}))
    found = list(unmatched.findings(environment(registry=given, **more), REFERENCES))
    assert {f.code for f in found} <= {"unmatched-setting"}
    assert {f.severity for f in found} <= {"warning"}
    return [(f.subject, f.place, f.cause, f.hint) for f in found]


@pytest.mark.parametrize(
    "name", ["quay.io/acme/web", "quay.io/acme/web:latest", "ghcr.io/acme/job", "x.io/acme/tool"]
)
def test_images_that_are_there_or_mirrored(name: str) -> None:
    path = name.partition("/")[2].partition(":")[0]
    assert said(pins={name: "1"}, registry={"mappings": {name.partition(":")[0]: path}}) == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("quay.io/acme/wep", "did you mean quay.io/acme/web?"),
        ("acme/web", "did you mean quay.io/acme/web?"),
        ("acme/jobs", "did you mean acme/job?"),
        ("acme/tools", "did you mean acme/tool?"),
        ("other.io/nothing/like", "correct it, or take it out"),
    ],
)
def test_a_name_that_no_image_has(name: str, hint: str) -> None:
    cause = "no image has this name"
    assert said(pins={name: "1"}) == [(name, "environment.yaml pins", cause, hint)]
    place = "environment.yaml registry.mappings"
    assert said({"mappings": {name: "here"}}) == [(name, place, cause, hint)]


def test_a_name_that_is_none() -> None:
    assert said(pins={"ACME/Web": "1"})[0][2] == "it is not the name of an image"


@pytest.mark.parametrize(
    ("source", "target", "unmatched_"),
    [
        ("https://api.acme.example", "https://x.corp.example", False),
        ("https://old.acme.example", "https://inside.corp.example", False),
        ("https://api.acme.exampl", "https://x.corp.example", True),
        ("https://inside.corp.example/doc", "https://x.corp.example", True),
        ("https://gone.acme.example", "off", False),
    ],
)
def test_urls(source: str, target: str, unmatched_: bool) -> None:
    found = said(urls={source: target})
    assert [(f[0], f[1]) for f in found] == [(source, "environment.yaml urls")] * unmatched_


def test_the_near_match_of_an_url() -> None:
    found = said(urls={"https://api.acme.example/v2": "https://x.corp.example"})
    assert found[0][3] == "did you mean https://api.acme.example/v1?"


@pytest.mark.parametrize(
    ("pattern", "hints"),
    [
        ("https://api.acme.example/*", []),
        ("quay.io/acme/web:latest", []),
        ("quay.io/acme/web", ["did you mean quay.io/acme/web:latest?"]),
        ("http://api.acme.example/*", ["did you mean https://api.acme.example/v1?"]),
    ],
)
def test_allowances(pattern: str, hints: list[str]) -> None:
    found = said(allow=(Allowance(reference=pattern, reason="seen"),))
    assert [f[3] for f in found] == hints
