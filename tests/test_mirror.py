"""``sealift mirror``: planned and copied between real registries."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.core import images_lock
from tests.conftest import REPOSITORY, Run
from tests.mirror_site import IMAGES, MirrorSite, mirror_site
from tests.servers.slow import slow
from tests.source import Source

pytestmark = pytest.mark.usefixtures("needs_registry")
LOCK = "overlays/site/images.lock.yaml"


@pytest.fixture
def site(source: Source, run: Run, tmp_path: Path) -> Iterator[MirrorSite]:
    with mirror_site(source, run, tmp_path) as site:
        assert site.sealift("lock", "site").code == 0
        yield site


def states(site: MirrorSite, *argv: str) -> dict[str, str]:
    """The state of each source, as the plan has it."""
    result = site.sealift("mirror", "plan", "site", "-o", "json", *argv)
    return {image["source"]: image["state"] for image in json.loads(result.out)["images"]}


def uploads(site: MirrorSite) -> int:
    """How many blobs the mirror has taken in, mounts aside."""
    return sum(
        all(part in line for part in ("response completed", "/blobs/uploads/", "method=PUT"))
        and "response.status=201" in line
        for line in site.inside.log.read_text().splitlines()
    )


def blob_file(folder: Path, digest: str) -> Path:
    """Where the registry keeps a blob."""
    hexadecimal = digest.removeprefix("sha256:")
    storage = folder / "storage" / "docker/registry/v2/blobs/sha256"
    return storage / hexadecimal[:2] / hexadecimal / "data"


def layers(folder: Path, digest: str) -> list[str]:
    """The layers of a manifest."""
    manifest = json.loads(blob_file(folder, digest).read_bytes())
    return [layer["digest"] for layer in manifest["layers"]]


def test_what_is_missing_is_planned_copied_and_then_there(site: MirrorSite) -> None:
    assert set(states(site).items()) == {(name, "copy") for name in IMAGES}
    copied = site.sealift("mirror", "copy", "site")
    assert copied.code == 0, copied
    assert copied.out.startswith("copied: 3 images, ")
    for name in IMAGES:
        inside = images_lock.load(site.source.read(LOCK))
        target = next(i.image for i in inside.images if i.source == name)
        assert site.inside_digest(target) == site.pushed[name].digest
    assert set(states(site).values()) == {"present"}
    before = uploads(site)
    again = site.sealift("mirror", "copy", "site")
    assert again.out == "copied: 0 images, 0 B; 3 were there already\n"
    assert uploads(site) == before


def test_the_lock_from_the_mirror_is_that_from_the_sources(site: MirrorSite) -> None:
    assert site.sealift("mirror", "copy", "site").code == 0
    assert site.sealift("lock", "site", "--from", "mirror", "--check").code == 0


def test_a_blob_of_two_images_is_copied_once(site: MirrorSite) -> None:
    twin = "docker.io/acme/twin:2.0"  # the same content as acme/app:2.0
    site.push(twin)
    site.environment(names=(IMAGES[1], twin))
    assert site.sealift("lock", "site").code == 0
    assert site.sealift("mirror", "copy", "site").code == 0
    assert uploads(site) == 4  # two platforms, a configuration and a layer each
    assert set(states(site).values()) == {"present"}


def test_one_platform_is_copied_alone(site: MirrorSite) -> None:
    assert site.sealift("lock", "site", "--platform", "linux/amd64").code == 0
    assert site.sealift("mirror", "copy", "site").code == 0
    assert uploads(site) == 6
    wanted = site.pushed[IMAGES[0]].manifests["linux/amd64"]
    assert site.inside_digest(f"{site.inside.host}/m/library/busybox:1.36") == wanted


def test_what_is_copied_is_what_was_locked(site: MirrorSite) -> None:
    locked = site.pushed[IMAGES[0]].digest
    site.push(IMAGES[0], ("linux/amd64",))  # the tag moves after the review
    assert site.sealift("mirror", "copy", "site").code == 0
    assert site.inside_digest(f"{site.inside.host}/m/library/busybox:1.36") == locked


def test_a_corrupted_blob_outside_is_found_and_nothing_tagged(site: MirrorSite) -> None:
    manifest = site.pushed[IMAGES[1]].manifests["linux/arm64"]
    (layer,) = layers(site.folder / "outside", manifest)
    path = blob_file(site.folder / "outside", layer)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    result = site.sealift("mirror", "copy", "site")
    assert result.code == 1
    assert f"for {layer}" in result.err
    assert "the registry's storage is damaged" in result.err
    assert result.out.startswith("copied: 2 images")
    assert site.inside_digest(f"{site.inside.host}/m/acme/app:2.0") is None
    assert not blob_file(site.folder / "inside", layer).exists()


def test_a_corrupted_blob_inside_is_found_by_a_deep_plan(site: MirrorSite) -> None:
    assert site.sealift("mirror", "copy", "site").code == 0
    manifest = site.pushed[IMAGES[1]].manifests["linux/arm64"]
    (layer,) = layers(site.folder / "inside", manifest)
    assert site.sealift("mirror", "plan", "site", "--deep").code == 0
    path = blob_file(site.folder / "inside", layer)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert site.sealift("mirror", "plan", "site").code == 0
    result = site.sealift("mirror", "plan", "site", "--deep")
    assert result.code == 1
    assert layer in result.err
    assert f"{site.inside.host}/m/acme/app:2.0" in result.err


def test_a_copy_goes_on_where_it_failed(site: MirrorSite) -> None:
    manifest = site.pushed[IMAGES[1]].manifests["linux/arm64"]
    (layer,) = layers(site.folder / "outside", manifest)
    path = blob_file(site.folder / "outside", layer)
    content = path.read_bytes()
    path.unlink()
    first = site.sealift("mirror", "copy", "site")
    assert first.code == 1
    before = uploads(site)
    assert before == 11
    path.write_bytes(content)
    second = site.sealift("mirror", "copy", "site")
    assert second.code == 0
    assert second.out.startswith("copied: 1 image, ")
    assert uploads(site) == before + 1


def test_an_interrupted_copy_is_taken_up_again(site: MirrorSite) -> None:
    big = "docker.io/acme/big:1"
    site.push(big, filler=3_000_000)
    site.environment(names=(*IMAGES, big))
    assert site.sealift("lock", "site").code == 0
    with slow(site.outside.host, rate=1_000_000) as proxy:
        flags = [flag.replace(site.outside.host, proxy.host) for flag in site.flags]
        command = ["mirror", "copy", "site", "--jobs=1", "--root", str(site.source.root), *flags]
        with subprocess.Popen(
            [sys.executable, "-m", "builder", *command],
            cwd=REPOSITORY,
            env=dict(os.environ),
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            deadline = time.monotonic() + 60
            while not uploads(site) and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=10)
    assert process.returncode == 130, said
    assert said.endswith("interrupted\n")
    assert "present" not in states(site).values()
    before = uploads(site)
    assert 0 < before < 16
    assert site.sealift("mirror", "copy", "site").code == 0
    assert uploads(site) == 16  # none was sent a second time
    assert set(states(site).values()) == {"present"}


def test_a_wrong_password_is_told_in_one_line(site: MirrorSite) -> None:
    site.login("wrong-secret")
    result = site.sealift("mirror", "copy", "site")
    assert result.code == 1
    assert result.err.count("the login is refused") == 1
    assert "wrong-secret" not in result.err + result.out


def test_a_tag_that_is_another_inside_is_not_overwritten(site: MirrorSite) -> None:
    assert site.sealift("mirror", "copy", "site").code == 0
    site.push(IMAGES[0], ("linux/amd64",))
    assert site.sealift("lock", "site", "--accept-moved").code == 0
    assert states(site)[IMAGES[0]] == "replace"
    refused = site.sealift("mirror", "copy", "site")
    assert refused.code == 1
    assert "[tag-taken]" in refused.err
    assert site.sealift("mirror", "copy", "site", "--replace").code == 0
    assert states(site)[IMAGES[0]] == "present"


def test_an_image_that_is_not_in_the_lock(site: MirrorSite) -> None:
    site.environment(names=(*IMAGES, "docker.io/acme/new:1"))
    result = site.sealift("mirror", "plan", "site")
    assert result.code == 1
    assert f"error: {site.inside.host}/m/acme/new:1 [not-locked]" in result.err
    assert "run `sealift lock` again" in result.err


def test_an_image_that_nothing_pulls_any_more(site: MirrorSite) -> None:
    site.environment(names=IMAGES[:2])
    result = site.sealift("mirror", "plan", "site", "-o", "list")
    assert result.code == 0
    assert "[locked-unused]" in result.err
    assert len(result.out.splitlines()) == 2


def test_without_a_lock(site: MirrorSite) -> None:
    site.source.path(LOCK).unlink()
    result = site.sealift("mirror", "plan", "site")
    assert result.code == 2
    assert "run `sealift lock site`" in result.err


def test_a_list_holds_every_name_of_the_closure_and_none_more(site: MirrorSite) -> None:
    result = site.sealift("mirror", "plan", "site", "-o", "list", "--offline")
    listed = [line.split() for line in result.out.splitlines()]
    assert sorted(source for source, _ in listed) == sorted(
        f"{name}@{site.pushed[name].digest}" for name in IMAGES
    )
    shown = site.run("images", "site", "-o", "list").out.split()
    assert sorted(target for _, target in listed) == sorted(shown)
