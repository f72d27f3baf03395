"""Upgrades of small charts: where a version stands, which values matter, what is dangerous."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from builder.build import build
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.source import Result, Source, snapshot
from tests.styles.carriers import CARRIERS, flux_oci
from tests.styles.model import INSIDE, PLATFORM, Style, indent, pod, write_chart
from tests.test_airgap_styles import vendored
from tests.upgrades import lines_changed

pytestmark = pytest.mark.usefixtures("no_pause")

Carrier = Callable[[str], str]
OLD = Style(name="old", values="image: quay.io/acme/web:1.2.3\n",
            templates={"web.yaml": pod("web", "{{ .Values.image }}")})  # fmt: skip
NEW = replace(OLD, values="image: quay.io/acme/web:2.0.0\n")
APP = "base/app/app.yaml"
OVERLAY = "overlays/prod/kustomization.yaml"
LINE = ("version: 1.0.0", "version: 2.0.0")


def source_of(
    tmp_path: Path, run: Run, new: Style = NEW, old: Style = OLD, carrier: str | None = None
) -> Source:
    """A closed environment of the old chart, with the new one beside it in the folder."""
    source = vendored(tmp_path, run, old, carrier)
    write_chart(tmp_path / "charts" / "next", replace(new, chart=new.chart))
    metadata = tmp_path / "charts" / "next" / "Chart.yaml"
    metadata.write_text(metadata.read_text().replace(*LINE))
    assert run("airgap", "prod", "--root", str(source.root)).code == 0
    return source


def upgrade(source: Source, run: Run, *argv: str) -> Result:
    charts = source.root.parent / "charts"
    more = ("--chart-version", "2.0.0", "--from", str(charts), "--root", str(source.root))
    return run("upgrade", "prod", *more, *argv)


def images(source: Source) -> list[str]:
    result = build(find_overlay(source.root, "prod"))
    assert result.ships
    return [image.image for image in result.lock.images]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_whatever_resource_names_the_chart(tmp_path: Path, run: Run, carrier: Carrier) -> None:
    oci = "chartRepository: {url: 'oci://registry.corp.example/charts'}\n"
    old = replace(OLD, environment=oci) if carrier is flux_oci else OLD
    text = "# ours\n" + carrier("spare: 1")
    source = source_of(tmp_path, run, old=old, carrier=text)
    result = upgrade(source, run)
    assert result.code == 0, result.err
    [(before, after)] = lines_changed(text, source.read(APP))
    assert before.replace("1.0.0", "2.0.0") == after
    assert images(source) == [f"{INSIDE}/acme/web:2.0.0"]


def patch(form: str, source: Source) -> str:
    """Let a patch by hand set the version; return the file that it stands in."""
    operation = "- {op: replace, path: /spec/chart/version, value: 1.0.0}  # ours"
    whole = (
        "- op: add\n  path: /spec/chart\n  value: # all of it, 1.0.0\n"
        "    {url: 'https://charts.acme.example', name: app, version: 1.0.0}"
    )
    target = "target: {kind: Platform}"
    if form == "inline":
        text = f"patches:\n  - {target}\n    patch: |\n{indent(operation, 6)}"
        source.write(OVERLAY, source.read(OVERLAY) + text)
        return OVERLAY
    name = "patches/own.yaml"
    if form == "operations":
        source.write(f"overlays/prod/{name}", operation + "\n")
        text = f"patches:\n  - {target}\n    path: {name}\n"
        source.write(OVERLAY, source.read(OVERLAY) + text)
        return f"overlays/prod/{name}"
    body = indent(whole if form == "whole" else operation, 2)
    document = f"apiVersion: builtin\nkind: PatchTransformer\nmetadata: {{name: own}}\n{target}\n"
    source.write(f"overlays/prod/{name}", f"{document}patch: |\n{body}")
    source.edit(OVERLAY, "transformers:\n", f"transformers:\n  - {name}\n")
    return f"overlays/prod/{name}"


@pytest.mark.parametrize("form", ["inline", "operations", "transformer", "whole"])
def test_a_patch_by_hand_that_sets_the_version(tmp_path: Path, run: Run, form: str) -> None:
    source = source_of(tmp_path, run)
    source.edit(APP, "version: 1.0.0", "version: 0.1.0")
    file = patch(form, source)
    before, platform = source.read(file), source.read(APP)
    result = upgrade(source, run)
    assert result.code == 0, result.err
    assert f"version set in {file}:" in result.out
    [(was, now)] = [p for p in lines_changed(before, source.read(file)) if "version" in p[0]]
    assert "1.0.0" in was
    assert was.replace("version: 1.0.0", "version: 2.0.0").replace(
        "value: 1.0.0", "value: 2.0.0"
    ) == now  # fmt: skip
    assert source.read(APP) == platform
    assert images(source) == [f"{INSIDE}/acme/web:2.0.0"]
    # In the base, it is set in both.
    assert upgrade(source, run, "--base").code == 0
    assert "version: 2.0.0" in source.read(APP)


def test_a_version_that_no_file_has_as_a_value_of_its_own(tmp_path: Path, run: Run) -> None:
    """An alias: what it repeats would change as well."""
    carrier = PLATFORM.replace("version: 1.0.0", "version: &v 1.0.0") + "    version: *v\n"
    source = source_of(tmp_path, run, carrier=carrier)
    before = snapshot(source.root)
    refused = upgrade(source, run, "--base")
    assert refused.code == 2
    assert "no file of the base has the version of app as a value of its own" in refused.err
    assert "leave --base out, and it is set by a patch of this environment alone" in refused.err
    assert snapshot(source.root) == before
    result = upgrade(source, run)
    assert result.code == 0, result.err
    assert "version set in overlays/prod/patches/chart-version.yaml" in result.out
    assert source.read(APP) == carrier
    assert images(source) == [f"{INSIDE}/acme/web:2.0.0"]


def test_several_nested_charts(tmp_path: Path, run: Run) -> None:
    source = source_of(tmp_path, run)
    shutil.copytree(tmp_path / "charts" / "app", tmp_path / "charts" / "other")
    other = tmp_path / "charts" / "other" / "Chart.yaml"
    other.write_text(other.read_text().replace("name: app", "name: other"))
    web = tmp_path / "charts" / "other" / "templates" / "web.yaml"
    web.write_text(web.read_text().replace("name: web", "name: other-web"))
    entry = "  - name: other\n    version: 1.0.0\n    repository: https://charts.acme.example\n"
    source.edit("base/app/base.yaml", "nestedCharts:", f"{entry}nestedCharts:")
    second = PLATFORM.replace("name: app", "name: other") + "    {}\n"
    source.write(APP, f"{source.read(APP)}---\n{second}")
    root = ("--root", str(source.root))
    assert run("vendor", "app", "--from", str(tmp_path / "charts"), *root).code == 0
    refused = upgrade(source, run)
    assert refused.code == 2
    assert refused.err == (
        "error: prod has several nested charts: app, other\nhint: name one with --chart\n"
    )
    result = upgrade(source, run, "--chart", "app")
    assert result.code == 0, result.err
    assert images(source) == [f"{INSIDE}/acme/web:{tag}" for tag in ("1.2.3", "2.0.0")]
    assert source.read(APP).count("version: 1.0.0") == 1


READER = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  token: {{ randAlphaNum 20 | quote }}
"""
VALUES = """\
image: quay.io/acme/web:1.2.3
kept: same
seen: {text: a, number: 1, switch: false, list: [x]}
gone: {text: a, number: 7, switch: true}
moved: the-default
shape: text
"""
OLD_DATA = """\
  a: {{ .Values.kept }}-{{ .Values.seen.text }}-{{ .Values.seen.number }}-{{ .Values.free.text }}
  b: {{ .Values.gone.text | sha256sum }}{{ .Values.gone.number }}
  switch: {{ .Values.gone.switch | quote }}
  c: {{ .Values.moved }}{{ .Values.shape }}{{ index .Values.seen.list 0 }}
  {{- if .Values.seen.switch }}
  d: "on"
  {{- end }}
"""
NEW_DATA = """\
  a: {{ .Values.kept }}-{{ .Values.seen.text }}-{{ .Values.seen.number }}
  b: {{ .Values.place.moved }}{{ if kindIs "map" .Values.shape }}map{{ end }}
  c: {{ index .Values.seen.list 0 }}
  {{- if .Values.seen.switch }}
  d: "on"
  {{- end }}
"""
NEW_VALUES = """\
image: quay.io/acme/web:2.0.0
kept: other
seen: {text: b, number: "1", switch: false, list: [x]}
gone: {text: a}
place: {moved: the-default}
shape: {inner: text}
"""
USER = """\
kept: mine
seen: {text: mine, number: 3, switch: true, list: [mine]}
gone: {text: mine, number: 8, switch: false}
moved: mine
shape: mine
free: {text: mine, never: mine}
"""


def test_which_values_nothing_reads_any_more(tmp_path: Path, run: Run) -> None:
    """Told by renders: through hashes, switches and lists, and beside what is random."""
    old = replace(OLD, values=VALUES, user=USER,
                  templates={**OLD.templates, "settings.yaml": READER + OLD_DATA})  # fmt: skip
    new = replace(old, values=NEW_VALUES,
                  templates={**OLD.templates, "settings.yaml": READER + NEW_DATA})  # fmt: skip
    result = upgrade(source_of(tmp_path, run, new, old), run)
    assert result.code == 0, result.err
    assert _section(result.out, "values that nothing reads any more") == [
        "free.text, set in base/app/app.yaml",
        "  app-2.0.0 has no such value of its own, and renders the same without it; its templates "
        "do name text, perhaps below another value",
        "gone.number, set in base/app/app.yaml",
        "  app-2.0.0 has no such value of its own, and renders the same without it; its templates "
        "do name number, perhaps below another value",
        "gone.switch, set in base/app/app.yaml",
        "  app-2.0.0 has no such value of its own, and renders the same without it; its templates "
        "do name switch, perhaps below another value",
        "gone.text, set in base/app/app.yaml",
        "  it stands in the values of app-2.0.0 still, but with all else as it is, nothing that is "
        "rendered depends on it",
        "moved, set in base/app/app.yaml",
        "  app-2.0.0 has no such value of its own, and renders the same without it; its templates "
        "do name moved, perhaps below another value; perhaps it is place.moved now",
        "shape, set in base/app/app.yaml",
        "  it stands in the values of app-2.0.0 still, but with all else as it is, nothing that is "
        "rendered depends on it; perhaps it is shape.inner now",
    ]
    assert _section(result.out, "values of another type by default") == [
        "seen.number, set in base/app/app.yaml",
        "  its default was a number, and is a text now",
    ]
    assert _section(result.out, "values that hide a default that changed") == [
        "kept, set in base/app/app.yaml",
        "  its default was 'same', and is 'other' now",
        "seen.text, set in base/app/app.yaml",
        "  its default was 'a', and is 'b' now",
    ]
    assert _section(result.out, "values that neither version reads, with all else as it is") == [
        "free.never, set in base/app/app.yaml"
    ]
    assert "mine" not in result.out


def _section(text: str, title: str) -> list[str]:
    [block] = [b for b in text.split("\n\n") if b.startswith(f"{title}:\n")]
    return [line[2:] for line in block.splitlines()[1:]]


CLAIM = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: %s
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: {{ .Values.image }}}]}
"""
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.acme.example}
spec:
  group: acme.example
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
    - {name: v1alpha1, served: %s, storage: false}
    - {name: v1, served: true, storage: true}
"""
HOOK = pod("job", "{{ .Values.image }}").replace(
    "  name: job", "  name: job\n  annotations: {helm.sh/hook: 'post-install,pre-upgrade'}"
)


def test_what_is_dangerous_in_the_new_version(tmp_path: Path, run: Run) -> None:
    old = replace(
        OLD, templates={"db.yaml": CLAIM % "db"}, files={"crds/t.yaml": DEFINITION % "true"}
    )
    new = replace(
        NEW,
        templates={"db.yaml": CLAIM % "db-headless", "job.yaml": HOOK},
        files={"crds/t.yaml": DEFINITION % "false"},
        chart='kubeVersion: ">=1.29.0-0"\n',
    )
    source = source_of(tmp_path, run, new, old)
    result = upgrade(source, run)
    assert result.code == 0, result.err
    assert "enters 1 major version (2): read what breaks in each" in result.out
    assert (
        "Kubernetes: the chart wants >=1.29.0-0 now, any before; the environment has 1.30"
        in result.out
    )
    title = "definitions; see whether the controller updates them, helm does not"
    assert _section(result.out, title) == ["changed: things.acme.example"]
    assert _section(result.out, "hooks that run, and have to succeed") == [
        "Deployment/job (pre-upgrade)"
    ]
    assert _section(result.out, "dangers") == [
        "Version dropped: resources and clients that use this version are refused",
        "  CustomResourceDefinition/things.acme.example version v1alpha1",
        "Immutable field: Kubernetes does not change it: the StatefulSet has to be deleted first",
        "  StatefulSet/db spec.serviceName",
    ]
    assert _section(result.out, "new images, to be mirrored") == [
        f"quay.io/acme/web:2.0.0 → {INSIDE}/acme/web:2.0.0"
    ]


def test_a_kustomization_that_cannot_name_the_patch(tmp_path: Path, run: Run) -> None:
    """Nothing is written before all of it can be."""
    source = source_of(tmp_path, run)
    source.overlay(
        "edge", "resources: [../../base/app]\n", source.read("overlays/prod/environment.yaml")
    )
    text = source.read(OVERLAY).replace(
        "transformers:\n  - patches/airgap.yaml\n", "transformers: [\n  patches/airgap.yaml]\n"
    )
    source.write(OVERLAY, text)
    before = snapshot(source.root)
    result = upgrade(source, run)
    assert result.code == 2
    assert "transformers does not list patches/chart-version.yaml" in result.err
    assert "an entry before patches/airgap.yaml" in result.err
    assert snapshot(source.root) == before


def test_links_in_the_sources(tmp_path: Path, run: Run) -> None:
    source = source_of(tmp_path, run)
    shared = source.root / "shared"
    shutil.move(source.path("base/app/charts"), shared)
    source.path("base/app/charts").symlink_to(shared)
    result = upgrade(source, run, "--keep")
    assert result.code == 0, result.err
    assert source.path("base/app/charts").is_symlink()
    assert images(source) == [f"{INSIDE}/acme/web:2.0.0"]
