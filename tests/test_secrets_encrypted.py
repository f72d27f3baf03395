"""``sealift secrets`` with real programs: what they encrypt, only the right key opens."""

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from builder.build import build
from builder.core.secrets import forms
from builder.workspace import find_overlay
from tests.authorities import authority
from tests.conftest import Refused, Run
from tests.secret_site import (
    KUSTOMIZATION,
    PATCHES,
    PLANTED,
    PLATFORM,
    Key,
    age_key,
    assert_hidden,
    convert,
    needed,
    plant,
    recipients,
    settings,
    unpatched,
    written,
)
from tests.source import Result, Source, plain_kustomize, snapshot

FOLDER = "overlays/example/resources/secrets"
RULES = "base/wandb/base.yaml"
LICENSE = f"{FOLDER}/wandb-license-key.yaml"
SECRETS = {
    "wandb-license-key": {"license": PLANTED["replace-with-your-license"]},
    "wandb-mysql-password": {"MYSQL_PASSWORD": PLANTED["replace-with-your-password"]},
    "wandb-bucket-keys": {
        "ACCESS_KEY": PLANTED["replace-with-your-access-key"],
        "SECRET_KEY": PLANTED["replace-with-your-secret-key"],
    },
}


@pytest.fixture
def bare(source: Source) -> Source:
    unpatched(source)
    plant(source)
    return source


@pytest.fixture
def key(tmp_path: Path) -> Key:
    needed("sops", "age-keygen")
    return age_key(tmp_path, "one.agekey")


@pytest.fixture
def sops(bare: Source, key: Key) -> Source:
    """The sources, whose environment wants SOPS."""
    recipients(bare, key)
    return bare


def taken_out(source: Source) -> None:
    """Take the values out of the sources, as the command asks for."""
    text = source.read(PLATFORM)
    kept = [line for line in text.splitlines() if not any(v in line for v in PLANTED.values())]
    source.write(PLATFORM, "\n".join(kept) + "\n")


def test_sops_encrypts_what_the_key_opens(sops: Source, key: Key, run: Run) -> None:
    result = convert(run)
    assert result.code == 0, result.err
    found = {p.stem: key.opens(p) for p in sops.path(FOLDER).iterdir()}
    assert found == SECRETS
    assert_hidden("".join(written(sops).values()))
    assert f"written: {LICENSE}; the Secret wandb/wandb-license-key, encrypted" in result.out
    listed = yaml.safe_load(sops.read(KUSTOMIZATION))["resources"]
    assert set(listed) == {"../guide", *(f"resources/secrets/{name}.yaml" for name in SECRETS)}


def test_only_the_key_opens_it(sops: Source, key: Key, run: Run, tmp_path: Path) -> None:
    convert(run)
    other = age_key(tmp_path, "other.agekey")
    with pytest.raises(AssertionError, match="Failed to get the data key"):
        other.opens(sops.path(LICENSE))


def test_what_sops_encrypted_builds(sops: Source, run: Run) -> None:
    convert(run)
    run("airgap", "example")
    result = run("build", "example", "-o", str(sops.root / "out"))
    assert result.code == 0, result.out + result.err
    found = [d for d in bundle(sops) if d["kind"] == "Secret"]
    assert {d["metadata"]["name"] for d in found} == set(SECRETS)
    assert all(forms.is_concealed(d) for d in found)
    alone = yaml.safe_load_all(plain_kustomize(sops.path("overlays/example")))
    assert [d for d in alone if d["kind"] == "Secret"] == found


def bundle(source: Source) -> list[dict[str, Any]]:
    folder = source.root / "out" / "example"
    files = sorted(folder.glob("[0-9]*.yaml"))
    found = [yaml.safe_load(path.read_text()) for path in files]
    return sorted(found, key=lambda d: (d["kind"], d["metadata"]["name"]))


def test_flux_gets_what_it_can_decrypt(sops: Source, key: Key, run: Run, tmp_path: Path) -> None:
    """As kustomize-controller does: one resource as JSON, with annotations that came since."""
    settings(sops, "sync: {engine: flux}\n")
    convert(run)
    run("airgap", "example")
    run("build", "example", "-o", str(sops.root / "out"))
    for secret in (d for d in bundle(sops) if d["kind"] == "Secret"):
        secret["metadata"].setdefault("annotations", {})["more"] = "text"
        path = tmp_path / f"{secret['metadata']['name']}.yaml"
        path.write_text(yaml.safe_dump(secret))
        assert key.opens(path) == SECRETS[secret["metadata"]["name"]]


def test_a_second_run_encrypts_nothing_again(sops: Source, run: Run) -> None:
    convert(run)
    before = snapshot(sops.root)
    result = convert(run)
    assert result.code == 0
    assert result.out.count("kept: ") == 3
    assert snapshot(sops.root) == before
    assert run("secrets", "example", "--check").code == 0


def test_values_that_were_taken_out_stay_encrypted(sops: Source, key: Key, run: Run) -> None:
    settings(sops, "sync: {engine: flux}\n")
    convert(run)
    before = {p.name: p.read_bytes() for p in sops.path(FOLDER).iterdir()}
    taken_out(sops)
    result = convert(run)
    assert result.code == 0, result.err
    assert {p.name: p.read_bytes() for p in sops.path(FOLDER).iterdir()} == before
    assert result.err == ""
    assert key.opens(sops.path(LICENSE)) == SECRETS["wandb-license-key"]


def other_form(source: Source) -> None:
    name = "overlays/example/environment.yaml"
    source.write(name, source.read(name).partition("secrets:")[0])


def other_key(source: Source) -> None:
    source.edit(RULES, "global/license: license}", "global/license: other}")
    source.edit(RULES, "licenseSecret/key: license", "licenseSecret/key: other")


def no_rule(source: Source) -> None:
    head, rule, rest = source.read(RULES).partition("      - name: license\n")
    source.write(RULES, head + "".join(rest.partition("      - name: ")[1:]))
    assert rule


LEFT: dict[str, Callable[[Source], None]] = {
    "another form": other_form,
    "another key": other_key,
    "another name": lambda s: s.edit(RULES, '"{name}-license-key"', '"{name}-other"'),
    "no rule": no_rule,
    "no patches": lambda s: s.path(PATCHES).unlink(),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_only_a_file_has_is_never_removed(sops: Source, key: Key, run: Run, name: str) -> None:
    convert(run)
    taken_out(sops)
    LEFT[name](sops)
    first, second = run("secrets", "example", "--write"), run("secrets", "example", "--check")
    for result in (first, second):
        assert result.code == 0, result
        assert f"{LICENSE}" in result.err
        assert "[encrypted-left]" in result.err
    assert "removed" not in first.out
    assert "wandb-license-key.yaml" not in sops.read(KUSTOMIZATION)
    assert key.opens(sops.path(LICENSE)) == SECRETS["wandb-license-key"]


def test_a_changed_value_is_encrypted_when_asked_for(sops: Source, key: Key, run: Run) -> None:
    """What is encrypted cannot be compared with what stands in the sources now."""
    convert(run)
    old = SECRETS["wandb-license-key"]["license"]
    sops.edit(PLATFORM, old, "planted-next")
    before = sops.read(LICENSE)
    convert(run)
    assert sops.read(LICENSE) == before
    result = run("secrets", "example", "--write", "--renew")
    assert result.code == 0, result.err
    assert "planted-next" not in result.out + result.err + sops.read(LICENSE)
    assert key.opens(sops.path(LICENSE)) == {"license": "planted-next"}


def test_renewing_leaves_what_has_no_value_any_more(sops: Source, run: Run) -> None:
    convert(run)
    taken_out(sops)
    convert(run)
    before = snapshot(sops.root)
    assert convert(run, "--renew").code == 0
    assert snapshot(sops.root) == before


def test_other_recipients_make_it_encrypt_again(
    sops: Source, key: Key, run: Run, tmp_path: Path
) -> None:
    convert(run)
    other = age_key(tmp_path, "other.agekey")
    recipients(sops, key, other)
    assert run("secrets", "example", "--check").code == 1
    assert convert(run).code == 0
    for one in (key, other):
        assert one.opens(sops.path(LICENSE)) == SECRETS["wandb-license-key"]
    recipients(sops, other, key)
    assert run("secrets", "example", "--check").code == 0


def test_other_recipients_without_the_value_are_a_warning(
    sops: Source, key: Key, run: Run, tmp_path: Path
) -> None:
    convert(run)
    taken_out(sops)
    convert(run)
    before = snapshot(sops.path(FOLDER))
    recipients(sops, age_key(tmp_path, "other.agekey"))
    result = convert(run)
    assert result.code == 0
    assert "[other-recipients]" in result.err
    assert snapshot(sops.path(FOLDER)) == before


def test_what_the_user_edits_by_sops_stays(sops: Source, key: Key, run: Run) -> None:
    convert(run)
    taken_out(sops)
    convert(run)
    environment = {"PATH": os.environ["PATH"], "SOPS_AGE_KEY_FILE": str(key.file)}
    value = f'"{base64.b64encode(b"by hand").decode()}"'
    subprocess.run(
        ["sops", "set", "--idempotent", str(sops.path(LICENSE)), '["data"]["license"]', value],
        env=environment, check=True,
    )  # fmt: skip
    before = sops.read(LICENSE)
    assert convert(run).out.count("kept: ") == 3
    assert sops.read(LICENSE) == before
    assert key.opens(sops.path(LICENSE)) == {"license": "by hand"}


def test_no_settings_of_the_users_decide_for_whom(
    sops: Source, key: Key, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = age_key(tmp_path, "other.agekey")
    sops.write(".sops.yaml", f"creation_rules: [{{age: {other.recipient}}}]\n")
    monkeypatch.setenv("SOPS_AGE_RECIPIENTS", other.recipient)
    monkeypatch.setenv("SOPS_PGP_FP", "85D77543B3D624B63CEA9E6DBC17301B491B3F21")
    assert convert(run).code == 0
    body = yaml.safe_load(sops.read(LICENSE))
    assert [one["recipient"] for one in body["sops"]["age"]] == [key.recipient]
    assert not body["sops"].get("pgp")


def test_no_argument_and_no_file_holds_a_value(
    sops: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of that name notes how it was run, then is the real one."""
    real, noted, folder = shutil.which("sops"), tmp_path / "noted", tmp_path / "bin"
    folder.mkdir()
    script = f'#!/bin/sh\necho "$@" >>{noted}\nfind "$TMPDIR" -type f -exec cat {{}} + >>{noted}\n'
    (folder / "sops").write_text(f'{script}env >>{noted}\nexec {real} "$@"\n')
    (folder / "sops").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    assert convert(run).code == 0
    assert noted.read_text().count("--encrypted-regex") == 3
    assert_hidden(noted.read_text())


def test_a_program_that_encrypts_nothing_is_not_believed(
    sops: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sops").write_text(
        "#!/bin/sh\ncat; echo 'sops: {age: [], mac_only_encrypted: true}'\n"
    )
    (folder / "sops").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    before = snapshot(sops.root)
    result = run("secrets", "example", "--write")
    assert result.code == 3
    assert "something else than the encrypted Secret" in result.err
    assert_hidden(result.out + result.err)
    assert snapshot(sops.root) == before


def test_a_recipient_that_is_none_is_an_error(bare: Source, run: Run) -> None:
    needed("sops")
    settings(bare, "secrets: {form: sops, age: [age1bogus]}\n")
    before = snapshot(bare.root)
    result = run("secrets", "example", "--write")
    assert result.code == 3
    assert "sops cannot encrypt" in result.err
    assert_hidden(result.out + result.err)
    assert snapshot(bare.root) == before


def test_argo_cd_would_apply_it_encrypted(sops: Source, run: Run) -> None:
    settings(sops, "sync: {engine: argocd}\n")
    result = convert(run)
    assert result.code == 1
    assert "[not-decrypted]" in result.err
    run("airgap", "example")
    built = run("build", "example")
    assert built.code == 1
    assert built.out.count("[not-decrypted]") == 3


def test_without_an_engine_nobody_decrypts_it(sops: Source, run: Run) -> None:
    result = convert(run)
    assert result.code == 0
    assert "[not-decrypted]" in result.err
    run("airgap", "example")
    built = run("build", "example")
    assert built.code == 0
    assert re.search(
        r"^warning: Secret/wandb/wandb-bucket-keys, .*\[not-decrypted\]$", built.out, re.MULTILINE
    )
    settings(sops, "sync: {engine: flux}\n")
    assert "[not-decrypted]" not in convert(run).err
    assert "[not-decrypted]" not in run("build", "example").out


@pytest.mark.parametrize(
    ("form", "program"),
    [
        ("sops, age: [age1x]", "sops"),
        ("sealed-secret, certificate: base/wandb/base.yaml", "kubeseal"),
    ],
)
def test_a_missing_program_is_said(
    bare: Source, run: Run, monkeypatch: pytest.MonkeyPatch, form: str, program: str
) -> None:
    settings(bare, f"secrets: {{form: {form}}}\n")
    found = [p for p in os.environ["PATH"].split(":") if not (Path(p) / program).is_file()]
    monkeypatch.setenv("PATH", ":".join(found))
    tools = bare.root.parent / "tools"
    tools.mkdir()
    for name in ("helm", "kustomize", "kubectl"):
        where = shutil.which(name, path=os.pathsep.join(ORIGINAL))
        if where:
            (tools / name).symlink_to(where)
    monkeypatch.setenv("PATH", ":".join([str(tools), *found]))
    result = run("secrets", "example", "--write")
    assert (result.code, f"{program} is not on PATH" in result.err) == (3, True), result


ORIGINAL = os.environ["PATH"].split(":")


# SealedSecrets.


@dataclass(frozen=True)
class Controller:
    """A certificate and its key, as the controller has them."""

    certificate: Path
    key: Path


def make_controller(folder: Path, name: str = "controller") -> Controller:
    """A key pair of RSA: kubeseal takes no other."""
    own = authority(name, key=rsa.generate_private_key(65537, 2048))
    made = Controller(folder / f"{name}.pem", folder / f"{name}.key")
    made.certificate.write_text(own.pem)
    made.key.write_text(own.key_pem())
    return made


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    needed("kubeseal")
    return make_controller(tmp_path)


@pytest.fixture
def sealed(bare: Source, controller: Controller) -> Source:
    bare.write("certificates/sealed.pem", controller.certificate.read_text())
    settings(bare, "secrets: {form: sealed-secret, certificate: certificates/sealed.pem}\n")
    return bare


def unsealed(controller: Controller, text: str) -> Result:
    """What the controller makes of a SealedSecret: the Secret, by its private key."""
    argv = ["kubeseal", "--recovery-unseal", "--recovery-private-key", str(controller.key)]
    done = subprocess.run([*argv, "--format", "yaml"], input=text, capture_output=True, text=True)
    return Result(done.returncode, done.stdout, done.stderr)


def values(controller: Controller, path: Path) -> dict[str, str]:
    result = unsealed(controller, path.read_text())
    assert result.code == 0, result.err
    data = yaml.safe_load(result.out)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def test_kubeseal_seals_what_the_controller_opens(
    sealed: Source, controller: Controller, run: Run
) -> None:
    result = convert(run)
    assert result.code == 0, result.err
    found = {p.stem: values(controller, p) for p in sealed.path(FOLDER).iterdir()}
    assert found == SECRETS
    assert_hidden("".join(written(sealed).values()))
    assert "creationTimestamp" not in sealed.read(LICENSE)


def test_what_is_sealed_opens_under_its_name_only(
    sealed: Source, controller: Controller, run: Run
) -> None:
    convert(run)
    text = sealed.read(LICENSE)
    assert unsealed(controller, text).code == 0
    for old, new in (
        ("name: wandb-license-key", "name: other"),
        ("namespace: wandb", "namespace: o"),
    ):
        assert unsealed(controller, text.replace(old, new)).code != 0


def test_what_was_sealed_builds_and_stays(sealed: Source, run: Run) -> None:
    convert(run)
    run("airgap", "example")
    result = run("build", "example", "-o", str(sealed.root / "out"))
    assert result.code == 0, result.out + result.err
    assert {d["metadata"]["name"] for d in bundle(sealed) if d["kind"] == "SealedSecret"} == set(
        SECRETS
    )
    before = snapshot(sealed.root)
    assert convert(run).out.count("kept: ") == 3
    taken_out(sealed)
    files = snapshot(sealed.path(FOLDER))
    assert convert(run).code == 0
    assert snapshot(sealed.path(FOLDER)) == files
    assert before.keys() == snapshot(sealed.root).keys()


def test_another_certificate_seals_again_what_has_a_value(
    sealed: Source, run: Run, tmp_path: Path
) -> None:
    convert(run)
    other = make_controller(tmp_path, "other")
    sealed.write("certificates/sealed.pem", other.certificate.read_text())
    assert run("secrets", "example", "--check").code == 1
    assert convert(run).code == 0
    assert values(other, sealed.path(LICENSE)) == SECRETS["wandb-license-key"]
    taken_out(sealed)
    convert(run)
    before = snapshot(sealed.path(FOLDER))
    third = make_controller(tmp_path, "third")
    sealed.write("certificates/sealed.pem", third.certificate.read_text())
    result = convert(run)
    assert (result.code, result.err) == (0, "")
    assert snapshot(sealed.path(FOLDER)) == before


def test_a_certificate_that_is_none_is_an_error(bare: Source, run: Run) -> None:
    needed("kubeseal")
    settings(bare, "secrets: {form: sealed-secret, certificate: base/wandb/base.yaml}\n")
    before = snapshot(bare.root)
    result = run("secrets", "example", "--write")
    assert result.code == 3
    assert "kubeseal cannot encrypt" in result.err
    assert snapshot(bare.root) == before


def test_a_certificate_that_is_not_there_is_named_with_its_setting(
    bare: Source, refused: Refused
) -> None:
    settings(bare, "secrets: {form: sealed-secret, certificate: pki/sealed.pem}\n")
    said = refused("secrets", "example", "--write")
    assert (
        "overlays/example/environment.yaml secrets.certificate: there is no file pki/sealed.pem"
        in said
    )


# Both.


def test_a_value_that_is_nowhere_has_to_be_created_by_hand(sops: Source, run: Run) -> None:
    """A Secret that refers to two values needs both."""
    sops.edit(PLATFORM, PLANTED["replace-with-your-secret-key"], '""')
    result = run("secrets", "example", "--write")
    assert result.code == 0
    assert "[secret-without-value]" in result.err
    assert "place: Secret wandb/wandb-bucket-keys, keys SECRET_KEY\n" in result.err
    assert result.out.count("kubectl create secret generic wandb-bucket-keys") == 1
    assert not sops.path(f"{FOLDER}/wandb-bucket-keys.yaml").exists()


def test_a_name_leads_nowhere_else(sops: Source, run: Run) -> None:
    reference = "{name: ../../../../evil, key: license}"
    sops.edit(PLATFORM, "    global:\n", f"    global:\n      licenseSecret: {reference}\n")
    before = snapshot(sops.root)
    result = run("secrets", "example", "--write")
    assert (result.code, result.out) == (2, "")
    assert "is not the name of a Secret" in result.err
    assert snapshot(sops.root) == before


def test_another_form_takes_the_place_of_the_files(sops: Source, run: Run) -> None:
    convert(run)
    name = "overlays/example/environment.yaml"
    sops.write(name, sops.read(name).partition("secrets:")[0])
    result = convert(run)
    assert result.out.count("removed: ") == 3
    assert "resources/secrets" not in sops.read(KUSTOMIZATION)
    assert not sops.path("overlays/example/resources").exists()
    assert find_overlay(sops.root, "example").secrets_resources[1:] == ()
    run("airgap", "example")
    assert build(find_overlay(sops.root, "example")).ships
