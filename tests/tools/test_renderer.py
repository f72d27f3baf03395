"""sealift-renderer against the command that it stands in for."""

import json
import os
import random
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from builder.bases import find_base
from builder.core import yaml
from builder.tools import helm, renderer
from builder.tools.command import CommandError
from builder.vendor import vendor
from tests.conftest import CHARTS, REPOSITORY
from tests.source import Source

pytestmark = pytest.mark.usefixtures("needs_renderer")
_RANDOM = re.compile(r"^(  \S*(?:PASSWORD|_KEY|KEY|password)\S*): .*$", re.MULTILINE)
GUIDE = REPOSITORY / "base" / "wandb" / "weightsandbiases.yaml"


def both(monkeypatch: pytest.MonkeyPatch, chart: Path, **options: Any) -> tuple[str, str]:
    """What the renderer and the command make, or say, of the same."""
    settings = {"release": "r", "namespace": "n", "values": {}, "kube_version": "1.30", **options}
    results = []
    for setting in ("", renderer.OFF):
        monkeypatch.setenv(renderer.SETTING, setting)
        renderer.find.cache_clear()
        try:
            results.append(helm.template(chart, **settings))
        except CommandError as error:
            results.append("Error: " + helm.message(error))
    return _RANDOM.sub(r"\1: random", results[0]), _RANDOM.sub(r"\1: random", results[1])


def guide() -> dict[str, Any]:
    values: dict[str, Any] = yaml.load(GUIDE.read_text(), source="")["spec"]["values"]
    return values


def varied(seed: int) -> dict[str, Any]:
    """The guide's values with some changed at random: other hosts, switches, parts left out."""
    chance = random.Random(seed)
    values = guide()
    values["global"]["host"] = f"https://w{seed}.example.com"
    for name in ("prometheus", "otel", "redis", "kafka", "weave", "parquet"):
        if chance.random() < 0.5:
            values[name] = {"install": chance.random() < 0.5}
    values["ingress"]["class"] = chance.choice(["nginx", "", "traefik", None])
    values["global"]["extraEnv"] = {f"X{n}": chance.choice(["1", 2, True, "ü"]) for n in range(3)}
    if chance.random() < 0.3:
        del values["global"]["mysql"]["host"]
    return values


@pytest.fixture
def platform(source: Source) -> Path:
    base = find_base(source.root, "wandb")
    vendor(base, source=str(CHARTS))
    return next(base.charts.glob("operator-wandb-*.tgz"))


@pytest.mark.parametrize("seed", range(12))
def test_the_renders_of_many_values_are_equal(
    platform: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    found, expected = both(monkeypatch, platform, values=varied(seed), upgrade=seed % 2 == 1)
    assert found == expected
    assert found.count("\nkind: ") > 10


@pytest.mark.parametrize(
    "options",
    [
        {"sets": [("app.port", "9", False), ("app.image.tag", "007", True)]},
        {"sets": [("app.image.tag", "null", False), ("ingress.tls[0].secretName", "t", False)]},
        {"sets": [("a[", "x", False)]},
        {"sets": [("a", "[{", False)]},
        {"kube_version": "1.20"},
        {"kube_version": "new"},
        {"values": {"app": "text"}},
        {"values": {"ingress": {"tls": [{"hosts": ["a"]}]}}},
        {"api_versions": ["monitoring.coreos.com/v1", "x"]},
        {"release": "UPPER"},
        {"release": ""},
        {"namespace": ""},
    ],
)
def test_what_is_odd_is_told_alike(
    platform: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    found, expected = both(monkeypatch, platform, **options)
    assert found == expected


def test_a_chart_that_was_read_before_is_as_new(
    platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A render changes the chart that it is given: its values, its dependencies."""
    off = {"prometheus": {"install": False}, "app": {"image": {"repository": "changed"}}}
    first, _ = both(monkeypatch, platform)
    both(monkeypatch, platform, values=off)
    assert both(monkeypatch, platform) == (first, first)


def test_a_chart_that_changes_below_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "c"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
    for text in ("a: 1\n", "a: 2\n"):
        (folder / "templates" / "t.yaml").write_text(text)
        helm.package(folder, tmp_path)
        found, expected = both(monkeypatch, tmp_path / "c-1.0.0.tgz")
        assert found == expected
        assert text in found


def test_one_that_was_killed_is_replaced(platform: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both(monkeypatch, platform)
    (process,) = renderer._free
    os.kill(process.process.pid, signal.SIGKILL)
    process.process.wait()
    found, _ = both(monkeypatch, platform)
    assert "ended without an answer" in found
    found, expected = both(monkeypatch, platform)
    assert found == expected


@pytest.mark.parametrize("version", ["v0.0.1", ""])
def test_one_with_another_helm_is_not_used(version: str) -> None:
    assert renderer.find(version) is None


def test_a_program_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = helm.find()[1].partition("+")[0]
    path = tmp_path / "odd"
    path.write_text(f"#!/bin/sh\n[ \"$1\" = version ] && echo {version} && exit\necho '{{'\n")
    path.chmod(0o755)
    monkeypatch.setenv(renderer.SETTING, str(path))
    renderer.find.cache_clear()
    assert renderer.find(version) == str(path)
    with pytest.raises(CommandError, match="ended without an answer"):
        renderer.render(str(path), {})


def test_a_request_has_no_secrets_in_arguments(platform: Path) -> None:
    helm.template(platform, release="r", namespace="n", values=guide(), kube_version="1.30")
    (process,) = renderer._free[-1:]
    command = Path(f"/proc/{process.process.pid}/cmdline").read_bytes()
    assert json.dumps("replace-with").encode() not in command
    assert command.count(b"\0") == 1
