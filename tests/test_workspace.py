"""Environments and bases: where they stand, and what is wrong with the files that name them."""

import shutil
from pathlib import Path

import pytest

from builder.bases import find_base
from builder.workspace import environments, find_overlay
from tests.conftest import Refused, Run
from tests.source import Source

ENVIRONMENT = "overlays/example/environment.yaml"


def test_all_environments(source: Source) -> None:
    source.overlay("another", "resources: [../example]\n")
    source.write("overlays/notes/README.md", "not an environment")
    assert environments(source.root) == ["another", "example", "guide"]


def test_an_environment_has_what_it_extends(source: Source) -> None:
    source.overlay(
        "more",
        "resources: [../example]\n",
        "extends: example\ningress: {host: more.example.com}\nallowedHosts: [a.example.com]\n",
    )
    environment = find_overlay(source.root, "more").environment
    assert environment.base == "wandb"
    assert environment.ingress.class_ == "traefik"
    assert environment.ingress.host == "more.example.com"
    assert environment.allowed_hosts == ("a.example.com",)


def test_an_environment_that_is_missing_is_named_with_the_nearest(
    source: Source, refused: Refused
) -> None:
    assert refused("build", "exampel") == (
        "error: there is no environment 'exampel': overlays/exampel is not a folder\n"
        "hint: did you mean 'example'?\n"
    )


def test_an_environment_far_from_all_gets_the_list(source: Source, refused: Refused) -> None:
    assert "there are: example, guide" in refused("build", "zzz")


def test_a_folder_that_is_no_source_repository(
    source: Source, refused: Refused, tmp_path: Path
) -> None:
    said = refused("build", "example", "--root", str(tmp_path / "home"))
    assert "run in the source repository, or name it with --root" in said


@pytest.mark.parametrize("name", ["", "..", ".", "../..", "/", "a\nb", "Example", "-x/y", "é"])
def test_a_name_that_is_none(source: Source, refused: Refused, name: str) -> None:
    refused("build", "--", name)


def test_the_folder_of_an_environment_without_its_file(source: Source, refused: Refused) -> None:
    source.path(ENVIRONMENT).unlink()
    assert "there is no file overlays/example/environment.yaml" in refused("build", "example")


def test_a_file_of_nearly_the_right_name_is_named(source: Source, refused: Refused) -> None:
    source.path(ENVIRONMENT).rename(source.path("overlays/example/environment.yml"))
    assert "did you mean environment.yml?" in refused("build", "example")


def test_a_folder_in_the_place_of_the_file(source: Source, refused: Refused) -> None:
    source.path(ENVIRONMENT).unlink()
    source.path(ENVIRONMENT).mkdir()
    assert "there is no file overlays/example/environment.yaml" in refused("build", "example")


def test_a_wrong_key_is_named_with_line_and_the_nearest(source: Source, refused: Refused) -> None:
    source.edit("overlays/guide/environment.yaml", "kubernetes:", "kubernets:")
    said = refused("build", "guide")
    assert "overlays/guide/environment.yaml:3:1: unknown key 'kubernets'" in said
    assert "did you mean 'kubernetes'?" in said


def test_all_problems_come_at_once_each_with_its_line(source: Source, refused: Refused) -> None:
    source.write(
        ENVIRONMENT,
        "extends: guide\n"
        "registry:\n"
        "  prefx: registry.example.com\n"
        "  layout: round\n"
        "ingress:\n"
        "  class: ''\n"
        "kubernetes: new\n",
    )
    said = refused("build", "example")
    assert "overlays/example/environment.yaml:3:3: unknown key 'registry.prefx'" in said
    assert "did you mean 'prefix'?" in said
    for line, key in (
        ("4:11", "registry.layout"),
        ("6:10", "ingress.class"),
        ("7:13", "kubernetes"),
    ):
        assert f"overlays/example/environment.yaml:{line}: {key}: " in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends: guide\n  x: y\n", "environment.yaml:2:4: is not YAML"),
        ("extends: guide\n\tx: y\n", "is not YAML"),
        ("extends: [guide", "is not YAML"),
        ("extends: guide\nextends: guide\n", ":2:1: the key 'extends' stands twice"),
        ("extends: guide\n---\nextends: guide\n", "holds more than one YAML document"),
        ("- extends: guide\n", "is not a mapping of settings"),
        ("", "is not a mapping of settings"),
        ("# only a comment\n", "is not a mapping of settings"),
        ("text\n", "is not a mapping of settings"),
        ("extends: example\n", "extends itself"),
        ("extends: ../guide\n", "extends: is not the name of an environment"),
        ("extends: 5\n", "extends: is not the name of an environment"),
        ("extends: nothing\n", "there is no file overlays/nothing/environment.yaml"),
        ("extends: guide\nkubernetes: 1.30\n", "kubernetes: 1.3 is not of type"),
        ("extends: guide\nregistry: null\n", "registry"),
        ("extends: guide\nallowedHosts: [no]\n", "the bare value no means one thing"),
        ("extends: guide\nx: !!python/object/apply:os.system [touch pwned]\n", "is not YAML"),
        ("extends: &a [*a]\n", "alias"),
    ],
)
def test_a_file_that_is_wrong(source: Source, refused: Refused, text: str, said: str) -> None:
    source.write(ENVIRONMENT, text)
    message = refused("build", "example")
    assert "overlays/" in message
    assert said in message


def test_a_file_that_is_no_text(source: Source, refused: Refused) -> None:
    source.path(ENVIRONMENT).write_bytes(b"extends: \xff\n")
    assert "environment.yaml: is not UTF-8 text: byte 9" in refused("build", "example")


def test_a_yaml_bomb_is_refused(source: Source, refused: Refused) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    source.write(ENVIRONMENT, f"extends: guide\n{bomb}")
    said = refused("build", "example")
    assert f"{ENVIRONMENT}: its aliases expand to more than 5,000,000 values" in said


@pytest.mark.parametrize("nest", ["[", "{a: ", "- "])
def test_yaml_that_nests_without_end_is_refused(
    source: Source, refused: Refused, nest: str
) -> None:
    source.write(ENVIRONMENT, f"extends: guide\nx:\n  {nest * 100_000}\n")
    assert f"{ENVIRONMENT}: nests deeper than 200 levels" in refused("build", "example")


def test_environments_that_extend_each_other(source: Source, refused: Refused) -> None:
    source.overlay("one", "resources: [../two]\n", "extends: two\n")
    source.overlay("two", "resources: [../one]\n", "extends: one\n")
    assert "extends itself" in refused("build", "one")


def test_extending_without_listing_it(source: Source, refused: Refused) -> None:
    source.overlay("more", "resources: [../../base/wandb]\n", "extends: guide\n")
    said = refused("build", "more")
    assert "overlays/more/kustomization.yaml:1:12: environment.yaml extends guide" in said
    assert "hint: add ../guide to resources" in said


def test_a_base_that_is_missing_is_named_with_the_nearest(source: Source, refused: Refused) -> None:
    source.edit("overlays/guide/environment.yaml", "base: wandb", "base: wandbb")
    said = refused("build", "example")
    assert "there is no base 'wandbb' under base/" in said
    assert "did you mean 'wandb'?" in said


@pytest.mark.parametrize("base", ["../outside", "/etc", "..", "a/b"])
def test_a_base_out_of_its_folder_is_refused(source: Source, refused: Refused, base: str) -> None:
    source.edit("overlays/guide/environment.yaml", "base: wandb", f"base: {base}")
    assert "base" in refused("build", "guide")


def test_a_base_without_its_file(source: Source, refused: Refused) -> None:
    source.path("base/wandb/base.yaml").unlink()
    assert "there is no file base/wandb/base.yaml" in refused("build", "example")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nestedCharts:", "nestedChart:", "did you mean 'nestedCharts'?"),
        ("version: 1.3.3", "version: latest", "charts.0.version"),
        ("https://charts.wandb.ai", "https://a:b@charts.wandb.ai", "repository"),
        ("https://charts.wandb.ai", "file:///charts", "repository"),
        ("chart: /spec/chart", "chart: spec.chart", "chart"),
        ("lists: concatenate", "lists: merge", "lists"),
    ],
)
def test_a_base_that_is_wrong(
    source: Source, refused: Refused, old: str, new: str, said: str
) -> None:
    source.edit("base/wandb/base.yaml", old, new)
    message = refused("build", "example")
    assert "base/wandb/base.yaml:" in message
    assert said in message


@pytest.mark.parametrize(
    "text", ["charts: [{name: operator}]\n", "- a\n", "charts: [\n", "chart: []\n", "text\n"]
)
def test_a_lock_of_charts_that_is_wrong(source: Source, refused: Refused, text: str) -> None:
    source.write("base/wandb/charts.lock.yaml", text)
    assert "base/wandb/charts.lock.yaml" in refused("build", "example")


def test_a_chart_of_another_digest_than_the_base_names(source: Source, refused: Refused) -> None:
    digest = "sha256:" + "0" * 64
    source.edit("base/wandb/base.yaml", "version: 1.3.3", f"version: 1.3.3\n    digest: {digest}")
    said = refused("build", "example")
    assert f"but base/wandb/base.yaml has {digest}" in said


def test_the_base_of_a_name(source: Source, run: Run) -> None:
    base = find_base(source.root, "wandb")
    assert base.folder == source.path("base/wandb").resolve()
    assert {chart.name for chart in base.lock.charts} == {"operator", "operator-wandb"}


def test_a_repository_below_a_link(source: Source, run: Run, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(source.root)
    assert run("build", "example", "--check", "--root", str(tmp_path / "link")).code == 0


def test_a_repository_with_spaces_and_letters(source: Source, run: Run, tmp_path: Path) -> None:
    copy = shutil.copytree(source.root, tmp_path / "ein Ordner, süß & $HOME")
    assert run("build", "example", "--check", "--root", str(copy)).code == 0
