"""The example from its closure to a bundle that names digests only, on real registries."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from builder.build import build
from builder.closure import closure
from builder.core import image
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.mirror_site import MirrorSite, mirror_site
from tests.source import Source


@pytest.fixture
def site(source: Source, run: Run, tmp_path: Path) -> Iterator[MirrorSite]:
    with mirror_site(source, run, tmp_path) as site:
        yield site


@pytest.mark.usefixtures("needs_registry")
def test_the_example_is_locked_mirrored_and_pinned(site: MirrorSite) -> None:
    guide = site.source.read("overlays/guide/environment.yaml")
    # The guide itself names two images in the registry; a mapping says from where they come.
    registry = (
        f"prefix: {site.inside.host}\n  mappings: {{wandb/console: console, wandb/local: local}}"
    )
    site.source.write(
        "overlays/guide/environment.yaml",
        guide.replace("prefix: registry.yourdomain.com", registry),
    )
    resource = "base/wandb/weightsandbiases.yaml"
    text = site.source.read(resource).replace("registry.yourdomain.com", site.inside.host)
    site.source.write(resource, text)
    assert site.run("airgap", "example").code == 0

    built = build(find_overlay(site.source.root, "example"))
    wanted = closure(built)
    assert [entry.image for entry in wanted] == [i.image for i in built.lock.images]
    assert all(entry.source for entry in wanted)
    hosts = {parsed.registry for w in wanted if (parsed := image.parse(w.source))}
    for source in {entry.source for entry in wanted}:
        site.push(source)
    flags = [f"--via={host}={site.outside.host}/{host}" for host in hosts]
    flags += [flag for flag in site.flags if not flag.startswith("--via")]

    assert site.run("lock", "example", *flags).code == 0
    charts = site.folder / "charts"
    copied = site.run("mirror", "copy", "example", f"--charts-to={charts}", *flags)
    assert copied.code == 0, copied
    assert f"copied: {len(wanted)} images, 1 chart" in copied.out
    assert (charts / "index.yaml").is_file()

    environment = "overlays/example/environment.yaml"
    site.source.write(environment, site.source.read(environment) + "digests: true\n")
    assert site.run("airgap", "example").code == 0
    result = site.run("build", "example")
    assert result.code == 0, result
    lock = yaml.safe_load(site.source.read("build/example/bundle.lock.yaml"))
    digests = {site.pushed[entry.source].digest for entry in wanted}
    assert {entry["digest"] for entry in lock["images"]} == digests
    pinned = [entry["image"] for entry in lock["images"] if "@" in entry["image"]]
    # Two charts compare their tags as versions, which a digest behind them would break.
    plain = sorted({entry["image"] for entry in lock["images"]} - set(pinned))
    assert [name.partition("/")[2] for name in plain] == [
        "prometheus-operator/prometheus-config-reloader:v0.67.0",
        "prometheus/prometheus:v2.47.0",
    ]
    assert "[no-digest]" in result.out + result.err
    assert site.run("lock", "example", "--check", *flags).code == 0
    again = site.run("mirror", "plan", "example", "--offline", "-o", "list", *flags)
    assert {line.split()[1] for line in again.out.splitlines()} == {e.image for e in wanted}


def test_an_environment_that_extends_another_knows_its_sources(source: Source, run: Run) -> None:
    source.overlay(
        "edge",
        "resources: [../example]\n",
        "extends: example\nregistry: {prefix: edge.example.com/m, layout: strip-host}\n"
        "chartRepository: {url: 'http://charts.yourdomain.com'}\n",
    )
    assert run("airgap", "edge").code == 0
    near = {w.image: w for w in closure(build(find_overlay(source.root, "example")))}
    far = closure(build(find_overlay(source.root, "edge")))
    assert [w.image for w in far] == [
        name.replace("registry.yourdomain.com", "edge.example.com/m") for name in sorted(near)
    ]
    assert [w.source for w in far] == [near[name].source for name in sorted(near)]
    # A strip-host name does not tell its host: it was learned from the example.
    assert "quay.io/prometheus/prometheus:v2.47.0" in [w.source for w in far]
