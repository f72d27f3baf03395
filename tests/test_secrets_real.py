"""Credentials of the vendor's own charts, where they are at hand: SEALIFT_CHARTS names them."""

import re
from pathlib import Path

import pytest
import yaml

from builder.build import build
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.secret_site import PATCHES, PLATFORM, assert_hidden, rendered
from tests.source import Source
from tests.test_airgap_real import RESOURCES, SHARED, closed, workspace
from tests.test_real_charts import FOLDER, versions

PLANTED = {
    "license": "planted-a8f3-license-eyJhbGciOi",
    "bucket.accessKey": "planted-b1c7-access-AKIA",
    "bucket.secretKey": "planted-c9d2-secret-kXq",
    "mysql.password": "planted-d4e6-password-hunter2",
    "redis.password": "planted-e5f7-redis-swordfish",
}
FIRST = {
    "license": "0.18.3",
    "MySQL password": "0.18.8",
    "bucket keys": "0.21.0",
    "Redis password": "0.26.3",
}
GUIDES = list(FIRST)[:3]
GUIDE = "seed-cr.yaml"
CHARTS = versions("operator-wandb")

pytestmark = [
    pytest.mark.real_charts,
    pytest.mark.skipif(not FOLDER, reason="SEALIFT_CHARTS names no folder"),
    pytest.mark.skipif(not SHARED.is_dir(), reason="the vendor's resources are not at hand"),
]


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def planted(root: Path, run: Run, version: str, resource: str) -> tuple[Source, int]:
    """A resource of the vendor's at a version, pinned, with values of our own; how many."""
    source = workspace(root, run, version, resource)
    body = yaml.safe_load(source.read(PLATFORM))
    count = 0
    for name, value in PLANTED.items():
        *above, last = name.split(".")
        node = body["spec"]["values"]["global"]
        for step in above:
            node = node.get(step, {})
        if last in node:
            node[last] = value
            count += 1
    source.write(PLATFORM, yaml.safe_dump(body))
    closed(source)  # the first run asks for pins
    source.write("overlays/example/kustomization.yaml", "resources:\n  - ../guide\n")
    source.path("overlays/example/patches/airgap.yaml").unlink()
    return source, count


def first(version: str) -> dict[str, str]:
    """What a version has not got yet, and the first version that has it."""
    return {name: since for name, since in FIRST.items() if number(version) < number(since)}


def lacking(resource: str, version: str) -> set[str]:
    """The credentials of a resource that a version has no form for; the guide's has no Redis."""
    return set(first(version)).intersection(GUIDES if resource == GUIDE else FIRST)


@pytest.mark.parametrize(
    ("resource", "version"), [(r, v) for r in RESOURCES for v in CHARTS if not lacking(r, v)]
)
def test_the_vendors_resources_ship_by_reference(
    tmp_path: Path, run: Run, version: str, resource: str
) -> None:
    source, count = planted(tmp_path, run, version, resource)
    root = ("--root", str(source.root))
    before = build(find_overlay(source.root, "example"))
    assert sum(f.code == "plaintext-credential" for f in before.findings) == count >= 4
    result = run("secrets", "example", "--write", *root)
    assert (result.code, result.err) == (0, "")
    assert_hidden(result.out, PLANTED.values())
    assert run("airgap", "example", *root).code == 0
    built = run("build", "example", "-o", str(tmp_path / "out"), *root)
    assert built.code == 0, built.out + built.err
    assert_hidden(rendered(source), PLANTED.values())
    bundle = "".join(p.read_text() for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert_hidden(bundle, PLANTED.values())
    assert run("secrets", "example", "--check", *root).code == 0


@pytest.mark.parametrize("version", [v for v in CHARTS if lacking(GUIDE, v)])
def test_a_version_without_a_form_names_the_first_that_has_it(
    tmp_path: Path, run: Run, version: str
) -> None:
    source, _ = planted(tmp_path, run, version, GUIDE)
    result = run("secrets", "example", "--write", "--root", str(source.root))
    assert result.code == 1
    blocks = re.split(r"\n(?=error)", result.err)
    said = {
        re.findall(r"error: (.*) \[", b)[0]: re.findall(r"(\S+) is the first", b) for b in blocks
    }
    assert said == {n: [since] for n, since in first(version).items() if n in GUIDES}
    converted = source.read(PATCHES) if source.path(PATCHES).exists() else ""
    assert [f"# {name}: " in converted for name in GUIDES] == [n not in said for n in GUIDES]
    assert_hidden(result.out + result.err + converted, PLANTED.values())
