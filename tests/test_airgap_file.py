"""The file that ``sealift airgap`` writes, what names it, and what the command says of both."""

from pathlib import Path

import pytest

from tests.conftest import Run
from tests.source import Source, snapshot
from tests.styles.leaving import STYLES as LEAVING
from tests.styles.model import Style
from tests.styles.references import WHOLE
from tests.test_airgap import airgap, by_hand
from tests.test_airgap_styles import PATCHES, built, vendored

URL = "https://docs.acme.example/settings"
KUSTOMIZATION = "overlays/prod/kustomization.yaml"
TRANSFORMERS = "transformers:\n  - patches/airgap.yaml\n"


@pytest.fixture
def source(tmp_path: Path, run: Run) -> Source:
    return vendored(tmp_path, run, WHOLE)


def test_it_says_that_it_edits_the_kustomization(source: Source, run: Run) -> None:
    code, out, _ = airgap(run, source)
    assert code == 0
    assert f"\nwritten: {KUSTOMIZATION}; names what is generated\n" in out
    assert KUSTOMIZATION not in airgap(run, source)[1]


def test_check_shows_a_kustomization_that_does_not_name_the_patches(
    source: Source, run: Run
) -> None:
    airgap(run, source)
    source.edit(KUSTOMIZATION, TRANSFORMERS, "")
    before = snapshot(source.root)
    code, out, _ = airgap(run, source, "--check")
    assert code == 1
    assert out.splitlines()[0] == f"--- {KUSTOMIZATION}"
    assert "+  - patches/airgap.yaml" in out
    assert snapshot(source.root) == before


@pytest.mark.parametrize("name", ["kustomization.yml", "Kustomization"])
def test_a_kustomization_of_another_name(source: Source, run: Run, name: str) -> None:
    path = source.path(KUSTOMIZATION)
    path.rename(path.parent / name)
    assert airgap(run, source)[0] == 0
    assert source.read(f"overlays/prod/{name}").endswith(TRANSFORMERS)
    assert built(source).ships


@pytest.mark.parametrize(
    "text",
    [
        "{resources: [../../base/app]}\n",
        "resources: [../../base/app]\ntransformers: [\n  ]\n",
        "resources: [../../base/app]\n...\n",
    ],
)
def test_a_kustomization_that_only_people_can_edit(source: Source, run: Run, text: str) -> None:
    source.write(KUSTOMIZATION, text)
    before = snapshot(source.root)
    code, out, err = airgap(run, source)
    assert (code, out) == (2, "")
    assert "transformers does not list patches/airgap.yaml" in err
    assert "add it as the last entry" in err
    assert snapshot(source.root) == before


CONFLICT = "<<<<<<< HEAD\napiVersion: builtin\n=======\n>>>>>>> theirs\napiVersion: builtin\n"


@pytest.mark.parametrize("text", [CONFLICT, "kind: Other\n", "kind: [\n"])
def test_a_broken_file_is_made_anew(source: Source, run: Run, text: str) -> None:
    airgap(run, source)
    whole = source.read(PATCHES)
    source.write(PATCHES, whole.replace("apiVersion: builtin\n", text, 1))
    broken = snapshot(source.root)
    result = run("build", "prod", "--root", str(source.root))
    assert result.code == 2
    assert "hint: run `sealift airgap prod`, which makes the file anew" in result.err
    assert airgap(run, source, "--check")[0] == 1
    assert snapshot(source.root) == broken
    code, _, err = airgap(run, source)
    assert code == 0
    assert err.startswith(f"note: cannot be read, and is made anew: {PATCHES}:")
    assert source.read(PATCHES) == whole


def test_a_file_of_peoples_own_is_left_alone(source: Source, run: Run) -> None:
    source.write(PATCHES, "apiVersion: builtin\n")
    code, _, err = airgap(run, source)
    assert code == 2
    assert "was not written by sealift airgap" in err
    assert "Delete it when nothing in it is yours" in err
    assert source.read(PATCHES) == "apiVersion: builtin\n"


def test_patches_by_hand_that_miss_are_shown(source: Source, run: Run) -> None:
    by_hand(source, "{op: replace, path: /spec/valeus/image, value: x}")
    code, out, err = airgap(run, source)
    assert code == 1
    assert f"error: {KUSTOMIZATION}:" in err
    assert "[patch-missed]" in err
    assert "/spec/valeus" in err
    assert "1 error left to you" in out
    assert "acme/web:1.2.3" in source.read(PATCHES)


def test_own_patches_that_miss_after_a_bump_are_only_written_again(
    source: Source, run: Run
) -> None:
    airgap(run, source)
    source.edit(PATCHES, "path: /spec/chart/url", "path: /spec/chart/none")
    code, _, err = airgap(run, source)
    assert (code, err) == (0, "")


def test_the_table_says_why_something_is_not_changed(tmp_path: Path, run: Run) -> None:
    style = next(s for s in LEAVING if s.name == "hard-coded in the chart itself")
    out = airgap(run, vendored(tmp_path, run, style), "-v")[1]
    assert "not changed: is outside" in out


def test_the_table_tells_what_nothing_fetches(tmp_path: Path, run: Run) -> None:
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
    text = f"{head}data:\n  a.ini: |\n    # {URL}\n    a = b\n"
    style = Style(name="comment", templates={"c.yaml": text})
    out = airgap(run, vendored(tmp_path, run, style), "-v")[1]
    [line] = [line for line in out.splitlines() if line.startswith(URL)]
    assert line.endswith("not changed: stands in a comment")
