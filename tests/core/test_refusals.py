from typing import Any

import pytest

from builder.core.refusals import switches

VALUES = {
    "security": {"strict": True, "level": 3},
    "global": {"hub": "x"},
    "sub": {"global": {"allowOthers": False}},
}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("set 'security.strict' to false", {("security", "strict"): False}),
        ("set .Values.security.strict to false.", {("security", "strict"): False}),
        ("Values.security.strict", {("security", "strict"): False}),
        ("set global.allowOthers=true", {("global", "allowOthers"): True}),
        ("security.level is 3, security.other is not known", {}),
        ("see https://acme.example/security.strict", {}),
        ("execution error at (app/templates/web.yaml:1:4): no", {}),
    ],
)
def test_booleans_that_a_message_names(message: str, expected: dict[Any, bool]) -> None:
    assert dict(switches(message, VALUES)) == expected
