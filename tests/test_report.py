"""What commands print for people."""

import sys

import pytest

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


@pytest.mark.parametrize("terminal", [True, False])
def test_tables_fit_a_terminal_and_are_whole_in_a_pipe(
    source: Source, run: Run, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    lines = run("images", "guide").out.splitlines()
    assert (max(map(len, lines)) <= 90) == terminal
    assert any("otel/opentelemetry-collector-contrib:0.97.0" in line for line in lines) != terminal
