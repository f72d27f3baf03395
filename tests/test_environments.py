"""``sealift environment list`` and ``add``."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from builder.build import build
from builder.workspace import find_overlay
from tests.conftest import REPOSITORY, Refused, Run
from tests.environment_site import at, platform, source
from tests.source import Source, snapshot

__all__ = ["platform", "source"]
CI = ".gitea/workflows/sealift.yml"


# The list


def test_the_list(source: Source, run: Run) -> None:
    result = run("environment", "list", *at(source))
    assert (result.code, result.err) == (0, "")
    rows = [line.split() for line in result.out.splitlines()]
    assert rows == [
        ["ENVIRONMENT", "BASE", "CHARTS", "KUBERNETES", "REGISTRY"],
        ["prod", "wandb", "operator-wandb", "0.28.0", "1.30", "registry.corp.example/mirror"],
        ["staging", "wandb", "operator-wandb", "0.28.0", "1.30", "staging.corp.example:5000/m"],
    ]
    assert run("environment", "list", "-o", "list", *at(source)).out == "prod\nstaging\n"


def test_what_is_published(source: Source, run: Run) -> None:
    assert run("publish", "prod", *at(source)).code == 0
    result = run("environment", "list", "--published", "-o", "json", *at(source))
    found = {one["name"]: one["published"] for one in json.loads(result.out)["environments"]}
    assert found["staging"] == "not yet"
    assert found["prod"].startswith("operator-wandb 0.28.0, at ")


def test_one_that_cannot_be_read(source: Source, run: Run) -> None:
    source.edit("overlays/staging/environment.yaml", "base: wandb", "base: wandbb")
    result = run("environment", "list", *at(source))
    assert result.code == 1
    assert "staging" in result.out
    assert "prod  " in result.out
    assert "error: staging: " in result.err


def test_a_folder_without_any(tmp_path: Path, refused: Refused) -> None:
    assert "sealift init" in refused("environment", "list", "--root", str(tmp_path))


# One more


def test_like_another_one(source: Source) -> None:
    """What differs is what was given; CI and README name both."""
    before, after = (
        source.read(f"overlays/{name}/environment.yaml") for name in ("prod", "staging")
    )
    changed = [
        (old, new)
        for old, new in zip(before.splitlines(), after.splitlines(), strict=True)
        if old != new
    ]
    assert changed == [
        ("  prefix: registry.corp.example/mirror", "  prefix: staging.corp.example:5000/m"),
        ("  host: wandb.corp.example", "  host: staging.corp.example"),
    ]
    assert source.read(CI).count("[prod, staging]") == 3
    assert "prod, staging" in source.read("README.md")
    assert build(find_overlay(source.root, "staging")).ships


def test_changes_of_people_come_along(source: Source, run: Run) -> None:
    source.edit("overlays/prod/environment.yaml", "pins:", "digests: false\npins:")
    source.edit("overlays/prod/kustomization.yaml", "patches:\n", "patches:\n  - path: mine.yaml\n")
    source.write("overlays/prod/mine.yaml", "[]\n")
    result = run("environment", "add", "third", "--from", "prod", "--engine", "none", *at(source))
    assert result.code == 0, result.err
    assert "digests: false" in source.read("overlays/third/environment.yaml")
    assert "sync" not in yaml.safe_load(source.read("overlays/third/environment.yaml"))
    assert source.read("overlays/third/mine.yaml") == "[]\n"
    kustomization = yaml.safe_load(source.read("overlays/third/kustomization.yaml"))
    assert "transformers" not in kustomization
    assert kustomization["patches"][0] == {"path": "mine.yaml"}
    assert not (source.root / "overlays/third/patches/airgap.yaml").exists()


def test_lines_that_people_changed_and_that_are_to_differ(source: Source, refused: Refused) -> None:
    source.edit("overlays/prod/environment.yaml", "registry.corp.example/mirror", "other.corp/m")
    before = snapshot(source.root)
    said = refused("environment", "add", "third", "--from", "prod", "--registry", "third.corp/m",
                   *at(source))  # fmt: skip
    assert "overlays/prod/environment.yaml: was changed by hand" in said
    assert snapshot(source.root) == before


def test_built_on_another_one(source: Source, run: Run) -> None:
    argv = ["environment", "add", "child", "--extends", "prod", "--host", "child.corp.example"]
    assert run(*argv, *at(source)).code == 0
    assert yaml.safe_load(source.read("overlays/child/environment.yaml")) == {
        "extends": "prod",
        "ingress": {"host": "child.corp.example"},
    }
    assert run("airgap", "child", *at(source)).code == 0
    built = build(find_overlay(source.root, "child"))
    assert built.ships
    [platform] = [r for r in built.resources if r.id.kind == "WeightsAndBiases"]
    assert platform.body["spec"]["values"]["global"]["host"] == "https://child.corp.example"


def test_in_a_repository_that_was_made_by_hand(tmp_path: Path, run: Run) -> None:
    shutil.copytree(REPOSITORY / "overlays", tmp_path / "overlays")
    shutil.copytree(
        REPOSITORY / "base", tmp_path / "base", ignore=shutil.ignore_patterns("charts*")
    )
    own = Source(tmp_path)
    result = run("environment", "add", "mine", "--from", "example", "--engine", "argocd",
                 "--host", "mine.yourdomain.com", *at(own))  # fmt: skip
    assert result.code == 0, result.err
    assert "note: example was not made by `sealift init`" in result.err
    settings = yaml.safe_load(own.read("overlays/mine/environment.yaml"))
    assert settings["registry"]["prefix"] == "registry.yourdomain.com"
    assert settings["ingress"] == {"host": "mine.yourdomain.com", "class": "traefik"}
    assert not (tmp_path / ".sealift").exists()


@pytest.mark.parametrize(
    ("argv", "what"),
    [
        (["prod", "--yes"], "there is an environment prod already"),
        (["Third"], "is not the name of an environment"),
        (["third", "--from", "prd"], "did you mean 'prod'?"),
        (["third", "--from", "prod", "--extends", "prod"], "choose one"),
        (["third", "--yes"], "nothing says --registry"),
        (["third", "--extends", "prod", "--host", "https://x"], "is not a host"),
        (["third", "--from", "prod", "--kubernetes", "1.2"], "needs Kubernetes"),
    ],
)
def test_what_cannot_be_added(source: Source, refused: Refused, argv: list[str], what: str) -> None:
    before = snapshot(source.root)
    assert what in refused("environment", "add", *argv, *at(source))
    assert snapshot(source.root) == before
