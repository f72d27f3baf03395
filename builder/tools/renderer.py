"""sealift-renderer (tools/renderer): helm's own library, in a process that stays.

It takes the place of `helm template` where it is on PATH and was built with the very version of
helm that is used; else there is the command.
"""

import atexit
import functools
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from builder.tools.command import CommandError, bare_environment, told, version_of

SETTING = "SEALIFT_RENDERER"
PROGRAM = "sealift-renderer"
OFF = "off"
_SECONDS = 300.0


@functools.cache
def find(helm_version: str) -> str | None:
    """Return the path of a renderer with that version of helm (``v3.22.0``), if there is one."""
    setting = os.environ.get(SETTING)
    path = None if setting == OFF else setting or shutil.which(PROGRAM)
    if not path:
        return None
    try:
        version = version_of([path, "version"])
    except CommandError:
        return None
    wanted = helm_version.partition("+")[0]
    # One that was built from the module proxy knows its minor version only.
    fits = wanted and (version == wanted or version.rpartition(".")[0] == wanted)
    return path if fits else None


class _Process:
    """One renderer; answers one request at a time."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self.process = subprocess.Popen(
                [path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # More memory for less time: what a render leaves behind is collected late.
                env={**bare_environment(), "GOGC": "400"},
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError(f"cannot run {path}: {error.strerror}", returncode=None) from error

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the answer. Raises CommandError when the process ends, or takes too long."""
        assert self.process.stdin  # noqa: S101 - PIPE above
        assert self.process.stdout  # noqa: S101
        timer = threading.Timer(_SECONDS, self.process.kill)
        timer.start()
        line = b""
        try:
            with suppress(BrokenPipeError):
                self.process.stdin.write(json.dumps(request).encode() + b"\n")
                self.process.stdin.flush()
                line = self.process.stdout.readline()
        finally:
            timer.cancel()
        with suppress(ValueError):
            answer = json.loads(line)
            if isinstance(answer, dict):
                return answer
        self.end()
        raise CommandError(
            f"{PROGRAM} ended without an answer, or gave none in {_SECONDS:.0f} s",
            returncode=self.process.returncode,
            hint=f"set {SETTING}={OFF} to render by the helm command",
        )

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


_free: list[_Process] = []
_lock = threading.Lock()


@atexit.register
def end() -> None:
    """End the processes that wait for work."""
    with _lock:
        while _free:
            _free.pop().end()


# A child by fork shares the pipes: it has to start renderers of its own.
os.register_at_fork(after_in_child=_free.clear)


@contextmanager
def _borrowed(path: str) -> Iterator[_Process]:
    with _lock:
        process = next((one for one in _free if one.path == path), None)
        if process:
            _free.remove(process)
    process = process or _Process(path)
    try:
        yield process
    except BaseException:
        process.end()  # an answer may still be on its way
        raise
    with _lock:
        _free.append(process)


def render(path: str, request: Mapping[str, Any]) -> str:
    """Return what `helm template` would print; ``request`` is that of tools/renderer/main.go.

    Raises CommandError, with what helm says as its standard error.
    """
    started = time.monotonic()
    with _borrowed(path) as process:
        answer = process.ask(request)
    told(
        [path, str(request["chart"])],
        time.monotonic() - started,
        int("error" in answer),
    )
    if "error" in answer:
        said = f"Error: {answer['error']}"
        raise CommandError(f"helm cannot render: {said}", returncode=1, stderr=said)
    return answer.get("manifest", "")
