"""What commands print for people."""

import sys

import pytest

from builder import report_doctor
from builder.core.checks import Check
from builder.core.findings import Finding
from builder.report import findings_text
from tests.conftest import Run
from tests.source import Source


def finding(subject: str, place: str, **more: str) -> Finding:
    fields = {"code": "c", "severity": "warning", "cause": "same", "hint": "do it"} | more
    return Finding(subject=subject, place=place, **fields)  # type: ignore[arg-type]


def test_warnings_that_say_the_same_fold() -> None:
    found = [finding("a", "x /a"), finding("b", "x /b"), finding("b", "y /b")]
    assert findings_text(found) == (
        "warning: a, b [c]\n  cause: same\n"
        "  place: x /a\n  place: x /b\n  place: y /b\n  next:  do it"
    )


def test_many_subjects_are_counted() -> None:
    found = [finding(name, name) for name in "abcdef"]
    assert findings_text(found).splitlines()[0] == "warning: a, b, c, d and 2 more [c]"


def test_warnings_that_differ_do_not_fold() -> None:
    found = [finding("a", "x"), finding("b", "y", hint="do that"), finding("c", "z", cause="other")]
    assert findings_text(found).count("warning: ") == 3


def test_errors_are_shown_by_subject() -> None:
    found = [finding(name, name, severity="error") for name in "aba"]
    assert findings_text(found).count("error: ") == 2


def test_nothing_acts_on_the_terminal_or_looks_like_another_line() -> None:
    found = [finding("a\x1b[31m", "x", cause="it says\nerror: forged\x9b", hint="\u202edo it")]
    assert findings_text(found).splitlines() == [
        r"warning: a\u001b[31m [c]",
        "  cause: it says",
        r"         error: forged\u009b",
        "  place: x",
        r"  next:  \u202edo it",
    ]


def test_nor_does_a_check_of_the_doctor() -> None:
    detail = "a\x1b]0;\n  ok  y"
    check = Check(group="cluster", subject="x", state="failure", detail=detail, hint="b")
    assert report_doctor.text([check], verbose=True).splitlines()[1:4] == [
        r"  failure  x: a\u001b]0;",
        "               ok  y",
        "           next: b",
    ]


def test_nor_does_an_error(run: Run, source: Source) -> None:
    environment = 'base: "\\e[31m"\nkubernetes: "1.30"\nregistry: {prefix: r.lan}\n'
    source.overlay("bad", "", environment)
    result = run("build", "bad")
    assert result.code == 2
    assert r"\u001b[31m" in result.err
    assert "\x1b" not in result.err


@pytest.mark.parametrize("terminal", [True, False])
def test_tables_fit_a_terminal_and_are_whole_in_a_pipe(
    source: Source, run: Run, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    lines = run("images", "guide").out.splitlines()
    assert (max(map(len, lines)) <= 90) == terminal
    assert any("otel/opentelemetry-collector-contrib:0.97.0" in line for line in lines) != terminal
