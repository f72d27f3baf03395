"""Which environments a command line means: names, patterns, all, one share of several."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from builder.core.errors import ConfigurationError, nearest

_PATTERN = re.compile(r"[*?\[]")
_SHARD = re.compile(r"([1-9]\d*)/([1-9]\d*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """One of ``of`` shares, counted from 1.

    A name's share follows from the name alone: it stays where it is when others come or go.
    """

    number: int
    of: int

    def has(self, name: str) -> bool:
        """Tell whether an environment is in this share."""
        digest = hashlib.sha256(name.encode()).digest()
        return int.from_bytes(digest[:8]) % self.of == self.number - 1


def parse_shard(text: str) -> Shard:
    """Read ``2/5``, the second of five shares. Raises ConfigurationError."""
    match = _SHARD.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise ConfigurationError(
            f"--shard {text}: is not one share of several", hint="the second of five is 2/5"
        )
    return Shard(number=int(match[1]), of=int(match[2]))


def is_many(names: Sequence[str], *, every: bool, shard: str | None) -> bool:
    """Tell whether a command line means a list, be it of one: its form says so, not its matches."""
    return every or shard is not None or len(names) != 1 or is_pattern(names[0])


def is_pattern(name: str) -> bool:
    """Tell whether a name stands for several."""
    return _PATTERN.search(name) is not None


def chosen(
    root: Path, names: Sequence[str], *, every: bool = False, shard: str | None = None
) -> list[str]:
    """Return the environments that are meant, each once, in the order of their names.

    Folders are named by their paths, as on the command line. Raises ConfigurationError when
    nothing is named, for a pattern without a match, and for two folders of one name.
    """
    if every == bool(names):
        raise ConfigurationError("name environments, or give --all: one of the two")
    part = parse_shard(shard) if shard else Shard(number=1, of=1)
    from builder.workspace import environments  # which reads YAML: a name alone needs none of it

    known = environments(root.resolve()) if every or any(map(is_pattern, names)) else []
    if every and not known:
        raise ConfigurationError(
            "there is no environment under overlays/",
            hint="run in the source repository, or name it with --root",
        )
    found: dict[str, str] = {name: name for name in known} if every else {}
    for name in names:
        for one in _matching(name, known) if is_pattern(name) else [name]:
            _add(found, root, one)
    return [found[name] for name in sorted(found) if part.has(name)]


def _matching(pattern: str, known: list[str]) -> list[str]:
    found = [name for name in known if fnmatchcase(name, pattern)]
    if not found:
        near = nearest(pattern, known)
        raise ConfigurationError(
            f"no environment under overlays/ matches {pattern!r}",
            hint=f"did you mean {near!r}?" if near else f"there are: {', '.join(known) or 'none'}",
        )
    return found


def _add(found: dict[str, str], root: Path, name: str) -> None:
    """Add a name, or the path of a folder, by the name of the folder."""
    folder = root.resolve() / "overlays" / name
    if "/" in name or name.startswith("."):
        folder = Path(name).resolve()
        name = folder.name if folder.parent == root.resolve() / "overlays" else str(folder)
    known = found.setdefault(folder.name, name)
    if known != name:
        raise ConfigurationError(
            f"{known} and {name} are two environments of one name",
            hint="bundles are told apart by the names of their folders: build them one by one",
        )
