"""``sealift lock``: against real registries, outside and inside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.core import images_lock
from builder.core.errors import ConfigurationError
from tests.conftest import Run
from tests.mirror_site import IMAGES, PASSWORD, MirrorSite, mirror_site
from tests.source import Source

pytestmark = pytest.mark.usefixtures("needs_registry")
LOCK = "overlays/site/images.lock.yaml"


@pytest.fixture
def site(source: Source, run: Run, tmp_path: Path) -> Iterator[MirrorSite]:
    with mirror_site(source, run, tmp_path) as site:
        yield site


def test_every_image_is_locked_by_digest(site: MirrorSite) -> None:
    result = site.sealift("lock", "site")
    assert result.code == 0, result
    lock = images_lock.load(site.source.read(LOCK))
    assert {i.source: i.digest for i in lock.images} == {
        name: site.pushed[name].digest for name in IMAGES
    }
    app = lock.find(f"{site.inside.host}/m/acme/app:2.0")
    assert app is not None
    assert {p.platform: p.digest for p in app.platforms} == site.pushed[app.source].manifests
    assert app.size > sum(p.size for p in app.platforms)
    assert lock.find(app.pinned) == app
    again = site.sealift("lock", "site")
    assert again.out.startswith(f"unchanged: {LOCK}; 3 images, ")
    assert site.sealift("lock", "site", "--check").code == 0


def test_one_platform_is_locked_alone(site: MirrorSite) -> None:
    assert site.sealift("lock", "site", "--platform", "linux/arm64").code == 0
    lock = images_lock.load(site.source.read(LOCK))
    wanted = [site.pushed[i.source].manifests["linux/arm64"] for i in lock.images]
    assert [i.digest for i in lock.images] == wanted
    # The choice holds for the next time.
    assert site.sealift("lock", "site").out.startswith("unchanged")


def test_a_variant_that_the_architecture_implies(site: MirrorSite) -> None:
    """Docker's official images say arm64/v8, and everybody means that by arm64."""
    for name in IMAGES:
        site.push(name, ("linux/arm/v7", "linux/arm64/v8"))
    assert site.sealift("lock", "site", "--platform", "linux/arm64").code == 0
    lock = images_lock.load(site.source.read(LOCK))
    wanted = [site.pushed[i.source].manifests["linux/arm64/v8"] for i in lock.images]
    assert [i.digest for i in lock.images] == wanted
    assert site.sealift("lock", "site", "--platform", "linux/arm/v7").code == 0


def test_a_platform_that_an_image_lacks(site: MirrorSite) -> None:
    site.push(IMAGES[1], ("linux/amd64",))
    result = site.sealift("lock", "site", "--platform", "linux/arm64")
    assert result.code == 1
    assert f"{IMAGES[1]} is not for linux/arm64" in result.err
    assert "it is for linux/amd64" in result.err
    assert not site.source.path(LOCK).exists()


def test_a_tag_that_moved(site: MirrorSite) -> None:
    assert site.sealift("lock", "site").code == 0
    before = site.source.read(LOCK)
    old, new = site.pushed[IMAGES[0]].digest, site.push(IMAGES[0], ("linux/amd64",)).digest
    for argv in (["--check"], []):
        result = site.sealift("lock", "site", *argv)
        assert result.code == 1
        assert f"error: {IMAGES[0]} [moved-tag]" in result.err
        assert f"it was {old} when it was locked, and is {new} now" in result.err
        assert site.source.read(LOCK) == before
    assert site.sealift("lock", "site", "--accept-moved").code == 0
    assert new in site.source.read(LOCK)


def test_a_tag_that_moved_under_a_choice_of_platform(site: MirrorSite) -> None:
    assert site.sealift("lock", "site").code == 0
    before = site.source.read(LOCK)
    site.push(IMAGES[0], filler=100)
    result = site.sealift("lock", "site", "--platform", "linux/amd64")
    assert (result.code, site.source.read(LOCK)) == (1, before)
    assert f"error: {IMAGES[0]} [moved-tag]" in result.err
    text = site.source.read("overlays/site/environment.yaml")
    site.source.write("overlays/site/environment.yaml", text.replace('/m"', '/other"'))
    assert site.run("airgap", "site").code == 0
    result = site.sealift("lock", "site")
    assert result.code == 1
    assert result.err.count("[moved-tag]") == 1


def test_every_failure_is_told(site: MirrorSite) -> None:
    missing = ("docker.io/acme/gone:1", "quay.io/acme/lost:2")
    site.environment(names=(*IMAGES, *missing))
    result = site.sealift("lock", "site")
    assert result.code == 1
    for name in missing:
        assert f"error: {name} [registry-failed]" in result.err
    assert not site.source.path(LOCK).exists()


def test_a_wrong_password_is_told_once_and_not_shown(site: MirrorSite) -> None:
    site.login("wrong-secret")
    result = site.sealift("lock", "site", "--from", "mirror")
    assert result.code == 1
    assert result.err.count("the login is refused") == 1
    assert f"error: {site.inside.host} [registry-failed]" in result.err
    assert "and 2 more" in result.err
    assert "wrong-secret" not in result.err
    assert "d3Jvbmct" not in result.err  # nor in base64
    log = site.inside.log.read_text()
    assert log.count("error authenticating user") <= 2  # an account is not locked by trying


def test_a_login_is_needed(site: MirrorSite) -> None:
    (site.folder / "home" / ".docker" / "config.json").unlink()
    result = site.sealift("lock", "site", "--from", "mirror")
    assert result.err.count("a login is needed") == 1


def test_the_login_of_the_mirror_goes_nowhere_else(
    site: MirrorSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from builder.tools import docker_config

    monkeypatch.setenv("SEALIFT_REGISTRY_USERNAME", "robot")
    monkeypatch.setenv("SEALIFT_REGISTRY_PASSWORD", PASSWORD)
    own = site.inside.host
    with pytest.raises(ConfigurationError) as unbound:
        docker_config.find(own, own=own)
    assert f"set SEALIFT_REGISTRY_HOST={own}" in str(unbound.value.hint)
    assert docker_config.find(own, own=own, named=True) is not None
    monkeypatch.setenv("SEALIFT_REGISTRY_HOST", own)
    assert docker_config.find("docker.io", own=own) is None
    found = docker_config.find(own, own=own)
    assert found is not None
    assert PASSWORD not in repr(found)


def test_an_unknown_certificate(site: MirrorSite) -> None:
    result = site.run("lock", "site", "--from", "mirror")
    assert result.code == 1
    assert result.err.count("certificate") >= 1
    assert "name the CA that signed its certificate" in result.err


def test_http_only_where_it_is_named(site: MirrorSite) -> None:
    flags = [flag for flag in site.flags if not flag.startswith("--plain-http")]
    result = site.run("lock", "site", *flags)
    assert result.code == 1
    assert f"cannot reach the registry {site.outside.host}" in result.err


def test_an_environment_that_is_not_closed(site: MirrorSite) -> None:
    site.source.write("overlays/site/kustomization.yaml", "resources: [app.yaml]\n")
    result = site.sealift("lock", "site")
    assert result.code == 1
    assert result.err.count("[not-mirrored]") == 3


def test_the_list_equals_the_closure(source: Source, run: Run) -> None:
    """Each name that the example's build has is wanted, once, and no other."""
    from builder.build import build
    from builder.closure import closure
    from builder.workspace import find_overlay

    built = build(find_overlay(source.root, "example"))
    wanted = closure(built)
    assert [w.image for w in wanted] == sorted(i.image for i in built.lock.images)
    guide = build(find_overlay(source.root, "guide"))
    before = {f"{r.image}" for r in guide.references if r.kind == "image" and not r.comment}
    pinned = {"docker.io/wandb/local:0.59.2"}
    assert {w.source for w in wanted if w.source} <= before | pinned
    # The guide's own patches by hand name two images in the registry.
    assert [w.image for w in wanted if not w.source] == [
        "registry.yourdomain.com/console:2.12.2",
        "registry.yourdomain.com/local:0.59.2",
    ]
