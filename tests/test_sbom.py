"""``sealift sbom``: held against the specification's own schema."""

import json
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema_rs
import pytest

from builder.core import lock as locks
from tests.conftest import Refused, Run
from tests.source import Source


@pytest.fixture
def bundle(source: Source, run: Run) -> Path:
    assert run("airgap", "example").code == 0
    assert run("build", "example", "-o", "out").code == 0
    return source.path("out/example")


def schema_errors(text: str) -> list[str]:
    """What CycloneDX's schema has against a document; the other schemas it names come along."""
    folder = files("cyclonedx.schema") / "_res"
    texts = {
        f"http://cyclonedx.org/schema/{name}": json.loads((folder / name).read_text())
        for name in ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
    }
    schema = json.loads((folder / "bom-1.6.SNAPSHOT.schema.json").read_text())
    registry = jsonschema_rs.Registry(list(texts.items()))
    validator = jsonschema_rs.validator_for(schema, registry=registry)
    return [error.message for error in validator.iter_errors(json.loads(text))]


def test_it_is_cyclonedx_and_has_every_chart_and_image(bundle: Path, run: Run) -> None:
    result = run("sbom", str(bundle))
    assert result.code == 0, result
    assert schema_errors(result.out) == []
    assert schema_errors(result.out.replace('"container"', '"no type"')) != []
    value = json.loads(result.out)
    lock = locks.load((bundle / locks.FILE).read_text())
    assert {c["bom-ref"] for c in value["components"]} == {
        *(f"image:{image.image}" for image in lock.images),
        *(f"chart:{chart.name}-{chart.version}" for chart in lock.charts),
    }
    hashes = {c["name"]: c["hashes"][0]["content"] for c in value["components"] if "hashes" in c}
    assert hashes == {chart.name: chart.sha256.removeprefix("sha256:") for chart in lock.charts}


def test_a_digest_is_the_version_and_stands_in_the_package_url(bundle: Path, run: Run) -> None:
    digest = f"sha256:{'a' * 64}"
    path = bundle / locks.FILE
    image = "registry.yourdomain.com/wandb/controller:1.13.3"
    before = f'{image}\n  digest: ""'
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, f"{image}\n  digest: {digest}"))
    (found,) = [
        c
        for c in json.loads(run("sbom", str(bundle)).out)["components"]
        if c["bom-ref"] == f"image:{image}"
    ]
    assert (found["type"], found["version"]) == ("container", digest)
    assert found["purl"] == (
        f"pkg:oci/controller@sha256:{'a' * 64}"
        "?repository_url=registry.yourdomain.com/wandb/controller&tag=1.13.3"
    )


def test_a_chart_depends_on_what_its_render_pulls(bundle: Path, run: Run) -> None:
    value = json.loads(run("sbom", str(bundle)).out)
    below = {d["ref"]: set(d.get("dependsOn", ())) for d in value["dependencies"]}
    assert below["bundle"] == {c["bom-ref"] for c in value["components"]}
    controller = "image:registry.yourdomain.com/wandb/controller:1.13.3"
    redis = "image:registry.yourdomain.com/bitnami/redis:7.2.4-debian-12-r9"
    assert redis in below["chart:operator-wandb-0.28.0"]
    assert controller not in below["chart:operator-wandb-0.28.0"]


@pytest.mark.parametrize(
    ("form", "number"), [("cyclonedx", "serialNumber"), ("spdx", "documentNamespace")]
)
def test_the_same_bundle_has_the_same_bytes_from_folder_and_environment(
    source: Source, bundle: Path, run: Run, form: str, number: str
) -> None:
    first = run("sbom", str(bundle), "-o", form).out
    assert run("sbom", "example", "-o", form).out == first
    assert "timestamp" not in first
    source.write("out/example/40-more.yaml", "")
    other = run("sbom", str(bundle), "-o", form).out
    assert json.loads(other)[number] != json.loads(first)[number]


def test_it_is_spdx_and_has_every_chart_and_image(
    bundle: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    path = tmp_path / "example.spdx.json"
    path.write_text(run("sbom", str(bundle), "-o", "spdx").out)
    document = parse_file(str(path))
    assert validate_full_spdx_document(document) == []
    assert document.creation_info.created.isoformat() == "1970-01-02T00:00:00"
    lock = locks.load((bundle / locks.FILE).read_text())
    assert len(document.packages) == 1 + len(lock.charts) + len(lock.images)
    checksums = {p.checksums[0].value for p in document.packages if p.checksums}
    assert checksums == {chart.sha256.removeprefix("sha256:") for chart in lock.charts}


def test_a_time_that_is_none_is_refused(
    bundle: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert "SOURCE_DATE_EPOCH" in refused("sbom", str(bundle), "-o", "spdx")


def test_what_does_not_ship_has_none(run: Run, source: Source) -> None:
    result = run("sbom", "guide")
    assert (result.code, result.out) == (1, "")


@pytest.mark.parametrize(
    ("form", "module", "extra"),
    [("cyclonedx", "cyclonedx", "sbom"), ("spdx", "spdx_tools", "spdx")],
)
def test_without_the_library_it_says_how_to_get_it(
    bundle: Path,
    refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    module: str,
    extra: str,
) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if "site-packages" not in p])
    said = refused("sbom", str(bundle), "-o", form)
    assert f"pip install 'sealift[{extra}]'" in said
