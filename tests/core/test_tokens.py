import pytest

from builder.core.tokens import Tokens, Variable, scalar, shape, tag_shape

T = "slz00001z"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("web", T),
        ("acme/web", f"{T}/{T}"),
        ("quay.io", f"{T}.example"),
        ("quay.io/acme/web", f"{T}.example/{T}/{T}"),
        ("localhost:5000", f"{T}.example"),
        ("r.acme.example:5000/a/b", f"{T}.example/{T}/{T}"),
        ("quay.io/acme/", f"{T}.example/{T}/"),
        ("/web", f"/{T}"),
        ("acme/web:1.2.3", f"{T}/{T}:1.2.3"),
        ("web:latest", f"{T}:latest"),
        (f"acme/web@sha256:{'a' * 64}", f"{T}/{T}@sha256:{'a' * 64}"),
        (f"acme/web:1@sha256:{'a' * 64}", f"{T}/{T}:1@sha256:{'a' * 64}"),
        ("https://mail.acme.example/send", f"https://{T}.example/{T}"),
        ("oci://quay.io/acme", f"oci://{T}.example/{T}"),
        ("{{ .Values.hub }}/web", T),
        ("", T),
    ],
)
def test_a_token_keeps_the_shape_of_a_name(value: str, expected: str) -> None:
    assert shape(value, T) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1.2.3", f"1.2.3-{T}"),
        ("v1.2.3", f"v1.2.3-{T}"),
        ("latest", T),
        ("7", T),
        (f"sha256:{'a' * 64}", f"sha256:{T}"),
    ],
)
def test_a_token_keeps_the_shape_of_a_tag(value: str, expected: str) -> None:
    assert tag_shape(value, T) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "a"), (7, "7"), (1.5, "1.5"), (True, ""), (None, ""), ([], ""), ({}, "")],
)
def test_what_a_template_prints(value: object, expected: str) -> None:
    assert scalar(value) == expected


VALUES = {"image": {"registry": "quay.io", "name": "acme/web"}, "hub": "quay.io/acme/"}
REGISTRY, NAME, HUB = ("image", "registry"), ("image", "name"), ("hub",)


@pytest.mark.parametrize(
    ("text", "pieces", "paths"),
    [
        (
            "slz00000z.example/slz00001z/slz00001z:1.2.3",
            (Variable(path=REGISTRY), "/", Variable(path=NAME), ":1.2.3"),
            (REGISTRY, NAME),
        ),
        ("slz00002z.example/slz00002z/web:1", (Variable(path=HUB), "web:1"), (HUB,)),
        ("docker.io/acme/web:1", ("docker.io/acme/web:1",), ()),
        # A part of a token's shape: the template took the value apart.
        ("docker.io/slz00001z:1", (), (NAME,)),
        ("slz00000z.example/slz00000z.example/x", (Variable(path=REGISTRY), "/",
         Variable(path=REGISTRY), "/x"), (REGISTRY,)),
        # A token that a chart made up.
        ("slz99999z/web", ("slz99999z/web",), ()),
    ],
)  # fmt: skip
def test_a_reference_is_taken_apart(
    text: str, pieces: tuple[object, ...], paths: tuple[tuple[str, ...], ...]
) -> None:
    tokens = Tokens(VALUES, [REGISTRY, NAME, HUB])
    assert tokens.pieces(text) == (pieces, paths)


def test_tokens_are_unique() -> None:
    tokens = Tokens(VALUES, [REGISTRY, NAME, HUB])
    assert len(set(tokens.assignments.values())) == 3
    assert tokens.without([HUB]).keys() == {REGISTRY, NAME}
