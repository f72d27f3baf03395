"""A difference as Markdown, when all that it quotes is hostile: it stays text."""

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from builder.core.cut import inert
from builder.core.diff import Danger, Diff, FieldChange, ImageChange, NestedChange, ResourceChange
from builder.core.diff.hidden import conceal
from builder.core.diff.markdown import markdown
from builder.core.diff.model import ChartChange
from builder.core.diff.summary import TITLES, verdict
from builder.core.findings import Finding
from builder.core.manifests import ResourceId
from builder.pull_request import _one_line

EVIL = (
    "![p](//evil.example/x.png)", "[c](//evil.example/)", "[c]: //evil.example/", "<img src=x>",
    "<!--", "-->", "</details>", "</code>", "<script>", "https://evil.example/", "www.evil.example",
    "a@evil.example", "@user", "@user-0", "#1", "!2", "$3", "%4", "~5", "&6", "GH-7", "a/b#8",
    "deadbeef01", ":smile:", "/merge", "\n/close\n", "\n\n", "\r", "\t", "`", "``", "```", "`````",
    "\n```\n", "~~~", "|", "\\", "\\|", "&lt;", "&#64;user", "**", "_", "---", "===", "\n===\n",
    "- ", "1. ", "> ", "# ", "    ", "[[_TOC_]]", "$`x`$", "[ ]", "\u202e", "\u200b", "\ufe0f",
    "\u3164", "\u2028", "\U000e0041", "\x1b[31m", "\x00", "word", "é", '"', "'", "(", ")", ",",
    " ", "post-upgrade) ![px](//evil.example/x.png) @user-0 <img src=x> <!--",
)  # fmt: skip
evil = st.lists(st.sampled_from(EVIL) | st.text(max_size=3), max_size=5).map("".join)
many = st.lists(evil, max_size=3).map(tuple)
values = evil | evil.map(conceal) | st.none() | st.lists(evil, max_size=2)
ids = st.builds(ResourceId, group=evil, kind=evil, namespace=evil, name=evil)
fields = st.builds(
    FieldChange,
    path=st.lists(evil | evil.map("[{}]".format), min_size=1, max_size=3).map(tuple),
    action=st.sampled_from(["added", "removed", "changed", "reordered"]),
    before=values, after=values, routine=st.booleans(),
)  # fmt: skip
changes = st.builds(
    ResourceChange,
    id=ids, action=st.sampled_from(["added", "removed", "changed", "recreated"]), hooks=many,
    fields=st.lists(fields, max_size=2).map(tuple),
)  # fmt: skip
nested = st.builds(
    NestedChange, owner=ids, chart=evil, before=evil, after=evil, left_out=st.just("") | evil,
    resources=st.lists(changes, max_size=2).map(tuple),
)  # fmt: skip
images = st.builds(
    ImageChange, action=st.sampled_from(["added", "removed", "moved", "retagged"]), before=evil,
    after=evil, places=many, digest=evil, in_registry=st.sampled_from([None, True, False]),
)  # fmt: skip
charts = st.builds(
    ChartChange, action=st.sampled_from(["added", "removed", "changed"]), name=evil, before=evil,
    after=evil, detail=evil,
)  # fmt: skip
dangers = st.builds(
    Danger, code=st.sampled_from(sorted(TITLES)), subject=evil, place=evil, reason=evil, owner=evil
)
findings = st.builds(
    Finding, code=evil, subject=evil, place=evil, cause=evil, hint=evil, severity=st.just("error")
)
diffs = st.builds(
    Diff, environment=evil, against=evil, first=st.booleans(), rewritten=many,
    resources=st.lists(changes, max_size=3).map(tuple),
    nested=st.lists(nested, max_size=2).map(tuple),
    images=st.lists(images, max_size=2).map(tuple),
    charts=st.lists(charts, max_size=2).map(tuple),
    kubernetes=st.none() | st.tuples(evil, evil),
    dangers=st.lists(dangers, max_size=3).map(tuple),
    findings=st.lists(findings, max_size=2).map(tuple),
)  # fmt: skip

BLOCKS = {
    "paragraph", "bullet_list", "list_item", "heading", "fence", "html_block", "inline", "table",
    "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
INLINE = {"text", "code_inline", "strong_open", "strong_close", "softbreak"}
OURS = re.compile(r"(?:<details><summary>(?:[^<>]|<code>[^<>]*</code>)*</summary>|</details>|\s)*")
# What some forge makes something of, in a text: links, mentions, references, emoji.
LIVE = re.compile(
    r"://|www\.|[@!$%~&][\w(\[{\"`]|#\d|\w@\w|:\w+:|\b[A-Z]+-\d|\b(?=[a-f0-9]{7})[a-f]*\d|\]\(|<|\[\["
)


def parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def problems(text: str) -> list[Any]:
    """What a page has on it that is neither plain words, nor code, nor of our own making."""
    found: list[Any] = []
    for token in parsed(text):
        if re.sub(r"_(open|close)$", "", token.type) not in BLOCKS:
            found.append(token.type)
        if token.type == "html_block" and not OURS.fullmatch(token.content):
            found.append(token.content)
        if token.type == "heading_open" and token.tag != "h3":
            found.append(token.tag)
        for child in token.children or ():
            if child.type not in INLINE:
                found.append((child.type, child.content))
            elif child.type == "text" and LIVE.search(child.content):
                found.append(child.content)
    signs = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c != "\n"}
    return found + sorted(signs | (set("\u3164\ufe0f") & set(text)))


HOSTILE = (
    "post-upgrade) ![px](//evil.example/x.png) @user-0 [click me](//evil.example/) <img src=x>"
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@example(
    Diff(environment="e", against="a", resources=(
        ResourceChange(id=ResourceId(group="", kind="Job", namespace="", name="j"),
                       action="added", hooks=(f"{HOSTILE} <!--",)),
    ))
)  # fmt: skip
@given(diffs)
def test_nothing_that_a_difference_quotes_is_alive(diff: Diff) -> None:
    text = markdown(diff)
    assert problems(text) == []
    assert inert(text) == text
    blocks = "".join(token.content for token in parsed(text) if token.type == "html_block")
    assert blocks.count("<details>") == blocks.count("</details>")


@pytest.mark.parametrize(
    "text",
    [
        "![p](//evil.example/x.png)", "[c](//evil.example/)", "<img src=x>", "a <!--", "@user-0",
        "see https://evil.example/", "<https://evil.example/>", "<details><summary><b></summary>",
        "## x", "> x", "a\u202eb", "x `a <b>", "a\n===", "see #1",
    ],
)  # fmt: skip
def test_the_property_sees_what_is_alive(text: str) -> None:
    assert problems(f"- a: `b`\n\n{text}\n") != []


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(diffs)
def test_the_verdict_is_fit_to_be_a_title(diff: Diff) -> None:
    assert re.fullmatch(r"[\w.+,;:→… -]+", verdict(diff), re.ASCII)
    assert verdict(diff) == " ".join(verdict(diff).split())


@given(evil)
def test_a_title_is_one_printable_line(text: str) -> None:
    line = _one_line(text)
    assert line.isprintable()
    assert not set("\u200b\ufe0f\u3164\U000e0041") & set(line)
