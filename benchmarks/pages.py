"""How long pages take to open in a headless Chromium, against an empty one."""

import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.measure import Ratio
from builder.bases import find_base
from builder.build import build
from builder.page.contents import contents
from builder.page.html import page
from builder.vendor import vendor
from builder.workspace import find_overlay
from tests.browser import browser, chromium
from tests.pages import fleet_page

HERE = Path(__file__).resolve().parent.parent
_EMPTY = "<!doctype html><html lang=en><title>-</title><p>-"
_DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def opening(folder: Path, rounds: int) -> Iterator[Ratio]:
    """Compare the pages of the example and of 200 environments with an empty one, until drawn."""
    if chromium() is None:
        return
    texts = {"the example": _example(folder / "source"), "200 environments": fleet_page(200)}
    empty = _written(folder / "empty.html", _EMPTY)
    with browser() as started:
        for number, (name, text) in enumerate(texts.items()):
            path = _written(folder / f"{number}.html", text)
            times = [(_opened(started, path), _opened(started, empty)) for _ in range(rounds)]
            yield Ratio(
                case=f"open the page of {name} ({len(text.encode()) // 1000} kB) / an empty one",
                measured=statistics.median(one for one, _ in times),
                against=statistics.median(other for _, other in times),
            )


def _example(root: Path) -> str:
    for name in ("base", "overlays"):
        ignored = shutil.ignore_patterns("charts", "charts.lock.yaml")
        shutil.copytree(HERE / name, root / name, ignore=ignored)
    vendor(find_base(root, "wandb"), source=str(HERE / "tests" / "charts"))
    return page("report.html", page=contents(build(find_overlay(root, "example"))))


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _opened(started: Browser, path: Path) -> float:
    """Return the seconds from the command to open a file until it is drawn."""
    tab = started.new_page(viewport={"width": 1280, "height": 900})
    before = time.perf_counter()
    tab.goto(path.as_uri())
    tab.evaluate(_DRAWN)
    seconds = time.perf_counter() - before
    tab.close()
    return seconds
