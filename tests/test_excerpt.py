"""Errors of configuration point at line and column, and show no credential."""

import json
import textwrap

import hypothesis.strategies as st
import pytest
from hypothesis import given

from builder.core.errors import Mark
from builder.excerpt import excerpt
from tests.conftest import REPOSITORY, Refused, Run
from tests.source import Source

TOKEN = "ghp_" + "x7Q2" * 9
KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"


def environment(source: Source, text: str) -> None:
    source.overlay("more", "resources: [../example]\n", textwrap.dedent(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("""\
         extends: example
         ingress:
           clas: nginx
         """,
         """\
         error: overlays/more/environment.yaml:3:3: unknown key 'ingress.clas': did you mean
           3 |   clas: nginx
             |   ^
         """),
        ("""\
         extends: example
         registry: {prefix: r.example.com, layout: strip}
         """,
         """\
         error: overlays/more/environment.yaml:2:43: registry.layout: "strip" is not one of
           2 | registry: {prefix: r.example.com, layout: strip}
             |                                           ^
         """),
        ("""\
         extends: example
         allow:
         - reference: x.example.com
         - reference: "a b c"
           reason: 5
           more: 1
         """,
         """\
         error: overlays/more/environment.yaml:3:3: allow.0: "reason" is a required property
           3 | - reference: x.example.com
             |   ^
         overlays/more/environment.yaml:5:11: allow.1.reason: 5 is not of type "string"
           5 |   reason: 5
             |           ^
         overlays/more/environment.yaml:6:3: unknown key 'allow.1.more': known are reason, reference
           6 |   more: 1
             |   ^
         """),
        ("""\
         extends: example
         ingress: {
           host: a b
         """,
         "error: overlays/more/environment.yaml:4:1: is not YAML: "),
        ("""\
         extends: example
         digests: yes
         """,
         """\
         error: overlays/more/environment.yaml:2:10: the bare value yes means one thing to kustomize
           2 | digests: yes
             |          ^
         hint: write "yes" for the text, or true or false
         """),
        ("""\
         extends: example
         extends: guide
         """,
         """\
         error: overlays/more/environment.yaml:2:1: the key 'extends' stands twice in one mapping
           2 | extends: guide
             | ^
         hint: keep one of the two
         """),
    ],
)  # fmt: skip
def test_a_place_and_its_line(source: Source, refused: Refused, text: str, said: str) -> None:
    environment(source, text)
    lines = refused("build", "more").splitlines()
    for wanted in textwrap.dedent(said).splitlines():
        assert any(line.startswith(wanted) for line in lines), "\n".join(lines)
    assert sum(" | " in line for line in lines) == said.count(" | ")


def test_the_documentation_shows_what_is_said(source: Source, refused: Refused) -> None:
    shown = (REPOSITORY / "docs" / "editors.md").read_text().partition("$ sealift build mine\n")[2]
    environment = "extends: example\nregistry:\n  prefix: r.example.com\n  layout: strip\n"
    source.overlay("mine", "resources: [../example]\n", environment)
    assert refused("build", "mine") == shown.partition("```")[0]


def test_an_entry_of_a_kustomization(source: Source, refused: Refused) -> None:
    source.overlay("more", "resources: [../example, nope.yaml]\n")
    assert refused("build", "more").startswith(
        "error: overlays/more/kustomization.yaml:1:25: there is no nope.yaml\n"
        "  1 | resources: [../example, nope.yaml]\n"
        "    |                         ^\n"
    )


def test_a_patch_in_a_file(source: Source, refused: Refused) -> None:
    source.overlay(
        "more",
        "resources: [../example]\npatches:\n- path: p.yaml\n  target: {kind: Deployment}\n",
    )
    source.write("overlays/more/p.yaml", "a: b\n")
    assert "error: overlays/more/p.yaml:1:1: is a strategic merge patch" in refused("build", "more")


def test_for_programs_line_and_column_and_no_excerpt(source: Source, run: Run) -> None:
    environment(source, "extends: example\nregistri: 1\npubish: 2\n")
    [record] = map(json.loads, run("build", "more", "--log-format", "json").err.splitlines())
    assert (record["line"], record["column"]) == (2, 1)
    assert record["where"] == "overlays/more/environment.yaml:2:1"
    assert [(one["line"], one["column"]) for one in record["others"]] == [(3, 1)]
    assert "|" not in json.dumps(record)


@pytest.mark.parametrize(
    "line",
    [
        f"publish: {{repository: https://bot:{TOKEN}@git.example.com/x.git, modus: x}}",
        f"token: {TOKEN}",
        "password: hunter2",
        "pasword: {password: hunter2}",
        f"unknown: {KEY}",
        "secretKey: [a, b",
    ],
)
def test_no_line_that_may_hold_a_credential(source: Source, refused: Refused, line: str) -> None:
    environment(source, f"extends: example\n{line}\n")
    said = refused("build", "more")
    assert " | " not in said
    for secret in (TOKEN, KEY, "hunter2"):
        assert secret not in said


@pytest.mark.parametrize(
    "above",
    ["password: |", "- name: DB_PASSWORD\n  value: >-", "password:", "- name: X_TOKEN\n  value:"],
)
def test_no_line_below_a_key_that_names_a_credential(above: str) -> None:
    text = f"a: 1\n{above}\n    hunter2hunter2\n"
    number = text.count("\n")
    assert excerpt(Mark(text=text, line=number, column=5)) == ""
    assert excerpt(Mark(text=text, line=1, column=4)) == "  1 | a: 1\n    |    ^"


@pytest.mark.parametrize(
    "text",
    [
        "kind: Secret\nstringData:\n  a: hunter2\n",
        "stringData:\n  a: hunter2\nkind: Secret\n",
        "stringData: {a: hunter2}\n",
        '{"kind": "Secret", "data": {"a": "hunter2"}}\n',
        "secretGenerator:\n- name: x\n  literals: [a=hunter2]\n",
        "env:\n- name: X_TOKEN\n  value: a\n  value: hunter2\n",
        "env:\n- {name: X_TOKEN, value: a, value: hunter2}\n",
    ],
)
def test_no_line_where_any_text_may_be_one(text: str) -> None:
    [number] = [n for n, line in enumerate(text.splitlines(), start=1) if "hunter2" in line]
    assert excerpt(Mark(text=text, line=number, column=3)) == ""


@given(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=300),
    st.integers(-1, 9),
    st.integers(1, 400),
)
def test_any_place_in_any_text(text: str, line: int, column: int) -> None:
    shown = excerpt(Mark(text=text, line=line, column=column))
    if shown:
        above, below = shown.split("\n")
        assert above.isprintable()
        assert below.strip(" |") == "^"
        assert len(above) < 120
        assert len(below) <= len(above) + 1
