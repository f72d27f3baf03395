"""The wheel as a user has it: built, in a virtual environment of its own, without network.

What it depends on comes from the environment of the tests, Sealift itself does not.
"""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.conftest import REPOSITORY


def wheel(folder: Path) -> Path:
    """Build the wheel of the checkout."""
    return build(folder, "wheel")


def build(
    folder: Path, target: str, *, source: Path = REPOSITORY, epoch: int | None = None
) -> Path:
    """Build the wheel or the sdist of sources, its files dated ``epoch`` (seconds)."""
    argv = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    environment = dict(os.environ)
    if epoch is not None:
        environment["SOURCE_DATE_EPOCH"] = str(epoch)
    subprocess.run(argv, cwd=source, env=environment, check=True, capture_output=True)
    [built] = folder.glob("sealift-*")
    return built


def installed(folder: Path, built: Path) -> Path:
    """Install a wheel into a new environment; return the folder of its programs."""
    venv.create(folder, with_pip=False)
    place = sysconfig.get_path("purelib", vars={"base": str(folder)})
    # A plain path: the .pth files below it, which lead to the checkout, are not followed.
    (Path(place) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    argv = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
    argv += ["--quiet", "--no-index", "--no-deps", "--force-reinstall", str(built)]
    subprocess.run(argv, check=True, capture_output=True)
    return folder / "bin"
