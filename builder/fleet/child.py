"""A process that does what it is told over a connection, one item after the other.

It is given work and some items at a time. The work is a context, which is entered for those items
and gives the function that does it: so they can share what they look at.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

from builder import progress
from builder.tools import renderer


def serve(end: Connection, others: Sequence[Connection] = ()) -> None:
    """Read work and items, answer with a result for each item, until the other side closes.

    An interrupt of the terminal goes to all processes: the one that started this one takes it.
    When it asks to end, what is open here is cleared up.
    """
    for other in others:
        other.close()
    progress.off()  # the one that gives the work shows how far it is
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _ended)
    try:
        with suppress(EOFError, OSError):
            while True:
                work, items = end.recv()
                with work() as do:
                    for item in items:
                        end.send(do(item))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        renderer.end()
        _end_children()


def _end_children() -> None:
    """End what was just being started, and nobody has in hand yet: a group of its own."""
    own = os.getpid()
    with suppress(OSError):  # Linux tells them
        for pid in Path(f"/proc/{own}/task/{own}/children").read_text().split():
            with suppress(OSError):
                os.killpg(int(pid), signal.SIGKILL)


def _ended(_: int, __: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
