"""Sources that nobody changes for a while: what was looked at once is not looked at again.

A build asks for the same files a dozen times, and environments share most of theirs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_seen: ContextVar[dict[tuple[object, ...], Any] | None] = ContextVar("seen", default=None)


@contextmanager
def still() -> Iterator[None]:
    """Look at everything once inside of the block; one inside of another is the same block."""
    if _seen.get() is not None:
        yield
        return
    token = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(token)


def once(key: tuple[object, ...], look: Callable[[], T]) -> T:
    """Return what ``look`` finds, or found under that key in the same block.

    What it returns is shared: nobody changes it. What it raises is not remembered.
    """
    seen = _seen.get()
    if seen is None:
        return look()
    if key not in seen:
        seen[key] = look()
    found: T = seen[key]
    return found


def once_of(kind: str, thing: object, look: Callable[[], T]) -> T:
    """Return what ``look`` finds out about a thing, known by its identity in the same block."""
    # The thing is kept beside the result: as long as it is there, its identity is nobody else's.
    return once((kind, id(thing)), lambda: (thing, look()))[1]
