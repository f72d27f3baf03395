"""A statement names its bundle and no other."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core import provenance
from builder.core.errors import ConfigurationError
from builder.core.lock import Lock, LockedChart, LockedImage

CHART = LockedChart(
    name="c", version="1", sha256=f"sha256:{'a' * 64}", repository="oci://r/c", used_by=()
)
IMAGE = LockedImage(image=f"r.example.com/a@sha256:{'b' * 64}", digest="", used_by=())
LOCK = Lock(
    lock_version=1,
    environment="env",
    kubernetes="1.30",
    charts=(CHART,),
    images=(IMAGE,),
    nested=(),
)
trees = st.dictionaries(
    st.sampled_from(["a", "b.yaml", "env/a", "d/e/f"]), st.binary(max_size=3), max_size=4
)


def stated(files: dict[str, bytes]) -> str:
    return provenance.statement(
        files, LOCK, source="c" * 40, parameters={"environment": "env"}, versions={"sealift": "0"}
    )


@given(trees, trees)
def test_two_trees_hold_against_one_statement_only_when_they_are_one(
    files: dict[str, bytes], others: dict[str, bytes]
) -> None:
    found = provenance.compare(stated(files), others, place="s")
    assert (found == []) is (files == others)
    differ = {path for path in files.keys() | others.keys() if files.get(path) != others.get(path)}
    assert {finding.subject for finding in found} == differ


def test_dependencies_have_the_digests_that_are_known() -> None:
    definition = json.loads(stated({}))["predicate"]["buildDefinition"]
    assert definition["resolvedDependencies"] == [
        {"name": "source", "digest": {"gitCommit": "c" * 40}},
        {"name": "chart c-1", "uri": "oci://r/c", "digest": {"sha256": "a" * 64}},
        {"name": f"image {IMAGE.image}", "uri": f"docker://{IMAGE.image}"},
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("predicateType", "https://slsa.dev/provenance/v0.2"),
        ("_type", "https://in-toto.io/Statement/v0.1"),
        ("subject", []),
        ("subject", "x"),
        ("predicate", {"buildDefinition": {"buildType": "https://example.com/other"}}),
    ],
)
def test_a_statement_of_another_kind_is_refused(key: str, value: object) -> None:
    text = json.dumps(json.loads(stated({"a": b""})) | {key: value})
    with pytest.raises(ConfigurationError):
        provenance.compare(text, {"a": b""}, place="s")


def test_what_is_nested_too_deeply_is_no_statement() -> None:
    with pytest.raises(ConfigurationError, match="is not an in-toto statement"):
        provenance.compare("[" * 200_000, {}, place="s")


def test_a_file_that_is_named_twice_is_refused() -> None:
    statement = json.loads(stated({"a": b"1"}))
    statement["subject"].append({"name": "env/a", "digest": {"sha256": "0" * 64}})
    with pytest.raises(ConfigurationError):
        provenance.compare(json.dumps(statement), {"a": b"1"}, place="s")
