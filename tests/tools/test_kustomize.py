"""kustomize: the binary, or the one inside kubectl."""

from pathlib import Path

import pytest

from builder.core.errors import ToolError
from builder.tools import kustomize
from builder.tools.command import CommandError

CONFIGMAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "k"
    folder.mkdir()
    (folder / "a.yaml").write_text(CONFIGMAP)
    (folder / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    return folder


def test_builds(folder: Path) -> None:
    assert kustomize.build(folder, kube_version="1.30") == CONFIGMAP


def test_a_failure_names_the_folder(folder: Path) -> None:
    (folder / "a.yaml").write_text("a: [")
    with pytest.raises(CommandError) as raised:
        kustomize.build(folder, kube_version="1.30")
    assert str(folder) in str(raised.value)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Client Version: v1.34.1\nKustomize Version: v5.7.1", "v5.7.1"),
        ("Client Version: v1.29.0\nKustomize Version: v5.0.4", None),
        ("Client Version: v1.20.0", None),
        ("", None),
    ],
)
def test_the_kustomize_inside_kubectl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, version: str | None
) -> None:
    kubectl = program(tmp_path / "bin" / "kubectl", f"echo '{said}'")
    monkeypatch.setenv("SEALIFT_KUSTOMIZE", str(kubectl))
    if version is None:
        with pytest.raises(ToolError, match=r"no kustomize 5\.6 or newer"):
            kustomize.find()
    else:
        assert kustomize.find() == ((str(kubectl), "kustomize"), version)


def test_an_old_one_on_the_path_gives_way_to_kubectl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "kustomize", "echo v5.0.0")
    program(tmp_path / "bin" / "kubectl", "echo 'Kustomize Version: v5.8.1'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    command, _ = kustomize.find()
    assert command[0].endswith("/kubectl")
    assert command[1] == "kustomize"


def test_a_broken_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = program(tmp_path / "kustomize", "exit 1")
    monkeypatch.setenv("SEALIFT_KUSTOMIZE", str(broken))
    with pytest.raises(ToolError) as raised:
        kustomize.find()
    assert f"{broken} has no version" in str(raised.value)
    assert raised.value.hint is not None
    assert "SEALIFT_KUSTOMIZE" in raised.value.hint


def test_the_setting_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program_, verb), _ = kustomize.find()
    link = tmp_path / ("kubectl-another" if verb == "kustomize" else "another")
    link.symlink_to(program_)
    kustomize.find.cache_clear()
    monkeypatch.setenv("SEALIFT_KUSTOMIZE", str(link))
    assert kustomize.find()[0] == (str(link), verb)
