"""Waiting for what a cluster comes to by itself."""

import time
from collections.abc import Callable

from tests.cluster.api import ApiError

_SECONDS = 240.0
_ASK_SECONDS = 5.0
_PAUSE_SECONDS = 0.2


def eventually(
    holds: Callable[[], object],
    what: str,
    ask: Callable[[], object] = lambda: None,
    state: Callable[[], object] | None = None,
    seconds: float = _SECONDS,
) -> None:
    """Wait until something holds, asking for it; TimeoutError when it does not come to that.

    The error says what was waited for, and how it stood at the end: by ``state``, else by what
    ``holds`` came to last.
    """
    started = time.monotonic()
    asked = -_ASK_SECONDS
    last: object = None
    while (passed := time.monotonic() - started) < seconds:
        # Meanwhile an API server may be starting again, and a kind not be there yet.
        try:
            if passed - asked >= _ASK_SECONDS:
                asked = passed
                ask()
            if last := holds():
                return
        except (ApiError, LookupError) as error:
            last = error
        time.sleep(_PAUSE_SECONDS)
    raise TimeoutError(
        f"after {seconds:.0f} s it is not so that {what}; last: {_told(state, last)}"
    )


def _told(state: Callable[[], object] | None, last: object) -> str:
    try:
        return repr(last) if state is None else str(state())
    except (ApiError, LookupError) as error:
        return f"cannot be told: {error!r}"
