"""The lock of images during an upgrade, against a real registry."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builder.build import build
from builder.core import images_lock
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.servers.oci import PushedImage, push_image
from tests.servers.registry import Registry, registry
from tests.source import Result, Source
from tests.styles.model import INSIDE
from tests.test_upgrade_styles import NEW, OLD, source_of, upgrade

pytestmark = pytest.mark.usefixtures("needs_registry", "no_pause")
LOCK = "overlays/prod/images.lock.yaml"


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Registry]:
    """A registry that stands for quay.io."""
    with registry(tmp_path / "outside") as site:
        yield site


def flags(outside: Registry) -> list[str]:
    return [f"--via=quay.io={outside.host}", f"--plain-http={outside.host}"]


def push(outside: Registry, tag: str) -> PushedImage:
    return push_image(outside.host, "acme/web", tag, ("linux/amd64",))


def locked(tmp_path: Path, run: Run, outside: Registry, environment: str = "") -> Source:
    """A closed environment with a lock of the old chart's image."""
    push(outside, "1.2.3")
    old, new = (replace(style, environment=environment) for style in (OLD, NEW))
    source = source_of(tmp_path, run, new, old)
    root = ("--root", str(source.root))
    assert run("lock", "prod", *root, *flags(outside)).code == 0
    assert run("airgap", "prod", *root).code == 0
    return source


def images(source: Source) -> dict[str, str]:
    lock = images_lock.load(source.read(LOCK))
    return {image.source: image.digest for image in lock.images}


@pytest.mark.parametrize("environment", ["", "digests: true\n"])
def test_the_lock_follows(tmp_path: Path, run: Run, outside: Registry, environment: str) -> None:
    source = locked(tmp_path, run, outside, environment)
    pushed = push(outside, "2.0.0")
    result = upgrade(source, run, *flags(outside))
    assert result.code == 0, result.err
    assert images(source) == {"quay.io/acme/web:2.0.0": pushed.digest}
    assert f"written: {LOCK}\n" in result.out
    built = build(find_overlay(source.root, "prod"))
    assert built.ships
    pin = f"@{pushed.digest}" if environment else ""
    [image] = [r.value for r in built.references if r.kind == "image"]
    assert image == f"{INSIDE}/acme/web:2.0.0{pin}"


def unlocked(source: Source, result: Result, before: str, said: str) -> None:
    """The move is written; the lock is as it was, and named as what is next."""
    assert result.code == 1
    assert source.read(LOCK) == before
    assert "version: 2.0.0" in source.read("base/app/app.yaml")
    assert "[not-locked]" in result.err
    assert f"next: `sealift lock prod`: {said}" in result.out


def test_registries_that_are_not_asked(tmp_path: Path, run: Run, outside: Registry) -> None:
    source = locked(tmp_path, run, outside)
    before = source.read(LOCK)
    result = upgrade(source, run, "--no-lock")
    unlocked(source, result, before, "its images are not those of the lock any more")


def test_an_image_that_the_registry_does_not_have(
    tmp_path: Path, run: Run, outside: Registry
) -> None:
    source = locked(tmp_path, run, outside)
    before = source.read(LOCK)
    result = upgrade(source, run, *flags(outside))
    unlocked(source, result, before, "quay.io/acme/web:2.0.0: ")


def test_a_lock_that_fits_is_left_alone(tmp_path: Path, run: Run, outside: Registry) -> None:
    """The same images: nobody is asked."""
    push(outside, "1.2.3")
    source = source_of(tmp_path, run, OLD)
    assert run("lock", "prod", "--root", str(source.root), *flags(outside)).code == 0
    before = source.read(LOCK)
    result = upgrade(source, run)
    assert result.code == 0, result.err
    assert source.read(LOCK) == before
