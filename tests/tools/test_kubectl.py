"""kubectl: which one is run, and what is said where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
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


@pytest.mark.parametrize(
    ("text", "ask", "says"),
    [
        ("not json", "version", "/version that is not JSON"),
        ("[" * 100_000, "version", "/version that is not JSON"),
        ("[1]", "version", "/version that is not a JSON object"),
        ("{}", "version", "a gitVersion '', which is no version"),
        (r'{"gitVersion": "v1.30.1\n  ok       x: y"}', "version", "which is no version"),
        ('{"items": 5}', "platforms", "nodes that are not a list of objects"),
        ('{"items": [5]}', "platforms", "nodes that are not a list of objects"),
        ('{"items": [{"status": {"nodeInfo": {}}}]}', "platforms", "without an operating system"),
        (
            '{"items": [{"status": {"nodeInfo": {"operatingSystem": "linux"}}}]}',
            "platforms",
            "without an operating system or architecture",
        ),
    ],
)
def test_an_api_server_that_answers_what_none_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, ask: str, says: str
) -> None:
    with _fake(monkeypatch, tmp_path, text) as cluster, pytest.raises(ToolError) as caught:
        getattr(cluster, ask)()
    assert says in caught.value.what


@pytest.mark.parametrize("version", ["1.30.4", "1.30.4-gke.1+b", "1.31.0-rc.0", "1.28"])
def test_versions_as_vendors_write_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    with _fake(monkeypatch, tmp_path, f'{{"gitVersion": "v{version}"}}') as cluster:
        assert cluster.version() == version


@contextmanager
def _fake(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> Iterator[kubectl.Cluster]:
    """A kubectl that says one thing."""
    said, program, config = (folder / name for name in ("said", "kubectl", "config"))
    said.write_text(text)
    program.write_text(f"#!/bin/sh\nexec cat {said}\n")
    program.chmod(0o755)
    config.write_text("{}")
    monkeypatch.setenv("SEALIFT_KUBECTL", str(program))
    with kubectl.cluster(str(config)) as cluster:
        yield cluster
