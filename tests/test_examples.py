"""The example in each command's help runs, as it stands there."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from builder.commands.app import app
from tests import upgrades
from tests.conftest import CHARTS, Run
from tests.mirror_site import MirrorSite, mirror_site
from tests.scaffolds import bare
from tests.source import Source

_EXAMPLE = re.compile(r"^Example: sealift (.*(?:\n(?!\n).*)*)", re.MULTILINE)


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Each command with its help."""
    for name, command in dict(group.commands).items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command.help


HELP = dict(commands(typer.main.get_command(app)))
# What has to be there before, and what the example takes for granted of the network.
NETWORK = {"lock", "mirror plan", "mirror copy", "mirror export", "mirror import"}


def example(command: str) -> list[str]:
    """The words of a command's example, before a pipe or a redirection."""
    [text] = _EXAMPLE.findall(HELP[command])
    words = shlex.split(re.split(r" [|>] ", " ".join(text.split()))[0])
    return [str(Path(word).expanduser()) if word.startswith("~") else word for word in words]


@pytest.mark.parametrize("command", HELP)
def test_each_command_has_one_example_of_itself(command: str) -> None:
    assert " ".join(example(command)).startswith(command)


def _published(source: Source, run: Run) -> None:
    repository = bare(source.path("gitops.git"))
    assert run("publish", "example", "--repository", str(repository)).code == 0


def _key(source: Source, run: Run) -> None:
    folder = Path("~/.ssh").expanduser()
    folder.mkdir()
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "id_ed25519")]
    subprocess.run(argv, check=True)


def _stated(source: Source, run: Run) -> None:
    _key(source, run)
    assert run("build", "example", "-o", "gitops").code == 0
    key = Path("~/.ssh/id_ed25519").expanduser()
    assert run("attest", "example", "--key", str(key), "-o", ".").code == 0
    shutil.copy(f"{key}.pub", source.path("release.pub"))


def _other_version(source: Source, run: Run) -> None:
    charts = upgrades.folder(source.root / "upstream", v0_29_0={})
    argv = ["--chart", "operator-wandb=0.29.0", "--from", str(charts)]
    assert run("vendor", "wandb", *argv).code == 0


def _nothing(source: Source, run: Run) -> None:
    """Most examples need nothing beforehand."""


def _prod(source: Source, run: Run) -> None:
    for name in ("staging", "prod"):
        source.overlay(name, "resources: [../example]\n")


PREPARED: dict[str, Callable[[Source, Run], object]] = {
    "attest": _key,
    "diff": _published,
    "environment promote": _prod,
    "publish": lambda source, run: bare(source.path("gitops.git")),
    "sbom": lambda source, run: run("build", "example"),
    "upgrade": _other_version,
    "vendor": lambda source, run: shutil.copytree(CHARTS, source.path("downloaded-charts")),
    "verify": _stated,
}
MORE = {
    # What it would ask on a terminal.
    "init": ["--yes", "--registry", "r.example.com/m", "--chart-repository",
             "https://charts.example.com", "--repository", "https://git.example.com/g.git",
             "--kubernetes", "1.30", "--engine", "flux"],
    "upgrade": ["--no-lock", "--from", "upstream/charts"],
}  # fmt: skip
CODES = {
    "diff": {0, 1},  # 1: something differs
    "doctor": {1},  # no registry of that name answers here
    "upgrade": {0, 1},
    "environment promote": {0, 1},
}


@pytest.mark.parametrize("command", sorted(set(HELP) - NETWORK))
def test_the_example_runs(source: Source, run: Run, command: str) -> None:
    PREPARED.get(command, _nothing)(source, run)
    result = run(*example(command), *MORE.get(command, []))
    assert result.code in CODES.get(command, {0}), result
    assert "error: " not in result.err.partition("next:")[0], result
    assert result.out


@pytest.fixture
def site(source: Source, run: Run, tmp_path: Path) -> Iterator[MirrorSite]:
    """Registries outside and inside, and an environment between them that is called example."""
    with mirror_site(source, run, tmp_path) as site:
        shutil.rmtree(source.path("overlays/example"))
        source.path("overlays/site").rename(source.path("overlays/example"))
        yield site


@pytest.mark.usefixtures("needs_registry")
def test_the_examples_of_the_mirror_run(site: MirrorSite, tmp_path: Path) -> None:
    medium = tmp_path / "usb"
    medium.mkdir()
    stands = {
        "/media/usb": str(medium),
        "example.tar.001": str(medium / "example.tar.001"),
        "registry.example.com/mirror": f"{site.inside.host}/m",
    }
    for command in ("lock", "mirror plan", "mirror copy", "mirror export", "mirror import"):
        argv = [stands.get(word, word) for word in example(command)]
        result = site.sealift(*argv)
        assert result.code == 0, (command, result)
        assert result.out
