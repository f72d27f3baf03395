"""What came of an environment, kept by the digest of every file that its build may read.

Sealift's own code and the versions of its tools are in the key too, so no rule of the proof can be
stale.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from builder import cache
from builder.core.hosts import without_login
from builder.fleet.inputs import Inputs, sealed
from builder.tools import helm, kustomize

if TYPE_CHECKING:
    from builder.fleet.outcome import Outcome


def recall(root: Path, name: str, folder: str | None) -> tuple["Outcome", Inputs] | None:
    """Return what came of an environment when all was as it is now."""
    from builder.fleet.outcome import Outcome

    plain, found = plainly(root, name, folder)
    return (msgspec.convert(plain, Outcome), found) if plain and found else None


def plainly(root: Path, name: str, folder: str | None) -> tuple[dict[str, Any], Inputs | None]:
    """Return the same as plain values, by the fields of an outcome; an empty map for nothing.

    It needs nothing that reads or checks settings, which takes as long as all the rest.
    """
    paths = cache.get(_paths_key(root, name))
    found = sealed(root, paths) if paths else None
    plain = cache.get(_key(name, folder, found)) if found else None
    return plain or {}, found


def keep(root: Path, folder: str | None, found: Inputs, outcome: "Outcome") -> None:
    """Keep what came of an environment, unless its files have changed in the meantime.

    Nor is it kept where the address of its repository has a login.
    """
    to = outcome.settings.repository if outcome.settings else ""
    if sealed(root, found.paths) != found or (to.startswith("http") and without_login(to) != to):
        return
    cache.put(_paths_key(root, outcome.name), list(found.paths))
    cache.put(
        _key(outcome.name, folder, found), msgspec.to_builtins(outcome, builtin_types=(bytes,))
    )


def _paths_key(root: Path, name: str) -> bytes:
    return cache.key("inputs", str(root), name)


def _key(name: str, folder: str | None, found: Inputs) -> bytes:
    versions = (kustomize.find(), helm.find())
    return cache.key("outcome", versions, name, folder, found.paths, found.digest)
