"""A copy of the sources to work on, and what of it is brought back: all of it, or nothing."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builder import sources
from builder.core import charts_lock
from builder.core.errors import SealiftError
from builder.files import write_bytes, write_tree
from builder.workspace import Overlay, environments, find_overlay

# What decides which charts there are is written last: until then, a second run does all again.
_LAST = (charts_lock.FILE, "base.yaml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A file with its content before and after, by its path below the root; None where it is not.

    ``unpacked`` is the folder of a chart that it belongs to, which is written whole.
    """

    path: str
    before: bytes | None
    after: bytes | None
    unpacked: str = ""


@contextmanager
def working_copy(overlay: Overlay) -> Iterator[Path]:
    """Copy all that environments are built from to a folder of its own; return its root."""
    with tempfile.TemporaryDirectory(prefix="sealift-") as folder:
        copy = Path(folder).resolve() / "source"
        copy.mkdir()
        for name in sorted(_parts(overlay)):
            original, target = overlay.root / name, copy / name
            if original.is_dir():
                shutil.copytree(original, target, symlinks=True)
            elif original.is_file():
                shutil.copy2(original, target)
        _keep_links_inside(overlay.root, copy)
        yield copy


def in_copy(overlay: Overlay, copy: Path) -> Overlay:
    """Read the overlay as it stands in a copy now. Raises ConfigurationError."""
    return find_overlay(copy, f"{copy}/{overlay.folder.relative_to(overlay.root)}")


def _parts(overlay: Overlay) -> set[str]:
    """Return the files and folders of the root that an environment is made of."""
    root = overlay.root
    found = {"base", "overlays", *_top(root, [overlay.folder])}
    for one in (overlay, *_others(overlay)):
        settings = one.environment
        files = [*settings.certificates, settings.secrets.certificate or ""]
        found |= _top(root, (root / file for file in files if file))
        try:
            found |= _top(root, (k.folder for k in sources.tree(one.folder, root)))
        except SealiftError:
            continue  # whoever builds it is told
    waiting = sorted(found)
    while waiting:
        more = _top(root, _targets(root / waiting.pop())) - found
        found |= more
        waiting += sorted(more)
    return found


def _others(overlay: Overlay) -> Iterator[Overlay]:
    for name in environments(overlay.root):
        try:
            yield find_overlay(overlay.root, name)
        except SealiftError:
            continue


def _top(root: Path, paths: Iterator[Path] | Sequence[Path]) -> set[str]:
    inside = (path.resolve() for path in paths)
    return {p.relative_to(root).parts[0] for p in inside if p.is_relative_to(root) and p != root}


def _targets(folder: Path) -> Iterator[Path]:
    """Yield where the links in a folder lead."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent) / name
            if path.is_symlink():
                yield path


def _keep_links_inside(root: Path, copy: Path) -> None:
    """Let links that name the root by its whole path lead into the copy."""
    for link in _targets(copy):
        target = link.readlink()
        if target.is_absolute() and target.is_relative_to(root):
            link.unlink()
            link.symlink_to(copy / target.relative_to(root))


def differences(root: Path, copy: Path) -> list[Difference]:
    """Return the files that a copy has otherwise, sorted by path."""
    found = []
    for part in (path.name for path in copy.iterdir()):
        old, new = _files(root, part), _files(copy, part)
        for path in sorted(old.keys() | new.keys()):
            before = old[path].read_bytes() if path in old else None
            after = new[path].read_bytes() if path in new else None
            if before != after:
                found.append(
                    Difference(path=path, before=before, after=after, unpacked=_unpacked(path))
                )
    return sorted(found, key=lambda d: d.path)


def _files(root: Path, part: str) -> dict[str, Path]:
    """Return the files of a part of the root by their paths; what a link leads to is no part."""
    return {
        path.relative_to(root).as_posix(): path
        for path in (root / part, *(root / part).rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def _unpacked(path: str) -> str:
    """Return the folder of the chart that a file belongs to: ``base/x/charts/name-1.2.3``."""
    parts = PurePosixPath(path).parts
    below = len(parts) > 5 and parts[0] == "base" and parts[2] == "charts"
    return "/".join(parts[:4]) if below else ""


def bring_back(root: Path, copy: Path, found: Sequence[Difference]) -> None:
    """Write what a copy has otherwise: charts first, then files, then what is gone.

    Each file, and each chart, is written whole or not at all. After an end in between, a second
    run of the same finds what is left to do.
    """
    come = [d for d in found if d.after is not None]
    gone = [d for d in found if d.after is None]
    for folder in dict.fromkeys(d.unpacked for d in come if d.unpacked):
        files = _files(copy, folder)
        content = {
            str(PurePosixPath(p).relative_to(folder)): f.read_bytes() for p, f in files.items()
        }
        [name] = {path.partition("/")[0] for path in content}
        write_tree(root / folder, content, marker=f"{name}/Chart.yaml")
    for difference in sorted((d for d in come if not d.unpacked), key=_turn):
        assert difference.after is not None  # noqa: S101 - those that come have it
        write_bytes(root / difference.path, difference.after)
    for folder in dict.fromkeys(d.unpacked for d in gone if d.unpacked):
        if not (copy / folder).exists():
            shutil.rmtree(root / folder)
    for difference in gone:
        path = root / difference.path
        path.unlink(missing_ok=True)
        if path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()


def _turn(difference: Difference) -> tuple[int, str]:
    """Order files so that none names another that is not there yet."""
    name = PurePosixPath(difference.path).name
    if difference.path.endswith(".tgz"):
        return 0, difference.path
    if name in _LAST:
        return 3 + _LAST.index(name), difference.path
    return 2 if name.lower().startswith("kustomization") else 1, difference.path
