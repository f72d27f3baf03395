"""Who works on what: environments that share a base stay together, as what a process keeps helps.

Only a guess at what they share, from the two keys of their files that name it: it changes the time
that work takes, never what comes out.
"""

import re
from collections.abc import Sequence
from pathlib import Path

_ABOVE = re.compile(rb"^(base|extends):[ \t]*[\"']?([a-z0-9][a-z0-9.-]*)", re.MULTILINE)


def grouped(root: Path, names: Sequence[str]) -> list[list[str]]:
    """Return the names in groups of what they extend, or of their base; larger groups first."""
    groups: dict[bytes, list[str]] = {}
    for name in names:
        groups.setdefault(_above(root, name), []).append(name)
    return sorted(groups.values(), key=len, reverse=True)


def _above(root: Path, name: str) -> bytes:
    folder = Path(name) if "/" in name or name.startswith(".") else root / "overlays" / name
    try:
        return b" ".join(sorted(m[0] for m in _ABOVE.finditer(_head(folder))))
    except OSError:
        return b""  # whoever works on it says what is wrong


def _head(folder: Path) -> bytes:
    with (folder / "environment.yaml").open("rb") as file:
        return file.read(4096)


def cut(groups: Sequence[Sequence[str]], size: int) -> list[list[str]]:
    """Return the groups in pieces of at most ``size`` names."""
    return [
        list(group[start : start + size])
        for group in groups
        for start in range(0, len(group), size)
    ]
