"""What `sealift report` writes: without a browser, by what is in the file."""

import base64
import hashlib
import html
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.conftest import Refused, Run
from tests.mirror_site import mirror_site
from tests.pages import fleet_page
from tests.source import Source

URLS = ("src", "href", "action", "data", "poster", "srcset", "xlink:href", "formaction")


class Elements(HTMLParser):
    """All elements of a page, and the texts of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.texts[self.cdata_elem].append(data)


def digest(texts: list[str]) -> str:
    return base64.b64encode(hashlib.sha256("".join(texts).encode()).digest()).decode()


def report(run: Run, name: str, *more: str) -> str:
    result = run("report", name, "-o", "page.html", *more)
    assert result.code in (0, 1), result
    return Path("page.html").read_text()


def plain(text: str) -> str:
    """A page's words, one space between."""
    body = text.partition("</style>")[2].partition("<script>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.mark.parametrize("name", ["example", "guide", "fleet"])
def test_it_holds_all_that_it_needs_and_its_policy_allows_no_more(
    run: Run, source: Source, name: str
) -> None:
    page = Elements(fleet_page(40) if name == "fleet" else report(run, name))
    for tag, attributes in page.elements:
        assert not [key for key in attributes if key.startswith("on") or key == "style"], tag
        for key in URLS:
            assert re.match(r"$|#|data:", attributes.get(key, "")), (tag, attributes)
    [policy] = [a["content"] for _, a in page.elements if "http-equiv" in a]
    assert f"script-src 'sha256-{digest(page.texts['script'])}'" in policy
    assert f"style-src 'sha256-{digest(page.texts['style'])}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    tags = [tag for tag, _ in page.elements]
    assert (tags.count("script"), tags.count("style")) == (1, 1)
    identities = [a["id"] for _, a in page.elements if "id" in a]
    assert len(set(identities)) == len(identities)
    targets = {a["href"][1:] for t, a in page.elements if t == "a"}
    assert targets <= set(identities)


def test_the_same_input_gives_the_same_bytes(run: Run, source: Source) -> None:
    first = report(run, "example")
    code = (
        "from builder.cli import main; "
        "raise SystemExit(main(['-q', 'report', 'example', '-o', 'again.html']))"
    )
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": seed},
        )
        assert Path("again.html").read_text() == first


def test_the_verdict_of_one_that_ships(run: Run, source: Source) -> None:
    result = run("report", "example")
    assert (result.code, result.out) == (0, "written: report.html\n")
    said = plain(Path("report.html").read_text())
    assert "example ships Closed, nothing leaves the network. 3 warnings." in said
    assert "registry.yourdomain.com/bitnami/redis:7.2.4-debian-12-r9" in said
    assert "from docker.io/bitnami/redis:7.2.4-debian-12-r9" in said
    assert "Not compared with what is published" in said
    assert "not in Git" in said


def test_the_verdict_of_one_that_does_not(run: Run, source: Source) -> None:
    assert run("report", "guide", "-o", "a/b.html").code == 1
    said = plain(Path("a/b.html").read_text())
    assert "guide does not ship 26 findings stop it, 3 more are warnings." in said
    assert "17 outside-reference" in said
    assert "Next: run sealift secrets guide" in said
    assert "outside: quay.io" in said
    assert "floating tag, outside" in said


def test_what_changed_against_the_published_state(
    run: Run, source: Source, tmp_path: Path, no_pause: None
) -> None:
    remote = str(tmp_path / "gitops.git")
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", remote], check=True)
    more = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\ndata: {key: one}\n"
    source.write("overlays/more/more.yaml", more)
    source.overlay("more", "resources: [../example, more.yaml]\n")
    assert run("publish", "more", "--repository", remote).code == 0
    compared = ("more", "--repository", remote)
    assert "None: this is what is published." in plain(report(run, *compared))
    source.write("overlays/more/more.yaml", more.replace("one", "<two>"))
    said = plain(report(run, *compared))
    assert "no danger seen; in Git 1 changed." in said
    assert "changed ConfigMap/more data.key one → <two>" in said


def test_what_the_registry_has(run: Run, source: Source, tmp_path: Path) -> None:
    with mirror_site(source, run, tmp_path) as site:
        assert site.sealift("lock", "site").code == 0
        trust = ("--registry", f"--ca-file={site.inside.cafile}")
        before = report(run, "site", *trust)
        assert before.count(">missing<") == 3
        assert site.sealift("mirror", "copy", "site").code == 0
        after = report(run, "site", *trust)
        assert (after.count(">missing<"), after.count(">there<")) == (0, 3)
        assert re.search(r"sha256:[0-9a-f]{12} [\d.]+ k?B there", plain(after))


def test_a_registry_that_does_not_answer_is_told(run: Run, source: Source) -> None:
    page = report(run, "example", "--registry", "--plain-http", "registry.yourdomain.com")
    assert plain(page).count("no answer") == 11


def test_many_become_one_page(run: Run, source: Source, tmp_path: Path) -> None:
    remote = str(tmp_path / "gitops.git")
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", remote], check=True)
    assert run("publish", "example", "--repository", remote).code == 0
    result = run("report", "--all", "--repository", remote)
    assert (result.code, result.out) == (1, "written: report.html\n")
    said = plain(Path("report.html").read_text())
    assert "2 environments, 1 does not ship" in said
    assert "operator-wandb 0.28.0 2" in said
    assert re.search(r"example ships .* as built guide does not ship .* not published", said)
    source.write("overlays/broken/environment.yaml", "base: none\n")
    assert run("report", "--all").code == 2
    said = plain(Path("report.html").read_text())
    assert "3 environments, 2 do not ship" in said
    assert "broken not built" in said


def test_what_cannot_be_asked_together(refused: Refused) -> None:
    assert "--registry asks for the images of one" in refused("report", "--all", "--registry")
    assert "name environments, or give --all" in refused("report")
