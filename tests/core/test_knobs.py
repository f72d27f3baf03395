from typing import Any

import pytest

from builder.core import knobs
from builder.core.base import NestedChartRule, OffSwitch
from builder.core.environment import Registry
from builder.core.manifests import Origin, Resource
from tests.core.samples import INSIDE, environment, reference, resource


def rule(**more: Any) -> NestedChartRule:
    return NestedChartRule(
        group="acme.example", kind="Platform", chart="/spec/chart", values="/spec/values", **more
    )


MAIL = "https://mail.acme.example/send"
FIRST = OffSwitch(url="https://mail.acme.example/*", value="/mail/url", to="", reason="mails")
SECOND = OffSwitch(url="https://mail.acme.example/*", value="/mail/host", to="x", reason="mails")


@pytest.mark.parametrize(
    ("urls", "taken", "expected"),
    [
        ([MAIL], (), [(("mail", "url"), "")]),
        ([MAIL, MAIL], (), [(("mail", "url"), "")]),
        ([MAIL], {("mail", "url")}, [(("mail", "host"), "x")]),
        ([MAIL], {("mail", "url"), ("mail", "host")}, []),
        (["https://other.example/"], (), []),
        ([], (), []),
    ],
)
def test_off_switches_one_after_the_other(urls: list[str], taken: Any, expected: Any) -> None:
    references = [reference(url, kind="url") for url in urls]
    found = knobs.off_switches(rule(off_switches=(FIRST, SECOND)), references, environment(), taken)
    assert [(path, value) for path, value, _ in found] == expected


def test_an_address_in_a_comment_needs_no_switch() -> None:
    references = [reference(MAIL, kind="url", comment=True)]
    assert not list(knobs.off_switches(rule(off_switches=(FIRST,)), references, environment(), ()))


def pod(template: str, secrets: Any = None) -> Resource:
    body = {"containers": [], "imagePullSecrets": secrets}
    made = resource("Deployment", "apps", spec={"template": {"spec": body}})
    return Resource(body=made.body, origin=Origin(source="app-1.0.0", template=template))


TOP, SUB = "app/templates/a.yaml", "app/charts/sub/templates/a.yaml"
GLOBAL = ("global", "imagePullSecrets")


@pytest.mark.parametrize(
    ("pods", "values", "taken", "expected"),
    [
        pytest.param(
            [pod(TOP)], {"global": {"imagePullSecrets": []}}, (),
            [(GLOBAL, [{"name": "mirror"}])], id="the global one",
        ),
        pytest.param(
            [pod(TOP)], {"imagePullSecrets": [{"name": "own"}]}, {GLOBAL},
            [(("imagePullSecrets",), [{"name": "own"}, {"name": "mirror"}])], id="the chart's own",
        ),
        pytest.param(
            [pod(SUB)], {"global": {"imagePullSecrets": []}, "sub": {"imagePullSecrets": None}},
            {GLOBAL}, [(("sub", "imagePullSecrets"), [{"name": "mirror"}])],
            id="a subchart's, where the global one is not enough",
        ),
        pytest.param(
            [pod(TOP)], {}, (), [(GLOBAL, [{"name": "mirror"}])],
            id="the global one, though the chart's values do not name it",
        ),
        pytest.param([pod(TOP)], {}, {GLOBAL}, [], id="none that the chart knows"),
        pytest.param(
            [pod(TOP, [{"name": "mirror"}])], {"imagePullSecrets": []}, (), [], id="nothing to do"
        ),
    ],
)  # fmt: skip
def test_pull_secrets(pods: list[Resource], values: Any, taken: Any, expected: Any) -> None:
    wanted = environment(registry=Registry(prefix=INSIDE, pull_secret="mirror"))
    found = knobs.pull_secrets(pods, values, wanted, taken)
    assert [(path, value) for path, value, _ in found] == expected


def test_what_no_value_lets_pull_is_said() -> None:
    wanted = environment(registry=Registry(prefix=INSIDE, pull_secret="mirror"))
    (finding,) = knobs.without_pull_secret([pod(TOP)], wanted)
    assert (finding.code, finding.severity) == ("no-pull-secret", "warning")
    assert "no value of the chart gives its Pods the pull secret mirror" in finding.cause
    assert not list(knobs.without_pull_secret([pod(TOP, [{"name": "mirror"}])], wanted))
