"""What charts take certificates by: a list of texts, a ConfigMap, or nothing."""

import shutil
from pathlib import Path

import pytest
import yaml

from builder import trust
from builder.core.manifests import Origin, Resource
from builder.core.nested import NestedChart
from tests.authorities import authority
from tests.conftest import CHARTS, Run
from tests.source import Source
from tests.styles.model import INSIDE, PLATFORM, Style, indent
from tests.test_airgap_styles import PATCHES, built, value_paths, vendored
from tests.test_certificates import built as built_example
from tests.test_certificates import naming, trusting

ROOT = authority()
OTHER = authority("Other Root")
ADDED = "overlays/prod/resources/airgap.yaml"
RULE = "certificates: {pem: /tls/list, configMap: /tls/map}"


def web(volume: str, more: str = "", mount: str = "mountPath: /certs") -> str:
    """A Deployment that mounts what ``volume`` names."""
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  template:
    spec:
      containers:
        - name: web
          image: {INSIDE}/acme/web:1
          {more}
          volumeMounts: [{{name: certs, {mount}}}]
      volumes:
        - {{name: certs, {volume}}}
"""


HELD = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: certs}
data:
  {{- range $i, $pem := .Values.tls.list }}
  {{ $i }}.crt: {{ $pem | quote }}
  {{- end }}
"""
SECRET = HELD.replace("ConfigMap", "Secret").replace("$pem |", "$pem | b64enc |")
BY_LIST = web("configMap: {name: certs}")
BY_MAP = (
    "{{ if .Values.tls.map }}{{ $m := .Values.tls.map }}"
    + web("configMap: {name: '{{ $m }}', optional: true}")
    + "{{ end }}"
)
VALUES = "tls: {list: [], map: ''}\n"


def source_of(tmp_path: Path, run: Run, rule: str = RULE, **templates: str) -> Source:
    """The repository of a chart with these templates; the base knows how it takes certificates."""
    files = {f"{name}.yaml": text for name, text in templates.items()}
    style = Style(name="certificates", values=VALUES, templates=files)
    source = vendored(tmp_path, run, style)
    source.edit("base/app/base.yaml", "    values: /spec/values\n",
                f"    values: /spec/values\n    {rule}\n")  # fmt: skip
    source.write("pki/ca.pem", ROOT.pem + OTHER.pem)
    source.write("overlays/prod/kustomization.yaml", "resources:\n  - ../../base/app\n")
    environment = "overlays/prod/environment.yaml"
    source.write(environment, source.read(environment) + "certificates: [pki/ca.pem]\n")
    return source


def airgap(run: Run, source: Source) -> tuple[int, str]:
    result = run("airgap", "prod", "--root", str(source.root))
    return result.code, result.err


@pytest.mark.parametrize(
    "templates",
    [
        {"ca": HELD, "web": BY_LIST},
        {"ca": SECRET, "web": web("secret: {secretName: certs}")},
        {"ca": HELD, "web": web("projected: {sources: [{configMap: {name: certs}}]}")},
        {"ca": SECRET, "web": web("projected: {sources: [{secret: {name: certs}}]}")},
        {"ca": HELD, "web": web("configMap: {name: certs}",
                                mount="mountPath: /0.crt, subPath: 0.crt}, {name: certs, "
                                "mountPath: /1.crt, subPath: 1.crt")},
        {"ca": HELD, "web": web("configMap: {name: certs, items: [{key: 0.crt, path: a}, "
                                "{key: 1.crt, path: b}]}")},
        {"ca": HELD.replace("metadata: {", "metadata: {namespace: apps, "), "web": BY_LIST},
    ],
)  # fmt: skip
def test_a_list_of_texts(tmp_path: Path, run: Run, templates: dict[str, str]) -> None:
    source = source_of(tmp_path, run, **templates)
    assert airgap(run, source) == (0, "")
    assert value_paths(source) == ("/tls/list/0", "/tls/list/1")
    assert not source.path(ADDED).exists()
    after = built(source)
    assert after.ships
    assert after.nested[0].chart.values == {"tls": {"list": [ROOT.pem, OTHER.pem]}}


@pytest.mark.parametrize(
    "templates",
    [
        {"web": BY_MAP},
        {"ca": HELD, "web": BY_MAP},
        {"ca": HELD, "web": BY_MAP, "only-one": web("configMap: {name: certs, items: [{key: 0.crt, "
         "path: a}]}").replace("name: web}", "name: one}")},
        {"ca": HELD, "web": BY_MAP, "only-one": web(
            "configMap: {name: certs}", mount="mountPath: /a, subPath: 0.crt"
        ).replace("name: web}", "name: one}")},
        {"web": BY_MAP, "no": "{{ if .Values.tls.list }}{{ fail \"no lists\" }}{{ end }}"},
        {"ca": HELD.replace("metadata: {", "metadata: {namespace: other, "), "web": BY_MAP},
        {"ca": HELD.replace("apiVersion: v1", "apiVersion: acme.example/v1"), "web": BY_MAP},
    ],
)  # fmt: skip
def test_a_config_map_where_the_list_does_not_arrive(
    tmp_path: Path, run: Run, templates: dict[str, str]
) -> None:
    source = source_of(tmp_path, run, **templates)
    assert airgap(run, source) == (0, "")
    assert value_paths(source) == ("/tls/map",)
    [added] = yaml.safe_load_all(source.read(ADDED))
    assert added["metadata"] == {"name": "app-trusted-certificates", "namespace": "apps"}
    assert all(key.endswith(".crt") for key in added["data"])
    assert sorted(added["data"].values()) == sorted([ROOT.pem, OTHER.pem])
    after = built(source)
    assert after.ships
    assert after.nested[0].chart.values == {"tls": {"map": "app-trusted-certificates"}}
    assert airgap(run, source) == (0, "")


@pytest.mark.parametrize(
    ("own", "target", "beside"),
    [
        ("apps", "apps", "apps"),  # the chart lands beside its resource
        ("", "default", ""),  # which names no namespace: nor does what stands beside it
        ("flux-system", "apps", "apps"),  # a HelmRelease with a targetNamespace
        ("", "apps", "apps"),
    ],
)
def test_a_config_map_stands_where_the_pods_are(own: str, target: str, beside: str) -> None:
    metadata = {"name": "a", "namespace": own} if own else {"name": "a"}
    body = {"apiVersion": "example.com/v1", "kind": "App", "metadata": metadata}
    carrier = Resource(body=body, origin=Origin(source="app.yaml"))
    chart = NestedChart(
        resource=carrier, repository="", name="web", version="1.0.0", release="a",
        namespace=target, version_at=(carrier.id, ()),
    )  # fmt: skip
    assert trust.beside(chart) == beside


def test_a_config_map_of_an_extended_environment_is_changed(tmp_path: Path, run: Run) -> None:
    source = source_of(tmp_path, run, web=BY_MAP)
    assert airgap(run, source)[0] == 0
    source.write("pki/edge.pem", OTHER.pem)
    own = "extends: prod\ncertificates: [pki/edge.pem]\n"
    source.overlay("edge", "resources: [../prod]\n", own)
    assert run("airgap", "edge", "--root", str(source.root)).code == 0
    assert not source.path("overlays/edge/resources/airgap.yaml").exists()
    [document] = yaml.safe_load_all(source.read("overlays/edge/patches/airgap.yaml"))
    [operation] = yaml.safe_load(document["patch"])
    assert (operation["op"], operation["path"]) == ("replace", "/data")
    assert list(operation["value"].values()) == [OTHER.pem]


@pytest.mark.parametrize(
    ("rule", "templates", "said"),
    [
        (RULE, {"web": BY_LIST}, "brings them there (/tls/list, /tls/map)"),
        (RULE, {"ca": HELD, "web": BY_LIST.replace("volumeMounts: [{name: certs", "volumeMounts: "
                "[{name: others")}, "brings them there"),
        ("certificates: {pem: /tls/list}", {"web": BY_MAP}, "brings them there (/tls/list)"),
        (RULE, {"web": '{{ if or .Values.tls.list .Values.tls.map }}{{ fail "never" }}{{ end }}'},
         "the chart says: execution error"),
    ],
)  # fmt: skip
def test_a_chart_that_takes_none(
    tmp_path: Path, run: Run, rule: str, templates: dict[str, str], said: str
) -> None:
    source = source_of(tmp_path, run, rule, **templates)
    code, err = airgap(run, source)
    assert code == 1
    assert "error: app-1.0.0 [certificate-not-trusted]" in err
    assert "CN=Corp Root, CN=Other Root" in err
    assert said in err
    assert not built(source).ships


def test_a_config_map_of_other_people_stays(tmp_path: Path, run: Run) -> None:
    user = "tls: {map: ours}"
    source = source_of(tmp_path, run, web=BY_MAP)
    source.write("base/app/app.yaml", PLATFORM + indent(user, 4))
    code, err = airgap(run, source)
    assert code == 1
    assert "[certificate-not-trusted]" in err
    assert "trusted-certificates" not in source.read(PATCHES)


def test_a_pod_that_only_helm_test_runs_trusts_nothing(tmp_path: Path, run: Run) -> None:
    hook = "metadata: {annotations: {helm.sh/hook: test}, "
    source = source_of(tmp_path, run, ca=HELD, web=BY_LIST.replace("metadata: {", hook))
    assert "[certificate-not-trusted]" in airgap(run, source)[1]


# Of the operator.


REFUSED = '{{ if .Values.customCACerts }}{{ fail "not here" }}{{ end }}'


def operator(tmp_path: Path, source: Source, run: Run, *edits: tuple[str, str]) -> None:
    """Vendor the stand-in again, with another operator chart."""
    folder = tmp_path / "charts"
    shutil.copytree(CHARTS, folder)
    path = folder / "operator" / "templates" / "deployment.yaml"
    text = path.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    source.path("base/wandb/charts.lock.yaml").unlink()
    shutil.rmtree(source.path("base/wandb/charts"))
    assert run("vendor", "wandb", "--from", str(folder)).code == 0


def test_an_operator_that_takes_a_config_map(source: Source, run: Run, tmp_path: Path) -> None:
    operator(
        tmp_path, source, run,
        ("{{ $name }}-ca-certs}", "{{ .Values.caCertsConfigMap }}}"),
        ("Values.customCACerts", "Values.caCertsConfigMap"),
        ("range $i, $pem := .Values.caCertsConfigMap", "range $i, $pem := list"),
    )  # fmt: skip
    naming(source, ROOT.pem, OTHER.pem)
    assert run("airgap", "example").code == 0
    after = built_example(source)
    assert after.ships
    assert trusting(after)[0] == ["CN=Corp Root", "CN=Other Root"]
    added = [r.id for r in after.manifests if r.id.kind == "ConfigMap"]
    assert ("wandb", "operator-trusted-certificates") in [(a.namespace, a.name) for a in added]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("Values.customCACerts", "Values.never"), "there (/customCACerts, /caCertsConfigMap)"),
        (("{{- $name :=", REFUSED + "{{- $name :="), "1:33): not here\n"),
    ],
)  # fmt: skip
def test_an_operator_that_takes_none(
    source: Source, run: Run, tmp_path: Path, edit: tuple[str, str], said: str
) -> None:
    operator(tmp_path, source, run, edit)
    naming(source, ROOT.pem)
    result = run("airgap", "example")
    assert result.code == 1
    assert "error: operator-1.3.3 [certificate-not-trusted]" in result.err
    assert said in result.err
    assert not built_example(source).ships
