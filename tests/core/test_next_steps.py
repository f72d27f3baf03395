"""Hints that name the next command."""

import pytest

from builder.core.findings import Finding
from builder.core.next_steps import named
from builder.core.verify import of_reference
from tests.core.samples import environment, reference

FLOATING = (
    "add to environment.yaml pins: {quay.io/a/b: VERSION}, and run `sealift airgap prod`, or "
)


@pytest.mark.parametrize(
    ("value", "patched", "hints"),
    [
        ("quay.io/a/b:1", False, ["run `sealift airgap prod`, or point it at r.corp.example/m, "]),
        ("quay.io/a/b:1", True, ["see what `sealift airgap prod` says of it, or point it at "]),
        ("quay.io/a/b", True, ["see what `sealift airgap prod` says of it, or ", FLOATING]),
        (
            "https://a.example/x",
            False,
            ["run `sealift airgap prod`, or name what takes its place in environment.yaml urls:, "],
        ),
    ],
)
def test_what_leaves_and_what_floats(value: str, patched: bool, hints: list[str]) -> None:
    kind = "url" if "://" in value else "image"
    found = [*of_reference(reference(value, kind=kind), environment())]
    shown = [f.hint for f in named(found, "prod", patched=patched)]
    assert [hint[: len(start)] for hint, start in zip(shown, hints, strict=True)] == hints
    assert all(hint.endswith(f.hint.partition("point it at ")[2])
               for hint, f in zip(shown, found, strict=True))  # fmt: skip


def test_others_stay_as_they_are() -> None:
    found = [*of_reference(reference("r.corp.example/m/a"), environment(pins={}))]
    warnings = [f for f in found if f.code != "floating-tag"]
    assert list(named(warnings, "prod", patched=False)) == warnings


def test_a_command_is_named_with_the_environment() -> None:
    finding = Finding(code="x", subject="s", place="p", cause="c", hint="run `sealift airgap`, so")
    (found,) = named([finding], "prod", patched=True)
    assert found.hint == "run `sealift airgap prod`, so"
