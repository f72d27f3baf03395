"""Versions changed in texts: the right place, and nothing else."""

from collections.abc import Callable

import pytest

from builder.core.manifests import ResourceId
from builder.core.upgrade import edit

RESOURCE = ResourceId(group="apps.acme.example", kind="Platform", namespace="p", name="acme")
VERSION = ("spec", "chart", "version")

PLAIN = """\
# version 1.2.3 of all
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
data: {version: 1.2.3}
---
apiVersion: apps.acme.example/v1
kind: Platform
metadata:
  name: acme
  labels: {version: 1.2.3}   # stays
spec:
  chart:
    url: https://charts.acme.example/1.2.3
    name: acme
    version: %s  # the version
  values: {image: {tag: 1.2.3}}
"""


@pytest.mark.parametrize("form", ["1.2.3", '"1.2.3"', "'1.2.3'", "!!str 1.2.3"])
def test_the_version_of_a_resource(form: str) -> None:
    new = edit.in_resource(PLAIN % form, RESOURCE, VERSION, "1.10.0-rc.1")
    assert new == PLAIN % form.replace("1.2.3", "1.10.0-rc.1")


def test_a_resource_of_another_name_when_it_is_the_only_one() -> None:
    text = (PLAIN % "1.2.3").replace("name: acme\n  labels", "name: renamed\n  labels")
    assert "version: 2.0.0  # the version" in str(
        edit.in_resource(text, RESOURCE, VERSION, "2.0.0")
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: Platform", "kind: Other"),
        ("apps.acme.example/v1", "other.example/v1"),
        ("version: 1.2.3  # the", "version: &v 1.2.3\n    again: *v # the"),
        ("    version: 1.2.3  # the version\n", ""),
        (
            "metadata: {name: other}",
            "metadata: {name: acme}\nspec: {chart: {version: 1}}\n---\n"
            "apiVersion: apps.acme.example/v1\nkind: Platform\nmetadata: {name: acme}\n"
            "spec: {chart: {version: 1.2.3}}",
        ),
    ],
)
def test_no_place_that_is_certain(old: str, new: str) -> None:
    text = PLAIN % "1.2.3"
    assert old in text
    assert edit.in_resource(text.replace(old, new), RESOURCE, VERSION, "2.0.0") is None


LIST = """\
# first 1.2.3
- op: replace
  path: /metadata/labels/version
  value: 1.2.3
- op: replace   # here
  path: /spec/chart/version
  value: "1.2.3"
"""
WHOLE = "- {op: add, path: /spec/chart, value: {url: u, name: acme, version: 1.2.3, tag: 1.2.3}}\n"


def indented(text: str, by: str = "  ") -> str:
    return "".join(f"{by}{line}\n" for line in text.splitlines())


def transformer(text: str) -> str:
    return f"kind: PatchTransformer\ntarget: {{kind: Platform}}\npatch: |\n{indented(text)}"


@pytest.mark.parametrize(
    "around",
    [
        lambda text: text,
        transformer,
        lambda text: (
            f"patches:\n  - target: {{kind: Platform}}\n    patch: |-\n{indented(text, '      ')}"
        ),
        lambda text: "transformers:\n  - |\n" + indented(transformer(text), "    "),
        lambda text: transformer("- {op: remove, path: /spec/x}\n") + "---\n" + transformer(text),
    ],
)
def test_the_version_that_an_operation_sets(around: Callable[[str], str]) -> None:
    text = around(LIST)
    assert edit.in_operation(text, "/spec/chart/version", (), "2.0.0", 1) == around(
        LIST.replace('"1.2.3"', '"2.0.0"')
    )


def test_a_version_inside_of_what_an_operation_sets() -> None:
    new = edit.in_operation(WHOLE, "/spec/chart", ("version",), "2.0.0", 1)
    assert new == WHOLE.replace("version: 1.2.3", "version: 2.0.0")


def test_an_operation_of_json() -> None:
    text = '[{"op": "replace", "path": "/spec/chart/version", "value": "1.2.3"}]'
    new = edit.in_operation(text, "/spec/chart/version", (), "2.0.0", 1)
    assert new == text.replace("1.2.3", "2.0.0")


def test_of_two_like_operations_the_one_at_the_line() -> None:
    text = transformer(LIST) + "---\n" + transformer(LIST)
    line = text[: text.rindex("# here")].count("\n") + 1
    new = str(edit.in_operation(text, "/spec/chart/version", (), "2.0.0", line))
    assert new == transformer(LIST) + "---\n" + transformer(LIST.replace('"1.2.3"', '"2.0.0"'))


def test_an_operation_that_is_not_there() -> None:
    assert edit.in_operation(LIST, "/spec/other", (), "2.0.0", 1) is None


BASE = """\
# what it is made of
kubernetes: "1.28"
charts:
  - name: operator   # acme 1.2.3
    version: 1.2.3
    repository: https://charts.acme.example
  # the platform
  - name: acme
    version: 1.2.3
    repository: https://charts.acme.example
    digest: sha256:%s

nestedCharts: []
""" % ("a" * 64)
REPOSITORY = "https://charts.acme.example"


def versions(text: str, *wanted: str) -> str:
    return str(edit.with_chart_versions(text, "acme", wanted, REPOSITORY))


def test_an_entry_that_goes_gives_its_place() -> None:
    digest = f"    digest: sha256:{'a' * 64}\n"
    expected = BASE.replace("acme\n    version: 1.2.3", "acme\n    version: 2.0.0")
    assert versions(BASE, "2.0.0") == expected.replace(digest, "")


def test_an_entry_more_and_one_less() -> None:
    both = versions(BASE, "1.2.3", "2.0.0")
    added = "  - name: acme\n    version: 2.0.0\n    repository: https://charts.acme.example\n"
    assert both == BASE.replace("\n\nnested", f"\n{added}\nnested")
    assert versions(both, "1.2.3", "2.0.0") == both
    assert versions(both, "1.2.3") == BASE
    assert versions(versions(both, "3.0.0"), "3.0.0") == versions(BASE, "3.0.0")


def test_the_charts_on_one_line() -> None:
    text = "charts: [{name: acme, version: 1.2.3, repository: https://charts.acme.example}]\n"
    assert versions(text, "2.0.0") == text.replace("1.2.3", "2.0.0")
    assert edit.with_chart_versions(text, "acme", ["1.2.3", "2.0.0"], REPOSITORY) is None


def test_the_last_line_without_an_end() -> None:
    text = BASE.partition("    digest")[0].rstrip("\n")
    assert versions(text, "1.2.3", "2.0.0").startswith(text + "\n  - name: acme\n")


def test_a_chart_that_stands_nowhere_yet() -> None:
    assert edit.with_chart_versions("charts: []\n", "acme", ["1.0.0"], REPOSITORY) is None


def test_what_an_operation_covers() -> None:
    assert edit.covers("/spec/chart", VERSION) == ("version",)
    assert edit.covers("/spec/chart/version", VERSION) == ()
    assert edit.covers("/spec/chart/url", VERSION) is None
    assert edit.covers("/spec/chart/version/x", VERSION) is None
