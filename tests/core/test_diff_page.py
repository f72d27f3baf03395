"""How foreign text is written: short enough, visible, and as text."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core.diff import Danger, Diff, FieldChange, ImageChange, ResourceChange
from builder.core.diff.markdown import markdown
from builder.core.diff.page import code, sentence
from builder.core.diff.terminal import terminal
from builder.core.findings import Finding
from tests.core.test_diff_output import DIFF, changed, name


def many(number: int) -> Diff:
    """A difference with thousands of everything."""
    return replace(
        DIFF,
        dangers=tuple(
            Danger(code=code_, subject=f"Deployment/d-{i}", place="spec.selector", reason=f"r{j}")
            for j, code_ in enumerate(["immutable-field", "rbac-widened", "node-access"])
            for i in range(number)
        ),
        images=tuple(
            ImageChange(action="moved", before=f"a.io/x-{i}", after=f"b.io/x-{i}", places=("a",))
            for i in range(number)
        ),
        resources=tuple(
            ResourceChange(id=name("ConfigMap", f"c-{action}-{i}"), action=action, fields=(
                changed("data.a", "a" * 200, "b"), changed("data.b", 1, 2),
                changed("metadata.labels.chart", "c-1", "c-2", routine=True),
            ))
            for action in ("added", "removed", "changed", "recreated")
            for i in range(number)
        ),
    )  # fmt: skip


def test_thousands_of_changes_stay_readable() -> None:
    text = markdown(many(3000))
    assert len(text.encode()) < 65_536
    for title in ("Dangers", "Images", "In Git", "In the cluster"):
        assert f"### {title}" in text
    assert text.count("**Immutable field**") == 1
    assert "and 2992 more" in text
    end = text.splitlines()[-1]
    assert end.startswith("**Cut off** below 65,536 bytes: not shown are ")
    assert end.endswith("`sealift diff example` prints everything.")
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize("limit", [1, 10, 100, 300, 1_000, 5_000, 20_000])
def test_the_limit_is_kept(limit: int) -> None:
    text = markdown(many(50), limit)
    assert len(text.encode()) < limit
    assert limit < 1_000 or "Cut off" in text
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize("sign", ["x", "é", "\u202e", "`"])
def test_a_long_name_hides_no_danger(sign: str) -> None:
    long, reason = sign * 40_000, "ClusterRole cluster-admin is now given to User"
    one = Danger(code="cluster-admin", subject=long, place=long, reason=f"{reason} {long}",
                 owner=long)  # fmt: skip
    finding = Finding(code="x", subject=long, place=long, cause=long, hint=long)
    text = markdown(replace(DIFF, dangers=(one, *DIFF.dangers), findings=(finding,) * 100))
    assert "- **Cluster admin**: `" in text
    assert reason in text
    assert "**New upgrade hook**" in text
    assert len(text.encode()) < 65_536


def test_what_is_dropped_first_is_no_danger() -> None:
    dangers = tuple(
        Danger(code="rbac-widened", subject=f"Role/r-{i}", reason=f"may now get {'x' * i}")
        for i in range(280)
    )
    text = markdown(replace(many(300), dangers=dangers))
    assert text.count("**Permissions widened**") == 280
    assert re.search(r"\*\*Cut off\*\* below 65,536 bytes: not shown are \d+ images", text)


def test_a_danger_that_does_not_fit_with_all_its_places_is_shown_with_one() -> None:
    dangers = tuple(
        Danger(code="immutable-field", subject=f"Job/{'x' * 140}-{i}", reason="r") for i in range(8)
    )
    text = markdown(replace(DIFF, dangers=dangers), 1_500)
    assert text.count("**Immutable field**") == 1
    assert ", and 7 more: r\n" in text
    assert "not shown are 7 dangers" in text


hostile = st.text(st.sampled_from("`|<>*_[]()@#\\!\n\x1b\u202ea1 "), max_size=12)


@given(hostile)
def test_foreign_text_stays_text(text: str) -> None:
    resource = ResourceChange(id=name("ConfigMap", text), action="changed", fields=(
        changed("data.a", text, f"{text}x"), FieldChange(path=("data", text), action="added",
        after=text)))  # fmt: skip
    diff = replace(DIFF, resources=(resource,), against=text or "a")
    for output in (terminal(diff), markdown(diff)):
        assert "\x1b" not in output
        assert "\u202e" not in output
    assert markdown(diff).count("<details>") == markdown(diff).count("</details>")


def test_what_code_spans_and_cells_take() -> None:
    assert code("a`b") == "``a`b``"
    assert code("`a") == "`` `a ``"
    assert code("a|b", table=True) == "`a\\u007cb`"
    assert code("a\\|b", table=True) == "`a\\\\u007cb`"
    assert code("<b>", html=True) == "<code>&lt;b&gt;</code>"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a volume doesn't shrink (so far), from 1.30 → 1.31", None),
        ("<b>*x* @me #1\n", "`<b>*x* @me #1`"),
        ("it lies at https://a.example/x, out.", "it lies at `https://a.example/x`, out."),
        ('User "a b `c`", User d', 'User ``"a b `c`"``, User d'),
        ("commit deadbeef closes GH-1", "commit `deadbeef` closes `GH-1`"),
        ("www.evil.example", "`www.evil.example`"),
        ("a $1 %2 ~3 &4 !5", "a `$1 %2 ~3 &4 !5`"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)  # fmt: skip
def test_sentences_hold_nothing_but_plain_words_outside_of_code(
    text: str, written: str | None
) -> None:
    assert sentence(text) == (written or text)


@pytest.mark.parametrize(
    ("character", "written"),
    [
        ("\u00ad", "\\u00ad"), ("\u200d", "\\u200d"), ("\u2800", "\\u2800"), ("\u3164", "\\u3164"),
        ("\ufe00", "\\ufe00"), ("\ufe0f", "\\ufe0f"), ("\U000e0041", "\\U000e0041"),
        ("\U000e0101", "\\U000e0101"), ("é", "é"), ("漢", "漢"), ("😀", "😀"),
    ],
)  # fmt: skip
def test_what_cannot_be_seen_is_written_out(character: str, written: str) -> None:
    resource = ResourceChange(id=name("ConfigMap", "c"), action="changed",
                              fields=(changed("data.a", "x", f"x{character}"),))  # fmt: skip
    diff = replace(DIFF, resources=(resource,))
    assert f"`data.a`: `x` → `x{written}`\n" in markdown(diff)
    assert f"data.a: x → x{written}\n" in terminal(diff)


def test_values_that_look_alike_are_said_to_differ() -> None:
    resource = ResourceChange(id=name("ConfigMap", "c"), action="changed",
                              fields=(changed("data.a", "1", 1),))  # fmt: skip
    text = markdown(replace(DIFF, resources=(resource,)))
    assert "`1` → `1` (they differ behind the cut, or in their type)" in text


def test_lines_that_look_like_the_head_of_a_patch_are_shown() -> None:
    resource = ResourceChange(id=name("ConfigMap", "c"), action="changed", fields=(
        changed("data.run", "run\n--quiet\n++i\n", "run\n--privileged\n++j\n"),))  # fmt: skip
    text = terminal(replace(DIFF, resources=(resource,)))
    for line in ("---quiet", "-++i", "+--privileged", "+++j"):
        assert f"        {line}\n" in text
