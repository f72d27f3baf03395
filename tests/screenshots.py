"""Takes the pictures of ``docs/report.md``: ``python -m tests.screenshots FOLDER``.

The pages are of the stand-in charts: nothing of anybody's is in them.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from builder.cli import main
from tests.browser import Scheme, browser, opened
from tests.conftest import CHARTS, REPOSITORY
from tests.pages import fleet_page

SHOTS: tuple[tuple[str, str, Scheme, int], ...] = (
    ("ships", "example", "light", 1180),
    ("does-not-ship", "guide", "dark", 1180),
    ("fleet", "fleet", "light", 1000),
)
"""Name, environment, scheme, height in pixels."""


def take(folder: Path) -> None:
    """Write all pages below a temporary folder, and their pictures to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, browser() as started:
        root = Path(temporary)
        for name in ("base", "overlays"):
            subprocess.run(["cp", "-R", str(REPOSITORY / name), str(root / name)], check=True)
        flags = ["--root", str(root)]
        assert main(["-q", "vendor", "wandb", "--from", str(CHARTS), *flags]) == 0
        for name, environment, scheme, height in SHOTS:
            path = root / f"{name}.html"
            if environment == "fleet":
                path.write_text(fleet_page(200))
            else:
                main(["-q", "report", environment, "-o", str(path), *flags])
            with opened(started, path, scheme, (1280, height)) as watched:
                watched.page.screenshot(path=folder / f"report-{name}.png")
        path = root / "ships.html"
        with opened(started, path, "light", (1280, 900)) as watched:
            watched.page.locator("#closure").screenshot(path=folder / "report-closure.png")


if __name__ == "__main__":
    take(Path(sys.argv[1]))
