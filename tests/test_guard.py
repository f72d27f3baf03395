"""The secret guard in builds: which file is named, what is only a warning, what may be allowed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.bases import find_base
from builder.core import guard, yaml
from builder.core.manifests import Origin, Resource, objects
from tests.conftest import CHARTS, REPOSITORY, Refused, Run
from tests.planted import TOKENS
from tests.source import Source
from tests.styles.carriers import argo_text, k3s
from tests.styles.references import WHOLE
from tests.test_airgap_styles import vendored

CR = "base/wandb/weightsandbiases.yaml"
REAL = Path(os.environ.get("SEALIFT_CHARTS") or "no-charts-at-hand")
GLOBAL = "WeightsAndBiases/wandb/wandb /spec/values/global"
CODES = ("plaintext-credential", "credential-in-source", "allowed-credential", "unmatched-setting")


def found(run: Run, env: str) -> list[tuple[str, str, str]]:
    """Severity, code and place of what the guard says of an environment, sorted."""
    result = run("build", env, "--check", "--json")
    findings = json.loads(result.out)["findings"]
    assert result.code == int(any(f["severity"] == "error" for f in findings))
    return sorted((f["severity"], f["code"], f["place"]) for f in findings if f["code"] in CODES)


def overlay(source: Source, kustomization: str, environment: str = "", **files: str) -> None:
    """The environment ``more`` upon the example, with files of its own."""
    source.overlay(
        "more", f"resources: [../example, {kustomization}", f"extends: example\n{environment}"
    )
    for name, text in files.items():
        source.write(f"overlays/more/{name.replace('_', '.')}", text)


def resource(kind: str, name: str, **body: Any) -> str:
    version = "apps/v1" if kind == "Deployment" else "v1"
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": {"name": name}, **body})


def test_the_guides_resource_has_four_credentials(source: Source, run: Run) -> None:
    names = ["bucket/accessKey", "bucket/secretKey", "license", "mysql/password"]
    assert found(run, "guide") == [
        ("error", "plaintext-credential", f"{GLOBAL}/{name} ({CR})") for name in names
    ]
    assert found(run, "example") == []


def test_it_says_what_each_is_and_how_to_take_it_out(source: Source, run: Run) -> None:
    out = run("build", "guide", "--check").out
    assert "error: MySQL password [plaintext-credential]\n  cause: a credential in the open" in out
    assert "next:  run `sealift secrets guide --write`: the resource refers to a Secret then" in out
    assert "replace-with" not in out


def test_what_patches_take_out_of_a_file_is_a_warning(source: Source, run: Run) -> None:
    source.edit(CR, "replace-with-your-password", "hunter2hunter2")
    assert found(run, "example") == [
        ("warning", "credential-in-source",
         f"{CR} WeightsAndBiases/wandb /spec/values/global/mysql/password"),
    ]  # fmt: skip
    out = run("build", "example", "--check").out
    assert (
        "next:  take it out there, and change it where it was used: Git's history keeps it" in out
    )
    assert "hunter2" not in out


def test_what_a_patch_brings_names_the_patch(source: Source, run: Run) -> None:
    token = TOKENS["GitLab"]
    overlay(source, "]\ntransformers: [p.yaml]\n", p_yaml=(
        "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\n"
        "target: {kind: WeightsAndBiases, name: wandb}\npatch: |\n"
        "  - {op: test, path: /spec/values/global/mysql/user, value: wandb}\n"
        f"  - {{op: add, path: /spec/values/app/note, value: {token}}}\n"
        "  - {op: add, path: /spec/values/redis/pass, value: overridden9}\n"
        "  - {op: remove, path: /spec/values/redis/pass}\n"
        "  # password: hunter2hunter2\n"
    ))  # fmt: skip
    assert found(run, "more") == [
        ("error", "plaintext-credential",
         "WeightsAndBiases/wandb/wandb /spec/values/app/note (overlays/more/p.yaml)"),
        ("warning", "credential-in-source",
         "overlays/more/p.yaml WeightsAndBiases/wandb /spec/values/redis/pass"),
        ("warning", "credential-in-source", "overlays/more/p.yaml line 10"),
    ]  # fmt: skip


def test_each_kind_of_source_is_named(source: Source, run: Run) -> None:
    container = {"name": "c", "image": "registry.yourdomain.com/a/b:1", "env": [
        {"name": "URL", "value": "mysql://jane:hunter2hunter2@db"},
        {"name": "API_KEY", "value": "hunter3hunter3"},
        {"name": "OTHER_KEY", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}},
    ]}  # fmt: skip
    pod = {"template": {"spec": {"containers": [container]}}}
    source.write("overlays/more/gen/kustomization.yaml", (
        "generatorOptions: {disableNameSuffixHash: true}\n"
        "secretGenerator:\n- {name: lit, namespace: x, literals: [key=hunter4hunter4]}\n"
        "- {name: env, namespace: x, envs: [s.env]}\n- {name: file, namespace: x, files: [k.pem]}\n"
        "configMapGenerator:\n- {name: cm, namespace: x, files: [app.ini]}\n"
    ))  # fmt: skip
    source.write("overlays/more/gen/s.env", "PLAIN=hunter5hunter5\n")
    source.write("overlays/more/gen/k.pem", TOKENS["a private key"])
    source.write("overlays/more/gen/app.ini", "[db]\npassword = hunter6hunter6\n")
    overlay(
        source, "gen, d.yaml, s.yaml]\n",
        d_yaml=resource("Deployment", "d", spec=pod),
        s_yaml=resource("Secret", "s", stringData={"k": "hunter7hunter7"}),
    )  # fmt: skip
    at = "/spec/template/spec/containers/0/env"
    assert found(run, "more") == [
        ("error", "plaintext-credential", place)
        for place in sorted([
            f"Deployment/d {at}/0/value (overlays/more/d.yaml)",
            f"Deployment/d {at}/1/value (overlays/more/d.yaml)",
            "ConfigMap/x/cm /data/app.ini password (overlays/more/gen/app.ini)",
            "Secret/s /stringData/k (overlays/more/s.yaml)",
            "Secret/x/env /data/PLAIN (overlays/more/gen/s.env)",
            "Secret/x/file /data/k.pem (overlays/more/gen/k.pem)",
            "Secret/x/lit /data/key (overlays/more/gen/kustomization.yaml)",
        ])
    ]  # fmt: skip
    result = run("build", "more", "--check")
    assert "hunter" not in result.out + result.err


def test_values_of_a_chart_of_the_base(source: Source, run: Run) -> None:
    path = "base/wandb/operator-values.yaml"
    source.write(path, source.read(path) + "unused:\n  adminPassword: hunter2hunter2\n")
    assert ("warning", "credential-in-source", f"{path} /unused/adminPassword") in found(
        run, "example"
    )


def test_settings_have_none(source: Source, run: Run) -> None:
    url = "https://jane:hunter2hunter2@inside.yourdomain.com/a"
    overlay(source, "]\n", f"urls: {{'https://api.example.com/a': '{url}'}}\n# {TOKENS['Vault']}\n")
    assert found(run, "more") == [
        ("error", "plaintext-credential",
         "overlays/more/environment.yaml /urls/https:~1~1api.example.com~1a"),
        ("warning", "credential-in-source", "overlays/more/environment.yaml line 3"),
        ("warning", "unmatched-setting", "environment.yaml urls"),
    ]  # fmt: skip


@pytest.mark.parametrize("carrier", [k3s, argo_text], ids=["k3s", "Argo CD"])
def test_patches_copy_no_credential_out_of_a_text_of_values(
    tmp_path: Path, run: Run, carrier: Callable[[str], str]
) -> None:
    secret = "admin: {password: hunter2hunter2}"
    source = vendored(tmp_path, run, WHOLE, carrier(secret))
    result = run("airgap", "prod", "--root", str(source.root))
    assert (result.code, "[credential-not-copied]" in result.err) == (1, True)
    patches = source.read("overlays/prod/patches/airgap.yaml")
    assert "hunter2" not in patches + result.out + result.err
    assert run("build", "prod", "--root", str(source.root)).code == 1


SECRET = resource("Secret", "s", stringData={"k": "hunter2hunter2"})


@pytest.mark.parametrize(
    "place",
    ["Secret/s /stringData/k", "Secret/s /stringData/k (overlays/more/s.yaml)", "Secret/s *"],
)
def test_what_was_looked_at_ships_and_is_counted(source: Source, run: Run, place: str) -> None:
    allowed = f"allowCredentials: [{{place: '{place}', reason: it is public}}]\n"
    overlay(source, "s.yaml]\n", allowed, s_yaml=SECRET)
    run("airgap", "more")
    result = run("build", "more", "--check", "--json")
    findings = json.loads(result.out)["findings"]
    [note] = [f for f in findings if f["code"] == "allowed-credential"]
    assert (result.code, note["severity"], note["cause"]) == (0, "note", "allowed: it is public")
    out = run("build", "more", "--check").out
    assert "more: closed, nothing leaves the network; 1 credential in the open, allowed" in out


def test_an_allowance_that_nothing_needs_is_a_warning_with_the_nearest(
    source: Source, run: Run
) -> None:
    allowed = "allowCredentials: [{place: Secret/s /stringData/K, reason: typo}]\n"
    overlay(source, "s.yaml]\n", allowed, s_yaml=SECRET)
    assert ("warning", "unmatched-setting", "environment.yaml allowCredentials") in found(
        run, "more"
    )
    assert "next:  did you mean Secret/s /stringData/k?" in run("build", "more", "--check").out


@pytest.mark.parametrize("place", ["*", "Secret/*", "Secret/* /data/k", "* /data/k", "S* x", ""])
def test_an_allowance_names_what_it_allows(source: Source, refused: Refused, place: str) -> None:
    overlay(source, "]\n", f"allowCredentials: [{{place: '{place}', reason: r}}]\n")
    assert "overlays/more/environment.yaml:2:28: allowCredentials.0.place: " in refused(
        "build", "more"
    )


def test_nothing_is_loaded_for_it_before_a_build() -> None:
    code = (
        "import sys; from builder.cli import main; main(['--help']); import builder.build;"
        "print([m for m in ('detect_secrets', 'requests') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def suspects(files: list[Path]) -> list[str]:
    """What the guard says of the resources in files: those that nobody keeps in a Secret."""
    rules = find_base(REPOSITORY, "wandb").base.nested_charts
    return [
        f"{path.name} {resource_.id} {'/'.join(suspect.path)}"
        for path in files
        for document in yaml.load_all(path.read_text(), source=path.name)
        for body in objects(document.value, path.name)
        if body["kind"] != "Secret"
        for resource_ in [Resource(body=body, origin=Origin(source=path.name))]
        for suspect in guard.of_resource(resource_, rules)
    ]


def test_what_the_stand_ins_render_has_no_false_alarm(tmp_path: Path, run: Run) -> None:
    files = []
    for chart in sorted(CHARTS.iterdir()):
        done = subprocess.run(
            ["helm", "template", "wandb", str(chart), "--kube-version", "1.30"],
            capture_output=True,
            text=True,
            check=True,
        )
        files.append(tmp_path / f"{chart.name}.yaml")
        files[-1].write_text(done.stdout)
    assert len(files) == 2
    assert suspects(files) == []


@pytest.mark.real_charts
def test_what_real_charts_render_has_no_false_alarm(tmp_path: Path) -> None:
    if not REAL.is_dir():
        pytest.skip("SEALIFT_CHARTS names no folder")
    files = []
    for chart in sorted(path for path in REAL.iterdir() if path.is_dir()):
        done = subprocess.run(
            ["helm", "template", "wandb", str(chart), "--no-hooks", "--kube-version", "1.30",
             "--set", "global.host=https://wandb.example.com,global.license=x"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            files.append(tmp_path / f"{chart.name}.yaml")
            files[-1].write_text(done.stdout)
    assert files
    assert suspects(files) == []


def test_what_kustomize_quotes_of_a_value_is_not_shown(source: Source, run: Run) -> None:
    """It prints a value whole where a replacement reaches into it."""
    lines = "\n".join(f"line {number} hunter" for number in range(20))
    one = resource("ConfigMap", "c", data={"password": lines})
    field = "fieldPath: data.password"
    target = "select: {kind: ConfigMap}, fieldPaths: [data.password.x]"
    replacing = f"replacements: [{{source: {{kind: ConfigMap, {field}}}, targets: [{{{target}}}]}}]"
    source.write("overlays/more/made/c.yaml", one)
    source.write("overlays/more/made/kustomization.yaml", f"resources: [c.yaml]\n{replacing}\n")
    overlay(source, "made]\n")
    result = run("build", "more", "--check")
    assert result.code == 3
    assert "data.password.x" in result.err
    assert "hunter" not in result.out + result.err
