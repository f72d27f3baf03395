"""A terminal of the test's own: what a command line writes on it."""

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Seen(NamedTuple):
    """What a command came to, with all that stood on the terminal in its order."""

    code: int
    out: str
    terminal: str


def on_terminal(*argv: str, env: Mapping[str, str], cwd: Path | None = None) -> Seen:
    """Run Sealift with its standard error, and nothing else, on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "builder", *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", **env},
        cwd=cwd,
    )
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 4096):
            seen += piece
    except OSError:  # Linux's word for a terminal that nobody has open any more
        pass
    finally:
        os.close(ours)
    out, _ = process.communicate()
    return Seen(process.returncode, out.decode(), seen.decode())
