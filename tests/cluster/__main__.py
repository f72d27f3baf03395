"""``python -m tests.cluster [PYTEST ARGUMENTS]``: run these tests where nothing can get out."""

import sys
import tempfile
from pathlib import Path

from tests.cluster.namespace import enter, first_process, shut_in

_INSIDE = "--inside"


def main(argv: list[str]) -> int:
    """Enter the namespace, set it up, run pytest in it."""
    if argv[:1] != [_INSIDE]:
        with tempfile.TemporaryDirectory(prefix="sealift-cluster-") as folder:
            return enter([sys.executable, "-m", "tests.cluster", _INSIDE, folder, *argv])
    shut_in(Path(argv[1]))
    here = str(Path(__file__).parent)
    return first_process(
        [sys.executable, "-m", "pytest", here, "-p", "no:cacheprovider", *argv[2:]]
    )


sys.exit(main(sys.argv[1:]))
