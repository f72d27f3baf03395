"""A Helm chart repository over HTTP, made of a folder of chart archives."""

import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from tests.servers.http_site import Request, Site, SiteHandler, serving
from tests.servers.place import ANYWHERE, Place
from tests.servers.tls import CA


@dataclass(frozen=True)
class ChartRepository:
    """A running repository: its address for ``--repo`` and the requests it has had."""

    url: str
    requests: list[Request]


@dataclass(frozen=True)
class _Shelf:
    """The charts of a folder, read anew on each request: tests may change them meanwhile."""

    folder: Path
    wrong_digest: bool
    absolute_urls: bool
    uploads: bool = True

    def take(self, data: bytes, *, force: bool) -> bool:
        """Keep an archive; tell whether that was right."""
        incoming = self.folder / "incoming"
        incoming.write_bytes(data)
        metadata = _metadata(incoming)
        target = self.folder / f"{metadata['name']}-{metadata['version']}.tgz"
        if target.exists() and not force:
            incoming.unlink()
            return False
        incoming.replace(target)
        return True

    def archive(self, name: str) -> bytes | None:
        path = self.folder / name
        listed = "/" not in name and name.endswith(".tgz") and path.is_file()
        return path.read_bytes() if listed else None

    def index(self, base_url: str) -> bytes:
        entries: dict[str, list[dict[str, Any]]] = {}
        for path in sorted(self.folder.glob("*.tgz")):
            metadata = _metadata(path)
            url = f"{base_url}/{path.name}" if self.absolute_urls else path.name
            entry = {**metadata, "urls": [url], "digest": self._digest(path)}
            entries.setdefault(metadata["name"], []).append(entry)
        return yaml.safe_dump({"apiVersion": "v1", "entries": entries}).encode()

    def _digest(self, path: Path) -> str:
        content = b"other bytes" if self.wrong_digest else path.read_bytes()
        return hashlib.sha256(content).hexdigest()


class _Handler(SiteHandler):
    def __init__(self, shelf: _Shelf, scheme: str, *rest: Any) -> None:
        self._shelf = shelf
        self._scheme = scheme
        super().__init__(*rest)

    def do_GET(self) -> None:  # noqa: N802
        if not self.admit():
            return
        name = unquote(urlsplit(self.path).path).lstrip("/")
        if name == "index.yaml":
            index = self._shelf.index(f"{self._scheme}://{self.headers['Host']}")
            self.reply(200, index, {"Content-Type": "text/yaml"})
        elif (archive := self._shelf.archive(name)) is not None:
            self.reply(200, archive, {"Content-Type": "application/gzip"})
        else:
            self.reply(404, b"no such chart\n")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:  # noqa: N802
        """Take an archive in, as ChartMuseum does; a version that is there, by force only."""
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.admit():
            return
        address = urlsplit(self.path)
        if address.path != "/api/charts" or not self._shelf.uploads:
            self.reply(405, b"no uploads\n")
            return
        state = self._shelf.take(data, force="force" in address.query)
        self.reply(*((201, b'{"saved":true}') if state else (409, b'{"error":"exists"}')))


@contextmanager
def chart_repository(
    folder: Path,
    *,
    username: str | None = None,
    password: str | None = None,
    latency: float = 0.0,
    wrong_digest: bool = False,
    absolute_urls: bool = False,
    tls: CA | None = None,
    uploads: bool = True,
    place: Place = ANYWHERE,
) -> Iterator[ChartRepository]:
    """Serve the ``.tgz`` charts of a folder, and an index of them, until the block ends."""
    site = Site(username, password, latency)
    shelf = _Shelf(folder, wrong_digest, absolute_urls, uploads)
    handler = partial(_Handler, shelf, "http" if tls is None else "https", site)
    with serving(handler, site, tls, place) as url:
        yield ChartRepository(url, site.requests)


def _metadata(archive: Path) -> dict[str, Any]:
    """The Chart.yaml at the top of an archive, not one of its dependencies'."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.count("/") == 1 and member.name.endswith("/Chart.yaml"):
                content = tar.extractfile(member)
                assert content is not None
                metadata: dict[str, Any] = yaml.safe_load(content)
                return metadata
    raise ValueError(f"{archive.name} holds no Chart.yaml")
