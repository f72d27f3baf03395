"""kubectl: which one is run, and what is said where there is none."""

from pathlib import Path

import pytest

from builder.core.errors import ToolError
from builder.tools import kubectl


def test_the_setting_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALIFT_KUBECTL", "/opt/kubectl")
    assert kubectl.find() == "/opt/kubectl"


def test_then_the_wheel_then_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel, other = tmp_path / "wheel" / "kubectl", tmp_path / "path" / "kubectl"
    for path in (wheel, other):
        path.parent.mkdir()
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    monkeypatch.setattr("builder.tools.kubectl.sysconfig.get_path", lambda name: str(wheel.parent))
    assert kubectl.find() == str(wheel)
    wheel.unlink()
    assert kubectl.find() == str(other)
    other.unlink()
    with pytest.raises(ToolError, match="kubectl is not on PATH") as error:
        kubectl.find()
    assert "pip install" in str(error.value.hint)


def test_a_program_that_is_not_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEALIFT_KUBECTL", str(tmp_path / "none"))
    config = tmp_path / "config"
    config.write_text("{}")
    with (
        kubectl.cluster(str(config)) as cluster,
        pytest.raises(ToolError, match="cannot run"),
    ):
        cluster.version()
