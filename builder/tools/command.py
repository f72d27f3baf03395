"""Running outside programs: argument lists only, never a shell."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from builder import cache, log
from builder.core.errors import ToolError

_TAIL = 12
_NEEDED = ("PATH", "HOME", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "LANG", "LC_ALL")


class CommandError(ToolError):
    """A program that could not be run, or ended with another exit code than 0.

    ``returncode`` is None when it did not run to its end; ``stderr`` holds all that it said.
    """

    def __init__(
        self, what: str, *, returncode: int | None, stderr: str = "", hint: str | None = None
    ) -> None:
        super().__init__(what, hint=hint)
        self.returncode = returncode
        self.stderr = stderr


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    stdin: bytes | None = None,
    timeout: float = 300,
    bare: bool = False,
) -> bytes:
    """Run a program and return its standard output.

    ``env`` is added to the environment of this process, without Sealift's own settings (they hold
    credentials); None takes a variable out of it. With ``bare`` only what a program needs to be
    found and to write temporary files is inherited. Raises CommandError with the command, the exit
    code and the last lines of standard error.
    """
    started = time.monotonic()
    process = _started(
        argv,
        {**(bare_environment() if bare else _without_settings()), **(env or {})},
        cwd=cwd,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        _end(process)
        raise CommandError(
            f"`{_quoted(argv)}` did not end within {timeout:.0f} s", returncode=None
        ) from error
    except BaseException:
        _end(process)
        raise
    told(argv, time.monotonic() - started, process.returncode)
    if process.returncode != 0:
        text = stderr.decode(errors="replace").strip()
        tail = "\n".join(text.splitlines()[-_TAIL:])
        raise CommandError(
            f"`{_quoted(argv)}` ended with exit code {process.returncode}"
            + (f":\n{tail}" if tail else ""),
            returncode=process.returncode,
            stderr=text,
        )
    return stdout


def told(argv: Sequence[str], seconds: float, code: int) -> None:
    """Say with -v what was run, without credentials."""
    if not log.is_verbose():
        return
    from builder.core.guard.veil import NOTHING

    shown = [NOTHING.all(argument) for argument in argv]
    ended = f", exit code {code}" if code else ""
    log.say(
        "debug",
        "run",
        f"$ {_quoted(shown)}  ({seconds:.2f} s{ended})",
        argv=shown,
        seconds=round(seconds, 3),
        code=code,
    )


@contextmanager
def background(
    argv: Sequence[str], *, log: Path, env: Mapping[str, str | None] | None = None
) -> Iterator[Callable[[], bool]]:
    """Run a program until the block ends; yield what tells whether it still runs.

    Its output goes to ``log``, its environment is as in :func:`run`. Raises CommandError.
    """
    with log.open("wb") as output:
        process = _started(
            argv,
            {**_without_settings(), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield lambda: process.poll() is None
    finally:
        _end(process)


def _started(
    argv: Sequence[str], env: Mapping[str, str | None], **more: Any
) -> subprocess.Popen[bytes]:
    """Start a program as the leader of a process group of its own."""
    given = {name: value for name, value in env.items() if value is not None}
    try:
        return subprocess.Popen(list(argv), env=given, start_new_session=True, **more)
    except OSError as error:
        raise CommandError(f"cannot run {argv[0]}: {error.strerror}", returncode=None) from error


def bare_environment() -> dict[str, str]:
    """Return what a program needs to be found and to write temporary files, nothing else."""
    return {name: value for name, value in os.environ.items() if name in _NEEDED}


def _without_settings() -> dict[str, str]:
    return {n: value for n, value in os.environ.items() if not n.startswith("SEALIFT_")}


def version_of(argv: Sequence[str]) -> str:
    """Return what a program says of its version: asked once for each file that it is.

    A script may start another program tomorrow, so it is asked every time. Raises CommandError.
    """

    def ask() -> str:
        return run(argv, bare=True).decode().strip()

    try:
        with open(argv[0], "rb") as file:  # noqa: PTH123 - a path as it was found
            script = file.read(2) == b"#!"
        status = os.stat(argv[0])  # noqa: PTH116
    except OSError:
        return ask()
    if script:
        return ask()
    what = (*argv, status.st_ino, status.st_size, status.st_mtime_ns)
    return cache.remember(cache.key("version", what), ask, pack=str, unpack=str)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it started; it is the leader of a process group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _quoted(argv: Sequence[str]) -> str:
    text = shlex.join(argv)
    return text if len(text) < 400 else text[:397] + "..."
