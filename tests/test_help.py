"""What the program says of itself: quick, complete, and the same as its commands say."""

import subprocess
import sys
from typing import Any

import pytest
import typer

from builder.commands import VERBS, overview
from builder.commands.app import app

PROGRAM: Any = typer.main.get_command(app)


@pytest.mark.parametrize("name", VERBS)
def test_the_list_of_commands_says_what_each_says_itself(name: str) -> None:
    assert VERBS[name][1] == PROGRAM.commands[name].help.splitlines()[0]


def test_the_help_names_every_option() -> None:
    named = {
        opt for row in overview.OPTIONS for opt in row.replace(",", "").split() if opt[0] == "-"
    }
    known = {opt for param in PROGRAM.params for opt in param.opts}
    assert named == known | {"-h", "--help"}


@pytest.mark.parametrize("flag", ["--help", "-h", "--version"])
def test_help_and_version_do_not_load_what_parses_command_lines(flag: str) -> None:
    code = (
        f"import sys; from builder.cli import main; main(['{flag}']);"
        "print([m for m in ('typer', 'inspect', 'subprocess') if m in sys.modules],"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
