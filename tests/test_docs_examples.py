"""Every command that README and docs/ show runs, or says why it cannot.

tests/documentation/run.py tells the comments that say so.
"""

import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from builder.commands.app import app
from tests.conftest import REPOSITORY, Run
from tests.documentation.markdown import Example, examples, inline, pages
from tests.documentation.run import mark, perform, shows
from tests.scaffolds import bare
from tests.source import Source

EXAMPLES = [example for page in pages() for example in examples(page)]
RUN = sorted({example.page for example in EXAMPLES if mark(example).first != 0})
# What no test has, and how many blocks need it: who adds one, says so here.
NOT_RUN = Counter(
    {
        "a cluster": 5,
        "a forge": 4,
        "registries; tests/test_mirror_example.py has such": 1,
        "registries; tests/test_transport.py has such": 4,
        "the vendor's chart repository; tests/test_upgrade.py has a stand-in": 1,
        "a terminal, and the vendor's chart repository; docs/start.md is run": 1,
        "a Dask cluster; tests/test_fleet_cluster.py has one": 1,
        "a registry, and what is published there": 1,
        "programs of others; tests/test_verify.py has the first": 1,
        "it is what runs the tests": 5,
        "needs a release": 1,
        "fetches dependencies from an index": 1,
        "benchmarks take minutes": 1,
    }
)
ON_EXAMPLE = "extends: example\npublish: {repository: ../gitops.git}\n"
BROKEN = (
    "base: wandb\nregistry:\n  prefix: registry.example.com\n  layout: strip\nkubernetes: '1.30'\n"
)


def _keys(source: Source) -> None:
    folder = Path("~/.ssh").expanduser()
    folder.mkdir()
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "release")]
    subprocess.run(argv, check=True)
    source.write("release.pub", (folder / "release.pub").read_text())


def _misspelt(source: Source) -> None:
    source.path(".sealift").mkdir()
    source.write("overlays/mine/environment.yaml", BROKEN)


def _without_mine(source: Source) -> None:
    for path in source.path("overlays/mine").iterdir():
        path.unlink()
    source.path("overlays/mine").rmdir()
    source.path("gitops.git").rename(source.path("other.git"))


PREPARED: dict[str, Callable[[Source], object]] = {
    "docs/editors.md": _misspelt,
    "docs/provenance.md": _keys,
    "docs/tutorial.md": _without_mine,
}


@pytest.fixture
def workspace(source: Source) -> Source:
    """The stand-in platform, environments of the names that pages use, a Git repository."""
    names = ["mine", "prod", "eu-1", "us-1"]
    for name in names:
        source.overlay(name, "resources: [../example]\n", ON_EXAMPLE)
    source.edit("overlays/example/environment.yaml",
                "https://git.yourdomain.com/platform/gitops.git", "../gitops.git")  # fmt: skip
    guide = source.read("overlays/guide/environment.yaml")
    source.write(
        "overlays/guide/environment.yaml", f"{guide}publish: {{repository: ../gitops.git}}\n"
    )
    for name in ("gitops.git", "../gitops.git"):
        bare(source.path(name))
    return source


@pytest.mark.parametrize("page", RUN)
def test_the_examples_of_a_page_run(
    workspace: Source, run: Run, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    if page in PREPARED:
        PREPARED[page](workspace)
    for example in examples(page):
        perform(example, run, monkeypatch)


def test_what_is_not_run_is_known() -> None:
    assert Counter(mark(one).reason for one in EXAMPLES if mark(one).reason) == NOT_RUN


def test_what_another_test_runs_is_there() -> None:
    named = {mark(one).elsewhere for one in EXAMPLES} - {""}
    assert {name for name in named if not (REPOSITORY / name).is_file()} == set()
    assert "tests/test_demo.py" in named


def test_a_comment_that_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="what does this comment mean"):
        mark(Example("page.md", 1, "not today", []))


def test_an_output_is_compared() -> None:
    assert shows("a\nb\nc\n", ["a", "...", "c"])
    assert not shows("a\nb\n", ["a", "c"])
    assert not shows("a\nb\n", ["a"])
    assert shows("commit 0123456789ab\n", ["commit 89abcdef..."])
    assert shows("A   B  C\n1   2  3\n4   5  6\n", ["A  B", "...", "4  5"])
    assert not shows("A   B  C\n1   2  3\n", ["A  B", "...", "4  5"])


def written() -> Iterator[tuple[str, int, str]]:
    """Yield each command of Sealift that stands in a text, and those of blocks."""
    for page in pages():
        for line, token in inline(page):
            if token.type == "code_inline" and token.content.startswith("sealift "):
                yield page, line, token.content
    for example in EXAMPLES:
        for command, _ in example.commands:
            for part in re.split(r" && | > ", command):
                if part.startswith("sealift "):
                    yield example.page, example.line, part


def unknown(text: str) -> str | None:
    """Say which command or option there is not."""
    words = re.split(r"[\s=,]+", text.partition(" #")[0].split(" | ")[0])[1:]
    command: Any = typer.main.get_command(app)
    if words and words[0] in {opt for param in command.params for opt in param.opts}:
        words = words[1:]
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        name = words.pop(0)
        if name not in command.commands:
            return f"no command {name}"
        command = command.commands[name]
    known = {opt for param in command.params for opt in (*param.opts, *param.secondary_opts)}
    missing = [
        w for w in words if re.fullmatch(r"--?[a-z][\w-]*", w) and w not in known | {"--help"}
    ]
    return f"no option {missing[0]}" if missing else None


def test_every_command_and_option_that_is_named_is_there() -> None:
    found = [(*one, said) for one in written() if (said := unknown(one[2]))]
    assert found == []


def test_a_command_that_is_not_there_is_noticed() -> None:
    assert unknown("sealift bild mine") == "no command bild"
    assert unknown("sealift mirror plan mine --to x") == "no option --to"
    assert unknown("sealift publish mine --to oci://a/b") is None
    assert shlex.split("sealift build # all", comments=True) == ["sealift", "build"]
