"""Nothing that Sealift prints, logs, diffs or writes shows a credential.

Different ones are planted in every place, then all commands run, in all their formats, and whatever
comes out or is written is searched for each, as it is and encoded. Only the bundle has what the
environment's own resources have, when somebody allowed that.
"""

import base64
import html
import json
import re
import subprocess
from pathlib import Path

import pytest

from builder import build as building
from tests.conftest import Run
from tests.mirror_site import PASSWORD, mirror_site
from tests.planted import PRIVATE_KEY, TOKENS, token
from tests.secret_forms import Planted
from tests.source import Result, Source

ODD = '"&/+ é%20'
PLACES = (
    "license", "access key", "secret key", "MySQL password", "named value", "Secret data",
    "Secret stringData", "generated literal", "text", "text in a text", "argument", "env",
    "patch comment", "base comment", "annotation", "list of values",
)  # fmt: skip


def values(version: str) -> dict[str, str]:
    """A credential for each place, and those that only their form tells."""
    plain = {name: token(f"pl{version}", 9) + ODD + token(name, 6) for name in PLACES}
    in_urls = {
        f"URL in {name}": token(f"u{version}{name.replace(' ', '')}", 18)
        for name in ("env", "value", "text", "chart", "moved value", "moved env")
    }
    formed = {
        "token in value": TOKENS["GitLab"][:-4] + token(version, 4),
        "token in text": TOKENS["AWS"][:-2] + ("Q7" if version == "1" else "R6"),
        "JWT": TOKENS["a JWT"][:-4] + token(version, 4),
        "private key": PRIVATE_KEY.replace("\n-----END", token(version, 4) + "\n-----END"),
        "random": token(f"{version}r", 40),
        "webhook": token(f"{version}w", 24),
    }
    return plain | in_urls | formed


ENVIRONMENT = {
    "SEALIFT_GIT_PASSWORD": token("gitpw", 20) + ODD,
    "SEALIFT_REGISTRY_PASSWORD": token("regpw", 20) + ODD,
    "SEALIFT_CHARTS_PASSWORD": token("charts", 20) + ODD,
    "SEALIFT_FORGE_TOKEN": token("forge", 30),
}
ALLOWED = [
    "WeightsAndBiases/wandb/wandb *", "Secret/wandb/planted *", "Secret/wandb/made-* *",
    "ConfigMap/wandb/planted *", "Deployment/wandb/planted *", "bundle.lock.yaml *",
]  # fmt: skip


def plant(source: Source, given: dict[str, str]) -> None:
    """Write the environment ``planted`` upon the example, with a credential in every place."""
    cr = {
        "/global/license": given["license"],
        "/global/bucket/accessKey": given["access key"],
        "/global/bucket/secretKey": given["secret key"],
        "/global/mysql/password": given["MySQL password"],
        "/global/note": given["token in value"],
        "/global/jwt": given["JWT"],
        "/global/odd": given["random"],
        "/global/oauth": {"clientSecret": given["named value"]},
        "/global/passwords": [given["list of values"]],
        "/global/url": f"https://jane:{given['URL in value']}@s3.yourdomain.com/b",
        "/global/extraEnv": {
            "MOVED": f"https://jane:{given['URL in moved value']}@old.example.com/b",
            "HOOK": f"https://hooks.slack.com/services/T0AB/B0CD/{given['webhook']}",
        },
    }
    operations = [
        {"op": "add", "path": f"/spec/values{path}", "value": value} for path, value in cr.items()
    ]
    operations.append(
        {"op": "test", "path": "/spec/values/global/mysql/password",
         "value": given["MySQL password"]}
    )  # fmt: skip
    patch = {
        "apiVersion": "builtin", "kind": "PatchTransformer", "metadata": {"name": "planted"},
        "target": {"kind": "WeightsAndBiases", "name": "wandb"}, "patch": json.dumps(operations),
    }  # fmt: skip
    ini = f'[db]\npassword = "{given["text"]}"\nkey = {given["token in text"]}\n'
    inner = {"db": {"password": given["text in a text"], "key": given["private key"],
                    "url": f"amqp://u:{given['URL in text']}@mq.svc/x"}}  # fmt: skip
    container = {
        "name": "c", "image": "registry.yourdomain.com/a/b:1",
        "args": ["--db-password", given["argument"]],
        "env": [
            {"name": "API_TOKEN", "value": given["env"]},
            {
                "name": "MOVED",
                "value": f"https://jane:{given['URL in moved env']}@old.example.com/c",
            },
            {"name": "DB", "value": f"mysql://jane:{given['URL in env']}@mysql.yourdomain.com/x"},
        ],
    }  # fmt: skip
    meta = {"name": "planted", "namespace": "wandb"}
    applied = json.dumps({"spec": {"password": given["annotation"]}})
    encoded = base64.b64encode(given["Secret data"].encode()).decode()
    resources = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"a": encoded},
         "stringData": {"b": given["Secret stringData"]}},
        {"apiVersion": "v1", "kind": "ConfigMap",
         "metadata": meta | {"annotations": {"applied": applied}},
         "data": {"app.ini": ini, "app.json": json.dumps(inner)}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
         "spec": {"template": {"spec": {"containers": [container]}}}},
    ]  # fmt: skip
    literal = f"pw={given['generated literal']}"
    source.write(
        "overlays/planted/made/kustomization.yaml",
        json.dumps({"secretGenerator": [{"name": "made", "namespace": "wandb",
                                         "literals": [literal]}]}),
    )  # fmt: skip
    source.overlay(
        "planted",
        "resources: [../example, made, planted.yaml]\n"
        "transformers:\n- planted-patch.yaml\n- patches/airgap.yaml\n",
        "extends: example\nurls: {'https://old.example.com': 'https://s3.yourdomain.com'}\n"
        "allow:\n- {reference: 'https://hooks.slack.com/*', reason: planted}\n"
        "- {reference: 'https://***@old.example.com/*', reason: planted}\nallowCredentials:\n"
        + "".join(f"- {{place: '{place}', reason: planted}}\n" for place in ALLOWED),
    )
    text = "---\n".join(json.dumps(resource) + "\n" for resource in resources)
    source.write("overlays/planted/planted.yaml", text)
    comment = given["patch comment"]
    source.write(
        "overlays/planted/planted-patch.yaml", f'# password: "{comment}"\n{json.dumps(patch)}\n'
    )
    guide = source.read("base/wandb/weightsandbiases.yaml").partition("# planted\n")[0]
    chart = f"https://jane:{given['URL in chart']}@charts.wandb.ai"
    guide = re.sub(r"https://\S*charts\.wandb\.ai", chart, guide)
    source.write(
        "base/wandb/weightsandbiases.yaml",
        f'{guide}# planted\n# password: "{given["base comment"]}"\n',
    )


@pytest.fixture
def planted(source: Source, run: Run, monkeypatch: pytest.MonkeyPatch) -> Planted:
    """The environment, with its generated patches."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(f"{name.rpartition('_')[0]}_USERNAME", "jane")
    before, after = values("1"), values("2")
    plant(source, before)
    found = Planted({f"{name}, before": v for name, v in before.items()} | after | ENVIRONMENT)
    assert check(found, run("airgap", "planted")).code == 0
    return found


def check(found: Planted, result: Result) -> Result:
    """Note what a command shows."""
    for stream in (result.out, result.err):
        found.note(stream)
    return result


BUILDS = (
    "build planted --check", "build planted --check --json", "images planted -o table",
    "images planted -o list", "images planted -o json", "airgap planted -v",
    "airgap planted --check -v", "secrets planted", "secrets planted --check",
    "build --all --check --jobs 1", "build --all --json --check --jobs 2",
    "upgrade planted --dry-run",
    "upgrade planted --dry-run -o json", "lock planted", "mirror plan planted",
    "sync planted --engine argocd", "sync planted --engine flux", "doctor planted -v -o text",
    "doctor planted -v -o json", "doctor planted -v -o junit",
)  # fmt: skip


def test_no_command_shows_one(planted: Planted, run: Run, tmp_path: Path, source: Source) -> None:
    remote = str(tmp_path / "gitops.git")
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", remote], check=True)
    assert check(planted, run("publish", "planted", "--repository", remote)).code == 0
    plant(source, values("2"))  # each is another than what was published
    for line in BUILDS:
        check(planted, run(*line.split()))
    check(planted, run("airgap", "example", "--check"))
    check(planted, run("airgap", "example", "-v"))
    check(planted, run("airgap", "planted", "-v"))
    for form in ("text", "markdown", "json"):
        shown = check(planted, run("diff", "planted", "--repository", remote, "-o", form))
        assert shown.code == 1, shown
        assert "clientSecret" in shown.out
    for names in (["planted"], ["planted", "example"]):
        page = source.path("page.html")
        shown = run("report", *names, "--repository", remote, "-o", str(page))
        assert check(planted, shown).code == 0
        planted.note(html.unescape(page.read_text()))
    assert check(planted, run("build", "planted", "-o", "out")).code == 0
    assert check(planted, run("attest", "planted", "-o", "out")).code == 0
    statement = "out/planted.intoto.json"
    verified = run(
        "verify", "out/planted", "--statement", statement, "--rebuild", "planted", "--json"
    )
    assert check(planted, verified).code in (0, 1)
    for form in ("cyclonedx", "spdx"):
        assert check(planted, run("sbom", "out/planted", "-o", form)).code == 0
    for dry in (["--dry-run"], ["--json"], []):
        published = run("publish", "planted", "--repository", remote, *dry)
        assert check(planted, published).code == 0
    log = ["git", "--git-dir", remote, "log", "--all", "--format=%B%an%ae"]
    planted.note(subprocess.run(log, capture_output=True, check=True, text=True).stdout)
    check(planted, run("secrets", "planted", "--write"))
    check(planted, run("build", "planted"))
    left = written(planted, source, tmp_path)
    assert (planted.leaks, left) == ([], [])


EXPLAINED = (
    "Secret/wandb/planted#/data/a", "Secret/wandb/planted#/stringData/b", "Secret/wandb/planted",
    "ConfigMap/wandb/planted#/data/app.ini", "ConfigMap/wandb/planted#/data/app.json",
    "ConfigMap/wandb/planted#/metadata/annotations/applied",
    "Deployment/wandb/planted#/spec/template/spec/containers/0/args/1",
    "Deployment/wandb/planted#/spec/template/spec/containers/0/env/0/value",
    "Deployment/wandb/planted#/spec/template/spec/containers/0/env/1/value",
    *(f"WeightsAndBiases/wandb#/spec/values/global/{path}" for path in (
        "license", "bucket/accessKey", "bucket/secretKey", "mysql/password", "note", "jwt", "odd",
        "oauth/clientSecret", "passwords/0", "url", "oauth", "oauth/clientSecret/x")),
    "https://jane", "registry.yourdomain.com", "mysql",
)  # fmt: skip


def test_explain_shows_none(planted: Planted, run: Run) -> None:
    for subject in EXPLAINED:
        check(planted, run("explain", "planted", subject))
        check(planted, run("explain", "planted", subject, "--json"))
    assert planted.leaks == []


def test_help_and_wrong_usage_show_none(planted: Planted, run: Run) -> None:
    check(planted, run("--help"))
    for command in ("build", "publish", "doctor", "lock", "mirror", "verify", "secrets", "vendor"):
        check(planted, run(command, "--help"))
    check(planted, run("build", "planted", "--no-such-option"))
    assert planted.leaks == []


def written(found: Planted, source: Source, folder: Path) -> list[str]:
    """The files that show one, but for those that people wrote it into, and the bundle's own."""
    people = {
        source.path(name)
        for name in ("overlays/planted/planted.yaml", "overlays/planted/planted-patch.yaml",
                     "overlays/planted/made/kustomization.yaml", "base/wandb/weightsandbiases.yaml")
    }  # fmt: skip
    bundle = source.path("out/planted")
    own = {path for path in bundle.glob("*.yaml")
           if path.name not in ("kustomization.yaml", "bundle.lock.yaml")}  # fmt: skip
    return [
        f"{path.relative_to(folder)}: {', '.join(names)}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in people | own
        for names in [found.shown_in(path.read_bytes())]
        if names
    ]


def test_a_crash_log_shows_none(
    planted: Planted, run: Run, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = ENVIRONMENT["SEALIFT_GIT_PASSWORD"]
    said = f"password={planted['named value']!r} {planted['JWT']} {login}"

    def fail(*_: object) -> None:
        raise RuntimeError(f"cannot use {said} with https://jane:{planted['URL in env']}@h")

    monkeypatch.setattr(building, "verify", fail)
    result = check(planted, run("build", "planted"))
    assert result.code == 4
    [log] = scratch.glob("sealift-*.log")
    text = log.read_text()
    log.unlink()
    assert "RuntimeError: cannot use" in text
    planted.note(text)
    assert planted.leaks == []


BROKEN = {
    "a test that fails": (
        "planted-patch.yaml",
        'test\\", \\"path\\": \\"/spec/values/global/mysql/password',
        'test\\", \\"path\\": \\"/spec/values/global/bucket/secretKey',
    ),
    "a path that is missing": ("planted-patch.yaml", "values/global/passwords", "x/y/z"),
    "no YAML": ("planted.yaml", '"data": {"a": ', '"data": {{"a": '),
    "an alias": ("planted.yaml", '"stringData": {"b": ', '"stringData": {"b": *'),
    "a tag": ("planted.yaml", '"stringData": {"b": ', '"stringData": {"b": !x '),
    "no object": ("planted.yaml", '"kind": "Secret", ', ""),
    "an unknown field": ("made/kustomization.yaml", '"literals"', '"literal"'),
    "no literal": ("made/kustomization.yaml", "pw=", ""),
    "another type for helm": ("planted-patch.yaml", "values/global/note", "values/global/mysql"),
    "a list for helm": ("planted-patch.yaml", "values/global/passwords", "values/ingress"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_errors_show_none(planted: Planted, run: Run, source: Source, name: str) -> None:
    file, old, new = BROKEN[name]
    source.edit(f"overlays/planted/{file}", old, new)
    for line in ("build planted", "airgap planted", "images planted", "diff planted --repository x",
                 "secrets planted", "explain planted Secret/wandb/planted"):  # fmt: skip
        assert check(planted, run(*line.split())).code != 4
    assert check(planted, run("build", "planted")).code != 0
    assert planted.leaks == []


SETTINGS = {
    "a chart repository with a login": "chartRepository: {url: 'https://jane:@@@charts.example.com'}",
    "a list where a map is": "urls: ['https://jane:@@@a.example.com']",
    "a key that is unknown": "publish: {repository: r, password: '@@'}",
    "a login in the repository": "publish: {repository: 'https://jane:@@@git.example.com/r.git'}",
    "a forge with a login": "publish: {repository: r, forge: {url: 'https://jane:@@@f.example.com'}}",
    "a number": "registry: {prefix: 'jane:@@@r.example.com'}",
    "no setting at all": "@@",
    "an alias": "ingress: *@@",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_wrong_settings_show_none(planted: Planted, run: Run, source: Source, name: str) -> None:
    text = SETTINGS[name].replace("@@", planted["URL in env"])
    source.write("overlays/planted/environment.yaml", f"extends: example\n{text}\n")
    for line in (
        "build planted",
        "publish planted",
        "diff planted",
        "sync planted",
        "doctor planted",
    ):
        result = check(planted, run(*line.split()))
        assert result.code not in (0, 4) or "doctor" in line, result
    assert planted.leaks == []


def test_the_search_finds_what_is_there(planted: Planted, source: Source) -> None:
    files = "".join(p.read_text() for p in source.path("overlays/planted").rglob("*.*ml"))
    files += source.read("base/wandb/weightsandbiases.yaml")
    given = {name for name in planted.values if name.endswith(", before")}
    assert given <= set(planted.shown_in(files))


SITE = (
    "lock site", "mirror plan site --offline", *(f"mirror plan site -o {form}" for form in (
        "table", "json", "list", "skopeo", "skopeo-copy", "regsync", "hauler", "zarf", "oc-mirror",
        "idms", "itms", "hosts.toml")),
    "mirror plan site --deep", "mirror copy site", "mirror plan site", "lock site --check",
    "mirror export site -o carried", "mirror export site -o whole.tar",
)  # fmt: skip
DOCTOR = ("doctor site -v", "doctor site -o json", "doctor site -o junit")


@pytest.mark.usefixtures("needs_registry")
def test_no_registry_command_shows_one(
    source: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins = ENVIRONMENT | {"login of docker": PASSWORD, "Secret": token("site", 24) + ODD}
    found = Planted(logins)
    for name, value in ENVIRONMENT.items():
        if "REGISTRY" not in name:
            monkeypatch.setenv(name, value)
    with mirror_site(source, run, tmp_path) as site:
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"},
                  "stringData": {"password": found["Secret"]}}  # fmt: skip
        source.write("overlays/site/s.yaml", json.dumps(secret))
        source.edit("overlays/site/kustomization.yaml", "app.yaml", "app.yaml, s.yaml")
        allowed = "allowCredentials: [{place: Secret/a/s *, reason: planted}]\n"
        source.write(
            "overlays/site/environment.yaml",
            source.read("overlays/site/environment.yaml") + allowed,
        )
        assert check(found, run("airgap", "site")).code == 0
        for line in SITE:
            assert check(found, site.sealift(*line.split())).code in (0, 1, 2), line
        options = site.flags[-2:]
        for line in DOCTOR:
            assert check(found, run(*line.split(), *options)).code in (0, 1, 3), line
        monkeypatch.setenv("SEALIFT_CA_FILE", str(site.inside.cafile))
        to = f"oci://{site.inside.host}/gitops"
        for dry in (["--dry-run"], ["--json"], []):
            assert check(found, run("publish", "site", "--to", to, *dry)).code == 0
        archive = ["carried", "--registry", site.inside.host, *options]
        assert check(found, run("mirror", "import", *archive)).code in (0, 1, 2, 3)
        # And where the login is refused.
        monkeypatch.setenv("SEALIFT_REGISTRY_USERNAME", "jane")
        monkeypatch.setenv("SEALIFT_REGISTRY_PASSWORD", ENVIRONMENT["SEALIFT_REGISTRY_PASSWORD"])
        monkeypatch.setenv("SEALIFT_REGISTRY_HOST", site.inside.host)
        for line in ("lock site --from mirror", "mirror plan site", "mirror copy site"):
            assert check(found, site.sealift(*line.split())).code != 0, line
        for line in DOCTOR:
            assert check(found, run(*line.split(), *options)).code != 0, line
        assert check(found, run("publish", "site", "--to", to)).code == 3
    assert found.leaks == []
    # The bundle has what the environment's own Secret has, and goes to the registry, and carried.
    bundle = (tmp_path / "inside", source.path("carried"), source.path("whole.tar"))
    people = (source.path("overlays/site/s.yaml"), tmp_path / "home" / ".docker")
    shown = {
        str(path): names
        for path in tmp_path.rglob("*")
        if path.is_file() and not any(path.is_relative_to(known) for known in people)
        for names in [set(found.shown_in(path.read_bytes()))]
        if names - ({"Secret"} if any(path.is_relative_to(b) for b in bundle) else set())
    }
    assert shown == {}
