"""Kustomizations before kustomize sees them: nothing remote, nothing outside, nothing missing."""

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import Refused, Run
from tests.servers.chart_repository import chart_repository
from tests.source import Source

REMOTE = [
    "https://github.com/kubernetes-sigs/kustomize//examples/multibases?ref=v5.8.0",
    "https://example.com/base.yaml",
    "http://example.com/base",
    "HTTPS://example.com/base",
    "github.com/kubernetes-sigs/kustomize?ref=v5.8.0",
    "github.com/kubernetes-sigs/kustomize",
    "GitHub.com/kubernetes-sigs/kustomize/examples",
    "git::https://example.com/x/y",
    "git::file:///tmp/x",
    "git@github.com:kubernetes-sigs/kustomize",
    "org-12345@github.com:x/y",
    "git@example.com:x/y.git//base?ref=main",
    "ssh://git@example.com/x/y.git",
    "file:///etc",
    "git.example.com/x/y.git",
    "git.example.com/x/y.git//base",
    "example.com/x//y?version=1",
    "oci://registry.example.com/base",
    "s3::https://example.com/x",
    "gh:kubernetes-sigs/kustomize",
]


@pytest.mark.parametrize("entry", REMOTE)
@pytest.mark.parametrize("field", ["resources", "components", "bases"])
def test_a_remote_base_is_refused(source: Source, refused: Refused, field: str, entry: str) -> None:
    rest = "" if field == "resources" else "resources: [../example]\n"
    source.overlay("more", f"{rest}{field}:\n- ../example\n- {entry}\n")
    said = refused("build", "more")
    assert f"error: overlays/more/kustomization.yaml:{3 if not rest else 4}:3: " in said
    assert f"{entry} is a remote base: the build fetches nothing" in said


@pytest.mark.parametrize(
    "entry",
    ["github.com/x/y", "git.example.com/y.git", "git::https:/x", "git@h:x", "x?ref=main"],
)
def test_a_folder_that_kustomize_takes_for_a_remote_base_is_refused(
    source: Source, refused: Refused, entry: str
) -> None:
    """It would fetch, although a folder of that name is there."""
    source.overlay("more", f"resources: [../example, '{entry}']\n")
    source.write(f"overlays/more/{entry}/kustomization.yaml", "resources: []\n")
    assert "is a remote base" in refused("build", "more")


@pytest.mark.parametrize(
    "kustomization",
    [
        "configMapGenerator: [{name: c, files: ['{url}/a']}]",
        "configMapGenerator: [{name: c, files: ['k={url}/a']}]",
        "configMapGenerator: [{name: c, envs: ['{url}/?a=kustomization.yaml']}]",
        "configMapGenerator: [{name: c, env: '{url}/?a=kustomization.yaml'}]",
        "secretGenerator: [{name: c, envs: ['{url}/a']}]",
        "replacements: [{path: '{url}/a'}]",
        "replacements: [{path: '{url}/?a=kustomization.yaml'}]",
        "openapi: {path: '{url}/a'}",
        "crds: ['{url}/a']",
        "configurations: ['{url}/a']",
        "transformers: ['{url}/a']",
        "generators: ['{url}/a']",
        "validators: ['{url}/a']",
        "patchesStrategicMerge: ['{url}/a']",
        "patches: [{path: '{url}/?a=kustomization.yaml', target: {kind: Namespace}}]",
        "patchesJson6902: [{path: '{url}/a', target: {kind: Namespace}}]",
        "helmCharts: [{name: operator, version: 1.3.3, valuesFile: '{url}/a'}]",
        "helmCharts: [{name: operator, version: 1.3.3, additionalValuesFiles: ['{url}/a']}]",
        "transformers: [t.yaml]",
        "generators: [g.yaml]",
        "generators: [h.yaml]",
        "generators: ['kind: SecretGenerator\n\napiVersion: builtin\n\nmetadata: {name: x}\n\n"
        'envs: ["{url}/a"]\n\']',
    ],
)
def test_nothing_is_fetched(
    source: Source, refused: Refused, tmp_path: Path, kustomization: str
) -> None:
    with chart_repository(tmp_path) as site:
        text = kustomization.replace("{url}", site.url)
        source.overlay("more", f"resources: [../guide]\n{text}\n", "extends: guide\n")
        plugin = "apiVersion: builtin\nmetadata: {name: x}\nkind: "
        source.write("overlays/more/t.yaml", f"{plugin}PatchJson6902Transformer\n"
                     f"target: {{kind: Namespace, name: wandb}}\npath: {site.url}/a\n")  # fmt: skip
        source.write("overlays/more/g.yaml", f"{plugin}ConfigMapGenerator\nfiles: ['{site.url}/a']")
        source.write("overlays/more/h.yaml", f"{plugin}HelmChartInflationGenerator\n"
                     f"name: operator\nversion: 1.3.3\nrepo: {site.url}\n")  # fmt: skip
        refused("build", "more")
        assert site.requests == []


def test_a_chart_is_never_pulled_by_kustomize(source: Source, run: Run, tmp_path: Path) -> None:
    with chart_repository(tmp_path) as site:
        source.edit("base/wandb/kustomization.yaml", "https://charts.wandb.ai", site.url)
        shutil.rmtree(source.path("base/wandb/charts/operator-1.3.3"))
        result = run("build", "example")
        assert result.code == 2
        assert (
            "kustomize would look for the chart in base/wandb/charts/operator-1.3.3" in result.err
        )
        assert site.requests == []


@pytest.mark.parametrize(
    "link",
    [
        "overlays/example/patches/more.yaml",
        "overlays/guide/deep/more",
        "base/wandb/extra.yaml",
        "base/wandb/charts/operator-1.3.3/operator/templates/more.yaml",
    ],
)
@pytest.mark.parametrize("target", ["/etc/passwd", "/etc", "../../../../../../../../etc/passwd"])
def test_a_link_out_of_the_repository_is_refused(
    source: Source, refused: Refused, link: str, target: str
) -> None:
    path = source.path(link)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    said = refused("build", "example")
    assert f"error: {link}: {link} leads out of the source repository" in said


@pytest.mark.parametrize(
    "link", ["overlays/example/environment.yaml", "overlays/example/kustomization.yaml",
             "overlays/example/patches/airgap.yaml", "base/wandb/base.yaml",
             "base/wandb/charts.lock.yaml", "base/wandb/charts/operator-1.3.3.tgz"],
)  # fmt: skip
def test_a_file_that_is_a_link_out_is_refused(
    source: Source, refused: Refused, tmp_path: Path, link: str
) -> None:
    path = source.path(link)
    path.replace(tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    assert f"{link} leads out of the source repository" in refused("build", "example")


def test_an_overlay_that_is_a_link_out_is_refused(
    source: Source, refused: Refused, tmp_path: Path
) -> None:
    source.path("overlays/example").rename(tmp_path / "outside")
    source.path("overlays/example").symlink_to(tmp_path / "outside")
    refused("build", "example")


def test_a_link_inside_the_repository_is_followed(source: Source, run: Run) -> None:
    source.path("base/wandb/namespace.yaml").rename(source.path("base/wandb/real.yaml"))
    source.path("base/wandb/namespace.yaml").symlink_to("real.yaml")
    assert run("build", "example").code == 0


@pytest.mark.parametrize("link", [True, False])
def test_a_file_of_another_folder_is_refused(source: Source, refused: Refused, link: bool) -> None:
    """kustomize refuses it, for whoever builds the overlay without Sealift."""
    source.write("overlays/more.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    source.overlay("more", f"resources: [../example, {'more.yaml' if link else '../more.yaml'}]\n")
    if link:
        source.path("overlays/more/more.yaml").symlink_to("../more.yaml")
    assert "kustomize takes no file from outside its folder" in refused("build", "more")


@pytest.mark.parametrize("entry", ["../../../outside", "/etc", "../../../outside/x.yaml"])
def test_a_path_out_of_the_repository_is_refused(
    source: Source, refused: Refused, entry: str
) -> None:
    outside = source.root.parent / "outside"
    outside.mkdir()
    (outside / "x.yaml").write_text("")
    (outside / "kustomization.yaml").write_text("resources: []\n")
    source.overlay("more", f"resources: [../example, {entry}]\n")
    assert "leads out of the source repository" in refused("build", "more")


def test_a_missing_resource_is_named_with_the_nearest(source: Source, refused: Refused) -> None:
    source.edit("base/wandb/kustomization.yaml", "- namespace.yaml", "- namespac.yaml")
    said = refused("build", "example")
    assert "base/wandb/kustomization.yaml:14:5: there is no namespac.yaml" in said
    assert "did you mean namespace.yaml?" in said


def test_an_overlay_without_kustomization_is_refused(source: Source, refused: Refused) -> None:
    source.path("overlays/guide/kustomization.yaml").unlink()
    assert "overlays/guide has no kustomization.yaml" in refused("build", "guide")


def test_two_kustomizations_are_refused(source: Source, refused: Refused) -> None:
    source.write("overlays/guide/kustomization.yml", "resources: []\n")
    assert "overlays/guide has more than one kustomization.yaml" in refused("build", "guide")


@pytest.mark.parametrize("name", ["kustomization.yml", "Kustomization"])
def test_all_names_of_a_kustomization_are_known(source: Source, run: Run, name: str) -> None:
    for env in ("guide", "example"):
        source.path(f"overlays/{env}/kustomization.yaml").rename(
            source.path(f"overlays/{env}/{name}")
        )
    assert run("build", "example").code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resourcs: [../example]\n", "kustomize knows no field 'resourcs'"),
        ("resources: []\n", "environment.yaml extends example, but resources does not list"),
        ("resources: ../example\n", "resources is not a list of texts"),
        ("resources: [1]\n", "resources is not a list of texts"),
        ("resources: [../example]\nresources: []\n", "the key 'resources' stands twice"),
        ("resources: [../example\n", "is not YAML"),
        ("resources: [../example]\n---\nresources: []\n", "holds more than one YAML document"),
        ("- ../example\n", "is not a mapping"),
        ("text\n", "is not a mapping"),
        ("resources: [../example]\npatches: p.yaml\n", "patches is not a list"),
        ("resources: [../example]\npatches: {a: b}\n", "patches is not a list"),
        ("resources: [../example]\nhelmGlobals: charts\n", "helmGlobals is not a mapping"),
        ("resources: [../example]\nhelmCharts: {name: x}\n", "helmCharts is not a list"),
        (
            "resources: [../example]\nhelmCharts: [{name: x, version: '1', valuesFile: 5}]\n",
            "no file: 5",
        ),
        ("resources: [../example]\nhelmCharts: [{name: x}]\n", "needs a name and a version"),
        ("resources: [../example]\nopenapi: [a]\n", "openapi is not a mapping"),
        ("resources: [../example]\nhelmCharts: [x]\n", "an entry of helmCharts is not a mapping"),
        ("resources: [../example]\nconfigMapGenerator: [{name: c, files: 5}]\n", "no file: 5"),
        ("resources: [../example]\nhelmChartInflationGenerator: [{}]\n", "outdated"),
        ("resources: [../example]\ntransformers: [../guide]\n", "../guide is a folder"),
        ("resources: [../example, ../more]\n", "leads back to overlays/more"),
        ("resources: [../example]\nkind: Kustomisation\n", "kind 'Kustomisation' is neither"),
        ("resources: [../example]\napiVersion: v1\n", "the apiVersion of a Kustomization is"),
    ],
)
def test_a_kustomization_that_is_wrong_is_refused(
    source: Source, refused: Refused, text: str, said: str
) -> None:
    source.overlay("more", text)
    message = refused("build", "more")
    assert "overlays/more/kustomization.yaml" in message
    assert said in message


def test_a_file_that_cannot_be_read(source: Source, refused: Refused) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    source.path("overlays/example/environment.yaml").chmod(0)
    assert "cannot be read: Permission denied" in refused("build", "example")


def test_a_circle_of_kustomizations_is_refused(source: Source, refused: Refused) -> None:
    source.overlay("more", "resources: [../example, a, b]\n")
    source.write("overlays/more/a/kustomization.yaml", "resources: [../b]\n")
    source.write("overlays/more/b/kustomization.yaml", "resources: [../a]\n")
    said = refused("build", "more")
    assert "overlays/more/b/kustomization.yaml:1:13: leads back to overlays/more/a" in said
