"""An archive on disk: what is kept, what is written again, what is left alone."""

import errno
import os
import resource
import tracemalloc
from pathlib import Path
from typing import BinaryIO

import pytest

from builder.core import transport
from builder.core.errors import ConfigurationError, ToolError
from builder.core.transport import Span
from builder.tools.checked_reader import DamagedError
from builder.transport import volume as volumes
from builder.transport import writing
from builder.transport.verify import verify
from builder.transport.volume import Volume
from builder.transport.writing import Exported, write
from tests.archives import Silent, archive, packing


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    path = tmp_path / "layer"
    path.write_bytes(bytes(range(256)) * 40)
    return path


def written(folder: Path, layer: Path, split: int | None = None) -> Exported:
    found, failures = write(packing(layer), folder / "site.tar", Silent(), split=split, jobs=2)
    assert failures == []
    assert found is not None
    return found


def test_what_is_there_is_not_written_again(tmp_path: Path, layer: Path) -> None:
    first = written(tmp_path / "usb", layer)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "usb").iterdir()}
    again = written(tmp_path / "usb", layer)
    assert (first.written > 10_000, again.written) == (True, 0)
    assert {path: path.stat().st_mtime_ns for path in first.paths}.items() <= before.items()


def test_what_was_spoiled_meanwhile_is_written_again(tmp_path: Path, layer: Path) -> None:
    whole = written(tmp_path / "usb", layer, 4000)
    content = b"".join(path.read_bytes() for path in whole.paths)
    for path in whole.paths:  # as an export that broke off leaves them
        path.rename(path.with_name(path.name + ".partial"))
    (tmp_path / "usb" / "site.tar.sha256").unlink()
    second = tmp_path / "usb" / "site.tar.002.partial"
    spoiled = bytearray(second.read_bytes())
    spoiled[100] ^= 1
    second.write_bytes(spoiled)
    again = written(tmp_path / "usb", layer, 4000)
    assert 0 < again.written < whole.written
    assert b"".join(path.read_bytes() for path in again.paths) == content
    assert not list((tmp_path / "usb").glob("*.partial"))


def test_files_of_another_archive_are_left_alone(tmp_path: Path, layer: Path) -> None:
    path = archive(tmp_path)
    content = path.read_bytes()
    for given, split in ((packing(layer), None), (packing(), 2000)):
        with pytest.raises(ConfigurationError, match="is of another archive"):
            write(given, path, Silent(), split=split, jobs=1)
    path.with_name("site.tar.sha256").unlink()
    path.write_bytes(b"?" * len(content))
    with pytest.raises(ConfigurationError, match="is of another archive") as caught:
        write(packing(), path, Silent(), split=None, jobs=1)
    assert "name another file" in str(caught.value.hint)
    assert path.read_bytes() == b"?" * len(content)
    assert sorted(p.name for p in tmp_path.glob("site*")) == ["site.tar"]


def test_a_source_that_gives_something_else(tmp_path: Path, layer: Path) -> None:
    given = packing(layer)
    layer.write_bytes(layer.read_bytes()[:-1] + b"?")
    found, (failure,) = write(given, tmp_path / "usb" / "site.tar", Silent(), split=None, jobs=1)
    assert found is None
    assert isinstance(failure.error, DamagedError)
    assert [path.name for path in (tmp_path / "usb").iterdir()] == ["site.tar.partial"]


def test_a_file_system_that_takes_no_large_files(tmp_path: Path, layer: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(ToolError, match="File too large") as caught:
            write(packing(layer), tmp_path / "site.tar", Silent(), split=None, jobs=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "use --split 4GB" in str(caught.value.hint)


def test_memory_does_not_grow_with_the_blobs(tmp_path: Path, layer: Path) -> None:
    with layer.open("wb") as file:
        file.truncate(96 * 2**20)
    given = packing(layer)
    tracemalloc.start()
    try:
        found, _ = write(given, tmp_path / "site.tar", Silent(), split=2**25, jobs=2)
        assert found is not None
        read = verify(found.paths[0], Silent())
        ((digest, size),) = ((b.digest, b.size) for b in read.contents.blobs if b.size > 2**20)
        with read.source.reading(digest, size, lambda _: None) as reader:
            assert sum(map(len, iter(lambda: reader.read(2**20), b""))) == size
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 * 2**20


def test_another_split_is_another_set_of_files(tmp_path: Path, layer: Path) -> None:
    digests = {written(tmp_path / str(split), layer, split).digest for split in (None, 700, 5000)}
    assert len(digests) == 1
    spans = transport.spans(packing(layer).contents, packing(layer).checksums)
    assert spans[-1].end + 1024 == (tmp_path / "None" / "site.tar").stat().st_size


@pytest.mark.parametrize("name", ["site.tar", "site.tar.partial", "site.tar.sha256"])
@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_written_through_a_link(
    tmp_path: Path, layer: Path, name: str, there: bool
) -> None:
    victim, usb = tmp_path / "victim", tmp_path / "usb"
    usb.mkdir()
    if there:
        victim.write_text("precious")
    (usb / name).symlink_to(victim)
    with pytest.raises(ConfigurationError, match="is a link") as caught:
        write(packing(layer), usb / "site.tar", Silent(), split=None, jobs=1)
    assert caught.value.where == str(usb / name)
    assert victim.exists() == there
    assert not there or victim.read_text() == "precious"
    assert [path.name for path in usb.iterdir()] == [name]


def test_a_link_that_comes_meanwhile_is_not_followed(
    tmp_path: Path, layer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, partial = tmp_path / "victim", tmp_path / "site.tar.partial"
    victim.write_text("precious")
    done = writing._done

    def swap(volume: Volume, span: Span) -> bool:
        found = done(volume, span)
        partial.unlink(missing_ok=True)
        partial.symlink_to(victim)
        return found

    monkeypatch.setattr(writing, "_done", swap)
    with pytest.raises(ToolError, match="cannot be written"):
        write(packing(layer), tmp_path / "site.tar", Silent(), split=None, jobs=1)
    assert victim.read_text() == "precious"


def test_a_full_disk_is_one_error_that_says_where(
    tmp_path: Path, layer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    really = volumes._opened

    def full(path: Path, flags: int = 0) -> BinaryIO:
        if not flags:
            opened.append(path)
            if len(opened) > 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return really(path, flags)

    monkeypatch.setattr(volumes, "_opened", full)
    with pytest.raises(ToolError, match="No space left on device") as caught:
        write(packing(layer), tmp_path / "site.tar", Silent(), split=None, jobs=1)
    assert str(tmp_path / "site.tar.partial") in caught.value.what
    assert "make room" in str(caught.value.hint)
    assert len(opened) == 4  # and nothing was tried after that
