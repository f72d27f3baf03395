"""``sealift airgap`` on an environment that extends a closed one."""

from pathlib import Path

import pytest

from builder.build import build
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.source import Source
from tests.styles.model import INSIDE, PLATFORM, Style, indent, pod
from tests.test_airgap_styles import images, vendored

POD = """\
---
apiVersion: v1
kind: Pod
metadata: {name: tool, namespace: apps}
spec: {containers: [{name: tool, image: "ghcr.io/acme/tool:1"}]}
"""
IMAGE = "{{ with .Values.image }}{{ .registry }}/{{ .repository }}:{{ .tag }}{{ end }}"
STYLE = Style(
    name="parts",
    values="image: {registry: quay.io, repository: acme/web, tag: 1.2.3}\n",
    templates={"web.yaml": pod("web", IMAGE)},
)


def child(tmp_path: Path, run: Run, parent: str, own: str) -> Source:
    """A source with the closed environment ``prod``, and ``edge``, which extends it."""
    source = vendored(tmp_path, run, STYLE, PLATFORM + indent("{}", 4) + POD)
    source.edit("overlays/prod/environment.yaml", f"prefix: {INSIDE}", parent)
    assert run("airgap", "prod", "--root", str(source.root)).code == 0
    source.overlay("edge", "resources: [../prod]\n", f"extends: prod\nregistry: {own}\n")
    return source


@pytest.mark.parametrize(
    ("parent", "own", "web", "tool"),
    [
        (
            "{prefix: r.parent.example/p}",
            "{prefix: r.child.example/c}",
            "r.child.example/c/acme/web:1.2.3",
            "r.child.example/c/acme/tool:1",
        ),
        (
            "{prefix: r.parent.example, layout: full-path}",
            "{prefix: r.child.example}",
            "r.child.example/quay.io/acme/web:1.2.3",
            "r.child.example/ghcr.io/acme/tool:1",
        ),
        (
            "{prefix: r.parent.example, layout: full-path}",
            "{prefix: r.child.example, layout: flat}",
            "r.child.example/web:1.2.3",
            "r.child.example/tool:1",
        ),
    ],
)
def test_names_are_mirrored_once(
    tmp_path: Path, run: Run, parent: str, own: str, web: str, tool: str
) -> None:
    source = child(tmp_path, run, parent, own)
    assert run("airgap", "edge", "--root", str(source.root)).code == 0
    after = build(find_overlay(source.root, "edge"))
    assert after.ships
    assert images(after) == [web]
    assert [r.value for r in after.references if r.kind == "image" and not r.nested] == [tool]


def test_a_source_that_is_not_known_any_more_is_a_finding(tmp_path: Path, run: Run) -> None:
    own = "{prefix: r.child.example, layout: full-path}"
    source = child(tmp_path, run, "{prefix: r.parent.example}", own)
    code, _, err = run("airgap", "edge", "--root", str(source.root))
    assert code == 1
    assert "error: r.parent.example/acme/web:1.2.3 [cannot-move]" in err
    assert "error: r.parent.example/acme/tool:1 [cannot-move]" in err
    assert err.count("registry.mappings: {SOURCE: PATH}") == 2
    mappings = "{quay.io/acme/web: web, ghcr.io/acme/tool: tool}"
    source.edit("overlays/edge/environment.yaml", "full-path", f"full-path, mappings: {mappings}")
    assert run("airgap", "edge", "--root", str(source.root)).code == 0
    after = build(find_overlay(source.root, "edge"))
    assert (after.ships, images(after)) == (True, ["r.child.example/web:1.2.3"])
