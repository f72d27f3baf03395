"""Three versions of a text made one, as git merges files."""

import tempfile
from pathlib import Path

from builder.tools.command import CommandError, run

_MOST_CONFLICTS = 127  # what git merge-file returns at the most; above are its errors


def merge(mine: bytes, before: bytes, theirs: bytes) -> tuple[bytes, int]:
    """Return ``mine`` with the changes from ``before`` to ``theirs``, and how many places conflict.

    Those stand between markers. Raises CommandError for what is no text, or without git.
    """
    with tempfile.TemporaryDirectory(prefix="sealift-") as folder:
        paths = [Path(folder) / name for name in ("mine", "before", "theirs")]
        for path, content in zip(paths, (mine, before, theirs), strict=True):
            path.write_bytes(content)
        labels = ["-L", "yours", "-L", "before", "-L", "scaffold"]
        argv = ["git", "merge-file", "--quiet", "--diff3", *labels, *map(str, paths)]
        try:
            run(argv, env={"GIT_CONFIG_NOSYSTEM": "1"}, cwd=Path(folder))
        except CommandError as error:
            if error.returncode is None or not 0 < error.returncode <= _MOST_CONFLICTS:
                raise
            return paths[0].read_bytes(), error.returncode
        return paths[0].read_bytes(), 0
