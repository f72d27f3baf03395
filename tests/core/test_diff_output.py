"""How a difference is written: Markdown, terminal, JSON."""

import json
from dataclasses import replace

import pytest

from builder.core.diff import Danger, Diff, FieldChange, ImageChange, NestedChange, ResourceChange
from builder.core.diff.as_json import as_json
from builder.core.diff.hidden import conceal
from builder.core.diff.markdown import markdown
from builder.core.diff.model import ChartChange
from builder.core.diff.terminal import terminal
from builder.core.findings import Finding
from builder.core.manifests import ResourceId


def name(kind: str, text: str, namespace: str = "") -> ResourceId:
    return ResourceId(group="", kind=kind, namespace=namespace, name=text)


def changed(path: str, before: object, after: object, *, routine: bool = False) -> FieldChange:
    return FieldChange(
        path=tuple(path.split(".")), action="changed", before=before, after=after, routine=routine
    )


OWNER = name("Platform", "p")
DIFF = Diff(
    environment="example",
    against="example/ on main of gitops.git at 0123abcd",
    dangers=(
        Danger(code="secret-changed", subject="Secret/s", place="data.a", reason="does it fit?"),
        Danger(code="upgrade-hook", subject="Job/j", place="pre-upgrade", reason="it runs",
               owner="Platform/p"),
    ),
    images=(
        ImageChange(action="moved", before="a.io/x:1", after="b.io/x:1", digest="sha256:12",
                    places=("Deployment/d container x",)),
    ),
    charts=(ChartChange(action="changed", name="c", before="1.0.0", after="1.1.0"),),
    resources=(
        ResourceChange(id=name("ConfigMap", "c"), action="changed", fields=(
            changed("data.text", "one\ntwo\n", "one\nthree\n"),
            changed("metadata.labels.chart", "c-1", "c-2", routine=True),
        )),
        ResourceChange(id=name("Job", "new"), action="added", hooks=("pre-upgrade",)),
        ResourceChange(id=name("Secret", "s"), action="changed", fields=(
            changed("data.a", conceal("x"), conceal("y")),
        )),
    ),
    nested=(
        NestedChange(owner=OWNER, chart="c", before="1.0.0", after="1.1.0", resources=(
            ResourceChange(id=name("Deployment", "d"), action="changed", fields=(
                changed("spec.replicas", 1, 2), changed("spec.template.x", "a", "b"),
            )),
        )),
        NestedChange(owner=name("Platform", "q"), chart="", left_out="c-0.9 is not vendored"),
    ),
)  # fmt: skip


def test_markdown() -> None:
    assert markdown(DIFF) == (
        "**example: 2 dangers; in Git 1 added, 2 changed; in the cluster 1 changed; "
        "1 nested chart not compared; images 1 moved; chart c 1.0.0 → 1.1.0**\n"
        "\n"
        "Compared with `example/ on main of gitops.git at 0123abcd`.\n"
        "\n"
        "### Dangers\n"
        "\n"
        "- **Secret changed**: `Secret/s` `data.a`: does it fit?\n"
        "- **New upgrade hook**: `Job/j` `pre-upgrade` (in the cluster, from `Platform/p`): "
        "it runs\n"
        "\n"
        "### Images\n"
        "\n"
        "| | before | after | digest | where |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| moved | `a.io/x:1` | `b.io/x:1` | `sha256:12` | `Deployment/d container x` |\n"
        "\n"
        "### Charts\n"
        "\n"
        "- changed `c` `1.0.0` → `1.1.0`\n"
        "\n"
        "### In Git\n"
        "\n"
        "- added `Job/new` (`pre-upgrade` hook)\n"
        "\n"
        "<details><summary>changed <code>ConfigMap/c</code>: 1 field, 1 routine</summary>\n"
        "\n"
        "- `data.text`:\n"
        "\n"
        "  ```diff\n"
        "   one\n"
        "  -two\n"
        "  +three\n"
        "  ```\n"
        "\n"
        "</details>\n"
        "\n"
        "- changed `Secret/s`: `data.a`: `***` → `***` (the value is not shown)\n"
        "\n"
        "### In the cluster, from `Platform/p`, chart `c 1.0.0 → 1.1.0`\n"
        "\n"
        "1 changed.\n"
        "\n"
        "\n"
        "<details><summary>changed <code>Deployment/d</code>: 2 fields, Pods restart</summary>\n"
        "\n"
        "- `spec.replicas`: `1` → `2`\n"
        "- `spec.template.x`: `a` → `b`\n"
        "\n"
        "</details>\n"
        "\n"
        "\n"
        "### In the cluster, from `Platform/q`\n"
        "\n"
        "Not compared: `c-0.9` is not vendored\n"
        "\n"
        "<details><summary>1 routine change in 1 resource (version labels, checksums, orders)"
        "</summary>\n"
        "\n"
        "- `ConfigMap/c`: `metadata.labels.chart`\n"
        "\n"
        "</details>\n"
    )


def test_terminal() -> None:
    assert terminal(DIFF).splitlines() == [
        "in Git: 1 added, 2 changed",
        "  ~ ConfigMap/c",
        "      data.text:",
        "         one",
        "        -two",
        "        +three",
        "  + Job/new (pre-upgrade hook)",
        "  ~ Secret/s",
        "      data.a: *** → *** (the value is not shown)",
        "  1 routine change not shown",
        "",
        "in the cluster, from Platform/p, chart c 1.0.0 → 1.1.0: 1 changed",
        "  ~ Deployment/d, Pods restart",
        "      spec.replicas: 1 → 2",
        "      spec.template.x: a → b",
        "",
        "in the cluster, from Platform/q: not compared",
        "  c-0.9 is not vendored",
        "",
        "images",
        "  moved    a.io/x:1 → b.io/x:1 (sha256:12)",
        "           Deployment/d container x",
        "",
        "chart changed: c 1.0.0 → 1.1.0",
        "",
        "Secret changed: does it fit?",
        "    Secret/s data.a",
        "New upgrade hook: it runs",
        "    Job/j pre-upgrade (from Platform/p)",
        "",
        "example: 2 dangers; in Git 1 added, 2 changed; in the cluster 1 changed; "
        "1 nested chart not compared; images 1 moved; chart c 1.0.0 → 1.1.0",
        "compared with example/ on main of gitops.git at 0123abcd",
    ]


def test_colour_is_all_that_colour_adds() -> None:
    import re

    coloured = terminal(DIFF, colour=True)
    assert "\x1b[32m  + Job/new\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == terminal(DIFF)


def test_json() -> None:
    value = json.loads(json.dumps(as_json(DIFF)))
    assert value["differs"] is True
    assert value["resources"][2] == {
        "resource": "Secret/s", "group": "", "action": "changed", "routine": False, "hooks": [],
        "restarts": False, "fields": [
            {"path": "data.a", "action": "changed", "before": "***", "after": "***",
             "routine": False},
        ],
    }  # fmt: skip
    assert value["images"][0]["after"] == "b.io/x:1"
    assert value["nested"][1]["leftOut"] == "c-0.9 is not vendored"


ERROR = Finding(code="outside-reference", subject="a.io/x", place="Pod/p", cause="it is outside",
                hint="move it")  # fmt: skip


@pytest.mark.parametrize(
    ("diff", "verdict"),
    [
        (Diff(environment="e", against="a"), "e: no difference"),
        (Diff(environment="e", against="a", findings=(ERROR,)),
         "e: does not ship: 1 error; no difference"),
        (Diff(environment="e", against="a", rewritten=("x.yaml",)),
         "e: 1 file written anew, nothing differs in meaning"),
        (Diff(environment="e", against="a", kubernetes=("1.29", "1.30")),
         "e: no danger seen; Kubernetes 1.29 → 1.30"),
        (Diff(environment="e", against="a", first=True, resources=DIFF.resources[1:2]),
         "e: first publication; no danger seen; in Git 1 added"),
    ],
)  # fmt: skip
def test_verdicts(diff: Diff, verdict: str) -> None:
    assert markdown(diff).splitlines()[0] == f"**{verdict}**"
    assert verdict in terminal(diff).splitlines()
    assert as_json(diff)["verdict"] == verdict


def test_findings_are_shown() -> None:
    diff = replace(DIFF, findings=(ERROR,))
    assert "### Does not ship\n\n- `a.io/x` at `Pod/p`: it is outside\n" in markdown(diff)
    assert "does not ship: a.io/x at Pod/p: it is outside" in terminal(diff)
