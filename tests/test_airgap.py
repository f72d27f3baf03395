"""``sealift airgap``: what it writes, when that is stale, and what wins over it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.conftest import Run
from tests.source import Source, snapshot
from tests.styles.closing import STYLES
from tests.styles.model import INSIDE, PLATFORM, WEB, Style, indent, pod, write_chart
from tests.styles.references import WHOLE
from tests.test_airgap_styles import PATCHES, built, images, vendored
from tests.test_render import kustomize

NEXT = "1.1.0"


@pytest.fixture
def source(tmp_path: Path, run: Run) -> Source:
    """The chart with the whole reference in one value; the patches are written."""
    source = vendored(tmp_path, run, WHOLE)
    assert run("airgap", "prod", "--root", str(source.root)).code == 0
    return source


def airgap(run: Run, source: Source, *options: str) -> tuple[int, str, str]:
    return run("airgap", "prod", "--root", str(source.root), *options)


def test_the_file_that_is_written(source: Source) -> None:
    text = source.read(PATCHES)
    mark = text.splitlines()[2]
    assert mark.startswith("# inputs: sha256:")
    assert (
        text
        == f"""\
# Written by `sealift airgap`: what leaves the network, pointed inside. Reviewed and committed
# like a lock file. Patches of your own live in other files, stand before this one, and win.
{mark}
apiVersion: builtin
kind: PatchTransformer
metadata:
  name: airgap-platform-apps-app
target:
  group: acme.example
  version: v1
  kind: Platform
  name: app
  namespace: apps
patch: |
  # chart app-1.0.0: the controller pulls it in the cluster
  # was: https://charts.acme.example
  - op: replace
    path: /spec/chart/url
    value: https://charts.corp.example
  # quay.io/acme/web:1.2.3: leaves the network
  # was: quay.io/acme/web:1.2.3
  - op: add
    path: /spec/values/image
    value: {INSIDE}/acme/web:1.2.3
"""
    )


def test_a_reviewer_reads_what_leaves_and_what_floats(tmp_path: Path, run: Run) -> None:
    values = (
        "name: quay.io/acme/web\ntag: latest\nwhole: ghcr.io/acme/job\n"
        f"inside: {INSIDE}/acme/web:latest\n"
    )
    images_ = (
        "{{ .Values.name }}:{{ .Values.tag }}",
        "{{ .Values.whole }}",
        "{{ .Values.inside }}",
    )
    style = Style(name="causes", values=values, templates={"web.yaml": pod("web", *images_)})
    source = vendored(tmp_path, run, style)
    source.edit(
        "overlays/prod/environment.yaml", "kubernetes", "pins: {quay.io/acme/web: 1.2.3, "
        "ghcr.io/acme/job: 4.5.6}\nkubernetes",
    )  # fmt: skip
    assert airgap(run, source)[0] == 0
    written = source.read(PATCHES)
    for reason, value in (
        ("quay.io/acme/web:latest: leaves the network", "name"),
        ("quay.io/acme/web:latest: floats", "tag"),
        ("ghcr.io/acme/job: leaves the network, and floats", "whole"),
        (f"{INSIDE}/acme/web:latest: floats", "inside"),
    ):
        before = re.search(rf"  # (.*)\n  # was: .*\n  - op: add\n    path: /spec/values/{value}\n",
                           written)  # fmt: skip
        assert before is not None
        assert before[1] == reason


def test_a_second_run_changes_nothing(source: Source, run: Run) -> None:
    before = snapshot(source.root)
    code, out, _ = airgap(run, source)
    assert code == 0
    assert out.startswith("unchanged: ")
    assert snapshot(source.root) == before


def test_check_is_content_with_what_was_written(source: Source, run: Run) -> None:
    assert airgap(run, source, "--check") == (0, f"{PATCHES}: up to date\n", "")


def test_check_shows_what_a_run_would_change(source: Source, run: Run) -> None:
    source.edit("overlays/prod/environment.yaml", INSIDE, "other.corp.example")
    before = snapshot(source.root)
    code, out, _ = airgap(run, source, "--check")
    assert code == 1
    assert f"-    value: {INSIDE}/acme/web:1.2.3" in out
    assert "+    value: other.corp.example/acme/web:1.2.3" in out
    assert snapshot(source.root) == before


def test_check_before_the_first_run_writes_nothing(tmp_path: Path, run: Run) -> None:
    source = vendored(tmp_path, run, WHOLE)
    before = snapshot(source.root)
    assert airgap(run, source, "--check")[0] == 1
    assert snapshot(source.root) == before


def test_a_patch_file_that_was_edited_is_stale(source: Source) -> None:
    source.edit(PATCHES, "/acme/web:1.2.3\n", "/acme/web:1.2.4\n")
    assert "airgap-stale" in {f.code for f in built(source).findings}


@pytest.mark.parametrize("style", STYLES[:12], ids=str)
def test_kustomize_alone_gives_what_the_build_gives(tmp_path: Path, run: Run, style: Style) -> None:
    source = vendored(tmp_path, run, style)
    airgap(run, source)
    found = kustomize(source.path("overlays/prod"))
    assert found == {r.id: r.body for r in built(source).manifests}


@pytest.mark.parametrize(
    ("registry", "image"),
    [
        ("{prefix: r.corp.example}", "r.corp.example/acme/web:1.2.3"),
        ("{prefix: 'r.corp.example:5000/a/b'}", "r.corp.example:5000/a/b/acme/web:1.2.3"),
        (
            "{prefix: r.corp.example/m, layout: full-path}",
            "r.corp.example/m/quay.io/acme/web:1.2.3",
        ),
        ("{prefix: r.corp.example/m, layout: flat}", "r.corp.example/m/web:1.2.3"),
        (
            "{prefix: r.corp.example/m, mappings: {quay.io/acme/web: ours/site}}",
            "r.corp.example/m/ours/site:1.2.3",
        ),
        (
            "{prefix: r.corp.example/m, mappings: {quay.io/acme/web: r.corp.example/x}}",
            "r.corp.example/x:1.2.3",
        ),
    ],
)
@pytest.mark.parametrize("style", [WHOLE, STYLES[1]], ids=str)
def test_layouts_of_the_registry(
    tmp_path: Path, run: Run, style: Style, registry: str, image: str
) -> None:
    source = vendored(tmp_path, run, replace(style, environment=f"registry: {registry}\n"))
    assert airgap(run, source)[0] == 0
    after = built(source)
    assert after.ships
    assert images(after) == [image]


def by_hand(source: Source, *operations: str) -> None:
    """Patch the custom resource by hand, in the overlay."""
    listed = "".join(f"      - {operation}\n" for operation in operations)
    source.write(
        "overlays/prod/kustomization.yaml",
        "resources: [../../base/app]\npatches:\n  - target: {kind: Platform}\n"
        f"    patch: |\n{listed}",
    )


def test_a_patch_by_hand_wins(tmp_path: Path, run: Run) -> None:
    source = vendored(tmp_path, run, WHOLE)
    by_hand(source, f'{{op: add, path: /spec/values/image, value: "{INSIDE}/my/web:9"}}')
    assert airgap(run, source)[0] == 0
    assert "/spec/values" not in source.read(PATCHES)
    assert images(built(source)) == [f"{INSIDE}/my/web:9"]


@pytest.mark.parametrize(
    "operation",
    [
        "{op: add, path: /spec/values/image, value: ghcr.io/my/web:9}",
        "{op: add, path: /spec/values, value: {image: ghcr.io/my/web:9}}",
    ],
)
def test_a_patch_by_hand_wins_even_where_it_leaves(
    tmp_path: Path, run: Run, operation: str
) -> None:
    source = vendored(tmp_path, run, WHOLE)
    by_hand(source, operation)
    code, _, err = airgap(run, source)
    assert code == 1
    assert "a patch of your own has set it: /image" in err
    assert "/spec/values/image" not in source.read(PATCHES)


def test_a_switch_held_by_hand_is_not_turned(tmp_path: Path, run: Run) -> None:
    [style] = [s for s in STYLES if s.name == "switch that the chart names when it refuses"]
    source = vendored(tmp_path, run, style)
    by_hand(source, "{op: add, path: /spec/values/global, value: {security: {strict: true}}}")
    code, _, err = airgap(run, source)
    assert code == 1
    assert "does not take /image as it would have to be" in err
    assert "set 'global.security.strict' to false" in err
    assert "strict" not in source.read(PATCHES)


def test_a_patch_by_hand_of_one_part_leaves_the_others(tmp_path: Path, run: Run) -> None:
    source = vendored(tmp_path, run, STYLES[1])
    by_hand(source, "{op: add, path: /spec/values/image, value: {tag: 9.9.9}}")
    assert airgap(run, source)[0] == 0
    assert images(built(source)) == [f"{INSIDE}/acme/web:9.9.9"]


def test_a_patch_below_a_value_set_by_hand_that_is_a_list(tmp_path: Path, run: Run) -> None:
    [style] = [s for s in STYLES if s.name == "list of texts"]
    source = vendored(tmp_path, run, style)
    by_hand(source, f'{{op: add, path: /spec/values/images, value: ["{INSIDE}/a/b:1"]}}')
    assert airgap(run, source)[0] == 0
    assert images(built(source)) == [f"{INSIDE}/a/b:1"]


def bump(source: Source, run: Run, style: Style) -> None:
    """Bring another version of the chart, and make the base name it."""
    charts = source.root.parent / "next"
    write_chart(charts / "app", style)
    path = charts / "app" / "Chart.yaml"
    path.write_text(path.read_text().replace("1.0.0", NEXT))
    for name in ("base.yaml", "app.yaml"):
        source.edit(f"base/app/{name}", "1.0.0", NEXT)
    result = run("vendor", "app", "--from", str(charts), "--root", str(source.root))
    assert result.code == 0, result.err


RENAMED = Style(
    name="renamed",
    values="web: {image: quay.io/acme/web:2.0.0}\n",
    templates={"web.yaml": pod("web", "{{ .Values.web.image }}")},
)


def test_a_new_version_of_the_chart_makes_the_patches_stale(source: Source, run: Run) -> None:
    bump(source, run, RENAMED)
    after = built(source)
    assert {f.code for f in after.findings if f.severity == "error"} == {
        "airgap-stale",
        "outside-reference",
    }
    code, out, _ = airgap(run, source, "--check")
    assert code == 1
    assert "-    path: /spec/values/image" in out
    assert f"+      image: {INSIDE}/acme/web:2.0.0" in out
    assert airgap(run, source)[0] == 0
    assert images(built(source)) == [f"{INSIDE}/acme/web:2.0.0"]


def test_a_missing_chart_leaves_the_patches_as_they_are(source: Source, run: Run) -> None:
    before = source.read(PATCHES)
    source.edit("base/app/app.yaml", "1.0.0", NEXT)
    code, out, err = airgap(run, source)
    assert (code, out) == (1, "")
    assert "[chart-not-vendored]" in err
    assert source.read(PATCHES) == before


def test_a_chart_that_does_not_render_leaves_the_patches_as_they_are(
    source: Source, run: Run
) -> None:
    before = source.read(PATCHES)
    bump(source, run, Style(name="broken", templates={"web.yaml": '{{ fail "no" }}'}))
    code, out, err = airgap(run, source)
    assert (code, out) == (1, "")
    assert "[render-failed]" in err
    assert source.read(PATCHES) == before


def test_pull_secrets_and_the_ingress_class(tmp_path: Path, run: Run) -> None:
    ingress = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {ingressClassName: {{ .Values.ingress.className }}}
"""
    secrets = (
        "      imagePullSecrets: {{ toJson (.Values.imagePullSecrets | default "
        ".Values.global.imagePullSecrets) }}\n"
    )
    style = Style(
        name="switches",
        values="global: {imagePullSecrets: []}\nimagePullSecrets: []\n"
        "ingress: {className: nginx}\nimage: quay.io/acme/web:1.2.3\n",
        templates={"web.yaml": pod("web", "{{ .Values.image }}") + secrets, "in.yaml": ingress},
        environment=f"ingress: {{class: traefik}}\n"
        f"registry: {{prefix: {INSIDE}, pullSecret: mirror}}\n",
    )
    source = vendored(tmp_path, run, style)
    assert airgap(run, source)[0] == 0
    resources = {r.id.kind: r.body for n in built(source).nested for r in n.resources}
    assert resources["Ingress"]["spec"]["ingressClassName"] == "traefik"
    template = resources["Deployment"]["spec"]["template"]["spec"]
    assert template["imagePullSecrets"] == [{"name": "mirror"}]


FIRST_ORDER = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: tool
  namespace: apps
  annotations: {tool.acme.example/image: "ghcr.io/acme/job:4.5.6"}
spec:
  template:
    spec:
      imagePullSecrets:
      initContainers: [{name: init, image: "busybox:1.36"}]
      containers:
        - {name: proxy, image: "registry.corp.example/mirror/in/proxy:1.0.0"}
        - name: tool
          image: quay.io/acme/web:1.2.3
          args: ["--job-image=ghcr.io/acme/job:4.5.6"]
          env: [{name: JOB_IMAGE, value: "ghcr.io/acme/job:4.5.6"}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
data:
  settings.yaml: |
    first: ghcr.io/acme/job:4.5.6
    second: quay.io/acme/web:1.2.3
    third: ghcr.io/acme/job:4.5.6
---
apiVersion: db.acme.example/v1
kind: Cluster
metadata: {name: db, namespace: apps}
spec: {image: {repository: quay.io/acme/web, tag: 1.2.3}}
"""


def test_resources_that_stand_in_git(tmp_path: Path, run: Run) -> None:
    style = replace(WHOLE, environment=f"registry: {{prefix: {INSIDE}, pullSecret: mirror}}\n")
    source = vendored(tmp_path, run, style, PLATFORM + indent("{}", 4) + FIRST_ORDER)
    assert airgap(run, source)[0] == 0
    after = built(source)
    found = sorted(r.value for r in after.references if r.kind == "image" and not r.nested)
    job, busybox = f"{INSIDE}/acme/job:4.5.6", f"{INSIDE}/library/busybox:1.36"
    proxy = f"{INSIDE}/in/proxy:1.0.0"
    assert found == sorted([job, job, job, job, busybox, WEB, WEB, WEB, proxy])
    [tool] = [r for r in after.manifests if r.id.name == "tool"]
    assert tool.body["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "mirror"}]
    guards = [
        operation
        for document in yaml.safe_load_all(source.read(PATCHES))
        for operation in yaml.safe_load(document["patch"])
        if operation["op"] == "test"
    ]
    at = "/spec/template/spec"
    assert {"op": "test", "path": f"{at}/containers/1/name", "value": "tool"} in guards
    assert {"op": "test", "path": f"{at}/initContainers/0/name", "value": "init"} in guards
