"""Contents become one HTML file: nothing in it is fetched, and no text of others is markup.

Jinja2 (https://jinja.palletsprojects.com) escapes all that templates print. The policy in the page
names its one script and its one style by their digests, so that nothing else could run or load:
https://www.w3.org/TR/CSP3/.
"""

import base64
import functools
import hashlib
from importlib import resources
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from builder.core.diff.show import alike, is_text, line_diff, path_text, value_text
from builder.core.diff.summary import TITLES, grouped, tally, verdict
from builder.core.text import lines
from builder.page.fleet import PUBLISHED
from builder.report_mirror import size

_LINES = 20


def page(name: str, **values: Any) -> str:
    """Write a page. The same values give the same bytes."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )
    template = _templates().get_template(name)
    ours = {"style": Markup(style), "script": Markup(script)}  # noqa: S704 - files of this package
    text: str = template.render(policy=policy, **ours, **values)
    return text


def _asset(name: str) -> str:
    return resources.files("builder.page").joinpath("templates", name).read_text("utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(str(resources.files("builder.page").joinpath("templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.filters.update(
        size=size, path=path_text, value=value_text, tally=tally, verdict=verdict, groups=grouped
    )
    environment.filters["lines"] = lambda change: line_diff(change, _LINES)
    environment.filters["ticks"] = _ticks
    environment.tests["text"] = is_text
    environment.globals.update(titles=TITLES, alike=alike, published=PUBLISHED)
    return environment


def _finalized(value: Any) -> Any:
    """Show what is invisible, or turns the direction of writing: two texts that differ look so."""
    return lines(value) if type(value) is str else value


def _ticks(text: str) -> list[tuple[bool, str]]:
    """Cut a sentence where backticks mark what people are to type."""
    parts = text.split("`")
    even = len(parts) % 2 == 1
    return (
        [(number % 2 == 1, part) for number, part in enumerate(parts)] if even else [(False, text)]
    )
