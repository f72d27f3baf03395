"""A source repository in a temporary folder, and what tests do to it."""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from builder.tools import helm, kustomize


class Result(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Source:
    """The folder, with ``base/`` and ``overlays/`` in it."""

    root: Path

    def path(self, name: str) -> Path:
        return self.root / name

    def read(self, name: str) -> str:
        return self.path(name).read_text()

    def write(self, name: str, text: str) -> Path:
        """Write a file, and the folders above it."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that stands in a file."""
        text = self.read(name)
        assert old in text, f"{name} has no {old!r}"
        self.write(name, text.replace(old, new))

    def overlay(
        self, name: str, kustomization: str, environment: str = "extends: example\n"
    ) -> str:
        """Write an overlay; return its name."""
        self.write(f"overlays/{name}/environment.yaml", environment)
        self.write(f"overlays/{name}/kustomization.yaml", kustomization)
        return name


def plain_kustomize(folder: Path, *flags: str) -> str:
    """What kustomize alone makes of a folder: the program of its name, or the one in kubectl."""
    argv = [*kustomize.find()[0], "--enable-helm", "--helm-command", helm.find()[0], *flags]
    return subprocess.run([*argv, str(folder)], check=True, capture_output=True, text=True).stdout


def snapshot(folder: Path) -> dict[str, str]:
    """All that stands in a folder: the path of each file, link and folder, with its content."""
    return {
        path.relative_to(folder).as_posix(): _content(path) for path in sorted(folder.rglob("*"))
    }


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "/"
