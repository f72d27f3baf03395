"""What a reviewer has to know: credentials, images, hooks."""

from dataclasses import replace

import pytest

from builder.core.base import CredentialRule, NestedChartRule
from builder.core.manifests import Origin, Resource
from builder.core.nested import NestedChart
from builder.core.upgrade import review
from builder.core.upgrade.review import CredentialNote, Hook, Image, Review
from tests.core.samples import resource
from tests.core.test_value_changes import nested


def rule(name: str, since: str | None) -> CredentialRule:
    return CredentialRule(
        name=name, values={f"/{name}/value": name}, reference={f"/{name}/secret": "{secret}"},
        secret=name, since=since,
    )  # fmt: skip


RULE = NestedChartRule(
    group="acme.example", kind="Platform", chart="/spec/chart", values="/spec/values",
    credentials=(rule("always", None), rule("one", "1.0.0"), rule("two", "2.0.0")),
)  # fmt: skip


def chart(**values: dict[str, str]) -> NestedChart:
    return nested(dict(values))


@pytest.mark.parametrize(
    ("before", "after", "gained", "lost"),
    [
        ("0.9.0", "1.0.0", ["one"], []),
        ("0.9.0", "3.0.0", ["one", "two"], []),
        ("1.0.0", "1.9.0", [], []),
        ("2.0.0", "1.9.0", [], ["two"]),
        ("1.0.0", "2.0.0-rc.1", [], []),
    ],
)
def test_forms_of_credentials(before: str, after: str, gained: list[str], lost: list[str]) -> None:
    found = review.credentials(RULE, [chart()], before, after)
    assert ([n.name for n in found[0]], [n.name for n in found[1]]) == (gained, lost)


def test_whether_a_credential_stands_in_the_open() -> None:
    charts = [chart(one={"value": "hidden"}, two={"secret": "s", "value": ""})]
    (one, two), _ = review.credentials(RULE, charts, "0.1.0", "2.0.0")
    assert one == CredentialNote(name="one", since="1.0.0", literal=True, referenced=False)
    assert two == CredentialNote(name="two", since="2.0.0", literal=False, referenced=True)
    assert "hidden" not in repr(one)


def test_a_chart_without_a_rule() -> None:
    assert review.credentials(None, [chart()], "0.1.0", "2.0.0") == ((), ())


def test_images_are_told_by_where_they_come_from() -> None:
    old = [Image(source="a:1", image="r/a:1"), Image(source="", image="r/own:1")]
    new = [Image(source="a:1", image="r/other/a:1"), Image(source="b:1", image="r/b:1")]
    assert review.images(old, new) == ((new[1],), (old[1],))
    assert [str(image) for image in (old[1], new[1])] == ["r/own:1", "b:1 → r/b:1"]


def hooked(name: str, *hooks: str) -> Resource:
    plain = resource("Job", "batch", name)
    return replace(plain, origin=Origin(source="c", hooks=hooks))


def test_hooks_that_run_at_an_upgrade() -> None:
    resources = [
        hooked("b", "pre-install", "post-upgrade", "pre-upgrade"),
        hooked("a", "post-upgrade"),
        hooked("i", "post-install"),
        hooked("t", "test"),
        hooked("none"),
    ]
    assert review.hooks(resources) == (
        Hook(resource="Job/a", events=("post-upgrade",)),
        Hook(resource="Job/b", events=("post-upgrade", "pre-upgrade")),
    )


@pytest.mark.parametrize(("after", "back"), [("0.9.0", True), ("1.0.0", False), ("1.1.0", False)])
def test_a_step_back(after: str, back: bool) -> None:
    assert Review(before="1.0.0", after=after, kubernetes="1.30").downgrade is back
