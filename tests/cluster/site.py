"""What stands inside the network beside the cluster: forge, registry, chart repository.

Each has the name that the example environment gives it, an address of its own on loopback, and
the port that its URLs imply.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy

from tests.cluster.recorder import Recorder
from tests.servers.chart_repository import chart_repository
from tests.servers.gitea import Gitea, gitea
from tests.servers.htpasswd import htpasswd_line
from tests.servers.place import Place
from tests.servers.registry import Registry, registry
from tests.servers.tls import CA

USER, PASSWORD = "puller", "correct-horse-registry"
GIT = Place("git.yourdomain.com", "127.0.1.1", 443)
REGISTRY = Place("registry.yourdomain.com", "127.0.1.2", 443)
CHARTS = Place("charts.yourdomain.com", "127.0.1.3", 80)
_PLACES = (GIT, REGISTRY, CHARTS)
NAMES = {place.name: place.address for place in _PLACES}


@dataclass(frozen=True)
class Site:
    """The servers; ``folder`` has their files."""

    forge: Gitea
    registry: Registry
    folder: Path

    @property
    def shelf(self) -> Path:
        """The charts of the chart repository."""
        return self.folder / "charts"

    def registry_password(self, password: str) -> None:
        """Let the registry take this password only; it reads the file when that has changed."""
        (self.folder / "registry" / "htpasswd").write_text(htpasswd_line(USER, password))


@contextmanager
def site(folder: Path, ca: CA, recorder: Recorder, charts: Path) -> Iterator[Site]:
    """Run all of it until the block ends, with the chart archives of a folder."""
    shelf = folder / "charts"
    shelf.mkdir(parents=True)
    for archive in charts.glob("*.tgz"):
        copy(archive, shelf)
    recorder.names.update(NAMES)
    with ExitStack() as stack:
        stack.enter_context(chart_repository(shelf, place=CHARTS))
        images = registry(
            folder / "registry", username=USER, password=PASSWORD, tls=ca, place=REGISTRY
        )
        forge = gitea(folder / "gitea", tls=ca, place=GIT)
        yield Site(stack.enter_context(forge), stack.enter_context(images), folder)
