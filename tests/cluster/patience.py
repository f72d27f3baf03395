"""Waiting for what a cluster comes to by itself."""

import time
from collections.abc import Callable
from contextlib import suppress

from tests.cluster.api import ApiError

_SECONDS = 240.0
_ASK_SECONDS = 5.0


def eventually(
    holds: Callable[[], object], what: str, ask: Callable[[], object] = lambda: None
) -> None:
    """Wait until something holds, asking for it; TimeoutError when it does not come to that."""
    started = time.monotonic()
    asked = -_ASK_SECONDS
    while (passed := time.monotonic() - started) < _SECONDS:
        # Meanwhile an API server may be starting again, and a kind not be there yet.
        with suppress(ApiError, LookupError):
            if passed - asked >= _ASK_SECONDS:
                asked = passed
                ask()
            if holds():
                return
        time.sleep(0.2)
    raise TimeoutError(f"after {_SECONDS:.0f} s it is not so that {what}")
