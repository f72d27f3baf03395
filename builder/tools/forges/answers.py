"""What answers say beside their content: the next page, when to come again, why not."""

import email.utils
import re
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SECONDS = re.compile(r"[0-9]{1,12}")
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?')


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One answer; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def with_query(path: str, query: Mapping[str, str | int]) -> str:
    """Return a path with its query."""
    return f"{path}?{urllib.parse.urlencode(query)}" if query else path


def next_page(target: str, headers: Mapping[str, str]) -> str | None:
    """Return the next page of a list: only its query, for the host may be named otherwise."""
    path, _, query = target.partition("?")
    link = _NEXT.search(headers.get("link", ""))
    if link:
        return f"{path}?{urllib.parse.urlsplit(link[1]).query}"
    page = headers.get("x-next-page", "").strip()
    if page:
        fields = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        return with_query(path, {**fields, "page": page})
    return None


def delay(response: Response, attempt: int) -> float | None:
    """Return how long the forge wants us to wait before the same request; None for not at all.

    GitHub answers 403 as well as 429, names the moment when the limit is reset, or nothing: then a
    minute (docs.github.com, "Rate limits for the REST API").
    """
    headers = response.headers
    wait = headers.get("retry-after", "").strip()
    used_up = any(headers.get(f"{x}ratelimit-remaining") == "0" for x in ("x-", ""))
    limited = response.status == 429 or (
        response.status == 403 and (wait or used_up or b"rate limit" in response.body.lower())
    )
    if not limited and response.status not in (502, 503):
        return None
    now = _moment(headers.get("date", "")) or time.time()
    if _SECONDS.fullmatch(wait):
        return float(wait)
    if wait and (then := _moment(wait)):
        return max(0.0, then - now)
    reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
    if used_up and _SECONDS.fullmatch(reset):
        return max(0.0, int(reset) - now)
    return 60.0 if limited else 0.5 * 2**attempt


def _moment(text: str) -> float | None:
    """Read a date of HTTP, as seconds since 1970."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def reasons(value: Any) -> Iterator[str]:
    """Yield what an error says: the forges have sentences, lists of them, and maps by field."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from reasons(item)
    elif isinstance(value, dict):
        known = ("message", "error", "error_description", "errors")
        if any(key in value for key in known):
            for key in known:
                yield from reasons(value.get(key))
        elif "code" in value:
            yield f"{value.get('field', value.get('resource', ''))} {value['code']}".strip()
        else:
            for field, item in value.items():
                for reason in reasons(item):
                    yield f"{field} {reason}"
