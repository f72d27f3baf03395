"""What is measured."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Ratio, pair
from builder.airgap import airgap as compute
from builder.bases import find_base
from builder.vendor import vendor
from builder.workspace import find_overlay

HERE = Path(__file__).resolve().parent.parent


def startup(rounds: int) -> Iterator[Ratio]:
    """Compare the command's start with that of the interpreter."""
    sealift = str(Path(sys.executable).with_name("sealift"))
    nothing = [sys.executable, "-c", "pass"]
    for flag in ("--version", "--help"):
        yield pair(f"sealift {flag} / python -c pass", [sealift, flag], nothing, rounds)


def airgap(folder: Path) -> Iterator[Ratio]:
    """Count the renders of the generator against the references that it moves."""
    yield _airgap("stand-in", folder / "stand-in", HERE / "tests" / "charts", {})
    charts = os.environ.get("SEALIFT_CHARTS")
    names = sorted(Path(charts).glob("operator-wandb-*")) if charts else []
    for path in names:
        version = path.name.removeprefix("operator-wandb-").removesuffix(".tgz")
        yield _airgap(version, folder / version, Path(charts or ""), {"0.28.0": version})


def _airgap(title: str, root: Path, charts: Path, versions: dict[str, str]) -> Ratio:
    for name in ("base", "overlays"):
        ignored = shutil.ignore_patterns("charts", "charts.lock.yaml")
        shutil.copytree(HERE / name, root / name, ignore=ignored)
    for path in (root / "base" / "wandb").glob("*.yaml"):
        text = path.read_text()
        for old, new in versions.items():
            text = text.replace(old, new)
        path.write_text(text)
    vendor(find_base(root, "wandb"), source=str(charts))
    result = compute(find_overlay(root, "example"))
    moved = sum(moved.target != moved.reference.value for moved, _ in result.moved)
    return Ratio(
        case=f"renders / references moved, {title}", measured=result.renders, against=moved, unit=""
    )
