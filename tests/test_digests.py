"""``digests: true``: what the lock has is pinned in the bundle, and nothing else ships."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import Run
from tests.mirror_site import IMAGES, MirrorSite, mirror_site
from tests.source import Source

pytestmark = pytest.mark.usefixtures("needs_registry")
LOCK = "overlays/site/images.lock.yaml"


@pytest.fixture
def site(source: Source, run: Run, tmp_path: Path) -> Iterator[MirrorSite]:
    with mirror_site(source, run, tmp_path) as site:
        site.environment("digests: true\n")
        yield site


def bundle_lock(site: MirrorSite) -> dict[str, str]:
    """The digests of the bundle's lock, by image."""
    text = site.source.read("build/site/bundle.lock.yaml")
    return {image["image"]: image["digest"] for image in yaml.safe_load(text)["images"]}


def test_there_has_to_be_a_lock(site: MirrorSite) -> None:
    result = site.run("build", "site")
    assert result.code == 1
    assert "[no-images-lock]" in result.err + result.out
    assert "run `sealift lock site`" in result.err + result.out


def test_every_image_is_pinned_to_what_was_locked(site: MirrorSite) -> None:
    assert site.sealift("lock", "site").code == 0
    stale = site.run("build", "site")
    assert "[airgap-stale]" in stale.err + stale.out
    assert site.run("airgap", "site").code == 0
    result = site.run("build", "site")
    assert result.code == 0, result
    prefix = f"{site.inside.host}/m"
    wanted = {
        f"{prefix}/library/busybox:1.36": IMAGES[0],
        f"{prefix}/acme/app:2.0": IMAGES[1],
        f"{prefix}/acme/sidecar:0.3.1": IMAGES[2],
    }
    digests = {name: site.pushed[source].digest for name, source in wanted.items()}
    assert bundle_lock(site) == {f"{name}@{digest}": digest for name, digest in digests.items()}
    # The lock is not in its own way: the same images are found in the pinned bundle.
    assert site.sealift("lock", "site", "--check").code == 0
    assert site.sealift("mirror", "copy", "site").code == 0


def test_without_digests_the_bundle_keeps_tags_and_its_lock_has_digests(site: MirrorSite) -> None:
    site.environment()
    patches = site.source.read("overlays/site/patches/airgap.yaml")
    assert site.sealift("lock", "site").code == 0
    assert site.run("airgap", "site", "--check").code == 0
    assert site.source.read("overlays/site/patches/airgap.yaml") == patches
    assert site.run("build", "site").code == 0
    assert sorted(bundle_lock(site).values()) == sorted(p.digest for p in site.pushed.values())


def test_an_image_that_is_not_locked_does_not_ship(site: MirrorSite) -> None:
    site.environment()
    assert site.sealift("lock", "site").code == 0
    site.environment(names=(*IMAGES, "docker.io/acme/new:1"))
    result = site.run("build", "site")
    assert result.code == 1
    assert "/m/acme/new:1 [not-locked]" in result.err + result.out


def test_an_image_without_a_place_for_a_digest_is_a_warning(site: MirrorSite) -> None:
    assert site.sealift("lock", "site").code == 0
    result = site.run("build", "site")
    assert "[no-digest]" in result.err + result.out


def test_a_moved_tag_changes_the_patches_once_it_is_accepted(site: MirrorSite) -> None:
    assert site.sealift("lock", "site").code == 0
    assert site.run("airgap", "site").code == 0
    new = site.push(IMAGES[1], ("linux/amd64",)).digest
    assert site.sealift("lock", "site").code == 1
    assert site.run("airgap", "site", "--check").code == 0
    assert site.sealift("lock", "site", "--accept-moved").code == 0
    assert site.run("airgap", "site", "--check").code == 1
    assert site.run("airgap", "site").code == 0
    assert new in site.source.read("overlays/site/patches/airgap.yaml")
    assert site.run("build", "site").code == 0
