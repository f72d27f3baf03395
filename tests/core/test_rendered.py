"""The text that helm renders, read as helm reads it."""

from builder.core import rendered
from builder.core.manifests import ResourceId

PARENT = ResourceId(group="x.io", kind="App", namespace="", name="p")


def pod(name: str, more: str = "") -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n{more}"


def read(text: str) -> rendered.Rendered:
    return rendered.read(text, chart="app-1.0.0", parent=PARENT)


def test_a_separator_may_carry_a_comment_and_templates_are_named() -> None:
    text = (
        f"---\n# Source: app/templates/a.yaml\n{pod('a')}---# more\n{pod('b')}"
        f"---\n# Source: app/templates/c.yaml\n# only a comment\n---\n{pod('c')}"
    )
    assert [(r.id.name, r.origin.template) for r in read(text).resources] == [
        ("a", "app/templates/a.yaml"), ("b", "app/templates/a.yaml"),
        ("c", "app/templates/c.yaml"),
    ]  # fmt: skip


def test_resources_know_their_hooks_and_what_made_them() -> None:
    (resource,) = read(pod("a", "  annotations:\n    helm.sh/hook: test, test-failure\n")).resources
    assert resource.origin.hooks == ("test", "test-failure")
    assert resource.origin.test_hook
    assert (resource.origin.source, resource.origin.parent) == ("app-1.0.0", PARENT)


def test_a_test_that_something_runs_is_no_test_hook() -> None:
    text = pod("a", "  annotations:\n    helm.sh/hook: test\n")
    (resource,) = rendered.read(text, chart="app-1.0.0", parent=PARENT, tests=True).resources
    assert not resource.origin.test_hook
    (resource,) = read(text + "    argocd.argoproj.io/hook: PreSync\n").resources
    assert not resource.origin.test_hook


def test_lists_are_taken_apart() -> None:
    items = "{apiVersion: v1, kind: Pod, metadata: {name: a}}"
    found = read(f"apiVersion: v1\nkind: List\nitems: [{items}]\n")
    assert ([str(r) for r in found.resources], found.findings) == (["Pod/a"], ())


def test_a_duplicate_key_is_a_warning_and_the_last_counts() -> None:
    found = read(f"# Source: app/templates/a.yaml\n{pod('a', 'spec: 1' + chr(10) + 'spec: 2')}")
    (finding,) = found.findings
    assert (finding.code, finding.severity, finding.subject, finding.place) == (
        "duplicate-key", "warning", "spec", "app/templates/a.yaml (app-1.0.0)",
    )  # fmt: skip
    assert finding.cause == (
        "the template of app-1.0.0 writes the key 'spec' twice in one mapping: "
        "helm takes the last, kustomize refuses"
    )
    assert found.resources[0].body["spec"] == 2


def test_an_object_that_stands_twice_blocks() -> None:
    found = read(f"{pod('a')}---\n# Source: app/templates/b.yaml\n{pod('a')}")
    (finding,) = found.findings
    assert (finding.code, finding.severity, finding.subject) == (
        "duplicate-resource", "error", "Pod/a",
    )  # fmt: skip
    assert finding.cause == "the chart makes Pod/a twice: the second overwrites the first"
    assert finding.hint == "switch one of the two off by its value"


def test_what_cannot_be_read_blocks_and_the_rest_is_read() -> None:
    found = read(f"# Source: app/templates/bad.yaml\na: b: c\n---\nkind: X\n---\n{pod('b')}")
    assert [str(r) for r in found.resources] == ["Pod/b"]
    assert [f.code for f in found.findings] == ["cannot-examine"] * 2
    assert found.findings[0].cause == (
        "what the template renders cannot be read: app/templates/bad.yaml:2:5: is not YAML: "
        "mapping values are not allowed in this context"
    )
    assert found.findings[1].cause == (
        "what the template renders cannot be read: app/templates/bad.yaml: "
        "not a Kubernetes object: apiVersion, metadata.name missing"
    )
    assert found.findings[0].hint == "render the chart with helm and look at that template"
