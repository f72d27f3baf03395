"""Credentials planted in the sources, and a look for them everywhere."""

import base64
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.build import build
from builder.workspace import find_overlay
from tests.conftest import CHARTS, Run
from tests.source import Result, Source

PLATFORM = "base/wandb/weightsandbiases.yaml"
PATCHES = "overlays/example/patches/secrets.yaml"
KUSTOMIZATION = "overlays/example/kustomization.yaml"
PLANTED = {
    "replace-with-your-license": "planted-a8f3-license-eyJhbGciOi",
    "replace-with-your-access-key": "planted-b1c7-access-AKIA",
    "replace-with-your-secret-key": "planted-c9d2-secret-kXq",
    "replace-with-your-password": "planted-d4e6-password-hunter2",
}


def plant(source: Source) -> None:
    """Put values of the test's own where the guide's placeholders stand."""
    for placeholder, value in PLANTED.items():
        source.edit(PLATFORM, placeholder, value)


def unpatched(source: Source) -> Source:
    """The sources as they are before anything was converted."""
    source.path(PATCHES).unlink()
    source.edit(KUSTOMIZATION, "  - patches/secrets.yaml\n", "")
    return source


def at_version(source: Source, run: Run, version: str) -> None:
    """Bring in the stand-in as another version of the platform: by it, it knows the forms."""
    charts = source.root.parent / f"charts-{version}"
    shutil.copytree(CHARTS, charts)
    for name in ("Chart.yaml", "templates/_helpers.tpl"):
        path = charts / "operator-wandb" / name
        text = path.read_text()
        assert "0.28.0" in text
        path.write_text(text.replace("0.28.0", version))
    for name in ("base/wandb/base.yaml", PLATFORM):
        source.edit(name, "version: 0.28.0", f"version: {version}")
    result = run("vendor", "wandb", "--from", str(charts))
    assert result.code == 0, result.err


def forms(values: Iterable[str]) -> Iterator[str]:
    """Each value, and what it leaves in base64, at any of the three offsets."""
    for value in values:
        yield value
        for offset in range(3):
            whole = base64.b64encode(b"x" * offset + value.encode()).decode()
            yield whole[4 : len(whole) - 4]


def assert_hidden(text: str, values: Iterable[str] = PLANTED.values()) -> None:
    """No planted value is in a text, neither plain nor in base64."""
    for form in forms(values):
        assert form not in text


def rendered(source: Source, env: str = "example") -> str:
    """All that controllers make of an environment, as one text, Secrets decoded as well."""
    return "\n".join(
        _texts([dict(r.body) for r in build(find_overlay(source.root, env)).resources])
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _texts(child)
    else:
        yield str(value)


def written(source: Source) -> dict[str, str]:
    """The files of the overlay: what is committed."""
    folder = source.path("overlays/example")
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def settings(source: Source, text: str) -> None:
    """Add settings to the environment."""
    name = "overlays/example/environment.yaml"
    source.write(name, source.read(name) + text)


def convert(run: Run, *argv: str) -> Result:
    """`sealift secrets example --write`, which prints no value."""
    result = run("secrets", "example", "--write", *argv)
    assert_hidden(result.out + result.err)
    return result


def needed(*names: str) -> None:
    """Skip where a program is missing; fail in CI, where it must not be."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        end = pytest.fail if os.environ.get("CI") else pytest.skip
        end(f"not on PATH: {', '.join(missing)}")


@dataclass(frozen=True)
class Key:
    """An age key: who has the file opens what is encrypted for the recipient."""

    recipient: str
    file: Path

    def opens(self, path: Path) -> dict[str, str]:
        """The values of a Secret's file, decrypted; its MAC checked."""
        environment = {"PATH": os.environ["PATH"], "SOPS_AGE_KEY_FILE": str(self.file)}
        done = subprocess.run(
            ["sops", "decrypt", str(path)], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        data = yaml.safe_load(done.stdout)["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}


def age_key(folder: Path, name: str) -> Key:
    file = folder / name
    subprocess.run(["age-keygen", "-o", str(file)], check=True, capture_output=True)
    done = subprocess.run(
        ["age-keygen", "-y", str(file)], check=True, capture_output=True, text=True
    )
    return Key(done.stdout.strip(), file)


def recipients(source: Source, *keys: Key) -> None:
    name = "overlays/example/environment.yaml"
    text = source.read(name).partition("secrets:")[0]
    listed = ", ".join(one.recipient for one in keys)
    source.write(name, f"{text}secrets: {{form: sops, age: [{listed}]}}\n")
