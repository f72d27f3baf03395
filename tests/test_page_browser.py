"""The pages in a real Chromium: silent, asking for nothing, usable by eye, keyboard and paper."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests import browser as browsers
from tests.browser import Scheme, opened
from tests.conftest import Run
from tests.pages import fleet_page
from tests.source import Source


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Skip where there is no browser; fail in CI, where there must be."""
    if browsers.chromium() is None:
        missing: Callable[[str], None] = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("no Chromium is on PATH: run tools/chromium.sh")
    with browsers.browser() as started:
        yield started


@pytest.fixture
def page(run: Run, source: Source, tmp_path: Path) -> Callable[[str], Path]:
    """The page of an environment, or of a fleet."""

    def written(name: str) -> Path:
        path = tmp_path / f"{name}.html"
        if name == "fleet":
            path.write_text(fleet_page(200))
        else:
            assert run("report", name, "-o", str(path)).code in (0, 1)
        return path

    return written


PAGES = ("example", "guide", "fleet")
Pages = Callable[[str], Path]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_it_opens_in_silence_and_asks_for_nothing(
    browser: Browser, page: Pages, name: str, scheme: Scheme
) -> None:
    path = page(name)
    with opened(browser, path, scheme) as watched:
        watched.page.click("button.theme")
        assert watched.page.evaluate("document.documentElement.dataset.theme") != scheme
        watched.page.click("button.theme")
        assert watched.page.evaluate("document.documentElement.dataset.theme") == scheme
        assert watched.violations() == []
        assert (watched.said, watched.asked) == ([], [path.as_uri()])


@pytest.mark.parametrize("name", PAGES)
def test_it_fits_a_small_screen(browser: Browser, page: Pages, name: str) -> None:
    with opened(browser, page(name), size=(390, 800)) as watched:
        assert watched.page.evaluate("document.documentElement.scrollWidth") == 390
        assert watched.violations() == []


def test_the_choice_of_light_and_dark_holds(browser: Browser, page: Pages) -> None:
    path = page("example")
    with opened(browser, path, "light") as watched:
        paper = "getComputedStyle(document.body).backgroundColor"
        light = watched.page.evaluate(paper)
        watched.page.click("button.theme")
        dark = watched.page.evaluate(paper)
        watched.page.reload()
        assert watched.page.evaluate(paper) == dark != light
        assert watched.violations() == []


def test_every_control_is_reached_by_the_keyboard(browser: Browser, page: Pages) -> None:
    wanted = """[...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')]
        .filter(e => e.checkVisibility() && !e.closest('[hidden]')).length"""
    with opened(browser, page("guide")) as watched:
        number = watched.page.evaluate(wanted)
        watched.page.evaluate("window.reached = new Set()")
        for _ in range(number):
            watched.page.keyboard.press("Tab")
            watched.page.evaluate("reached.add(document.activeElement)")
        assert watched.page.evaluate("reached.size") == number
        assert watched.page.evaluate("reached.has(document.body)") is False
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert watched.page.evaluate(outline) == "solid"


def test_images_are_searched_and_sorted_by_keyboard(browser: Browser, page: Pages) -> None:
    with opened(browser, page("example")) as watched:
        names = watched.rows("image-table")
        watched.page.focus("#images input")
        watched.page.keyboard.type("REDIS bitnami")
        assert [name for name in names if "redis" in name] == watched.rows("image-table")
        assert watched.page.inner_text("#images output") == f"1 of {len(names)}"
        watched.page.keyboard.type(" nothing like it")
        assert watched.rows("image-table") == []
        assert watched.page.is_visible("#image-table-empty")
        watched.page.fill("#images input", "")
        watched.page.focus("#image-table th button")
        watched.page.keyboard.press("Enter")
        assert watched.rows("image-table") == sorted(names)
        watched.page.keyboard.press("Enter")
        assert watched.rows("image-table") == sorted(names, reverse=True)
        assert watched.page.get_attribute("#image-table th", "aria-sort") == "descending"


def test_the_picture_leads_to_the_table_and_shows_what_hangs_together(
    browser: Browser, page: Pages
) -> None:
    with opened(browser, page("guide")) as watched:
        redis = watched.page.locator(".picture a", has_text="bitnami/redis")
        redis.focus()
        picked = watched.page.locator(".picture .on.node").all_text_contents()
        names = ("base/wandb", "WeightsAndBiases", "operator-wandb", "bitnami/redis")
        assert len(picked) == len(names)
        assert all(any(name in text for text in picked) for name in names)
        watched.page.keyboard.press("Enter")
        target = watched.page.locator("tr:target")
        assert "bitnami/redis" in target.inner_text()
        assert target.evaluate("e => e.getBoundingClientRect().top") > 0


def test_values_choose_environments(browser: Browser, page: Pages) -> None:
    with opened(browser, page("fleet")) as watched:
        assert len(watched.rows("fleet")) == 200
        watched.page.click(".chip:has-text('does not ship')")
        some = watched.rows("fleet")
        watched.page.click(".chip:has-text('1.29')")
        both = watched.rows("fleet")
        assert 0 < len(both) < len(some) < 200
        assert set(both) < set(some)
        watched.page.click(".clear")
        assert len(watched.rows("fleet")) == 200
        watched.page.fill("#environments input", "site-007")
        assert watched.rows("fleet") == ["site-007"]


def test_on_paper_all_is_open_and_nothing_is_to_be_clicked(browser: Browser, page: Pages) -> None:
    with opened(browser, page("guide"), "dark") as watched:
        closed = watched.page.locator("details:not([open])")
        before = closed.count()
        watched.page.emulate_media(media="print", color_scheme="dark")
        watched.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert before > 0
        assert closed.count() == 0
        for hidden in (".bar", ".tools", ".theme"):
            assert not watched.page.locator(hidden).first.is_visible()
        scheme = "getComputedStyle(document.documentElement).colorScheme"
        assert watched.page.evaluate(scheme) == "light"
        watched.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert closed.count() == before
        assert watched.page.pdf(format="A4").startswith(b"%PDF-")


def test_without_a_script_all_is_there(browser: Browser, page: Pages) -> None:
    with opened(browser, page("example"), script=False) as watched:
        assert watched.page.locator("#image-table tbody tr").count() > 5
        for control in (".tools", ".theme"):
            assert not watched.page.locator(control).first.is_visible()
        assert watched.said == []


EVIL = (
    "</code></script></style><script>window.taken = 1</script>"
    '<img src="http://127.0.0.1:9/x" onerror="window.taken = 1"><svg onload="window.taken = 1">'
    """{{ 7 * 7 }}' " onfocus="window.taken=1" \u202e"""
)


def hostile(source: Source) -> str:
    """An environment whose every text would be markup."""
    name = EVIL.replace("/", "")
    container = {
        "name": EVIL, "image": EVIL,
        "env": [{"name": EVIL, "value": f"https://a.example.com/{EVIL}"},
                {"name": EVIL, "value": EVIL}],
    }  # fmt: skip
    resources = [
        {"apiVersion": "apps/v1", "kind": "Deployment",
         "metadata": {"name": name, "annotations": {EVIL: f"quay.io/{EVIL}:1"}},
         "spec": {"template": {"spec": {"containers": [container]}}}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"},
         "data": {EVIL: f"image: docker.io/x/y:1\\nurl: https://{EVIL}"}},
    ]  # fmt: skip
    source.write("overlays/hostile/evil.yaml", "\n---\n".join(map(json.dumps, resources)))
    return source.overlay("hostile", "resources: [../example, evil.yaml]\n")


def test_no_text_of_others_is_markup(
    browser: Browser, run: Run, source: Source, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    result = run("report", hostile(source), "-o", str(path))
    assert (result.code, path.is_file()) == (1, True), result
    with opened(browser, path) as watched:
        shown: Any = watched.page.inner_text("body")
        assert "<img src=" in shown
        assert "{{ 7 * 7 }}" in shown
        assert r"\u202e" in shown
        for element in watched.page.locator(".picture a, summary").all()[:40]:
            element.focus()
        assert watched.page.evaluate("typeof window.taken") == "undefined"
        assert (
            watched.page.locator("img, iframe, object, embed, script:not(body > script)").count()
            == 0
        )
        assert (watched.said, watched.asked) == ([], [path.as_uri()])


def test_what_gets_in_all_the_same_does_not_run(
    browser: Browser, page: Pages, tmp_path: Path
) -> None:
    path = page("example")
    path.write_text(path.read_text().replace("<main", EVIL + "<main"))
    with opened(browser, path) as watched:
        assert watched.page.evaluate("typeof window.taken") == "undefined"
        assert any("Content Security Policy" in line for line in watched.said)
