"""Verifying an archive that has crossed the gap."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Ratio
from builder.transport.verify import verify
from tests.archives import Silent, archive, packing

SIZE = 256 * 10**6


def verifying(folder: Path, rounds: int = 3) -> Iterator[Ratio]:
    """Compare verifying an archive with hashing its file once: every byte is read and hashed."""
    layer = folder / "layer"
    folder.mkdir(parents=True, exist_ok=True)
    with layer.open("wb") as file:
        for _ in range(0, SIZE, 10**6):
            file.write(os.urandom(10**6))
    path = archive(folder, given=packing(layer))
    path.with_name(path.name + ".sha256").unlink()
    yield Ratio(
        case=f"verify an archive of {SIZE // 10**6} MB",
        measured=min(_verified(path) for _ in range(rounds)),
        against=min(_hashed(path) for _ in range(rounds)),
    )


def _verified(path: Path) -> float:
    started = time.perf_counter()
    verify(path, Silent())
    return time.perf_counter() - started


def _hashed(path: Path) -> float:
    started = time.perf_counter()
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    return time.perf_counter() - started
