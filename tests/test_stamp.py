import pytest

from tests.conftest import Run
from tests.source import Source

FILE = "overlays/example/patches/airgap.yaml"


@pytest.mark.parametrize("stamp", ["# inputs: sha256:0\n", ""], ids=["broken", "gone"])
def test_a_patch_file_without_its_stamp_was_edited(source: Source, run: Run, stamp: str) -> None:
    lines = source.read(FILE).splitlines(keepends=True)
    (old,) = [line for line in lines if line.startswith("# inputs: ")]
    source.edit(FILE, old, stamp)
    result = run("build", "example", "--check")
    assert result.code == 1
    assert "[airgap-stale]" in result.out


def test_a_list_of_images_that_is_empty_says_why(source: Source, run: Run) -> None:
    source.path("base/wandb/charts.lock.yaml").unlink()
    for argv in (("images", "example"), ("explain", "example", "redis")):
        result = run(*argv)
        assert result.code == 1
        assert "[chart-not-vendored]" in result.err
