"""Air-gap patches of the vendor's own charts, where they are at hand: SEALIFT_CHARTS names them.

Nothing in the code knows these charts: versions, paths and images are read from what is there.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.airgap import Airgap, airgap
from builder.build import Build, build
from builder.core import archive
from builder.core.references import Reference
from builder.expand import expand
from builder.files import write_text
from builder.render import render
from builder.workspace import find_overlay
from tests.conftest import REPOSITORY, Run
from tests.source import Source
from tests.test_real_charts import FOLDER, STAND_IN, versions

SHARED = REPOSITORY.parent / "shared" / "wandb"
RESOURCES = ("seed-cr.yaml", "docs-current-cr.yaml")
HOSTS = ["s3.yourdomain.com", "mysql.yourdomain.com", "mysql.home.lab", "redis.yourdomain.com"]
PLATFORM = "base/wandb/weightsandbiases.yaml"
MAX_RENDERS = 6

pytestmark = [
    pytest.mark.real_charts,
    pytest.mark.skipif(not FOLDER, reason="SEALIFT_CHARTS names no folder"),
    pytest.mark.skipif(not SHARED.is_dir(), reason="the vendor's resources are not at hand"),
]


def workspace(root: Path, run: Run, version: str, resource: str) -> Source:
    """A source repository of one chart version and one custom resource, pinned and closed off."""
    source = Source(root / "source")
    ignored = shutil.ignore_patterns("charts", "charts.lock.yaml", "patches")
    for name in ("base", "overlays"):
        shutil.copytree(REPOSITORY / name, source.root / name, ignore=ignored)
    operator = versions("operator")[-1]
    for name in ("base.yaml", "kustomization.yaml"):
        text = source.read(f"base/wandb/{name}").replace("1.3.3", operator)
        source.write(f"base/wandb/{name}", text.replace(STAND_IN, version))
    text = (SHARED / resource).read_text()
    text, found = re.subn(r"(name: operator-wandb,?\s+version: )[0-9.]+", rf"\g<1>{version}", text)
    assert found == 1
    source.write(PLATFORM, text)
    source.write("overlays/example/kustomization.yaml", "resources: [../guide]\n")
    configure(source, {})
    result = run("vendor", "wandb", "--from", FOLDER, "--root", str(source.root))
    assert result.code == 0, result.err
    return source


def configure(source: Source, pins: dict[str, str], **registry: str) -> None:
    environment = {
        "extends": "guide",
        "allowedHosts": HOSTS,
        "ingress": {"class": "traefik"},
        "registry": registry,
        "pins": pins,
    }
    source.write("overlays/example/environment.yaml", yaml.safe_dump(environment))


def closed(source: Source) -> tuple[Airgap, Build]:
    """Write the patches, with a pin for whatever asks for one; build."""
    result = airgap(find_overlay(source.root, "example"))
    asked = [f.hint for f in result.findings if f.code == "no-pin"]
    if asked:
        pins = {name: "0.0.1" for hint in asked for name in re.findall(r"\{(\S+): VERSION\}", hint)}
        environment = yaml.safe_load(source.read("overlays/example/environment.yaml"))
        configure(source, pins, **environment["registry"])
        result = airgap(find_overlay(source.root, "example"))
    source.write(
        "overlays/example/kustomization.yaml",
        "resources: [../guide]\ntransformers: [patches/airgap.yaml]\n",
    )
    overlay = find_overlay(source.root, "example")
    write_text(overlay.airgap_file, result.text)
    return result, build(overlay)


def outside(result: Build) -> list[Reference]:
    """The images that do not come from the registry inside, by a look of the test's own."""
    return [
        reference
        for reference in result.references
        if reference.kind == "image"
        and not reference.comment
        and not reference.origin.test_hook
        and not reference.value.startswith(result.overlay.environment.registry.host + "/")
    ]


def floating(result: Build) -> list[str]:
    return [
        reference.value
        for reference in result.references
        if reference.kind == "image"
        and not reference.origin.test_hook
        and re.search(r"(?::latest|/[^:]*)$", reference.value)
    ]


def errors(result: Build) -> list[Any]:
    """The errors, but for credentials in the vendor's resources: `sealift secrets` does those."""
    return [
        finding
        for finding in result.findings
        if finding.severity == "error" and finding.code != "plaintext-credential"
    ]


def patched(source: Source) -> set[str]:
    """The value paths that the patches set, with dots."""
    found = set()
    for document in yaml.safe_load_all(source.read("overlays/example/patches/airgap.yaml")):
        for operation in yaml.safe_load(document["patch"]):
            path = operation["path"].removeprefix("/spec/values/").replace("/", ".")
            found |= {".".join((path, *below)) for below in below(operation["value"])}
    return found


def below(value: Any) -> Iterator[tuple[str, ...]]:
    if not isinstance(value, dict):
        yield ()
        return
    for key, child in value.items():
        yield from ((str(key), *path) for path in below(child))


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("version", versions("operator-wandb"))
def test_the_platform_closes(tmp_path: Path, run: Run, version: str, resource: str) -> None:
    source = workspace(tmp_path, run, version, resource)
    closed(source)  # the first run asks for pins
    result, after = closed(source)
    assert result.findings == []
    assert result.culprits == []
    assert result.renders <= MAX_RENDERS
    assert errors(after) == []
    assert outside(after) == []
    assert floating(after) == []


@pytest.mark.parametrize("version", versions("operator-wandb"))
def test_the_values_are_those_that_were_measured(tmp_path: Path, run: Run, version: str) -> None:
    facts = SHARED / "images" / f"operator-wandb-{version}-images.json"
    if not facts.is_file():
        pytest.skip(f"{facts.name} is not at hand")
    source = workspace(tmp_path, run, version, "seed-cr.yaml")
    closed(source)
    measured = {
        entry["value_path"]
        for entry in json.loads(facts.read_text())["seed_cr"]
        if not entry["internal"] and not str(entry["helm_hook"]).startswith("test")
    }
    assert measured
    found = patched(source)
    missing = {m for m in measured if not any(f"{path}.".startswith(f"{m}.") for path in found)}
    assert missing == set()


@pytest.mark.parametrize("layout", ["full-path", "flat"])
@pytest.mark.parametrize("version", versions("operator-wandb")[::5])
def test_other_layouts(tmp_path: Path, run: Run, version: str, layout: str) -> None:
    source = workspace(tmp_path, run, version, "docs-current-cr.yaml")
    configure(source, {}, prefix="registry.yourdomain.com/mirror", layout=layout)
    result, after = closed(source)
    assert [f for f in result.findings if f.code != "mirror-collision"] == []
    assert outside(after) == []


@pytest.mark.parametrize("version", versions("operator-wandb"))
def test_everything_switched_on(tmp_path: Path, run: Run, version: str) -> None:
    """It closes, or says what does not: what the build finds, airgap found before."""
    source = workspace(tmp_path, run, version, "seed-cr.yaml")
    switch_on(source, version)
    result, after = closed(source)
    named = {finding.subject for finding in result.findings}
    unsaid = {reference.value for reference in outside(after)} - named
    assert unsaid == set()
    assert {f.subject for f in errors(after)} - named == set()


def switch_on(source: Source, version: str) -> None:
    """Switch on each subchart that renders: some want values that nobody can guess."""
    data = source.path(f"base/wandb/charts/operator-wandb-{version}.tgz").read_bytes()
    conditions = archive.conditions(archive.read(data, source=version).files, version)
    before = source.read(PLATFORM)
    kept: list[str] = []
    # All at once, then halves: few do not render.
    todo = [[value for path, value in conditions.items() if len(path) == 1]]
    while todo:
        more = todo.pop()
        source.write(PLATFORM, switched(before, [*kept, *more]))
        if renders(source):
            kept += more
        elif len(more) > 1:
            todo += [more[len(more) // 2 :], more[: len(more) // 2]]
    assert len(kept) > len(conditions) / 3
    source.write(PLATFORM, switched(before, kept))


def switched(text: str, conditions: list[str]) -> str:
    resource = yaml.safe_load(text)
    for condition in conditions:
        node = resource["spec"]["values"]
        *above, last = condition.split(".")
        for step in above:
            node = node.setdefault(step, {})
        node[last] = True
    return str(yaml.safe_dump(resource))


def renders(source: Source) -> bool:
    nested, findings = expand(
        overlay := find_overlay(source.root, "guide"), render(overlay).manifests
    )
    return bool(nested) and not any(f.code == "render-failed" for f in findings)
