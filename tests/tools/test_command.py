"""Running outside programs."""

import os
import sys
from pathlib import Path

import pytest

from builder.tools.command import CommandError, run
from tests.processes import has_ended


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_returns_standard_output() -> None:
    assert run(python("print('out')")) == b"out\n"


def test_passes_standard_input_and_nothing_else() -> None:
    code = "import sys; print(repr(sys.stdin.read()))"
    assert run(python(code), stdin=b"in") == b"'in'\n"
    assert run(python(code)) == b"''\n"


def test_large_streams_do_not_block() -> None:
    code = "import sys; d = sys.stdin.read(); sys.stderr.write(d); sys.stdout.write(d)"
    assert len(run(python(code), stdin=b"x" * 1_000_000)) == 1_000_000


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    code = "import sys; print(sys.argv[1:])"
    odd = ["; touch pwned", "$(touch pwned)", "a b", "", "*"]
    assert run([*python(code), *odd], cwd=tmp_path).decode() == f"{odd}\n"
    assert not (tmp_path / "pwned").exists()


def test_the_environment_is_added_to_and_taken_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONE", "1")
    monkeypatch.setenv("STAYS", "1")
    code = "import os; print([os.environ.get(n) for n in ('GONE', 'STAYS', 'NEW')])"
    assert run(python(code), env={"GONE": None, "NEW": "2"}) == b"[None, '1', '2']\n"
    assert os.environ["GONE"] == "1"


def test_a_failure_names_command_code_and_what_it_said() -> None:
    code = "import sys; print('\\n'.join(f'line {n}' for n in range(99)), file=sys.stderr); exit(7)"
    with pytest.raises(CommandError) as raised:
        run(python(code))
    assert raised.value.returncode == 7
    assert str(raised.value).startswith(f"`{sys.executable} -c 'import sys; ")
    assert "ended with exit code 7:\nline 87\n" in str(raised.value)
    assert raised.value.stderr.splitlines()[0] == "line 0"


def test_long_commands_are_cut() -> None:
    with pytest.raises(CommandError) as raised:
        run([*python("exit(1)"), "x" * 10_000])
    assert len(str(raised.value)) < 500


def test_output_that_is_no_text() -> None:
    with pytest.raises(CommandError, match="exit code 1") as raised:
        run(python("import sys; sys.stderr.buffer.write(b'\\xff\\x00'); exit(1)"))
    assert raised.value.stderr == "\ufffd\x00"


def test_a_program_that_is_missing() -> None:
    with pytest.raises(CommandError, match="cannot run no-such-program: No such file") as raised:
        run(["no-such-program"])
    assert raised.value.returncode is None


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    with pytest.raises(CommandError, match="Permission denied"):
        run([str(tmp_path / "text")])


def test_a_program_that_a_signal_ended() -> None:
    with pytest.raises(CommandError, match="ended with exit code -9"):
        run(python("import os; os.kill(os.getpid(), 9)"))


def test_a_program_that_does_not_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)"
    )
    with pytest.raises(CommandError, match="did not end within 1 s"):
        run(python(code), timeout=1)
    assert has_ended(int((tmp_path / "pid").read_text()))
