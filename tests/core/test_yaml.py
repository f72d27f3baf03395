"""YAML means here what it means in the cluster; what is not safe to read is refused."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core import yaml
from builder.core.errors import ToolError, YamlError
from builder.core.yaml import limits
from builder.tools import kustomize
from builder.tools.command import run

NASTY = [
    "", " ", "  x", "x ", "\n", "\n\n", "x\n", "x\n\n", "\nx", " \nx", "x\n y\n", "x \ny", "\tx",
    "x\ty", "x\n\ty", "\r", "a\r\nb", "\x00", "\x07", "\x1b[0m", "\x7f", "\x85", "\xa0", "\u2028",
    "\u2029x", "\ufeff", "\ufeffx", "ümläut", "日本", "😀", "\ud7ff", "\ufffd",
    "y", "Y", "n", "yes", "No", "on", "OFF", "true", "True", "FALSE", "tRUE", "null", "Null", "~",
    "1", "-1", "+1", "01", "010", "08", "0o17", "0O17", "0x1F", "0X1f", "0b11", "0B1", "1_000",
    "+_1", "1e3", "1E3", "1e1_0", ".5", "-.5", "5.", "1.5", "1e400", ".inf", "-.INF", ".NaN",
    "0_x9",
    "12:30:45", "1:30", "190:20:30.15", "2024-01-01", "2024-01-01T00:00:00Z", "2024-1-1 x", "1.2.3",
    "<<", "=", "-", "--", "---", "--- x", "...", "... x", "- x", "? x", ": x", "x: y", "x:", "x #y",
    "#x", "&a", "*a", "!x", "!!str x", "|", ">", "|-\n x", "@x", "`x`", "%x", "[x", "{x", "]", "}",
    ",", "'", '"', "'x'", '"x"', "\\", "\\n", "{{ x }}", "$(X)", "a" * 5000, "a b " * 500,
    "a: |\n  b\n  c\n", "# c\n- x: 1\n", "x\n---\ny\n", "x\n...\n", " x\ny", "\n x", "x\n\n\n y",
]  # fmt: skip

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(NASTY)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXTS, below, max_size=4),
    max_leaves=12,
)


def value(text: str) -> Any:
    (document,) = yaml.load_all(text, source="f.yaml")
    return document.value


def error(text: str) -> YamlError:
    with pytest.raises(YamlError) as caught:
        yaml.load_all(text, source="f.yaml")
    return caught.value


def strictly(text: str) -> YamlError:
    with pytest.raises(YamlError) as caught:
        yaml.load(text, source="f.yaml")
    return caught.value


@given(VALUES)
def test_what_is_written_is_read_back(given_value: Any) -> None:
    document = {"a": given_value}
    assert value(yaml.dump(document)) == document


@pytest.mark.parametrize("text", NASTY, ids=repr)
def test_a_text_stays_a_text_as_value_key_and_item(text: str) -> None:
    document = {"a": text, "b": {text: 1}, "c": [text]}
    assert value(yaml.dump(document)) == document


@given(VALUES)
def test_writing_has_one_form(given_value: Any) -> None:
    text = yaml.dump({"a": given_value})
    assert yaml.dump(value(text)) == text


def test_kustomize_reads_the_same_texts(tmp_path: Path) -> None:
    try:
        command, _ = kustomize.find()
    except ToolError as missing:
        pytest.skip(str(missing))
    texts = [text for text in NASTY if text not in ("\x7f", "\x85")]  # which it cannot write itself
    data = {f"k{number}": text for number, text in enumerate(texts)}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}
    (tmp_path / "a.yaml").write_text(yaml.dump(body), encoding="utf-8", newline="")
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    assert value(run([*command, str(tmp_path)]).decode())["data"] == data


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        ("1e3", 1000.0), ("1E3", 1000.0), ("1.", 1.0), (".5", 0.5), ("+.5", 0.5), ("-.5e3", -500.0),
        ("0o17", 15), ("0O17", 15), ("017", 15), ("08", 8.0), ("0x1F", 31), ("0X1F", 31),
        ("0b11", 3), ("-0x1F", -31), ("1_000", 1000), ("1_0.5", 10.5),
        ("1e1_0", 1e10), ("1_", 1), ("+_1", 1),
        ("_1", "_1"), ("0o8", "0o8"), ("0b2", "0b2"), ("0x", "0x"), ("0x_", "0x_"),
        ("1.5e", "1.5e"), ("1e400", "1e400"), (".5_", ".5_"), ("1.2.3", "1.2.3"),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2.0**64), ("9" * 5000, "9" * 5000),
        ("y", True), ("Y", True), ("yes", True), ("on", True), ("TRUE", True), ("tRUE", "tRUE"),
        ("n", False), ("No", False), ("off", False), ("Off", False),
        ("~", None), ("null", None), ("NULL", None), ("nULL", "nULL"), ("", None),
        ("12:30:45", "12:30:45"), ("1:30", "1:30"), ("2024-01-01", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"), ("=", "="), ("<<", "<<"),
        ("!!str 5", "5"), ('!!int "5"', 5), ("!!binary aGk=", "hi"),
        ("!!timestamp 2024-01-01", "2024-01-01"),
        (".inf", math.inf), ("-.Inf", -math.inf),
    ],
)  # fmt: skip
def test_a_bare_scalar_means_what_it_means_to_kubectl(scalar: str, expected: object) -> None:
    # The expected values were read from sigs.k8s.io/yaml 1.4.
    found = value(f"a: {scalar}")["a"]
    assert (found, type(found)) == (expected, type(expected))


def test_keys_are_texts_as_in_json() -> None:
    assert value("1: a\ntrue: b\nnull: c\n1.5: d\n'2': e\n") == {
        "1": "a", "true": "b", "null": "c", "1.5": "d", "2": "e",
    }  # fmt: skip


def test_documents_and_the_lines_they_start_at() -> None:
    found = yaml.load_all("# only a comment\n---\na: 1\n---\n---\n- b\n", source="f.yaml")
    assert [(d.value, d.line) for d in found] == [({"a": 1}, 3), (["b"], 6)]


def test_a_file_without_a_document() -> None:
    assert yaml.load("# nothing\n", source="f.yaml") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1", "f.yaml:2:1: is not YAML: found character that cannot start any token"),
        ("? [a]\n: 1", "f.yaml:1:3: is not YAML: a mapping key must be a scalar"),
        ("? {a: 1}\n: 1", "f.yaml:1:3: is not YAML: a mapping key must be a scalar"),
        (
            "a: !!python/object/apply:os.system [id]",
            "f.yaml:1:4: is not YAML: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        ("a: !Ref x", "f.yaml:1:4: is not YAML: could not determine a constructor for the tag "
         "'!Ref'"),
        (
            "a: !!set {b}",
            "f.yaml:1:4: is not YAML: the tag 'tag:yaml.org,2002:set' means nothing in JSON",
        ),
        ("a: *x", "f.yaml:1:4: is not YAML: found undefined alias"),
        ("a: b: c", "f.yaml:1:5: is not YAML: mapping values are not allowed in this context"),
        ("a: !!binary /w==", "f.yaml: is not YAML: 'utf-8' codec can't decode byte 0xff "
         "in position 0: invalid start byte"),
        ("<<: 5", "f.yaml:1:5: is not YAML: expected a mapping or list of mappings for merging, "
         "but found scalar"),
        ("a: \ud800", "f.yaml: is not YAML: 'utf-8' codec can't encode character "
         "'\\ud800' in position 3: surrogates not allowed"),
        ("a: \x07", "f.yaml: is not YAML: unacceptable character #x0007: "
         "control characters are not allowed"),
    ],
    ids=["tab", "list as key", "map as key", "python tag", "local tag", "set", "unknown alias",
         "two colons", "binary", "merge of a scalar", "surrogate", "control character"],
)  # fmt: skip
def test_what_is_not_yaml(text: str, message: str) -> None:
    assert str(error(text)) == message


def _chain(key: str) -> str:
    links = [f"{key.format(i)}: &a{i} [*a{i - 1}]" for i in range(1, 3000)]
    return "\n".join(["first: &a0 [1]", *links])


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        '["]",' * 100_000,
        "[#]\n" * 100_000,
        "- " * 100_000 + "a",
        "? " * 100_000 + "a",
        "\n".join(" " * level + "a:" for level in range(1000)),
        "\n".join(" " * level + "-" for level in range(1000)),
        _chain("k{}"),
        _chain("k"),
    ],
    ids=["flow lists", "flow maps", "quoted closers", "commented closers", "compact lists",
         "compact keys", "block maps", "block lists", "alias chain", "overwritten alias chain"],
)  # fmt: skip
def test_deep_nesting_is_refused_before_it_crashes_the_parser(text: str) -> None:
    found = error(text)
    assert str(found) == "f.yaml: nests deeper than 200 levels"
    assert found.hint == "no manifest needs that"
    if "&" not in text:
        with pytest.raises(YamlError, match="nests deeper than 200 levels"):
            yaml.lines(text, source="f.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 150 + "]" * 150,
        "[" + "[1]," * 10_000 + "]",
        f"a: '{'[' * 500}'",
        "\n".join(" " * level + "a:" for level in range(150)),
    ],
    ids=["150 levels", "wide", "quoted", "150 indents"],
)
def test_what_is_not_too_deep(text: str) -> None:
    assert yaml.load_all(text, source="f.yaml")


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
)
MERGE_BOMB = "a0: &a0 {k: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "f.yaml: its aliases expand to more than 5,000,000 values"),
        ("a: &a [*a]", "f.yaml: an alias stands inside its own anchor"),
        ("a: &a {b: {c: *a}}", "f.yaml: an alias stands inside its own anchor"),
    ],
    ids=["aliases", "list in itself", "map in itself"],
)
def test_a_bomb_is_refused(text: str, message: str) -> None:
    assert str(error(text)) == message


def test_a_bomb_of_merges_does_not_go_off() -> None:
    """PyYAML 6.0.3 and older multiply merged keys, which is refused; newer ones do not."""
    outcome: Any
    try:
        outcome = value(MERGE_BOMB)["a8"]
    except YamlError as refused:
        outcome = str(refused)
    assert outcome in ({"k": 1}, "f.yaml:6:5: is not YAML: merges more than 10,000 keys")


@pytest.mark.parametrize("text", [BOMB, MERGE_BOMB, "a: &a [*a]"], ids=["bomb", "merges", "itself"])
def test_lines_of_a_bomb_are_found_in_time(text: str) -> None:
    assert yaml.lines(text, source="f.yaml").at(("a8",)) in ("f.yaml:9", "f.yaml:1")


def test_a_large_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", 2**20)
    assert str(error("a" * (2**20 + 1))) == "f.yaml: is larger than 1 MiB"
    assert value("a" * 2**20) == "a" * 2**20


def test_aliases_are_values_and_are_written_without() -> None:
    assert yaml.dump(value("a: &x {b: 1}\nc: *x\n")) == "a:\n  b: 1\nc:\n  b: 1\n"


@pytest.mark.parametrize(
    ("text", "expected", "duplicates"),
    [
        ("a: 1\nb: 2\na: 3\n", {"a": 3, "b": 2}, [("a", 3)]),
        ("x:\n  a: 1\n  'a': 2\n", {"x": {"a": 2}}, [("a", 3)]),
        ("1: a\n'1': b\n", {"1": "b"}, [("1", 2)]),
        ("x: &x {a: 1}\nz:\n  <<: *x\n  a: 2\n", {"x": {"a": 1}, "z": {"a": 2}}, []),
        ("z:\n  <<: [{a: 1}, {a: 2, b: 3}]\n", {"z": {"a": 1, "b": 3}}, []),
        ("z:\n  <<: {a: 1}\n  b: 2\n  b: 3\n", {"z": {"a": 1, "b": 3}}, [("b", 4)]),
    ],
    ids=["top", "nested", "as JSON keys", "over a merge", "first merge wins", "beside a merge"],
)
def test_duplicate_keys(text: str, expected: object, duplicates: list[tuple[str, int]]) -> None:
    (document,) = yaml.load_all(text, source="f.yaml")
    assert document.value == expected
    assert [(d.key, d.line) for d in document.duplicates] == duplicates


def test_our_own_files_have_no_duplicate_key() -> None:
    found = strictly("a: 1\nb:\n  c: 1\n  c: 2\n")
    assert str(found) == "f.yaml:4: the key 'c' stands twice in one mapping"
    assert found.hint == "keep one of the two"


@pytest.mark.parametrize("scalar", ["yes", "on", "y", "Off", "2024-01-01", "2024-01-01T00:00:00Z"])
def test_our_own_files_have_no_ambiguous_scalar(scalar: str) -> None:
    found = strictly(f"a: 1\nb: {scalar}\n")
    assert str(found) == (
        f"f.yaml:2: the bare value {scalar} means one thing to kustomize and another to kubectl"
    )
    assert found.hint == f'write "{scalar}" for the text, or true or false'


@pytest.mark.parametrize(
    "scalar", ["true", '"yes"', "'on'", "1e3", "12:30", '"2024-01-01"', "yess"]
)
def test_what_is_clear_in_our_own_files(scalar: str) -> None:
    assert "a" in yaml.load(f"a: {scalar}\n", source="f.yaml")


def test_our_own_files_hold_one_document() -> None:
    assert str(strictly("a: 1\n---\nb: 2\n")) == "f.yaml:3: holds more than one YAML document"


def test_wide_lines_and_the_order_of_keys_stay() -> None:
    words = "word " * 100 + "end"
    text = yaml.dump({"z": words, "a": [{"y": "1", "x": 2}], "m": {}, "o": [], "t": "a\nb\n"})
    assert text == (f'z: {words}\na:\n- "y": "1"\n  x: 2\nm: {{}}\no: []\nt: |\n  a\n  b\n')


def test_several_documents_are_written() -> None:
    assert yaml.dump_all([{"a": 1}, {"b": 2}]) == "a: 1\n---\nb: 2\n"


def test_lines_of_values() -> None:
    lines = yaml.lines("a:\n  b:\n  - x\n  - c: 1\n\n    d: 2\n", source="f.yaml", offset=10)
    assert lines.at(("a", "b", "1", "d")) == "f.yaml:16"
    assert lines.at(("a", "b", "0")) == "f.yaml:13"
    assert lines.at(("a", "b", "7", "x")) == "f.yaml:12"  # the nearest parent
    assert lines.at(()) == "f.yaml:11"
