"""Results that are kept: as good as new, or not used."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from builder import cache
from builder.build import Build, build
from builder.core import yaml
from builder.tools import helm, kustomize
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.source import Source

CR = "base/wandb/weightsandbiases.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sealift" / "results"


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def remembered(value: object, kind: str = "test", name: str = "a") -> object:
    made: list[object] = []

    def make() -> object:
        made.append(value)
        return value

    result = cache.remember(cache.key(kind, name), make, pack=lambda v: v, unpack=lambda v: v)
    return "made" if made else result


def facts(result: Build) -> object:
    """All that a build knows, but for what charts make up at random."""
    bodies = [
        (r.id, r.origin, r.body if r.id.kind != "Secret" else sorted(r.body))
        for r in result.resources
    ]
    return (
        dict(result.files), result.findings, result.references, result.lock, bodies,
        [(n.chart, n.sha256, n.findings, n.references) for n in result.nested],
    )  # fmt: skip


def both(source: Source, monkeypatch: pytest.MonkeyPatch, name: str = "example") -> None:
    """A build of nothing, one that fills the cache, one in the same process, one after it."""
    found = []
    for setting, drop in ((cache.OFF, False), ("", True), ("", False), ("", True)):
        monkeypatch.setenv(cache.SETTING, setting)
        if drop:
            cache.forget()
        found.append(facts(build(find_overlay(source.root, name))))
    assert found[0] == found[1] == found[2] == found[3]


@pytest.mark.parametrize("name", ["example", "guide"])
def test_a_build_from_the_cache_is_equal(
    source: Source, monkeypatch: pytest.MonkeyPatch, folder: Path, name: str
) -> None:
    both(source, monkeypatch, name)
    assert len(entries(folder)) >= 3


TEXTS = st.text("abcXYZ09._/-:{}#'\"ü\n ", max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],  # to shrink takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.dictionaries(st.sampled_from(["extraEnv", "other", "app", "image"]), VALUES, max_size=3))
def test_whatever_the_values_are(
    source: Source, monkeypatch: pytest.MonkeyPatch, folder: Path, values: dict[str, object]
) -> None:
    text = source.read(CR)
    body = yaml.load(text, source=CR)
    body["spec"]["values"]["global"] |= values
    source.write(CR, yaml.dump(body))
    try:
        both(source, monkeypatch, "guide")
    finally:
        source.write(CR, text)


def test_a_second_process_runs_neither_helm_nor_kustomize(
    source: Source, run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path, scratch: Path
) -> None:
    first = run("build", "example", "--check")
    cache.forget()

    def refused(*_: object, **__: object) -> str:
        raise AssertionError("was run")

    monkeypatch.setattr(helm, "template", refused)
    monkeypatch.setattr(kustomize, "build", refused)
    assert run("build", "example", "--check") == first
    monkeypatch.setenv(cache.SETTING, "")  # which the flag sets: put back at the end
    assert run("--no-cache", "build", "example", "--check").code == 4
    for log in scratch.glob("sealift-*.log"):
        assert "was run" in log.read_text()
        log.unlink()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (CR, "tag: 2.12.2", "tag: 2.12.3"),
        ("base/wandb/operator-values.yaml", "tag: 1.13.3", "tag: 1.13.4"),
        ("base/wandb/namespace.yaml", "name: wandb", "name: wandb\n  labels: {a: b}"),
        ("overlays/guide/environment.yaml", '"1.30"', '"1.31"'),
    ],
)
def test_what_changes_a_result_is_seen(
    source: Source, folder: Path, name: str, old: str, new: str
) -> None:
    before = build(find_overlay(source.root, "guide"))
    source.edit(name, old, new)
    assert build(find_overlay(source.root, "guide")).files != before.files


def test_an_entry_that_was_changed_is_noticed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert remembered({"a": 1}) == "made"
    cache.forget()
    assert remembered(None) == {"a": 1}
    (path,) = entries(folder)
    for content in (path.read_bytes()[:-1] + b"x", path.read_bytes()[:10], b""):
        path.write_bytes(content)
        cache.forget()
        assert remembered({"a": 1}) == "made"
        assert "is not what was written" in capsys.readouterr().err
        cache.forget()
        assert remembered(None) == {"a": 1}


def test_an_entry_is_not_that_of_another_key(folder: Path) -> None:
    remembered("a's", name="a")
    remembered("b's", name="b")
    a, b = (folder / cache.key("test", n).hex()[:2] / cache.key("test", n).hex()[2:] for n in "ab")
    b.write_bytes(a.read_bytes())
    cache.forget()
    assert remembered("b's", name="b") == "made"


def test_it_is_its_owners_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remembered(1)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in entries(folder)} == {0o600}
    folder.chmod(0o777)
    cache.forget()
    assert remembered(1) == "made"
    assert "is open to others" in capsys.readouterr().err


def test_no_cache_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    assert remembered(1) == "made"
    cache.forget()
    assert remembered(1) == "made"


def test_a_number_that_messages_cannot_hold_is_kept_by_nobody(folder: Path) -> None:
    assert remembered(2**70) == "made"
    assert entries(folder) == []


def test_it_stays_below_its_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.SIZE_SETTING, "1")
    for number in range(40):
        remembered(f"{number:03}" * 20_000, name=str(number))
        path = cache._path(folder, cache.key("test", str(number)))
        os.utime(path, (number, number))
    assert remembered("new", name="new") == "made"
    cache._prune(folder)
    left = entries(folder)
    assert sum(path.stat().st_size for path in left) <= 2**20
    assert cache._path(folder, cache.key("test", "39")) in left
    assert cache._path(folder, cache.key("test", "0")) not in left


def test_many_processes_at_once(folder: Path, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom builder import cache\n"
        "for n in range(200):\n"
        "    text = f'{n % 20:03}' * 5000\n"
        "    found = cache.remember(cache.key('t', n % 20), lambda: text, pack=str, unpack=str)\n"
        "    assert found == text\n"
        "    cache.forget()\n"
        "    if n % 50 == 0: cache._prune(cache._folder())\n"
    )
    environment = {**os.environ, cache.SIZE_SETTING: "0"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in running:
        _, err = process.communicate()
        assert (process.returncode, err) == (0, "")


def test_a_credential_that_only_a_rule_names_is_not_kept(source: Source, folder: Path) -> None:
    """Its value looks like any other, and so does that of a Secret that is merged into values."""
    source.edit("base/wandb/base.yaml", "/global/license: license}", "/global/note: license}")
    source.edit(CR, "global:\n", "global:\n      note: hunter-of-notes\n")
    values = "global: {extraEnv: {FOO: hunter-of-secrets}}"
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "wandb-spec-user", "namespace": "wandb"},
        "stringData": {"a": values},
    }
    source.write("overlays/more/secret.yaml", json.dumps(secret))
    for name, resources in (("one", "[../example]"), ("more", "[../example, secret.yaml]")):
        source.overlay(name, f"resources: {resources}\n", "extends: example\n")
        built = build(find_overlay(source.root, name))
        rendered = str([resource.body for one in built.nested for resource in one.resources])
        assert ("hunter-of-secrets" in rendered) == (name == "more")
    kept = b"".join(path.read_bytes() for path in entries(folder))
    assert kept
    assert b"hunter-of" not in kept
