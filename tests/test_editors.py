"""The schemas that editors get say what Sealift says."""

import json
import string
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import jsonschema_rs
import pytest
import yaml as plain
from hypothesis import given

from builder import editors
from builder.core import yaml
from builder.core.environment import Environment
from builder.core.errors import ConfigurationError
from builder.core.section import parse, schema
from builder.workspace import find_overlay
from tests.conftest import REPOSITORY, Run
from tests.source import Source

DOCUMENTS = {kind: editors.document(kind) for kind in editors.MODELS}
CHECKS = {kind: jsonschema_rs.Draft7Validator(made) for kind, made in DOCUMENTS.items()}
FILES = [
    (kind, path)
    for kind in editors.MODELS
    for path in sorted(REPOSITORY.glob(f"[!.]*/**/{kind}.yaml"))
    if not {"build", ".venv", ".tools"} & set(path.relative_to(REPOSITORY).parts)
]
FULL = {
    "base": "wandb",
    "kubernetes": "1.30",
    "registry": {
        "prefix": "r.example.com/m",
        "layout": "flat",
        "mappings": {"a/b": "c"},
        "mirrors": [{"prefix": "old.example.com"}],
    },
    "chartRepository": {"url": "https://charts.example.com", "credentialSecret": "s"},
    "ingress": {"host": "a.example.com", "class": "nginx", "tls": {"secret": "t"}},
    "allow": [{"reference": "https://x.example.com", "reason": "r"}],
    "secrets": {"form": "sops", "store": {"name": "n"}, "age": ["age1x"]},
    "publish": {"repository": "g.git", "signing": {"format": "ssh", "key": "k"}, "forge": {}},
    "sync": {"engine": "flux", "interval": "10m"},
}


def is_schema(document: Any) -> bool:
    return jsonschema_rs.Draft7Validator(
        {"$ref": "http://json-schema.org/draft-07/schema#"}
    ).is_valid(document)


@pytest.mark.parametrize("kind", editors.MODELS)
def test_it_is_a_schema_of_draft_7_and_says_what_each_key_is(kind: str) -> None:
    document = DOCUMENTS[kind]
    assert is_schema(document)
    for node in (document, *document["definitions"].values()):
        assert node["additionalProperties"] is False
        assert node["description"]
        for key, child in node["properties"].items():
            assert child.get("description", "")[:1] in string.ascii_uppercase + "`", (
                f"{kind}: {key}"
            )


@pytest.mark.parametrize(
    ("kind", "path"), FILES, ids=lambda v: str(v)[-40:] if isinstance(v, Path) else v
)
def test_every_file_in_the_repository_is_valid(kind: str, path: Path) -> None:
    value = yaml.load(path.read_text(), source=str(path))
    assert [error.message for error in CHECKS[kind].iter_errors(value)] == []


def test_there_are_files_of_both_kinds() -> None:
    assert {kind for kind, _ in FILES} == set(editors.MODELS)


@pytest.mark.parametrize(
    "text",
    [
        "kubernets: 1",
        "registry: {prefx: a}",
        "registry: {layout: round}",
        "ingress: {host: 'a b'}",
        "kubernetes: 1.30",
        "allow: [{reference: x.example.com}]",
        "publish: {mode: pull}",
        "registry: {mirrors: [{layout: flat}]}",
        "digests: 'yes'",
        "sync: null",
    ],
)
def test_what_is_refused_beside_extends_is_invalid(source: Source, text: str) -> None:
    source.overlay("more", "resources: [../example]\n", f"extends: example\n{text}\n")
    with pytest.raises(ConfigurationError):
        find_overlay(source.root, "more")
    assert not CHECKS["environment"].is_valid({"extends": "example", **plain.safe_load(text)})


@pytest.mark.parametrize(
    "text", ["registry: {layout: flat}", "publish: {branch: x}", "ingress: {class: x}", "{}"]
)
def test_what_the_extended_one_has_need_not_be_repeated(source: Source, text: str) -> None:
    source.overlay("more", "resources: [../example]\n", f"extends: example\n{text}\n".replace(
        "\n{}\n", "\n"))  # fmt: skip
    find_overlay(source.root, "more")
    assert CHECKS["environment"].is_valid({"extends": "example", **plain.safe_load(text)})


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        yield from places(child, (*path, key))


@given(st.data())
def test_they_agree_with_the_loader_about_any_environment_that_extends_none(
    data: st.DataObject,
) -> None:
    value = deepcopy(FULL)
    for _ in range(data.draw(st.integers(0, 2))):
        *above, last = data.draw(st.sampled_from(list(places(value))))
        holder: Any = value
        for key in above:
            holder = holder[key]
        action = data.draw(st.sampled_from(["drop", "set", "add"]))
        if action == "drop":
            del holder[last]
        elif action == "set":
            holder[last] = data.draw(st.sampled_from(["", "x", 1, None, [], {}, ["a"], True]))
        elif isinstance(holder, dict):
            holder[data.draw(st.sampled_from(["more", "name", "reason"]))] = "x"
    text = plain.safe_dump(value)
    try:
        parse(Environment, value, text, "environment.yaml")
    except ConfigurationError:
        accepted = False
    else:
        accepted = True
    assert CHECKS["environment"].is_valid(value) is accepted


def test_the_command_prints_and_writes_the_same(run: Run, tmp_path: Path) -> None:
    path = tmp_path / ".sealift" / "environment.schema.json"
    printed = run("schema", "environment")
    written = run("schema", "environment", "-o", str(path))
    assert printed == (0, path.read_text(), "")
    assert written == (0, f"written: {path}\n", "")
    assert json.loads(printed.out)["properties"].keys() == (
        schema(Environment)["$defs"]["Environment"]["properties"].keys()
    )


def test_an_unknown_file(run: Run) -> None:
    assert "'lock' is not one of 'environment', 'base'" in run("schema", "lock").err
