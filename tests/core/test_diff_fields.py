"""Bodies compared key by key."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core import yaml
from builder.core.diff.fields import compare
from builder.core.diff.show import path_text, value_text


def told(before: str, after: str) -> list[str]:
    """What differs, a line each: ``action path: before -> after``; routine in brackets."""
    old, new = (yaml.load(text, source="test") or {} for text in (before, after))
    lines = []
    for c in compare(old, new):
        line = f"{c.action} {path_text(c.path)}: {value_text(c.before)} -> {value_text(c.after)}"
        lines.append(f"({line})" if c.routine else line)
    return lines


POD = """
spec:
  containers:
  - {name: app, image: "app:1", env: [{name: A, value: "1"}, {name: B, value: "2"}]}
  - {name: log, image: "log:1", ports: [{containerPort: 80}, {containerPort: 81}]}
"""
OTHER_POD = """
spec:
  containers:
  - {name: log, image: "log:1", ports: [{containerPort: 81}, {containerPort: 82}]}
  - {name: new, image: "new:1"}
  - {name: app, image: "app:2", env: [{name: A, value: "1"}, {name: B, value: "3"}]}
"""


def test_lists_of_named_things_are_compared_by_name() -> None:
    assert told(POD, OTHER_POD) == [
        '(reordered spec.containers: ["[app]", "[log]"] -> ["[log]", "[app]"])',
        "changed spec.containers[app].env[B].value: 2 -> 3",
        "changed spec.containers[app].image: app:1 -> app:2",
        'removed spec.containers[log].ports[80]: {"containerPort": 80} -> null',
        'added spec.containers[log].ports[82]: null -> {"containerPort": 82}',
        'added spec.containers[new]: null -> {"name": "new", "image": "new:1"}',
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a: 1", "a: 1", []),
        ("a: 1", "a: '1'", ["changed a: 1 -> 1"]),
        ("a: 1", "a: true", ["changed a: 1 -> true"]),
        ("a: {b: 1}", "a: [1]", ['changed a: {"b": 1} -> [1]']),
        ("a: null", "{}", ["removed a: null -> null"]),
        ("a: {}", "{}", ["removed a: {} -> null"]),
        ("{}", "a: {b: {c: 1}}", ['added a: null -> {"b": {"c": 1}}']),
        ("args: [a, b, c]", "args: [x, a, b, d]", [
            "added args[0]: null -> x", "changed args[3]: c -> d",
        ]),
        ("args: [a, b]", "args: [a]", ["removed args[1]: b -> null"]),
        ("verbs: [get, list]", "verbs: [list, get]", [
            '(reordered verbs: ["get", "list"] -> ["list", "get"])',
        ]),
        ("verbs: [get]", "verbs: [list, get]", ["added verbs[list]: null -> list"]),
        ("rules: [{verbs: [get]}]", "rules: [{verbs: [get, list]}]", [
            "added rules[0].verbs[list]: null -> list",
        ]),
        ("volumeMounts: [{name: a, mountPath: /x}, {name: a, mountPath: /y}]",
         "volumeMounts: [{name: a, mountPath: /x}, {name: b, mountPath: /y}]",
         ["changed volumeMounts[/y].name: a -> b"]),
        ("env: [{name: A, value: a}, {name: A, value: b}]",
         "env: [{name: A, value: a}, {name: A, value: c}]",
         ["changed env[A]#2.value: b -> c"]),
        ("env: [{name: A, value: a}, {name: B, value: $(A)}]",
         "env: [{name: B, value: $(A)}, {name: A, value: a}]",
         ['reordered env: ["[A]", "[B]"] -> ["[B]", "[A]"]']),
        ("initContainers: [{name: a}, {name: b}]", "initContainers: [{name: b}, {name: a}]",
         ['reordered initContainers: ["[a]", "[b]"] -> ["[b]", "[a]"]']),
        ("metadata: {}", "metadata: {labels: {helm.sh/chart: a-1, tier: b}}", [
            '(added metadata.labels["helm.sh/chart"]: null -> a-1)',
            "added metadata.labels.tier: null -> b",
        ]),
        ("spec: {template: {metadata: {annotations: {checksum/config: a}}}}",
         "spec: {template: {metadata: {annotations: {checksum/config: b}}}}", [
            '(changed spec.template.metadata.annotations["checksum/config"]: a -> b)',
        ]),
        ("spec: {selector: {helm.sh/chart: a-1}}", "spec: {selector: {helm.sh/chart: a-2}}", [
            'changed spec.selector["helm.sh/chart"]: a-1 -> a-2',
        ]),
    ],
)  # fmt: skip
def test_what_differs(before: str, after: str, expected: list[str]) -> None:
    assert told(before, after) == expected


names = st.text("ab/.", min_size=1, max_size=3)
scalars = st.none() | st.booleans() | st.integers(0, 3) | st.text("xy\n", max_size=3)


def _below(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.builds(lambda name, rest: {**rest, "name": name}, names, st.dictionaries(
        names, children, max_size=2))  # fmt: skip
    return (
        st.dictionaries(st.sampled_from(["a", "b", "metadata", "labels", "verbs"]), children)
        | st.lists(named, max_size=4)
        | st.lists(children, max_size=4)
    )


bodies = st.dictionaries(names, st.recursive(scalars, _below, max_leaves=20), max_size=4)


@given(bodies)
def test_a_body_does_not_differ_from_itself(body: dict[str, Any]) -> None:
    assert compare(body, body) == ()


@given(bodies, bodies)
def test_bodies_differ_when_something_is_told(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert bool(compare(before, after)) == (value_key(before) != value_key(after))


@given(bodies, bodies)
def test_backwards_the_same_places_differ(before: dict[str, Any], after: dict[str, Any]) -> None:
    turned = {"added": "removed", "removed": "added"}
    forth = sorted((turned.get(c.action, c.action), c.action == "reordered") for c in compare(
        before, after) if "[" not in "".join(c.path))  # fmt: skip
    back = sorted((c.action, c.action == "reordered") for c in compare(after, before)
                  if "[" not in "".join(c.path))  # fmt: skip
    assert forth == back


mappings = st.dictionaries(
    names,
    st.recursive(
        scalars, lambda below: st.dictionaries(names, below, min_size=1, max_size=3), max_leaves=20
    ),
    max_size=4,
)


@given(mappings, mappings)
def test_every_leaf_that_changed_is_told_once(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    old, new = dict(leaves(before)), dict(leaves(after))
    changed = {p for p in old.keys() | new.keys() if value_key(old.get(p, ...)) != value_key(
        new.get(p, ...))}  # fmt: skip
    found: list[tuple[str, ...]] = []
    for change in compare(before, after):
        here = {
            (*change.path, *path)
            for value, side in ((change.before, old), (change.after, new))
            for path, _ in leaves(value)
            if (*change.path, *path) in side
        }
        found += here
    assert len(found) == len(set(found))
    assert set(found) == changed


def leaves(value: Any, path: tuple[str, ...] = ()) -> Any:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from leaves(child, (*path, key))
    else:
        yield path, value


def value_key(value: Any) -> str:
    import json

    return json.dumps(value, sort_keys=True, default=str)
