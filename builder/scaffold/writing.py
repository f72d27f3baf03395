"""Files that are written together: all of them, or none."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from builder.files import write_bytes


def write_together(root: Path, files: Mapping[str, bytes | None]) -> None:
    """Write files by their paths below the root, and remove those that are None.

    When one cannot be written, or the run is interrupted, all are as they were, folders too.
    """
    before = {path: _content(root / path) for path in files}
    made = [folder for folder in _folders(root, files) if not folder.exists()]
    try:
        for path, content in files.items():
            _put(root / path, content)
    except BaseException:
        for path, content in before.items():
            if _content(root / path) != content:
                _put(root / path, content)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    _drop_empty(root, [path for path, content in files.items() if content is None])


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _put(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        write_bytes(path, content)


def _folders(root: Path, paths: Mapping[str, bytes | None]) -> list[Path]:
    """Return all folders on the way to some files, those above first."""
    found = {parent for path in paths for parent in (root / path).parents}
    return sorted(found, key=lambda folder: len(folder.parts))


def _drop_empty(root: Path, removed: Sequence[str]) -> None:
    for folder in _above(root, removed):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _above(root: Path, removed: Sequence[str]) -> Iterator[Path]:
    for path in removed:
        parent = (root / path).parent
        while parent != root:
            yield parent
            parent = parent.parent
