from tests.conftest import Run
from tests.source import Source


def test_an_overlay_that_needs_no_patches_of_its_own(source: Source, run: Run) -> None:
    """Its patch file holds no operation: kustomize and Sealift take that as it is."""
    source.overlay("again", "resources: [../example]\n")
    assert run("airgap", "again").code == 0
    assert "PatchTransformer" not in source.read("overlays/again/patches/airgap.yaml")
    assert run("build", "again", "--check").code == 0


def test_patches_of_a_chart_that_cannot_be_told_stay(source: Source, run: Run) -> None:
    """Without them, the chart's own images would count again as soon as it can be told."""
    assert run("airgap", "example").code == 0
    path = "overlays/example/patches/airgap.yaml"
    before = source.read(path)
    assert "/spec/values" in before
    source.edit("base/wandb/weightsandbiases.yaml", "    version: 0.28.0\n", "")
    for more in ((), ("--check",)):
        result = run("airgap", "example", *more)
        assert (result.code, result.out) == (1, "")
        assert "[incomplete-chart]" in result.err
    assert source.read(path) == before


def test_what_no_chart_was_told_of_is_written_again(source: Source, run: Run) -> None:
    """Nobody can tell what it makes, so there never was more to write than its own fields."""
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"
        "metadata: {name: more, namespace: argocd}\n"
        "spec: {template: {spec: {image: docker.io/acme/web:1.2.3}}}\n"
    )
    source.write("overlays/more/more.yaml", text)
    source.overlay("more", "resources: [../example, more.yaml]\n")
    for _ in range(2):
        assert "[cannot-examine]" in run("airgap", "more").err
        assert "value: registry.yourdomain.com/acme/web:1.2.3" in source.read(
            "overlays/more/patches/airgap.yaml"
        )
