"""``sealift secrets``: on the stand-in platform, whose forms depend on its version."""

import re
import shutil
from collections import Counter
from collections.abc import Callable

import pytest
import yaml

from builder.build import build
from builder.workspace import find_overlay
from tests.conftest import CHARTS, Refused, Run
from tests.secret_site import (
    KUSTOMIZATION,
    PATCHES,
    PLANTED,
    PLATFORM,
    assert_hidden,
    at_version,
    convert,
    plant,
    rendered,
    settings,
    unpatched,
    written,
)
from tests.source import Source, plain_kustomize, snapshot

PLACES = {
    "/spec/values/global/license",
    "/spec/values/global/bucket/accessKey",
    "/spec/values/global/bucket/secretKey",
    "/spec/values/global/mysql/password",
}


@pytest.fixture
def bare(source: Source) -> Source:
    """The sources before anything was converted, with values of the tests' own in them."""
    unpatched(source)
    plant(source)
    return source


def credentials_in(source: Source, env: str) -> list[str]:
    """The places of the build's findings about credentials, within the resource."""
    findings = build(find_overlay(source.root, env)).findings
    return [f.place.split()[1] for f in findings if f.code == "plaintext-credential"]


def places(text: str) -> set[str]:
    return set(re.findall(r"place: \S+ (/\S+)", text))


def test_the_guides_resource_fails_for_its_four_credentials(source: Source, run: Run) -> None:
    result = run("build", "guide")
    assert result.code == 1
    assert Counter(credentials_in(source, "guide")) == Counter(PLACES)


def test_what_was_converted_builds_and_renders_no_value(bare: Source, run: Run) -> None:
    with pytest.raises(AssertionError):
        assert_hidden(rendered(bare))
    assert convert(run).code == 0
    assert run("airgap", "example").code == 0
    result = run("build", "example", "-o", str(bare.root / "out"))
    assert result.code == 0, result.err
    assert_hidden(rendered(bare))
    assert_hidden("".join(p.read_text() for p in (bare.root / "out").rglob("*") if p.is_file()))
    assert_hidden("".join(written(bare).values()))
    assert credentials_in(bare, "example") == []


def test_kustomize_alone_makes_the_same_of_it(bare: Source, run: Run) -> None:
    convert(run)
    text = plain_kustomize(bare.path("overlays/example"))
    [resource] = [d for d in yaml.safe_load_all(text) if d["kind"] == "WeightsAndBiases"]
    assert resource["spec"]["values"]["global"]["licenseSecret"] == {
        "name": "wandb-license-key",
        "key": "license",
    }
    assert_hidden(text)


def test_the_example_holds_what_the_command_writes(source: Source, run: Run) -> None:
    before = written(source)
    unpatched(source)
    assert convert(run).code == 0
    assert written(source) == before


def test_without_write_it_says_what_it_would_do(bare: Source, run: Run) -> None:
    before = snapshot(bare.root)
    result = run("secrets", "example")
    assert result.code == 1
    assert snapshot(bare.root) == before
    assert_hidden(result.out + result.err)
    for shown in (
        f"+++ {PATCHES}",
        "+    path: /spec/values/global/licenseSecret",
        f"+++ {KUSTOMIZATION}",
        "+  - patches/secrets.yaml",
    ):
        assert shown in result.out


def test_check_is_quiet(bare: Source, run: Run) -> None:
    before = snapshot(bare.root)
    assert run("secrets", "example", "--check") == (1, "", "")
    assert snapshot(bare.root) == before
    convert(run)
    assert run("secrets", "example", "--check") == (0, "", "")


def test_check_and_write_exclude_each_other(refused: Refused) -> None:
    assert "--check" in refused("secrets", "example", "--check", "--write")


def test_a_second_run_changes_nothing(bare: Source, run: Run) -> None:
    convert(run)
    before = snapshot(bare.root)
    result = convert(run)
    assert result.code == 0
    assert "nothing to do" in result.out
    assert snapshot(bare.root) == before


def test_it_says_where_the_values_still_stand(bare: Source, run: Run) -> None:
    out = convert(run).out
    lines = bare.read(PLATFORM).splitlines()
    found = re.findall(rf"^  {PLATFORM}:(\d+) (\S+)$", out, re.MULTILINE)
    assert {place for _, place in found} == PLACES
    for number, place in found:
        assert lines[int(number) - 1].strip().startswith(f"{place.rpartition('/')[2]}: ")


def test_a_placeholder_is_no_value_to_be_taken_out(source: Source, run: Run) -> None:
    unpatched(source)
    source.edit(PLATFORM, "replace-with-your-secret-key", PLANTED["replace-with-your-secret-key"])
    out = convert(run).out
    found = re.findall(rf"^  {PLATFORM}:\d+ (\S+)$", out, re.MULTILINE)
    assert found == ["/spec/values/global/bucket/secretKey"]
    states = dict(re.findall(r"^(license|bucket keys) .*(by reference, .*)$", out, re.MULTILINE))
    assert states == {
        "license": "by reference, and a placeholder in the sources",
        "bucket keys": "by reference, and still in the sources",
    }


def test_a_value_that_a_patch_sets_is_found_in_the_patch(source: Source, run: Run) -> None:
    unpatched(source)
    source.write(
        "overlays/example/patches/own.yaml",
        "- {op: replace, path: /spec/values/global/license, value: planted-license}\n",
    )
    target = "{kind: WeightsAndBiases, name: wandb}"
    source.edit(
        KUSTOMIZATION,
        "transformers:",
        f"patches:\n  - {{path: patches/own.yaml, target: {target}}}\ntransformers:",
    )
    out = convert(run).out
    assert "  overlays/example/patches/own.yaml:1 (operation 1) /spec/values/global/license" in out
    assert "planted-license" not in out


def test_what_stands_beside_a_change_is_not_shown(source: Source, run: Run) -> None:
    unpatched(source)
    patch = "  - {op: replace, path: /spec/values/global/license, value: planted-license}\n"
    inline = f"patches:\n- target: {{kind: WeightsAndBiases, name: wandb}}\n  patch: |\n  {patch}"
    source.edit(KUSTOMIZATION, "transformers:", f"{inline}transformers:")
    for argv in ((), ("--check",), ("--write",)):
        result = run("secrets", "example", *argv)
        assert "planted-license" not in result.out + result.err
    assert "/spec/values/global/license" in result.out


def test_values_that_were_taken_out_leave_their_references(bare: Source, run: Run) -> None:
    convert(run)
    references = re.findall(r"path: (\S+Secret|\S+/secret)$", bare.read(PATCHES), re.MULTILINE)
    text = bare.read(PLATFORM)
    for value in PLANTED.values():
        text = re.sub(rf"\n.*: {value}(?=\n)", "", text)
    bare.write(PLATFORM, text)
    missed = run("build", "example")
    assert (missed.code, "run `sealift secrets example --write`" in missed.out) == (1, True)
    result = convert(run)
    assert result.code == 0, result.err
    assert "op: remove" not in bare.read(PATCHES)
    assert re.findall(r"path: (\S+Secret|\S+/secret)$", bare.read(PATCHES), re.M) == references
    assert "still in the sources" not in result.out
    assert result.out.count("by reference") == 3
    run("airgap", "example")
    assert run("build", "example").code == 0
    assert convert(run).out.count("nothing to do") == 1


def test_a_new_value_is_added_to_the_file(bare: Source, run: Run) -> None:
    convert(run)
    before = bare.read(PATCHES)
    bare.edit(PLATFORM, "    global:\n", "    global:\n      redis: {password: planted-redis}\n")
    assert run("secrets", "example", "--check").code == 1
    result = convert(run)
    assert result.code == 0, result.err
    after = bare.read(PATCHES)
    assert after.startswith(before.rstrip("\n"))
    assert "path: /spec/values/global/redis/secret" in after[len(before) - 1 :]
    assert "planted-redis" not in after + result.out
    run("airgap", "example")
    assert run("build", "example").code == 0
    assert "planted-redis" not in rendered(bare)


def test_the_secrets_to_create_are_listed_with_their_keys(bare: Source, run: Run) -> None:
    out = convert(run).out
    lines = [line.strip() for line in out.splitlines() if "kubectl create secret" in line]
    assert lines == [
        "kubectl create secret generic wandb-bucket-keys --namespace wandb "
        "'--from-literal=ACCESS_KEY=<ACCESS_KEY>' '--from-literal=SECRET_KEY=<SECRET_KEY>'",
        "kubectl create secret generic wandb-license-key --namespace wandb "
        "'--from-literal=license=<license>'",
        "kubectl create secret generic wandb-mysql-password --namespace wandb "
        "'--from-literal=MYSQL_PASSWORD=<MYSQL_PASSWORD>'",
    ]


# Versions.


def test_the_guides_version_names_the_first_that_have_the_forms(bare: Source, run: Run) -> None:
    at_version(bare, run, "0.18.0")
    before = written(bare)
    result = convert(run)
    assert result.code == 1
    assert written(bare) == before
    assert places(result.err) == PLACES
    blocks = re.split(r"\n(?=error)", result.err)
    said = {
        re.findall(r"error: (.*) \[", b)[0]: re.findall(r"(\S+) is the first", b) for b in blocks
    }
    assert said == {"license": ["0.18.3"], "MySQL password": ["0.18.8"], "bucket keys": ["0.21.0"]}
    assert result.out.split("\n\n") == [
        "no credential that can be converted",
        "nothing to write: what is left is told above\n",
    ]


def test_a_version_with_some_forms_converts_those(bare: Source, run: Run) -> None:
    at_version(bare, run, "0.20.0")
    result = convert(run)
    assert result.code == 1
    assert places(result.err) == {p for p in PLACES if "bucket" in p}
    text = bare.read(PATCHES)
    assert "licenseSecret" in text
    assert "passwordSecret" in text
    assert "bucket" not in text
    assert set(credentials_in(bare, "example")) == {p for p in PLACES if "bucket" in p}


def test_a_chart_that_goes_back_loses_what_it_cannot(bare: Source, run: Run) -> None:
    convert(run)
    at_version(bare, run, "0.18.0")
    result = convert(run)
    assert result.code == 1
    assert PATCHES not in written(bare)
    assert "secrets.yaml" not in bare.read(KUSTOMIZATION)


def test_a_chart_that_reads_the_value_elsewhere_too_is_not_converted(
    bare: Source, run: Run
) -> None:
    """It refers to the Secret, and what reads the value would be left without one."""
    text = "{{ with .Values.global.license }}{{ . | b64enc }}{{ end }}"
    chart_secret(bare, run, f"data: {{license: {text}}}\n")
    result = convert(run)
    assert result.code == 1
    assert places(result.err) == {"/spec/values/global/license"}
    assert "writes the value itself too, into Secret/extra" in result.err
    assert "licenseSecret" not in bare.read(PATCHES)


def test_a_chart_that_refers_only_where_the_value_stands_is_not_converted(
    bare: Source, run: Run
) -> None:
    name = ".Values.global.licenseSecret.name"
    only = f'(ternary {name} "" (ne .Values.global.license ""))'
    chart_edit(bare, run, "templates/_helpers.tpl", f'"name" {name}', f'"name" {only}')
    result = convert(run)
    assert result.code == 1
    assert places(result.err) == {"/spec/values/global/license"}
    assert "licenseSecret" not in bare.read(PATCHES)
    assert "passwordSecret" in bare.read(PATCHES)


def test_a_chart_that_refuses_references_is_said_to(bare: Source, run: Run) -> None:
    """As by a schema of its values: one refusal does not hide the others' proofs."""
    refusal = '{{ if .Values.global.licenseSecret.name }}{{ fail "no such setting" }}{{ end }}'
    chart_secret(bare, run, f"# {refusal}\n")
    result = convert(run)
    assert result.code == 1
    assert places(result.err) == {"/spec/values/global/license"}
    assert "does not render with a reference" in result.err
    assert "no such setting" in result.err
    assert "passwordSecret" in bare.read(PATCHES)


def test_a_chart_that_checks_its_values_is_proven_without_a_token(bare: Source, run: Run) -> None:
    check = (
        '{{ if and .Values.global.license (not (hasPrefix "planted-" .Values.global.license)) }}'
        '{{ fail "that is no license" }}{{ end }}'
    )
    chart_secret(bare, run, f"# {check}\n")
    result = convert(run)
    assert result.code == 0, result.err
    assert "licenseSecret" in bare.read(PATCHES)


def test_a_name_that_the_chart_uses_itself_is_refused(bare: Source, run: Run) -> None:
    """An upgrade deletes what the release made before, and so the Secret of that name."""
    chart_secret(bare, run, "", name="wandb-license-key")
    result = convert(run)
    assert result.code == 1
    assert "error: Secret wandb/wandb-license-key [secret-name-taken]" in result.err


def chart_secret(source: Source, run: Run, text: str, name: str = "extra") -> None:
    """Vendor the stand-in with one more Secret among its templates."""
    head = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\n"
    _vendored(source, run, "templates/extra.yaml", lambda _: head + text)


def chart_edit(source: Source, run: Run, name: str, old: str, new: str) -> None:
    """Vendor the stand-in with a text replaced."""

    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    _vendored(source, run, name, edit)


def _vendored(source: Source, run: Run, name: str, edit: Callable[[str], str]) -> None:
    charts = source.root.parent / "charts"
    shutil.copytree(CHARTS, charts)
    shutil.rmtree(source.path("base/wandb/charts"))
    source.path("base/wandb/charts.lock.yaml").unlink()
    path = charts / "operator-wandb" / name
    path.write_text(edit(path.read_text() if path.is_file() else ""))
    result = run("vendor", "wandb", "--from", str(charts))
    assert result.code == 0, result.err


# Files.


def test_a_file_of_peoples_own_is_left_alone(bare: Source, refused: Refused) -> None:
    bare.write(PATCHES, "# mine\n")
    assert "was not written by sealift secrets" in refused("secrets", "example", "--write")


def test_a_file_that_is_listed_and_gone_is_made_anew(bare: Source, run: Run) -> None:
    convert(run)
    text = bare.read(PATCHES)
    bare.path(PATCHES).unlink()
    assert convert(run).code == 0
    assert bare.read(PATCHES) == text


def test_the_patches_have_to_stand_behind_those_of_ones_own(bare: Source, run: Run) -> None:
    convert(run)
    own = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: own}\n"
    own += "target: {kind: WeightsAndBiases, name: wandb}\npatch: |\n"
    own += "  - {op: add, path: /spec/values/global/license, value: again}\n"
    bare.write("overlays/example/patches/own.yaml", own)
    bare.edit(
        KUSTOMIZATION, "  - patches/airgap.yaml", "  - patches/own.yaml\n  - patches/airgap.yaml"
    )
    result = run("secrets", "example")
    assert (result.code, result.out) == (2, "")
    assert "has to stand behind them" in result.err
    assert f"{KUSTOMIZATION}:5" in result.err


def test_an_environment_that_is_built_on_another_has_its_references(bare: Source, run: Run) -> None:
    convert(run)
    bare.overlay("child", "resources: [../example]\n")
    before = snapshot(bare.root)
    result = run("secrets", "child")
    assert result.code == 0, result.err
    assert result.out.count("by reference, of your own") == 3
    assert result.out.count("kubectl create secret") == 3
    assert snapshot(bare.root) == before


def test_a_chart_that_is_not_vendored_is_a_finding(bare: Source, run: Run) -> None:
    bare.path("base/wandb/charts/operator-wandb-0.28.0.tgz").unlink()
    result = run("secrets", "example", "--write")
    assert (result.code, result.out) == (1, "")
    assert "chart-not-vendored" in result.err


def test_credentials_in_values_that_stand_as_text_are_said(bare: Source, run: Run) -> None:
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "app", "namespace": "argocd"},
        "spec": {
            "destination": {"namespace": "app"},
            "source": {
                "repoURL": "https://charts.wandb.ai",
                "chart": "operator-wandb",
                "targetRevision": "0.28.0",
                "helm": {"values": "global:\n  mysql: {password: planted-text}\n"},
            },
        },
    }
    bare.write("overlays/example/app.yaml", yaml.safe_dump(application))
    bare.edit(KUSTOMIZATION, "  - ../guide", "  - ../guide\n  - app.yaml")
    result = convert(run)
    assert result.code == 1
    assert "/spec/source/helm/values /global/mysql/password" in result.err
    assert "[no-credential-rule]" in result.err
    assert "planted-text" not in result.err + result.out
    place = "Application/argocd/app */global/mysql/password"
    settings(bare, f"allowCredentials: [{{place: '{place}', reason: a test's}}]\n")
    assert convert(run).code == 0


# By a store.

STORE = """\
secrets:
  form: external-secret
  store: {name: vault}
  refresh: 1h
"""
EXTERNAL = "overlays/example/resources/secrets.yaml"


def test_external_secrets_name_the_store_and_what_is_in_it(bare: Source, run: Run) -> None:
    settings(bare, STORE)
    result = convert(run)
    assert result.code == 0, result.err
    found = {d["metadata"]["name"]: d for d in yaml.safe_load_all(bare.read(EXTERNAL))}
    assert found["wandb-bucket-keys"] == {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "wandb-bucket-keys", "namespace": "wandb"},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"},
            "target": {"name": "wandb-bucket-keys"},
            "data": [
                {
                    "secretKey": key,
                    "remoteRef": {"key": "example/wandb-bucket-keys", "property": key},
                }
                for key in ("ACCESS_KEY", "SECRET_KEY")
            ],
        },
    }
    assert len(found) == 3
    assert "has to be in the store ClusterSecretStore/vault:" in result.out
    assert re.search(r"^example/wandb-license-key +license +wandb/", result.out, re.MULTILINE)
    assert "kubectl" not in result.out
    run("airgap", "example")
    built = run("build", "example", "-o", str(bare.root / "out"))
    assert built.code == 0, built.err
    assert_hidden("".join(written(bare).values()))
    assert convert(run).out.count("nothing to do") == 1


def test_an_environment_that_is_built_on_another_has_its_secrets(bare: Source, run: Run) -> None:
    settings(bare, STORE)
    convert(run)
    bare.overlay("child", "resources: [../example]\n")
    before = snapshot(bare.root)
    result = run("secrets", "child", "--write")
    assert result.code == 0, result.err
    assert snapshot(bare.root) == before


def test_a_key_in_the_template_lets_each_value_stand_by_itself(bare: Source, run: Run) -> None:
    settings(bare, STORE + "  key: '{namespace}-{secret}-{key}'\n")
    assert convert(run).code == 0
    found = list(yaml.safe_load_all(bare.read(EXTERNAL)))
    remote = [entry["remoteRef"] for d in found for entry in d["spec"]["data"]]
    assert {"key": "wandb-wandb-license-key-license"} in remote
    assert all("property" not in entry for entry in remote)


def test_leaving_a_form_takes_its_resources_along(bare: Source, run: Run) -> None:
    settings(bare, STORE)
    convert(run)
    name = "overlays/example/environment.yaml"
    bare.write(name, bare.read(name).replace("external-secret", "list"))
    result = convert(run)
    assert result.code == 0
    assert f"removed: {EXTERNAL}" in result.out
    assert "resources/secrets.yaml" not in written(bare)
    assert "resources/secrets.yaml" not in bare.read(KUSTOMIZATION)
    assert not bare.path(EXTERNAL).parent.exists()


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        pytest.param("secrets: {form: external-secret}\n", "secrets.store", id="no store"),
        pytest.param("secrets: {form: sops}\n", "secrets.age", id="no recipients"),
        pytest.param(
            "secrets: {form: sealed-secret}\n", "secrets.certificate", id="no certificate"
        ),
        pytest.param(
            "secrets: {form: sealed-secret, certificate: no.pem}\n", "no.pem", id="no such file"
        ),
        pytest.param(
            "secrets: {form: sealed-secret, certificate: ../no.pem}\n", "leads out", id="outside"
        ),
        pytest.param(STORE + "  key: '{cluster}/{secret}'\n", "{cluster}", id="no placeholder"),
    ],
)
def test_settings_that_do_not_do(bare: Source, refused: Refused, text: str, needed: str) -> None:
    settings(bare, text)
    assert needed in refused("secrets", "example", "--write")
