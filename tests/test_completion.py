"""Completion, as bash, zsh and fish do it: the real ones, where they are installed."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.source import Source

SHELLS = ("bash", "zsh", "fish")
Complete = Callable[[str], list[str]]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with the program of this Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    path = folder / "sealift"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -m builder "$@"\n')
    path.chmod(0o755)
    return folder


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


def bash(line: str) -> list[str]:
    """What bash would offer: its own function, with the words as bash takes them apart."""
    script = """
    eval "$(sealift completion bash)"
    COMP_LINE=$1 COMP_POINT=${#1}
    # As readline does, which takes words apart at these signs too.
    mapfile -t COMP_WORDS < <(printf '%s' "$1" | grep -oE '[^ :=]+|[:=]+')
    [[ $1 == *' ' ]] && COMP_WORDS+=("")
    COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
    _sealift sealift
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    argv = ["bash", "--norc", "--noprofile", "-c", script, "bash", line]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def fish(line: str) -> list[str]:
    """What fish would offer, without what it says of each."""
    script = 'sealift completion fish | source; complete --do-complete "$argv[1]"'
    argv = ["fish", "--no-config", "-c", script, line]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [answer.partition("\t")[0] for answer in done.stdout.splitlines()]


def zsh(line: str) -> list[str]:
    """What zsh lists on a terminal when Tab is pressed: the matches that it knows."""
    ours, theirs = pty.openpty()
    setup = """
    PS1='READY> '; unsetopt zle_bracketed_paste
    autoload -Uz compinit && compinit -u -d "$HOME/.zcompdump"
    eval "$(sealift completion zsh)"
    # Instead of completing, say what there is to complete.
    compadd() {
        if [[ $1 == -[OAD] || ${@[1,(i)(-|--)]} == *-[OAD]* ]]; then
            builtin compadd "$@"
            return
        fi
        local -a found; builtin compadd -O found "$@"; builtin compadd "$@"
        print -rl -- "${found[@]}" >> "$HOME/found"
    }
    """
    home = Path(os.environ["HOME"])
    (home / ".zshrc").write_text(setup)
    found = home / "found"
    found.unlink(missing_ok=True)
    environment = {**os.environ, "ZDOTDIR": str(home), "TERM": "xterm", "COLUMNS": "200"}
    process = subprocess.Popen(
        ["zsh", "-d", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        said = _read(ours, "READY> ")
        assert "error" not in said.lower()
        os.write(ours, f"{line}\t".encode())
        _until(lambda: found.is_file() and bool(found.read_text().strip()))
        time.sleep(0.2)
        os.write(ours, b"\x15exit\n")
        _until(lambda: process.poll() is not None, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return found.read_text().split()


def _read(terminal: int, until: str) -> str:
    seen = ""
    while until not in seen:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, f"the terminal is silent after {seen!r}"
        seen += os.read(terminal, 4096).decode(errors="replace")
    return seen


def _until(done: Callable[[], bool], terminal: int | None = None) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until
        if terminal is not None and select.select([terminal], [], [], 0.05)[0]:
            try:
                os.read(terminal, 4096)
            except OSError:
                return
        time.sleep(0.02)


@pytest.fixture
def complete(
    shell: str, source: Source, program: Path, monkeypatch: pytest.MonkeyPatch
) -> Complete:
    monkeypatch.setenv("PATH", f"{program}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    return {"bash": bash, "zsh": zsh, "fish": fish}[shell]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("sealift bu", ["build"]),
        ("sealift build ", ["example", "guide"]),
        ("sealift build g", ["guide"]),
        ("sealift build example ", ["guide"]),
        ("sealift vendor ", ["wandb"]),
        ("sealift vendor wandb --chart operator-", ["operator-wandb=0.28.0"]),
        ("sealift upgrade example --chart-version 0", ["0.28.0"]),
        ("sealift images example -o ", ["table", "list", "json"]),
        ("sealift mirror pl", ["plan"]),
    ],
)
def test_what_a_shell_offers(complete: Complete, line: str, offered: list[str]) -> None:
    # bash takes a word apart at =, and completes what follows it.
    assert sorted(complete(line)) == sorted(offered)


def test_images_with_their_colons(complete: Complete, source: Source, shell: str) -> None:
    source.write("overlays/example/images.lock.yaml",
                 "images:\n- image: r.example.com/console:2.12.2\n  source: x/y:1\n")  # fmt: skip
    offered = complete("sealift explain example r.example.com/console:2")
    assert offered == ["2.12.2" if shell == "bash" else "r.example.com/console:2.12.2"]


def test_options_are_offered(complete: Complete) -> None:
    assert set(complete("sealift build example --j")) == {"--json", "--jobs"}


def test_in_a_folder_of_the_repository(
    complete: Complete, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.path("overlays/example/patches"))
    assert sorted(complete("sealift build ")) == ["example", "guide"]


def answers(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "builder"],
        env={**os.environ, "_SEALIFT_COMPLETE": "bash", "COMP_LINE": line},
        capture_output=True,
        text=True,
        cwd=cwd,
    )


@pytest.mark.parametrize(
    "line", ["", "sealift", "sealift 'x", "sealift build --root /nowhere ", "sealift nope ",
             "sealift explain example x", "sealift build --jobs x ", "x y \\"],
)  # fmt: skip
def test_nothing_is_said_when_there_is_nothing_to_offer(
    source: Source, tmp_path: Path, line: str
) -> None:
    for folder in (source.root, tmp_path):
        done = answers(line, folder)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Traceback" not in done.stdout


def test_files_that_cannot_be_read_offer_nothing(source: Source) -> None:
    source.write("overlays/example/images.lock.yaml", "\0" * 100)
    source.path("base/wandb/charts.lock.yaml").unlink()
    source.path("base/wandb/charts.lock.yaml").mkdir()
    for line in ("sealift explain example ", "sealift vendor wandb --chart "):
        assert answers(line, source.root).stderr == ""


def test_it_loads_nothing_that_reads_yaml_or_git(source: Source) -> None:
    code = (
        "import sys; from builder.commands.completion import answer; answer();"
        "print([m for m in ('yaml', 'msgspec', 'git', 'rich', 'cryptography') if m in sys.modules],"
        " file=sys.__stderr__)"
    )
    for line in ("sealift build ", "sealift vendor wandb --chart ", "sealift explain example "):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "COMP_LINE": line},
            capture_output=True,
            text=True,
        )
        assert done.stderr == "[]\n"


@pytest.mark.parametrize("name", SHELLS)
def test_a_script_is_what_its_shell_can_read(run: Run, tmp_path: Path, name: str) -> None:
    result = run("completion", name)
    assert result.code == 0
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    path = tmp_path / "script"
    path.write_text(result.out)
    subprocess.run([name, "-n", str(path)], check=True)


def test_a_command_line_in_a_folder_of_the_repository(
    source: Source, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.path("overlays/example"))
    result = run("images", "example", "-o", "list")
    assert result.code == 0
    assert re.search(r"^registry\.yourdomain\.com/", result.out)


def test_the_repository_is_not_looked_for_beyond_git(
    source: Source, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = source.path("build/other")
    (inner / ".git").mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert "run in the source repository" in run("images", "example").err
