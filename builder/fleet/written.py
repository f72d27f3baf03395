"""A bundle between its build and its folder: packed to be kept, written unless it stands there."""

import zlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from builder.files import has_tree, write_tree


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return a bundle's files, path to bytes, as they pass from process to process."""
    return zlib.compress(msgspec.msgpack.encode(dict(files)), level=1)


def unpacked(data: bytes) -> Mapping[str, bytes]:
    """Return the files of a packed bundle."""
    return msgspec.msgpack.decode(zlib.decompress(data), type=dict[str, bytes])


def write(name: str, files: Mapping[str, bytes], output: Path) -> None:
    """Write a bundle to its folder below ``output``, unless that is what stands there.

    Raises ConfigurationError and OSError.
    """
    folder = output / name
    if not has_tree(folder, files):
        from builder.core import lock  # loads what reads YAML, which one that stands needs not

        write_tree(folder, files, marker=lock.FILE)
