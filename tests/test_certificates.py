"""Certificates of an environment: read from its files, and trusted by platform and operator."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.airgap_inputs import digest
from builder.build import Build, build
from builder.certificates import load
from builder.core import changes as change_lists
from builder.core import patch as patches
from builder.core.certificates import missing
from builder.core.manifests import Manifests, Origin, Resource, ResourceId
from builder.render import render
from builder.trust_base import trust_base
from builder.workspace import find_overlay
from tests.authorities import NOW, Authority, authority
from tests.conftest import Refused, Run
from tests.source import Source
from tests.test_render import kustomize

ENVIRONMENT = "overlays/example/environment.yaml"
ADDED = "overlays/example/resources/airgap.yaml"
PATCHES = "overlays/example/patches/airgap.yaml"
ROOT = authority()
OTHER = authority("Other Root")


def naming(source: Source, *texts: str, environment: str = "example") -> None:
    """Let an environment name files with these texts."""
    names = [f"pki/{environment}-{index}.pem" for index in range(len(texts))]
    for name, text in zip(names, texts, strict=True):
        source.write(name, text)
    path = f"overlays/{environment}/environment.yaml"
    kept = [line for line in source.read(path).splitlines() if "certificates:" not in line]
    source.write(path, "\n".join([*kept, f"certificates: [{', '.join(names)}]", ""]))


def built(source: Source, environment: str = "example") -> Build:
    return build(find_overlay(source.root, environment))


def trusting(result: Build) -> tuple[list[str], list[str]]:
    """The subjects that operator and platform trust, of all certificates that are known."""
    known = load(result.overlay).certificates + load(result.overlay).inherited
    [nested] = result.nested
    holders = (*nested.resources, *result.manifests)
    left = missing(known, result.manifests, result.manifests)
    left_nested = missing(known, nested.resources, holders, "wandb")
    return (
        sorted({one.subject for one in known} - {one.subject for one in left}),
        sorted({one.subject for one in known} - {one.subject for one in left_nested}),
    )


def codes(result: Build, severity: str = "error") -> list[tuple[str, str]]:
    return sorted({(f.code, f.subject) for f in result.findings if f.severity == severity})


def test_a_bundle_of_a_good_an_expired_a_second_and_one_with_its_key(
    source: Source, run: Run, tmp_path: Path
) -> None:
    expired = authority("Old Root", end=NOW - timedelta(days=1))
    open_ = authority("Open Root")
    naming(source, ROOT.pem + expired.pem + ROOT.pem + open_.pem + open_.key_pem())
    airgap = run("airgap", "example", "-v")
    shipped = run("build", "example", "-o", str(tmp_path / "bundle"))
    for result in (airgap, shipped):
        assert result.code == 1
        for said in (
            "error: CN=Old Root [certificate-expired]",
            "error: CN=Open Root [certificate-private-key]",
            "warning: CN=Corp Root [certificate-duplicate]",
        ):
            assert said in result.err + result.out
        assert "[certificate-not-trusted]" not in result.err + result.out
    assert not (tmp_path / "bundle").exists()
    after = built(source)
    assert codes(after) == [
        ("certificate-expired", "CN=Old Root"),
        ("certificate-private-key", "CN=Open Root"),
    ]
    assert trusting(after) == (["CN=Corp Root"], ["CN=Corp Root"])
    secret = open_.key_pem().splitlines()[1]
    written = [source.read(PATCHES), source.read(ADDED), source.read(ENVIRONMENT)]
    outputs = [*airgap, *shipped, *(data.decode() for data in after.files.values()), *written]
    assert not any(secret in str(text) for text in outputs)
    for one in (expired, open_):
        assert not any(one.pem.splitlines()[1] in str(text) for text in outputs)


def test_good_ones_ship(source: Source, run: Run) -> None:
    naming(source, ROOT.pem, OTHER.pem)
    before = built(source)
    assert {code for code, _ in codes(before)} == {"airgap-stale", "certificate-not-trusted"}
    assert run("airgap", "example").code == 0
    after = built(source)
    assert after.ships
    both = ["CN=Corp Root", "CN=Other Root"]
    assert trusting(after) == (both, both)
    assert run("airgap", "example", "--check").code == 0
    first = render(find_overlay(source.root, "example"))
    assert {r.id: r.body for r in first.manifests} == kustomize(source.path("overlays/example"))


def test_the_operator_takes_no_name_that_the_platform_has(source: Source, run: Run) -> None:
    """Both charts name their ConfigMap alike, in one namespace: helm would refuse to install."""
    naming(source, ROOT.pem)
    assert run("airgap", "example").code == 0
    after = built(source)
    made = {(r.id.kind, r.id.namespace or "wandb", r.id.name) for r in after.nested[0].created}
    assert ("ConfigMap", "wandb", "wandb-ca-certs") in made
    [added] = [r.id for r in after.manifests if r.id.kind == "ConfigMap"]
    assert (added.namespace, added.name) == ("wandb", "wandb-ca-certs-operator")
    assert not made & {(r.id.kind, r.id.namespace, r.id.name) for r in after.manifests}


def applied(source: Source, environment: str) -> dict[ResourceId, Any]:
    """The first order after nothing but what makes the operator trust the certificates."""
    overlay = find_overlay(source.root, environment)
    before = render(overlay).before_airgap
    found = trust_base(overlay, before, ())
    assert found.findings == []
    resources = {resource.id: resource for resource in before}
    text = change_lists.write(resources, found.changes, "0")
    after, problems = patches.apply_all(before, patches.parse_transformers(text, source="x"))
    assert problems == []
    more = (Resource(body=body, origin=Origin(source="x")) for body in found.additions)
    return {resource.id: resource.body for resource in (*after, *more)}


def wanted(source: Source, *authorities: Authority) -> dict[ResourceId, Any]:
    """What kustomize makes of the base when its values name the certificates."""
    values = "base/wandb/operator-values.yaml"
    kept = source.read(values)
    source.write(values, kept + yaml.safe_dump({"customCACerts": [a.pem for a in authorities]}))
    found = kustomize(source.path("overlays/guide"))
    source.write(values, kept)
    return found


def test_patches_make_what_the_value_would_have_made(source: Source) -> None:
    for authorities in ([ROOT], [ROOT, OTHER]):
        naming(source, *(a.pem for a in authorities), environment="guide")
        assert applied(source, "guide") == wanted(source, *authorities)


def in_platform(source: Source, *texts: str) -> None:
    """Let the custom resource itself list these texts."""
    listed = f"    global:\n      customCACerts: {json.dumps(texts)}\n"
    source.edit("base/wandb/weightsandbiases.yaml", "    global:\n", listed)


def test_values_of_the_base_stay(source: Source, run: Run) -> None:
    own = yaml.safe_dump({"customCACerts": [OTHER.pem]})
    values = "base/wandb/operator-values.yaml"
    source.write(values, source.read(values) + own)
    in_platform(source, OTHER.pem + "  ")
    naming(source, ROOT.pem)
    assert run("airgap", "example").code == 0
    after = built(source)
    texts = after.nested[0].chart.values["global"]["customCACerts"]
    assert [text.strip() for text in texts] == [OTHER.pem.strip(), ROOT.pem.strip()]
    [held] = [r.body["data"] for r in after.manifests if r.id.kind == "ConfigMap"]
    assert [text.strip() for text in held.values()] == [OTHER.pem.strip(), ROOT.pem.strip()]


def test_one_that_is_there_already_is_not_set_twice(source: Source, run: Run) -> None:
    windows = ROOT.pem.replace("\n", "\r\n").strip()
    in_platform(source, windows)
    naming(source, ROOT.pem)
    assert run("airgap", "example").code == 0
    assert built(source).nested[0].chart.values["global"]["customCACerts"] == [ROOT.pem]


# Of an environment that is extended.


def child(source: Source, run: Run, own: str) -> None:
    """Write an environment that extends the closed example, which trusts two certificates."""
    naming(source, ROOT.pem, OTHER.pem)
    assert run("airgap", "example").code == 0
    source.overlay("edge", "resources: [../example]\n", f"extends: example\n{own}")
    assert run("airgap", "edge").code == 0


def test_what_an_extended_environment_has_done_is_not_done_again(source: Source, run: Run) -> None:
    child(source, run, "")
    assert "customCACerts" not in source.read("overlays/edge/patches/airgap.yaml")
    assert not source.path("overlays/edge/resources/airgap.yaml").exists()
    after = built(source, "edge")
    assert after.ships
    assert trusting(after) == (["CN=Corp Root", "CN=Other Root"],) * 2


def test_certificates_take_the_place_of_those_of_an_extended_environment(
    source: Source, run: Run
) -> None:
    third = authority("Third Root")
    source.write("pki/edge.pem", third.pem)
    child(source, run, "certificates: [pki/edge.pem]\n")
    assert not source.path("overlays/edge/resources/airgap.yaml").exists()
    operations = [
        operation
        for document in yaml.safe_load_all(source.read("overlays/edge/patches/airgap.yaml"))
        for operation in yaml.safe_load(document["patch"])
    ]
    assert [(o["op"], o["path"]) for o in operations] == [
        ("replace", "/data"),
        ("replace", "/spec/values/global/customCACerts"),
    ]
    after = built(source, "edge")
    assert after.ships
    assert trusting(after) == (["CN=Third Root"], ["CN=Third Root"])
    assert built(source).ships


def test_an_environment_can_trust_none_of_those_that_another_does(source: Source, run: Run) -> None:
    child(source, run, "certificates: []\n")
    after = built(source, "edge")
    assert after.ships
    assert trusting(after) == ([], [])


# When patches rest on other certificates.


def test_another_certificate_makes_the_patches_stale(source: Source, run: Run) -> None:
    naming(source, ROOT.pem)
    assert run("airgap", "example").code == 0
    source.write("pki/example-0.pem", f"# the root\n{ROOT.pem}")
    assert built(source).ships
    source.write("pki/example-0.pem", OTHER.pem)
    assert ("airgap-stale", PATCHES) in codes(built(source))
    assert run("airgap", "example", "--check").code == 1
    assert run("airgap", "example").code == 0
    assert trusting(built(source))[1] == ["CN=Other Root"]


def test_the_clock_changes_findings_and_what_rests_on_them(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    naming(source, ROOT.pem, authority("Next", start=NOW + timedelta(days=1)).pem)
    overlay = find_overlay(source.root, "example")
    early, late = load(overlay, NOW), load(overlay, NOW + timedelta(days=2))
    assert [one.subject for one in early.certificates] == ["CN=Corp Root"]
    assert [one.subject for one in late.certificates] == ["CN=Corp Root", "CN=Next"]
    digests = []
    for found in (early, late):
        monkeypatch.setattr("builder.certificates.load", lambda _, found=found: found)
        digests.append(digest(overlay, Manifests()))
    assert digests[0] != digests[1]


def test_without_certificates_the_stamp_is_as_it_was(source: Source, run: Run) -> None:
    before = source.read(PATCHES)
    assert run("airgap", "example").code == 0
    assert source.read(PATCHES) == before


# What is wrong with the files, or with the base.


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("pki/none.pem", "there is no file pki/none.pem"),
        ("pki", "there is no file pki"),
        ("../outside.pem", "leads out of the source repository"),
        ("/etc/ssl/certs/ca-certificates.crt", "leads out of the source repository"),
        ("pki/link.pem", "leads out of the source repository"),
    ],
)
@pytest.mark.parametrize("command", ["build", "airgap"])
def test_a_file_that_cannot_be_taken(
    source: Source, refused: Refused, command: str, path: str, said: str
) -> None:
    (source.root.parent / "outside.pem").write_text(ROOT.pem)
    naming(source, ROOT.pem)
    source.path("pki/link.pem").symlink_to(source.root.parent / "outside.pem")
    source.edit(ENVIRONMENT, "pki/example-0.pem", path)
    error = refused(command, "example")
    assert said in error
    assert f"{ENVIRONMENT} certificates" in error


def test_the_base_has_to_say_who_takes_them(source: Source) -> None:
    text = source.read("base/wandb/base.yaml")
    rule = "    certificates:\n      pem: /global/customCACerts\n"
    start = text.index("\ncertificates:\n  - chart: operator")
    text = text[:start] + text[text.index("\n# The custom resource tells", start) :]
    source.write("base/wandb/base.yaml", text.replace(rule, "    certificates:\n"))
    source.edit("base/wandb/base.yaml", "      configMap: /global/caCertsConfigMap\n", "")
    source.edit("base/wandb/base.yaml", "    certificates:\n", "")
    naming(source, ROOT.pem)
    warnings = codes(built(source), "warning")
    assert ("certificate-unused", "certificates") in warnings


def test_a_chart_that_nothing_inflates(source: Source, run: Run) -> None:
    source.edit("base/wandb/base.yaml", "  - chart: operator\n", "  - chart: manager\n")
    naming(source, ROOT.pem)
    result = run("airgap", "example")
    assert result.code == 1
    assert "error: manager [certificate-not-trusted]" in result.err
    assert "no kustomization of the environment inflates the chart" in result.err


def test_nothing_heavy_is_loaded_without_certificates(source: Source) -> None:
    code = (
        "import sys; from builder.cli import main;"
        "main(['airgap', 'example', '--check']); main(['build', 'example']);"
        "print('cryptography' in sys.modules, file=sys.stderr)"
    )
    for expected in ("False", "True"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stderr.splitlines()[-1] == expected, done.stderr
        naming(source, ROOT.pem)
