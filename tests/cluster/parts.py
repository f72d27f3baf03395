"""The programs of a cluster: where ``tools/cluster.sh`` built them, and which are missing."""

import hashlib
import os
from pathlib import Path

PINS = Path(__file__).parent / "pins"


def folder(part: str) -> Path:
    """The folder of a part: its name has the checksum of the part's pins, as in the script."""
    content = b"".join(path.read_bytes() for path in sorted((PINS / part).iterdir()))
    key = hashlib.sha256(content).hexdigest()[:16]
    # Read when Python starts: tests take the environment away from what they run.
    return CACHE / "sealift" / "cluster" / f"{part}-{key}"


def program(part: str, name: str) -> str:
    """The path of a program of a part."""
    return str(folder(part) / name)


def missing(*parts: str) -> list[str]:
    """Those of the parts that are not built."""
    return [part for part in parts if not folder(part).is_dir()]


CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
