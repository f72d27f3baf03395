"""Values that people have set, held against another version of their chart."""

import pytest

from builder.core.archive import ChartArchive, pack, read
from builder.core.overrides import Path
from builder.core.upgrade import values
from builder.core.upgrade.values import Known, Reading, ValueNote

USER = {"a": {"text": "x", "number": 3, "switch": True, "none": None}, "list": ["y", {"b": 1.5}]}


def test_marks_tell_each_text_and_number_apart() -> None:
    paths = values.paths(USER)
    changed, marks = values.marked(USER, paths)
    switches = {("a", "switch"), ("a", "none")}
    assert set(marks) == set(paths) - switches
    assert len(set(marks.values())) == len(marks)
    assert changed["a"]["text"].startswith("x")
    assert changed["list"][0].startswith("y")
    assert (changed["a"]["switch"], changed["a"]["none"]) == (True, None)
    assert all(mark in str(changed) for mark in marks.values())
    assert USER["list"] == ["y", {"b": 1.5}]


def test_every_value_can_be_another_one() -> None:
    assert values.altered(USER, values.paths(USER)) == {
        "a": {"text": "xx", "number": 4, "switch": False},
        "list": ["yx", {"b": 2.5}],
    }


def test_the_values_at_some_paths_alone() -> None:
    assert values.only(USER, [("a", "switch"), ("b", "c"), ("list",)]) == {
        "a": {"switch": True},
        "list": USER["list"],
    }


INNER = ChartArchive(name="inner", version="1.0.0", files={
    "Chart.yaml": b"name: inner\nversion: 1.0.0\n", "values.yaml": b"x: 1\n",
    "templates/inner.yaml": b"{{ .Values.inside }}",
})  # fmt: skip
CHART = ChartArchive(name="outer", version="1.0.0", files={
    "Chart.yaml": b"name: outer\nversion: 1.0.0\n", "values.schema.json": b"{}",
    "templates/a.yaml": b"{{ .Values.outside }}", "crds/c.yaml": b"kind: X\n",
    "charts/folder/templates/b.yaml": b"{{ .Values.below }}", "charts/folder/values.yaml": b"",
    "charts/inner-1.0.0.tgz": pack(INNER),
})  # fmt: skip


def test_a_chart_of_nothing_but_its_values() -> None:
    bare = values.bare(CHART, {"templates/own.yaml": b"own"}).files
    assert sorted(bare) == [
        "Chart.yaml", "charts/folder/values.yaml", "charts/inner-1.0.0.tgz", "templates/own.yaml",
    ]  # fmt: skip
    inner = read(bare["charts/inner-1.0.0.tgz"], source="inner")
    assert sorted(inner.files) == ["Chart.yaml", "values.yaml"]


def test_the_text_of_all_templates() -> None:
    text = values.templates(CHART.files)
    assert all(word in text for word in ("outside", "below", "inside"))
    assert "kind: X" not in text


OLD = Known(version="c-1", templates="", defaults={
    "kept": "same", "typed": "text", "moved": "a-default", "secret": {"password": "one"},
    "image": {"tag": "1"}, "worker": {"image": {"tag": "2"}},
})  # fmt: skip
NEW = Known(version="c-2", templates="{{ .Values.other.named }}", defaults={
    "kept": "other", "typed": {"inner": "text"}, "place": {"moved": "a-default"},
    "secret": {"password": "two"}, "jobs": {"worker": {"image": {"tag": "9"}}}, "still": "",
})  # fmt: skip


def note(*path: str, old: bool | None = None, new: bool = True) -> ValueNote | None:
    found = values.notes([Reading(path=path, old=old, new=new)], OLD, NEW, {path: "file:3"})
    assert len(found) <= 1
    assert all(one.set_at == "file:3" for one in found)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        (("kept",), "default", "its default was 'same', and is 'other' now"),
        (("typed",), "retyped", "its default was a text, and is a mapping now"),
        (("secret", "password"), "default", "its default changed"),
    ],
)
def test_what_is_read_still(path: Path, kind: str, said: str) -> None:
    found = note(*path)
    assert found is not None
    assert (found.kind, found.said) == (kind, said)


def test_a_value_of_which_nothing_is_to_be_said() -> None:
    assert note("unknown", "to", "both") is None
    assert note("unknown", old=None, new=True) is None


@pytest.mark.parametrize(
    ("path", "said", "near"),
    [
        (("moved",), "nothing in c-2 names it: neither its values nor its templates",
         ("place", "moved")),
        (("worker", "image", "tag"),
         "nothing in c-2 names it: neither its values nor its templates",
         ("jobs", "worker", "image", "tag")),
        (("image", "tag"), "nothing in c-2 names it: neither its values nor its templates", ()),
        (("some", "named"), "c-2 has no such value of its own, and renders the same without it; "
         "its templates do name named, perhaps below another value", ()),
        (("still",), "it stands in the values of c-2 still, but with all else as it is, nothing "
         "that is rendered depends on it", ()),
    ],
)  # fmt: skip
def test_what_nothing_reads_any_more(path: Path, said: str, near: Path) -> None:
    assert note(*path, old=True, new=False) == ValueNote(
        kind="lost", path=path, said=said, near=near, set_at="file:3"
    )


def test_what_nothing_ever_read() -> None:
    found = note("moved", old=False, new=False)
    assert found is not None
    assert found.kind == "idle"


def test_what_matters_most_comes_first() -> None:
    readings = [
        Reading(path=("moved",), old=False, new=False),
        Reading(path=("kept",), old=None, new=True),
        Reading(path=("still",), old=True, new=False),
    ]
    assert [n.kind for n in values.notes(readings, OLD, NEW, {})] == ["lost", "default", "idle"]
