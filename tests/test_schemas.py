"""A build against the schemas of its kinds: what is said, and what is said not to be known."""

import importlib.machinery
import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from builder import schemas
from builder.build import build
from builder.core.findings import Finding
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.source import Source
from tests.test_expand import built

ENVIRONMENT = 'base: wandb\nkubernetes: "1.30"\nregistry: {prefix: registry.yourdomain.com}\n'
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"
BROKEN = MAP + "datas: {a: b}\n"
CUSTOM = "apiVersion: g.example/v1\nkind: App\nmetadata: {name: a}\nspec: {a: b}\n"


def environment(source: Source, text: str, version: str = "1.30") -> str:
    source.write("overlays/one/app.yaml", text)
    return source.overlay("one", "resources: [app.yaml]\n", ENVIRONMENT.replace("1.30", version))


def findings(source: Source, name: str = "one") -> list[Finding]:
    ours = ("unknown-field", "schema", "api-version", "not-checked")
    return [f for f in build(find_overlay(source.root, name)).findings if f.code in ours]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the package with the schemas away."""
    find_spec = importlib.util.find_spec

    def hidden(name: str, package: str | None = None) -> importlib.machinery.ModuleSpec | None:
        return None if name == schemas.PACKAGE else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", hidden)


def test_what_stands_in_git_with_an_unknown_field_does_not_ship(source: Source, run: Run) -> None:
    name = environment(source, BROKEN)
    result = run("build", name)
    assert result.code == 1
    assert "error: datas [unknown-field]" in result.out
    assert "place: ConfigMap/a /datas (overlays/one/app.yaml)" in result.out
    assert "next:  did you mean data?" in result.out


def test_what_a_chart_makes_with_an_unknown_field_ships_with_a_warning(
    source: Source, tmp_path: Path
) -> None:
    [finding] = [f for f in built(source, tmp_path / "c", BROKEN).findings if "datas" in f.place]
    assert (finding.code, finding.severity) == ("unknown-field", "warning")
    assert finding.place == "ConfigMap/a /datas (operator-wandb/templates/all.yaml)"


OLD = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("template", "severity"),
    [
        (OLD, "error"),
        ('{{ if .Capabilities.APIVersions.Has "policy/v1beta1" }}' + OLD + "{{ end }}", "warning"),
    ],
)
def test_a_chart_with_a_kind_that_is_not_served(
    source: Source, tmp_path: Path, template: str, severity: str
) -> None:
    """helm names each version that it ever knew; the controller asks the cluster."""
    found = built(source, tmp_path / "c", template).findings
    assert [f.severity for f in found if f.code == "api-version"] == [severity]


def test_what_a_chart_defines_is_what_its_resources_are_held_against(
    source: Source, tmp_path: Path
) -> None:
    definition = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: apps.g.example}\n"
        "spec:\n  group: g.example\n  scope: Namespaced\n"
        "  names: {kind: App, plural: apps}\n  versions:\n    - name: v1\n      served: true\n"
        "      storage: true\n      schema:\n        openAPIV3Schema:\n          type: object\n"
        "          properties: {spec: {type: object, properties: {b: {type: string}}}}\n"
    )
    found = built(source, tmp_path / "c", f"{definition}---\n{CUSTOM}").findings
    assert [f.place for f in found if f.code == "unknown-field"] == [
        "App/a /spec/a (operator-wandb/templates/all.yaml)"
    ]


def test_a_custom_resource_that_nothing_defines_is_told(source: Source, run: Run) -> None:
    name = environment(source, CUSTOM)
    [finding] = findings(source)
    assert (finding.code, finding.severity) == ("not-checked", "note")
    assert finding.cause == "nothing in the bundle defines App (g.example/v1)"
    assert "note: fields of 1 custom resource [not-checked]" in run("build", name).out


def test_the_example_has_nothing_that_was_not_checked(source: Source) -> None:
    assert findings(source, "example") == []


def test_without_the_package_a_build_says_what_it_did_not_check(
    source: Source, run: Run, without: None
) -> None:
    name = environment(source, BROKEN)
    result = run("build", name)
    assert "unknown-field" not in result.out
    assert "note: fields of 1 resource [not-checked]" in result.out
    assert "pip install 'sealift[schemas]'" in result.out
    [finding] = [
        f for f in json.loads(run("build", name, "--json").out)["findings"]
        if f["code"] == "not-checked"
    ]  # fmt: skip
    assert finding["severity"] == "note"


def test_without_the_package_custom_resources_are_held_against_their_definitions(
    source: Source, without: None
) -> None:
    source.edit("base/wandb/weightsandbiases.yaml", "  values:", "  valuess:")
    codes = [f.code for f in findings(source, "guide")]
    assert codes == ["unknown-field", "not-checked"]


@pytest.mark.parametrize("version", ["1.24", "1.99"])
def test_a_version_without_schemas_is_told_with_those_that_are_there(
    source: Source, version: str
) -> None:
    environment(source, BROKEN, version)
    [finding] = findings(source)
    assert finding.code == "not-checked"
    assert "1.25 to 1." in finding.cause


def test_the_package_is_read_and_not_run(source: Source) -> None:
    environment(source, MAP)
    assert findings(source) == []
    assert schemas.PACKAGE not in sys.modules


def test_schemas_that_cannot_be_read_are_an_error(
    source: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / schemas.PACKAGE / "kubernetes-json-schema/v1.30.0-local-strict"
    shutil.copytree(schemas.installed()["1.30"].parent, file, ignore=shutil.ignore_patterns("*-*"))
    (file / "_definitions.json").write_text('{"$defs": [')
    spec: Any = importlib.machinery.ModuleSpec(schemas.PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path / schemas.PACKAGE)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    result = run("build", environment(source, MAP))
    assert result.code == 3
    assert "the schemas of Kubernetes 1.30 cannot be read" in result.err
