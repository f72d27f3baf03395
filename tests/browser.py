"""A headless Chromium: the one on PATH, or below ``.tools``. It watches what a page does."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_AXE = files("axe_playwright_python").joinpath("axe.min.js")
Scheme = Literal["light", "dark"]


def chromium() -> str | None:
    """The path of a browser, or None where there is none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the browser; it ends with the block."""
    with sync_playwright() as playwright:
        # The machine's proxies would only be asked for what a page must not want.
        environment: dict[str, str | float | bool] = {
            k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")
        }
        opened = playwright.chromium.launch(executable_path=chromium(), env=environment)
        try:
            yield opened
        finally:
            opened.close()


@dataclass
class Watched:
    """An open page, and all that it said or asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What axe finds (https://github.com/dequelabs/axe-core): rule and places, a line each."""
        self.page.evaluate(_AXE.read_text())
        found: Any = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{one['id']}: {', '.join(str(node['target']) for node in one['nodes'])}: "
            f"{one['nodes'][0]['failureSummary']}"
            for one in found["violations"]
        ]

    def rows(self, table: str) -> list[str]:
        """The first cells of the rows that are shown."""
        script = (
            "rows => rows.filter(r => !r.hidden).map(r => r.cells[0].innerText.split('\\n')[0])"
        )
        shown: list[str] = self.page.locator(f"#{table} tbody tr").evaluate_all(script)
        return shown


@contextmanager
def opened(
    browser: Browser,
    path: Path,
    scheme: Scheme = "light",
    size: tuple[int, int] = (1280, 900),
    script: bool = True,
) -> Iterator[Watched]:
    """Open a file in a profile of its own, recorded by the browser's own protocol."""
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=script,
    )
    try:
        watched = Watched(context.new_page())
        protocol = context.new_cdp_session(watched.page)
        for domain in ("Network", "Log", "Runtime"):
            protocol.send(f"{domain}.enable")
        protocol.on(
            "Network.requestWillBeSent", lambda e: watched.asked.append(e["request"]["url"])
        )
        protocol.on("Log.entryAdded", lambda e: watched.said.append(e["entry"]["text"]))
        protocol.on("Runtime.consoleAPICalled", lambda e: watched.said.append(str(e["args"])))
        protocol.on("Runtime.exceptionThrown", lambda e: watched.said.append(str(e)))
        watched.page.on("dialog", lambda dialog: watched.said.append(dialog.message))
        watched.page.goto(path.as_uri())
        yield watched
    finally:
        context.close()
