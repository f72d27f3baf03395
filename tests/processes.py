"""Processes that a test looks at from outside."""

import os
import time
from pathlib import Path


def has_ended(pid: int) -> bool:
    """Wait until a process that was killed has ended; False when it still runs after a while."""
    for _ in range(500):
        if _state(pid) in ("", "Z"):
            return True
        time.sleep(0.02)
    return False


def _state(pid: int) -> str:
    """The letter of its state: Z while its new parent has not reaped it, nothing once gone."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return ""
