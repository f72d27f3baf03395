from tests.conftest import Run
from tests.source import Source


def test_an_overlay_that_needs_no_patches_of_its_own(source: Source, run: Run) -> None:
    """Its patch file holds no operation: kustomize and Sealift take that as it is."""
    source.overlay("again", "resources: [../example]\n")
    assert run("airgap", "again").code == 0
    assert "PatchTransformer" not in source.read("overlays/again/patches/airgap.yaml")
    assert run("build", "again", "--check").code == 0
