"""Archives made without any server, whole or spoiled, for what reads them."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from builder.core import images_lock, oci_layout, transport
from builder.core import lock as locks
from builder.core.images_lock import ImagesLock, SourcedImage
from builder.core.lock import Lock, LockedImage
from builder.core.transport import Commits, Contents, Held
from builder.transport.packing import Packing
from builder.transport.sources import FileSource
from builder.transport.writing import Exported, write

IMAGE = "registry.example.com/m/acme/app:1"
OTHER = "docker.io/acme/other:1"


# Debian 12's Python 3.11.2 does not know it, Python 3.14 warns without it.
SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


class Silent:
    """Progress that nobody looks at."""

    def planned(self, size: int) -> None: ...
    def advanced(self, size: int) -> None: ...
    def finished(self, image: str, copied: int) -> None: ...
    def stop(self) -> None: ...


def packing(layer: bytes | Path = b"layer " * 300, **changes: Any) -> Packing:
    """An archive of one image, with ``changes`` to its contents; a layer may be a file."""
    size = len(layer) if isinstance(layer, bytes) else layer.stat().st_size
    layer_digest = transport.digest(layer) if isinstance(layer, bytes) else file_digest(layer)
    config = b'{"os": "linux"}'
    manifest = json.dumps({
        "config": {"digest": transport.digest(config), "size": len(config)},
        "layers": [{"digest": layer_digest, "size": size}],
    }).encode()  # fmt: skip
    digest = transport.digest(manifest)
    entry = SourcedImage(
        image=IMAGE,
        source=OTHER,
        digest=digest,
        media_type=oci_layout.MANIFEST,
        size=len(manifest + config) + size,
    )
    root = oci_layout.Root(
        name=IMAGE, digest=digest, media_type=oci_layout.MANIFEST, size=len(manifest)
    )
    lock = Lock(
        lock_version=locks.VERSION,
        environment="site",
        kubernetes="1.30",
        charts=(),
        images=(LockedImage(image=IMAGE, digest=digest, used_by=()),),
        nested=(),
    )
    files = {
        transport.OCI_LAYOUT: oci_layout.LAYOUT,
        transport.INDEX: oci_layout.index([root]),
        transport.IMAGES_LOCK: images_lock.dump(
            ImagesLock(lock_version=images_lock.VERSION, images=(entry,))
        ).encode(),
        transport.BUNDLE_LOCK: locks.dump(lock).encode(),
        transport.GIT: b"# v2 git bundle\n",
    }
    blobs = {transport.digest(data): data for data in (config, manifest)}
    blobs |= {layer_digest: layer} if isinstance(layer, bytes) else {}
    sizes = {digest: len(data) for digest, data in blobs.items()} | {layer_digest: size}
    contents = Contents(
        format=transport.FORMAT,
        environment="site",
        commits=Commits(commit="1" * 40, tree="2" * 40, branch="main", path="site"),
        members=(
            *(transport.member(name, files[name]) for name in transport.FIXED),
            *(transport.blob_member(d, sizes[d]) for d in sorted(sizes)),
        ),
        blobs=tuple(
            Held(digest=d, size=sizes[d], repositories=("registry.example.com/m/acme/app",))
            for d in sorted(sizes)
        ),
    )
    small = files | {transport.blob_member(d, 0).name: data for d, data in blobs.items()}
    return Packing(
        contents=msgspec.structs.replace(contents, **changes),
        small=small,
        sources={} if isinstance(layer, bytes) else {layer_digest: FileSource(path=layer)},
    )


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def archive(folder: Path, split: int | None = None, given: Packing | None = None) -> Path:
    """Write an archive; returns its file, or its first part."""
    written, failures = write(
        given or packing(), folder / "site.tar", Silent(), split=split, jobs=2
    )
    assert failures == []
    assert isinstance(written, Exported)
    return written.paths[0]


Members = list[tuple[tarfile.TarInfo, bytes]]


def rewrite(path: Path, change: Callable[[Members], None]) -> None:
    """Change the members of an archive, as whoever has tar could."""
    with tarfile.open(path) as tar:
        members = [(m, tar.extractfile(m).read()) for m in tar]  # type: ignore[union-attr]
    change(members)
    raw = io.BytesIO()
    for info, data in members:
        raw.write(info.tobuf(tarfile.GNU_FORMAT))
        raw.write(data + bytes(-len(data) % transport.BLOCK))
    path.write_bytes(raw.getvalue() + transport.END)
    transport_sidecar = path.with_name(path.name + ".sha256")
    transport_sidecar.unlink(missing_ok=True)


def reseal(members: Members, change: Callable[[dict[str, Any]], None]) -> None:
    """Change ``checksums.json`` as well, so that it is in itself right."""
    value = json.loads(members[1][1])
    change(value)
    data = json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
    seal = transport.seal(data)
    for index, content in ((0, seal), (1, data)):
        members[index][0].size = len(content)
        members[index] = (members[index][0], content)
