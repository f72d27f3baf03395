from typing import Any

import pytest

from builder.core import trace
from builder.core.overrides import Path
from builder.core.references import Reference
from builder.core.tokens import Tokens, Variable
from tests.core.samples import reference, traced

WEB = reference("quay.io/acme/web:1.2.3")


def names(values: dict[str, Any], *references: Reference) -> list[str]:
    return ["/".join(p) for p in trace.name_candidates(values, references or (WEB,))]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("quay.io", True),
        ("acme/web", True),
        ("quay.io/acme", True),
        ("quay.io/acme/", True),
        ("quay.io/acme/web", True),
        ("quay.io/acme/web:1.2.3", True),
        ("acme", False),  # a bare word may be there by chance
        ("uay.io", False),
        ("quay.io/ac", False),
        ("ghcr.io", False),
        ("{{ .Values.hub }}/web", False),
        ("", False),
        ("/", False),
    ],
)
def test_values_that_stand_in_an_image(value: str, found: bool) -> None:
    assert names({"thing": value}) == (["thing"] if found else [])


@pytest.mark.parametrize("key", ["image", "imageName", "repository", "hub", "registry", "prefix"])
def test_a_bare_word_counts_where_its_key_tells(key: str) -> None:
    assert names({key: "web", "other": "web"}) == [key]


def test_a_tag_is_no_name() -> None:
    assert names({"image": {"tag": "1.2.3", "repository": "acme/web"}}) == ["image/repository"]


def test_values_that_could_be_a_piece() -> None:
    values = {
        "image": {"repository": "other", "tag": "1"},
        "text": "two words/x",
        "path": "/data/x",
        "made": "{{ .Values.hub }}/x",
        "word": "x",
        "empty": "",
    }
    found = ["/".join(p) for p in trace.wide_candidates(values)]
    assert found == ["image/repository", "path", "made"]


def test_empty_values_the_charts_own_before_globals() -> None:
    values = {
        "global": {"imageRegistry": ""},
        "image": {"registry": None, "override": "", "tag": ""},
        "a": {"b": {"registry": ""}},
        "name": "",
    }
    own, above = trace.empty_candidates(values)
    assert own == [("a", "b", "registry"), ("image", "override"), ("image", "registry")]
    assert above == [("global", "imageRegistry")]


def test_values_that_only_templates_know() -> None:
    files = {
        "templates/web.yaml": b"{{ .Values.imageHub }} {{ .Values.known.registry }} {{ .Values.x}}",
        "templates/_helpers.tpl": b"{{ .Values.global.imageRegistry }}",
        "README.md": b".Values.other.registry",
    }
    values = {"known": {"registry": "x"}}
    below = reference("x", template="app/charts/sub/templates/x.yaml")
    assert trace.absent_candidates(values, files, [WEB]) == [
        ("global", "imageRegistry"),
        ("imageHub",),
    ]
    assert trace.absent_candidates(values, files, [below]) == [
        ("global", "imageRegistry"),
        ("sub", "imageHub"),
        ("sub", "known", "registry"),
    ]


def test_values_that_are_the_tag_numbers_too() -> None:
    values = {"a": "latest", "b": {"tag": 7}, "c": 1.5, "d": True, "e": ["latest"]}
    wanted = [reference("web:latest"), reference("job:7"), reference("x:1.5")]
    assert trace.tag_candidates(values, wanted) == [("a",), ("b", "tag"), ("c",), ("e", "0")]


def test_empty_tags_beside_what_makes_an_image() -> None:
    values = {
        "image": {"repository": "x", "tag": "", "digest": None},
        "other": {"tag": ""},
        "web": {"version": "", "image": {"name": "y"}},
    }
    made = [traced("x", ("image", "repository")), traced("y", ("web", "image", "name"))]
    assert trace.empty_tags(values, made) == (
        [("image", "tag"), ("web", "version")],
        [("image", "digest")],
    )


@pytest.mark.parametrize(
    ("piece", "text", "expected"),
    [
        ("acme", "quay.io/acme/web", True),
        ("acme", "quay.io/acme-web", False),
        ("web", "web-web/web", True),
        ("quay.io", "quay.io", True),
        ("/web", "acme/web", True),
        ("1.2", "web:1.2", True),
        ("1.2", "web:1.2.3", False),
    ],
)
def test_alignment(piece: str, text: str, expected: bool) -> None:
    assert trace.aligned(piece, text) == expected


def test_references_of_one_place_are_numbered() -> None:
    one, two = reference("a", "data", "x"), reference("b", "data", "x")
    keys = list(trace.key_of([one, two]))
    assert [number for _, _, number in keys] == [0, 1]


VALUES = {"one": "quay.io/a", "two": "quay.io/a", "other": "ghcr.io/b"}
PATHS: list[Path] = [("one",), ("two",), ("other",)]
ONE, TWO, OTHER = (f"slz0000{n}z.example/slz0000{n}z" for n in range(3))


def read(plain: list[Reference], rendered: list[Reference]) -> list[tuple[object, ...]]:
    found = trace.read(plain, rendered, Tokens(VALUES, PATHS), VALUES)
    return [t.pieces for t in found]


def test_references_are_paired_by_their_place() -> None:
    found = read([reference("quay.io/a:1")], [reference(f"{ONE}:1")])
    assert found == [(Variable(path=("one",)), ":1")]


def test_a_reference_without_a_partner_has_no_pieces() -> None:
    assert read([reference("quay.io/a:1", "x")], [reference(f"{ONE}:1", "y", "z")]) == [()]


def test_a_resource_whose_name_changed_is_known_by_its_template() -> None:
    from builder.core.manifests import ResourceId

    renamed = ResourceId(group="", kind="Pod", namespace="", name="slz00000z")
    found = read([reference("quay.io/a:1")], [reference(f"{ONE}:1", resource=renamed)])
    assert found == [(Variable(path=("one",)), ":1")]


def test_tokens_tell_apart_what_was_one_reference_of_a_text() -> None:
    plain = [reference("quay.io/a:1", "data"), reference("ghcr.io/b:2", "data")]
    rendered = [
        reference(f"{ONE}:1", "data"),
        reference(f"{TWO}:1", "data"),
        reference(f"{OTHER}:2", "data"),
    ]
    assert read(plain, rendered) == [
        (Variable(path=("one",)), ":1"),
        (Variable(path=("other",)), ":2"),
    ]


SAME = {
    "image": {"registry": "quay.io", "repository": "acme/web"},
    "volume": {"image": {"registry": "quay.io"}},
    "sub": {"image": {"registry": "quay.io"}},
}
REGISTRIES = [("image", "registry"), ("volume", "image", "registry"), ("sub", "image", "registry")]


def test_a_guess_takes_the_value_that_reads_like_the_piece() -> None:
    literal = traced("quay.io/acme/web:1.2.3", "quay.io/acme/web:1.2.3")
    found = trace.guessed(literal, SAME, [*REGISTRIES, ("image", "repository")])
    assert found.pieces == (
        Variable(path=("image", "registry")),
        "/",
        Variable(path=("image", "repository")),
        ":1.2.3",
    )


def test_a_guess_takes_the_value_of_the_templates_own_chart() -> None:
    template = "app/charts/sub/templates/x.yaml"
    literal = traced("quay.io/x:1", "quay.io/x:1", template=template)
    found = trace.guessed(literal, SAME, REGISTRIES)
    assert found.pieces == (Variable(path=("sub", "image", "registry")), "/x:1")


def test_a_guess_among_equals_is_none() -> None:
    literal = traced("quay.io/x:1", "quay.io/x:1")
    assert trace.guessed(literal, SAME, REGISTRIES) == literal
