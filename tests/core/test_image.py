"""Image names read as container runtimes read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core.image import ImageName, parse

DIGEST = "sha256:" + "a" * 64

PART = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
NAMES = st.builds(
    ImageName,
    registry=st.sampled_from(
        ["docker.io", "r.io", "r.io:5000", "localhost", "localhost:5000", "x:5000", "10.0.0.1"]
    ),
    repository=st.lists(PART, min_size=2, max_size=4).map("/".join),
    tag=st.just("") | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True),
    digest=st.sampled_from(["", DIGEST]),
)  # fmt: skip


@given(NAMES)
def test_a_name_that_is_written_is_read_back(name: ImageName) -> None:
    assert parse(str(name)) == name


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("busybox", "docker.io", "library/busybox", "", ""),
        ("busybox:1.36", "docker.io", "library/busybox", "1.36", ""),
        ("wandb/local", "docker.io", "wandb/local", "", ""),
        ("docker.io/busybox", "docker.io", "library/busybox", "", ""),
        ("index.docker.io/a/b:1", "docker.io", "a/b", "1", ""),
        ("quay.io/a/b:v1", "quay.io", "a/b", "v1", ""),
        ("r.io:5000/a", "r.io:5000", "a", "", ""),
        ("localhost/a:1", "localhost", "a", "1", ""),
        ("x:5000/a", "x:5000", "a", "", ""),
        ("x/a/b", "docker.io", "x/a/b", "", ""),
        ("x:5000", "docker.io", "library/x", "5000", ""),
        ("[::1]:5000/a", "[::1]:5000", "a", "", ""),
        ("r.io/a/b/c/d:1", "r.io", "a/b/c/d", "1", ""),
        (f"r.io/a@{DIGEST}", "r.io", "a", "", DIGEST),
        (f"r.io/a:1@{DIGEST}", "r.io", "a", "1", DIGEST),
        ("a__b/c--d.e_f", "docker.io", "a__b/c--d.e_f", "", ""),
    ],
)
def test_parts(text: str, registry: str, repository: str, tag: str, digest: str) -> None:
    assert parse(text) == ImageName(
        registry=registry, repository=repository, tag=tag, digest=digest
    )


@pytest.mark.parametrize(
    "text",
    ["", " ", "A", "a/B", "Org/a", "a b", "a:", ":1", "a:b:c", "/a", "a/", "a//b", "a..b", "a___b",
     "-a", "a-", "a@sha256:abc", "a@", f"a@{DIGEST}x:1", "https://r.io/a", "{{ x }}", "$(X)/a:1",
     "a:" + "x" * 129, "r.io/" + "a" * 600, "a\n", "a:1\n", "ä"],
    ids=lambda text: repr(text)[:20],
)  # fmt: skip
def test_what_is_no_name(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "floating"),
    [("a", True), ("a:latest", True), ("a:1", False), (f"a@{DIGEST}", False),
     (f"a:latest@{DIGEST}", False)],
)  # fmt: skip
def test_floating(text: str, floating: bool) -> None:
    name = parse(text)
    assert name is not None
    assert name.floating is floating


@pytest.mark.parametrize(
    ("text", "host"),
    [("a", "docker.io"), ("r.io/a", "r.io"), ("r.io:5000/a", "r.io"), ("[::1]:5000/a", "[::1]"),
     ("[::1]/a", "[::1]")],
)  # fmt: skip
def test_the_host_has_no_port(text: str, host: str) -> None:
    name = parse(text)
    assert name is not None
    assert name.host == host


def test_a_pinned_name_keeps_its_tag() -> None:
    name = parse("r.io/a:1")
    assert name is not None
    assert str(name.with_digest(DIGEST)) == f"r.io/a:1@{DIGEST}"
