"""Outcomes that are kept: every file that decides one is in its key."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from builder import cache, sources
from builder.build import Build, build
from builder.fleet import inputs
from builder.fleet.outcome import Outcome
from builder.fleet.work import Job, building
from builder.still import still
from builder.tools import helm
from builder.workspace import Overlay, find_overlay
from tests.conftest import Run
from tests.source import Source, snapshot

WATCHED = """
import sys
from pathlib import Path
root = Path(sys.argv[1])
opened = set()
sys.addaudithook(lambda event, found: opened.add(str(found[0])) if event == "open" else None)
from builder import sources
from builder.build import build
from builder.fleet.inputs import inputs
from builder.workspace import find_overlay
import json
overlay = find_overlay(root, sys.argv[2])
build(overlay)
known = [str(root / path) for path in inputs(overlay).paths]
print(json.dumps([
    sorted(path for path in opened if path.startswith(str(root))),
    [path for path in opened if path.startswith(str(root))
     and not any(path == one or path.startswith(one + "/") for one in known)],
]))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The environments that were built, and not remembered."""
    found: list[str] = []

    def watched(overlay: Overlay) -> Build:
        found.append(overlay.name)
        return build(overlay)

    monkeypatch.setattr("builder.fleet.work.build", watched)
    return found


def done(source: Source, name: str) -> Outcome:
    with building(Job(root=source.root, returned=True)) as do:
        return do(name)


def again(source: Source, name: str = "example") -> tuple[object, ...]:
    cache.forget()
    outcome = done(source, name)
    return outcome.code, outcome.text, outcome.record, outcome.packed, outcome.said


def variant(source: Source) -> None:
    """An environment with all that may stand in one: files, a chart of its own, links, locks."""
    source.overlay(
        "more",
        "resources: [../example, more, config.yaml]\n"
        "patches: [{path: patches/mine.yaml, target: {kind: ConfigMap, name: one}}]\n",
    )
    source.write("overlays/more/more/kustomization.yaml",
                 "configMapGenerator: [{name: made, files: [data.txt]}]\n")  # fmt: skip
    source.write("overlays/more/more/data.txt", "text\n")
    source.write(
        "overlays/more/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: b}\n",
    )
    source.write("overlays/more/patches/mine.yaml", "- {op: replace, path: /data/a, value: c}\n")
    source.write("overlays/more/linked.txt", "text\n")
    source.path("overlays/more/more/link").symlink_to("../linked.txt")


@pytest.mark.parametrize("name", ["example", "guide", "more"])
def test_no_other_file_is_opened(source: Source, name: str) -> None:
    variant(source)
    argv = [sys.executable, "-c", WATCHED, str(source.root), name]
    result = subprocess.run(argv, check=True, capture_output=True, text=True)
    opened, unknown = json.loads(result.stdout)
    assert unknown == []
    names = {Path(path).name for path in opened}
    assert {"environment.yaml", "base.yaml", "weightsandbiases.yaml"} <= names
    assert any(path.endswith(".tgz") for path in opened)


def test_what_was_kept_is_told_again(source: Source, builds: list[str], run: Run) -> None:
    first = again(source)
    assert again(source) == first
    assert builds == ["example"]
    result = build(find_overlay(source.root, "example"))
    assert done(source, "example").files == result.files
    many = run("build", "exampl?", "-o", "out")
    assert run("build", "exampl?", "-o", "out").out.splitlines()[:-1] == many.out.splitlines()[:-1]


@pytest.mark.parametrize(
    "name",
    [
        "overlays/more/config.yaml",
        "overlays/more/patches/mine.yaml",
        "overlays/more/more/data.txt",
        "overlays/more/linked.txt",
        "overlays/more/new.yaml",
        "overlays/more/images.lock.yaml",
        "overlays/example/patches/airgap.yaml",
        "overlays/guide/environment.yaml",
        "base/wandb/namespace.yaml",
        "base/wandb/charts.lock.yaml",
    ],
)
def test_any_change_is_built(source: Source, builds: list[str], name: str) -> None:
    variant(source)
    again(source, "more")
    path = source.path(name)
    before = path.read_text() if path.exists() else None
    source.write(name, f"{before or ''}\n# changed\n")
    again(source, "more")
    assert builds == ["more", "more"]
    if before is None:
        path.unlink()
    else:
        source.write(name, before)
    again(source, "more")
    assert builds == ["more", "more"]


@pytest.mark.parametrize(
    ("change", "count"),
    [
        (lambda patch: patch.setenv(cache.SETTING, cache.OFF), 2),
        (lambda patch: patch.setattr(cache, "_code", lambda: "another"), 2),
        (lambda patch: patch.setattr(helm, "find", lambda: (helm.__file__, "v3.99.0")), 2),
        (lambda patch: None, 1),
    ],
)
def test_what_else_decides(
    source: Source,
    builds: list[str],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[pytest.MonkeyPatch], None],
    count: int,
) -> None:
    again(source)
    with monkeypatch.context() as patch:
        change(patch)
        outcome = done(source, "example")
    assert len(builds) == count, outcome.said


def test_what_changes_during_a_build_is_not_kept(
    source: Source, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def changing(overlay: Overlay) -> Build:
        builds.append("changing")
        result = build(overlay)
        source.edit("base/wandb/namespace.yaml", "metadata:", "metadata: # \n")
        return result

    with monkeypatch.context() as patch:
        patch.setattr("builder.fleet.work.build", changing)
        again(source)
    again(source)
    again(source)
    assert builds == ["changing", "example"]


def test_what_environments_share_changes_during_a_batch(source: Source, builds: list[str]) -> None:
    for name in ("one", "two"):
        source.overlay(name, "resources: [../example]\n", "extends: example\n")
    with building(Job(root=source.root, returned=True)) as do:
        do("one")
        source.edit("base/wandb/namespace.yaml", "metadata:", "metadata:\n  labels: {new: label}")
        do("two")
    cache.forget()
    with building(Job(root=source.root, returned=True)) as do:
        found = [do("one"), do("two")]
    assert builds == ["one", "two", "one", "two"]
    assert all(any(b"new: label" in text for text in one.files.values()) for one in found)


def test_a_batch_builds_what_each_is_alone(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    variant(source)
    source.overlay("wrong", "resources: [../example, nothing.yaml]\n", "extends: example\n")
    source.overlay("hosts", "resources: [../more]\n", "extends: more\n")
    names = ["guide", "wrong", "more", "example", "hosts"]
    monkeypatch.setenv("SEALIFT_CACHE", "off")
    alone = [done(source, name) for name in names]
    with building(Job(root=source.root, returned=True)) as do:
        together = [do(name) for name in names]
    assert [_without_time(one) for one in together] == [_without_time(one) for one in alone]
    assert [one.code for one in alone] == [1, 2, 0, 0, 0], [one.said for one in alone]


def _without_time(outcome: Outcome) -> Outcome:
    return replace(outcome, seconds=0.0)


def test_what_fails_is_not_kept(source: Source, builds: list[str]) -> None:
    source.edit("base/wandb/namespace.yaml", "kind: Namespace", "kind: [")
    assert again(source)[0] == 3
    again(source)
    assert builds == ["example", "example"]


def test_where_it_goes_is_not_kept_with_a_login(
    source: Source, builds: list[str], folder: Path
) -> None:
    where = "publish: {repository: 'https://jane:hunter2@git.example.com/r.git'}\n"
    source.overlay("more", "resources: [../example]\n", f"extends: example\n{where}")
    job = Job(root=source.root, output=None)
    for _ in range(2):
        with building(job) as built:
            assert built("more").code == 1
    assert builds == ["more", "more"]
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not any(b"hunter2" in file for file in files)


def test_findings_are_kept_as_well(source: Source, builds: list[str]) -> None:
    first = again(source, "guide")
    assert (first[0], again(source, "guide")) == (1, first)
    assert builds == ["guide"]


def test_certificates_expire(source: Source) -> None:
    source.write("certificates/ca.pem", "none\n")
    overlay = source.overlay(
        "more",
        "resources: [../example]\n",
        "extends: example\ncertificates: [certificates/ca.pem]\n",
    )
    found = inputs.inputs(find_overlay(source.root, overlay))
    assert found is not None
    assert not found.timeless
    assert "certificates/ca.pem" in found.paths


def test_the_sources_stand_still_within_a_build_only(source: Source) -> None:
    folder = source.root / "overlays" / "example"

    def shown() -> list[str]:
        return [one.shown for one in sources.tree(folder, source.root)]

    with still():
        before = shown()
        source.edit("overlays/example/kustomization.yaml", "../guide", "../../base/wandb")
        assert shown() == before
        with still():
            assert shown() == before
    assert len(shown()) == len(before) - 1


def test_a_single_environment_is_known_by_what_has_not_changed(
    source: Source, run: Run, builds: list[str]
) -> None:
    first = run("build", "example", "-o", "out")
    bundle = snapshot(source.path("out"))
    shutil.rmtree(source.path("out"))
    cache.forget()
    assert run("build", "example", "-o", "out") == first
    assert snapshot(source.path("out")) == bundle
    assert run("build", "example", "-o", "out", "--json").out.startswith("{")
    assert run("build", "guide").code == run("build", "guide").code == 1
    assert builds == ["example", "guide"]
    source.edit("base/wandb/namespace.yaml", "metadata:", "metadata:\n  labels: {new: label}")
    assert "airgap-stale" in run("build", "example", "-o", "out").out
    run("build", "overlays/example", "--root", str(source.root))
    assert builds == ["example", "guide", "example", "example"]


def test_what_is_installed_is_part_of_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(str(packages))
    cache._code.cache_clear()
    before = cache._code()
    (packages / "kubernetes_validate-1.34.0.dist-info").mkdir()
    cache._code.cache_clear()
    assert cache._code() != before
    cache._code.cache_clear()
