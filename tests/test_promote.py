"""``sealift environment promote``: what one environment runs, in another."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from builder.build import build
from builder.closure import closure
from builder.core import images_lock
from builder.core.images_lock import ImagesLock, SourcedImage
from builder.core.pins_edit import with_pins
from builder.files import write_text
from builder.workspace import find_overlay
from tests import upgrades
from tests.conftest import Refused, Run
from tests.environment_site import at, platform, source
from tests.servers.gitea import Gitea
from tests.source import Source, snapshot
from tests.test_pull_request import SCOPES, server

__all__ = ["platform", "server", "source"]
NEXT = "0.29.0"


def upgraded(source: Source, run: Run) -> None:
    """Let staging run another version, of chart and server."""
    charts = upgrades.folder(source.root.parent, v0_29_0={})
    source.edit("overlays/staging/environment.yaml", "0.59.2", "0.60.0")
    argv = ["upgrade", "staging", "--chart-version", NEXT, "--from", str(charts)]
    result = run(*argv, *at(source))
    assert result.code == 0, result.err


def versions(source: Source, run: Run) -> dict[str, str]:
    result = run("environment", "list", "-o", "json", *at(source))
    found = json.loads(result.out)["environments"]
    return {one["name"]: one["charts"][0]["version"] for one in found}


def test_versions_and_pins(source: Source, run: Run) -> None:
    upgraded(source, run)
    before = snapshot(source.root)
    dry = run("environment", "promote", "staging", "prod", "--dry-run", *at(source))
    assert dry.code == 0
    assert f"chart operator-wandb 0.28.0 → {NEXT}" in dry.out
    assert "pin wandb/local 0.59.2 → 0.60.0" in dry.out
    assert dry.out.endswith("nothing was written\n")
    assert snapshot(source.root) == before
    done = run("environment", "promote", "staging", "prod", "-o", "json", *at(source))
    told = json.loads(done.out)
    assert (done.code, told["ships"], told["written"]) == (0, True, True)
    assert versions(source, run) == {"prod": NEXT, "staging": NEXT}
    text = source.read("overlays/prod/environment.yaml")
    assert "# For images that name no version" in text
    assert "wandb.corp.example" in text
    assert "registry.corp.example/mirror" in source.read("overlays/prod/patches/airgap.yaml")
    for name in ("prod", "staging"):
        assert run("airgap", name, "--check", *at(source)).code == 0
    again = run("environment", "promote", "staging", "prod", *at(source))
    assert "nothing to do, charts, pins and digests are the same already" in again.out


def locked(source: Source, name: str, digit: str) -> ImagesLock:
    """Write a lock, as if registries had said so."""
    overlay = find_overlay(source.root, name)
    images = [
        SourcedImage(
            image=wanted.image, source=wanted.source, digest=f"sha256:{digit * 64}",
            media_type="application/vnd.oci.image.index.v1+json", size=1,
        )
        for wanted in closure(build(overlay))
    ]  # fmt: skip
    lock = ImagesLock(lock_version=images_lock.VERSION, images=tuple(images))
    write_text(overlay.folder / images_lock.FILE, images_lock.dump(lock))
    return lock


def test_digests_go_along_under_the_names_of_the_other_registry(source: Source, run: Run) -> None:
    there = locked(source, "staging", "a")
    source.edit("overlays/prod/environment.yaml", "pins:", "digests: true\npins:")
    result = run("environment", "promote", "staging", "prod", *at(source))
    assert result.code == 0, result.err
    assert f"{len(there.images)} images by the digests of staging" in result.out
    lock = images_lock.load(source.read(f"overlays/prod/{images_lock.FILE}"))
    assert [(e.source, e.digest) for e in lock.images] == [
        (e.source, e.digest) for e in there.images
    ]
    assert all(e.image.startswith("registry.corp.example/mirror/") for e in lock.images)
    assert "@sha256:aaaa" in source.read("overlays/prod/patches/airgap.yaml")
    assert build(find_overlay(source.root, "prod")).ships


def test_an_image_that_is_not_locked_there(source: Source, run: Run) -> None:
    locked(source, "staging", "a")
    mine = "- op: replace\n  path: /spec/values/console/image/tag\n  value: 9.9.9\n"
    path = source.path("overlays/prod/patches/settings.yaml")
    path.write_text(path.read_text() + mine)
    assert run("airgap", "prod", *at(source)).code == 0
    result = run("environment", "promote", "staging", "prod", *at(source))
    assert result.code == 1
    assert (
        "only here, so images.lock.yaml stays as it is: docker.io/wandb/console:9.9.9" in result.out
    )
    assert "nothing was written" in result.out
    assert not source.path(f"overlays/prod/{images_lock.FILE}").exists()


def test_what_does_not_render_there_is_not_written(source: Source, run: Run) -> None:
    charts = upgrades.folder(
        source.root.parent,
        v0_29_0={"Chart.yaml": {">=1.25.0-0": ">=1.31.0-0"}},
    )
    source.edit("overlays/staging/environment.yaml", '"1.30"', '"1.32"')
    argv = ["upgrade", "staging", "--chart-version", NEXT, "--from", str(charts)]
    assert run(*argv, *at(source)).code == 0
    before = snapshot(source.root)
    result = run("environment", "promote", "staging", "prod", *at(source))
    assert result.code == 1
    assert "does not go" in result.out
    assert "1.31" in result.err
    assert snapshot(source.root) == before


def test_what_cannot_be_promoted(source: Source, run: Run, refused: Refused) -> None:
    assert "to itself" in refused("environment", "promote", "prod", "prod", *at(source))
    source.edit("overlays/staging/environment.yaml", "0.59.2", "0.60.0")
    said = refused("environment", "promote", "staging", "prod", *at(source))
    assert "the patches of staging are not those of its sources" in said
    assert run("environment", "add", "child", "--extends", "prod", *at(source)).code == 0
    said = refused("environment", "promote", "prod", "child", *at(source))
    assert "child is built on prod: it moves along with it" in said


@contextmanager
def pushed(source: Source, desk: Gitea, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Have the sources in a repository on a forge, checked out; yield the project."""
    user = desk.user()
    token = desk.token_of(user, *SCOPES)
    project = desk.repository(user[0])
    for name, value in (("HOST", desk.url), ("USERNAME", user[0]), ("PASSWORD", token)):
        monkeypatch.setenv(f"SEALIFT_GIT_{name}", value)
    url = f"{desk.url}/{project}.git"
    with_login = url.replace("://", f"://{user[0]}:{token}@")
    for argv in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        ["-c", "user.name=me", "-c", "user.email=me@corp.example", "commit", "-qm", "Sources"],
        ["remote", "add", "origin", url],
        ["push", "--quiet", "--force", with_login, "HEAD:main"],
    ):
        subprocess.run(["git", "-C", str(source.root), *argv], check=True, capture_output=True)
    yield project


def test_a_pull_request_of_the_sources(
    source: Source, run: Run, server: Gitea, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgraded(source, run)
    with pushed(source, server, monkeypatch) as project:
        before = snapshot(source.root)
        argv = ["environment", "promote", "staging", "prod", "--pull-request", *at(source)]
        first = run(*argv)
        assert first.code == 0, first.err
        assert "pull request opened: " in first.out
        assert {k: v for k, v in snapshot(source.root).items() if not k.startswith(".git/")} == {
            k: v for k, v in before.items() if not k.startswith(".git/")
        }
        [request] = server.api("GET", f"/repos/{project}/pulls?state=open")
        assert request["title"] == "Promote staging to prod"
        assert f"chart operator-wandb 0.28.0 → {NEXT}" in request["body"]
        files = server.api("GET", f"/repos/{project}/pulls/{request['number']}/files")
        assert {file["filename"] for file in files} >= {
            "overlays/prod/environment.yaml", "overlays/prod/patches/airgap.yaml",
        }  # fmt: skip
        assert "pull request open already: " in run(*argv).out
        assert len(server.api("GET", f"/repos/{project}/pulls?state=all")) == 1
        # What is here is not what is there: somebody has not pushed, or not pulled.
        source.edit("overlays/prod/environment.yaml", "# Where", "# From where")
        stale = run(*argv)
        assert stale.code == 2
        assert "origin/main has other content than this work tree" in stale.err


# Pins in the text


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("base: a\n", "base: a\npins:\n  x/y: 1.2.3\n"),
        ("pins:\n  x/y: 1.0.0 # why\nbase: a\n", "pins:\n  x/y: 1.2.3 # why\nbase: a\n"),
        ('pins:\n    "x/y": "1.0.0"\n', 'pins:\n    "x/y": 1.2.3\n'),
        ("pins:\n  a/b: 1.0.0\nbase: a\n", "pins:\n  a/b: 1.0.0\n  x/y: 1.2.3\nbase: a\n"),
        ("pins: {x/y: 1.0.0, a/b: 2.0.0}\n", None),
    ],
)
def test_pins_are_set_where_they_stand(text: str, after: str | None) -> None:
    assert with_pins(text, {"x/y": "1.2.3"}) == after
