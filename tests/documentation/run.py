"""Runs the examples of a page, as a reader would: one after the other, in a source repository.

A comment right before a block says what is different about it:

- ``not run: REASON``: it needs what no test has; ``not run, but the first N: REASON`` runs those.
- ``run by tests/FILE.py``: that test runs it.
- ``exit code N``: one of its commands ends so; ``output of another environment``: what is shown
  below the commands is not compared. Both may stand together, with a comma.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.documentation.markdown import Example
from tests.source import Result

_NOT_RUN = re.compile(r"not run(?:, but the first (\d+))?: (.+)")
_RUN_BY = re.compile(r"run by (tests/[\w/]+\.py)")
_ID = re.compile(r"\b[0-9a-f]{8,64}\b(\.\.\.)?")
_OTHERWISE = re.compile(r"(exit code (\d)|output of another environment)(, |$)")


@dataclass(frozen=True)
class Mark:
    """What the comment before a block says; ``first`` is how many of its commands run."""

    first: int | None = None
    reason: str = ""
    elsewhere: str = ""
    code: int = 0
    compared: bool = True


def mark(example: Example) -> Mark:
    """Read the comment before a block; raises ValueError for one that means nothing."""
    text = example.mark
    if found := _NOT_RUN.fullmatch(text):
        return Mark(first=int(found[1] or 0), reason=found[2])
    if found := _RUN_BY.fullmatch(text):
        return Mark(first=0, elsewhere=found[1])
    if re.sub(_OTHERWISE, "", text):
        raise ValueError(f"{example.page}:{example.line}: what does this comment mean? {text}")
    codes = [int(code) for _, code, _ in _OTHERWISE.findall(text) if code]
    return Mark(code=codes[0] if codes else 0, compared="output of" not in text)


def perform(example: Example, run: Run, patch: pytest.MonkeyPatch) -> None:
    """Run a block's commands, and hold what they print against what is shown."""
    said, codes = mark(example), set[int]()
    for line, shown in example.commands[: said.first]:
        result = _line(line, run, patch)
        codes.add(result.code)
        where = f"{example.page}:{example.line}: {line}"
        assert result.code in (0, said.code), (where, result)
        if shown and said.compared:
            assert shows(result.out, shown) or shows(result.err + result.out, shown), (
                where,
                result,
            )
    assert said.code == 0 or said.code in codes, f"{example.page}:{example.line}: all ended well"


def shows(out: str, shown: Sequence[str]) -> bool:
    """Tell whether an output is as it is shown: ``...`` stands for any text.

    Digests and commits need not be the same. Of tables, the last columns may be left out.
    """
    if not shown:
        return not out
    wanted = [_ID.sub("ID", line) for line in shown if line]
    pattern = re.escape("\n".join(wanted)).replace(re.escape("..."), ".*")
    out = _ID.sub("ID", out)
    return re.fullmatch(rf"{pattern}\s*", out, re.DOTALL) is not None or _in_order(out, wanted)


def _in_order(out: str, wanted: Sequence[str]) -> bool:
    """Tell whether a table that is cut by ``...`` has these lines, or their first columns."""
    printed = iter([_cells(line) for line in out.splitlines()])
    rows = [_cells(line) for line in wanted if not line.startswith("...")]
    found = all(any(line[: len(row)] == row for line in printed) for row in rows)
    return found and "..." in wanted and any(len(row) > 1 for row in rows)


def _cells(line: str) -> list[str]:
    return re.split(r"\s{2,}", line.strip())


def _line(line: str, run: Run, patch: pytest.MonkeyPatch) -> Result:
    """Run one line: commands joined by ``&&``, and where their output goes."""
    result = Result(0, "", "")
    for part in line.split(" && "):
        words = shlex.split(part, comments=True)
        target = words[words.index(">") + 1 :] if ">" in words else []
        result = _command(words[: words.index(">")] if target else words, run, patch)
        if target:
            Path(target[0]).write_text(result.out)
        if result.code:
            break
    return result


def _command(words: Sequence[str], run: Run, patch: pytest.MonkeyPatch) -> Result:
    program, *argv = words
    if program == "sealift":
        return run(*(os.path.expanduser(word) for word in argv))  # noqa: PTH111 - as a shell does
    if program == "cd":
        patch.chdir(argv[0])
        return Result(0, "", "")
    assert program == "git", f"{program}: no test has it: say so by a comment before the block"
    done = subprocess.run(words, capture_output=True, text=True)
    return Result(done.returncode, done.stdout, done.stderr)
