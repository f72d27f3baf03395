"""What is said beside the results, on standard error: lines of text, or of JSON.

A line that moves stands below them on a terminal; what is said takes it away first. Nothing here
reads what it prints: who says something keeps credentials out of it.
"""

import os
import re
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

from builder.core.text import printable

if TYPE_CHECKING:
    from builder.core.findings import Finding

_LEVELS = {"error": 0, "warning": 1, "info": 1, "debug": 2}
_QUIET, _NORMAL, _VERBOSE = range(3)
_STYLES = {"error": "1;31", "warning": "1;33", "note": "1", "hint": "36"}
_LABEL = re.compile(r"^(error|warning|note|hint):", re.MULTILINE)
_CLEAR = "\r\x1b[K"
_WIDTH = 80


class _Voice:
    """How much is said, in which form, and whether a line that moves stands there."""

    def __init__(self) -> None:
        self.level = _NORMAL
        self.json = False
        self.moving = False
        self.lock = threading.RLock()


_voice = _Voice()
# Nobody in a child by fork gives back what a thread of its parent held.
os.register_at_fork(after_in_child=lambda: setattr(_voice, "lock", threading.RLock()))


def reset() -> None:
    """Say what is usual, as text: a process may run several command lines."""
    _voice.level, _voice.json, _voice.moving = _NORMAL, False, False


def quiet() -> None:
    """Say errors alone."""
    _voice.level = _QUIET


def verbose() -> None:
    """Say what is run, too."""
    _voice.level = _VERBOSE


def as_json() -> None:
    """Say it as lines of JSON."""
    _voice.json = True


def is_quiet() -> bool:
    """Tell whether errors alone are said."""
    return _voice.level == _QUIET


def is_verbose() -> bool:
    """Tell whether what is run is said, too."""
    return _voice.level == _VERBOSE


def is_json() -> bool:
    """Tell whether lines of JSON are written."""
    return _voice.json


def say(level: str, event: str, text: str, **fields: Any) -> None:
    """Say something: ``error``, ``warning``, ``info``, or ``debug``, which is for -v.

    ``text`` is for people, ``event`` and ``fields`` are for programs.
    """
    if _LEVELS[level] > _voice.level:
        return
    if _voice.json:
        _write(_record(level, event, {"message": text, **fields}))
    else:
        _write(painted(text, sys.stderr))


def findings(found: "Iterable[Finding]", text: str) -> None:
    """Say findings: ``text`` is all of them as people read it. Errors alone when that is asked."""
    if _voice.json:
        for one in found:
            level = "info" if one.severity == "note" else one.severity
            if _LEVELS[level] <= _voice.level:
                fields = ("code", "subject", "place", "cause", "hint")
                record = {name: getattr(one, name) for name in fields}
                _write(_record(level, "finding", record))
    elif text:
        _write(painted(text, sys.stderr))


def move(text: str) -> None:
    """Show a line in the place of the one before, where there is a terminal."""
    with _voice.lock:
        width = _width()
        shown = printable(text)
        shown = shown if len(shown) < width else shown[: width - 2] + "…"
        sys.stderr.write(_CLEAR + shown)
        sys.stderr.flush()
        _voice.moving = True


def still() -> None:
    """Take the line that moves away."""
    with _voice.lock:
        if _voice.moving:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
            _voice.moving = False


def coloured(stream: TextIO) -> bool:
    """Tell whether a stream gets colours: NO_COLOR, FORCE_COLOR, else whether it is a terminal.

    As https://no-color.org and https://force-color.org say.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def painted(text: str, stream: TextIO) -> str:
    """Return a text whose words at the start of a line, as ``error:``, have a colour there."""
    if not coloured(stream):
        return text
    return _LABEL.sub(lambda m: f"\x1b[{_STYLES[m[1]]}m{m[1]}:\x1b[0m", text)


def _record(level: str, event: str, fields: dict[str, Any]) -> str:
    import json
    from datetime import UTC, datetime

    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(
        {"time": time, "level": level, "event": event, **fields}, ensure_ascii=False, default=str
    )


def _write(text: str) -> None:
    with _voice.lock:
        still()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _WIDTH
    except (OSError, ValueError):
        return _WIDTH
