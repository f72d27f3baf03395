"""``sealift mirror export`` and ``import``: a gap with real servers on both sides."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.core import images_lock
from tests.conftest import Run
from tests.gap_site import GapSite, gap_site
from tests.mirror_site import IMAGES, PASSWORD
from tests.source import Source

pytestmark = pytest.mark.usefixtures("needs_registry")
LOCK = "overlays/site/images.lock.yaml"


@pytest.fixture
def site(
    source: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GapSite]:
    with gap_site(source, run, tmp_path, monkeypatch) as site:
        yield site


def test_what_is_imported_is_what_was_locked(site: GapSite, tmp_path: Path) -> None:
    lock = images_lock.load(site.near.source.read(LOCK))
    chart = next(site.near.source.path("base/plain/charts").glob("*.tgz")).read_bytes()
    exported = site.export(tmp_path / "usb")
    assert exported.code == 0, exported
    site.lose_the_near_side()
    imported = site.bring(tmp_path / "usb" / "site.tar")
    assert imported.code == 0, imported
    assert imported.out.startswith("imported: 3 images, 1 chart, ")
    for entry in lock.images:
        assert site.near.inside_digest(entry.image) == entry.digest
    assert {image.source for image in lock.images} == set(IMAGES)
    assert (site.shelf / "app-1.0.0.tgz").read_bytes() == chart
    assert f"tree {site.tree()}" in imported.out
    assert PASSWORD not in exported.out + exported.err + imported.out + imported.err
    state = site.state()
    again = site.bring(tmp_path / "usb" / "site.tar")
    assert again.out.startswith("imported: 0 images, 0 charts, 0 B; 4 were there already")
    assert site.state() == state
