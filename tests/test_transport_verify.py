"""What is not an archive as Sealift writes it is refused, whatever is wrong with it."""

import hashlib
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.core import transport
from builder.core.errors import ConfigurationError
from builder.transport.verify import before, verify
from tests.archives import SAFELY, Members, Silent, archive, packing, reseal, rewrite


def refusal(path: Path) -> str:
    """Why an archive is refused; with the place, and with what to do."""
    with pytest.raises(ConfigurationError) as caught:
        verify(path, Silent())
    assert caught.value.where
    return str(caught.value)


def test_a_whole_archive_is_taken(tmp_path: Path) -> None:
    found = verify(archive(tmp_path), Silent())
    assert [len(layout.blobs) for layout in found.layouts.values()] == [2]
    assert verify(archive(tmp_path / "split", 2000), Silent()).digest == found.digest


def test_the_same_contents_give_the_same_bytes(tmp_path: Path) -> None:
    one, parts = archive(tmp_path / "one"), archive(tmp_path / "parts", 2000)
    pieces = [part.read_bytes() for part in sorted(parts.parent.glob("*.tar.0*"))]
    assert b"".join(pieces) == one.read_bytes() == archive(tmp_path / "two").read_bytes()
    assert {len(piece) for piece in pieces[:-1]} == {2000}


def test_tar_and_sha256sum_read_it(tmp_path: Path) -> None:
    path = archive(tmp_path)
    with tarfile.open(path) as tar:
        names = tar.getnames()
        tar.extractall(tmp_path / "out", **SAFELY)
    assert names[:2] == [transport.SEAL, transport.CHECKSUMS]
    checksums = (tmp_path / "out" / transport.CHECKSUMS).read_bytes()
    assert (tmp_path / "out" / transport.SEAL).read_text().split() == [
        hashlib.sha256(checksums).hexdigest(),
        transport.CHECKSUMS,
    ]
    beside = path.with_name("site.tar.sha256").read_text()
    assert beside == f"{hashlib.sha256(path.read_bytes()).hexdigest()}  site.tar\n"


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    path = archive(tmp_path)
    path.with_name("site.tar.sha256").unlink()
    whole, chance = path.read_bytes(), random.Random(6)
    for offset in range(0, len(whole), 5):
        spoiled = bytearray(whole)
        spoiled[offset] ^= 1 << chance.randrange(8)
        path.write_bytes(spoiled)
        assert refusal(path), offset


def test_every_truncation_is_found(tmp_path: Path) -> None:
    path = archive(tmp_path)
    path.with_name("site.tar.sha256").unlink()
    whole = path.read_bytes()
    for size in (0, 1, 511, 512, 700, 1600, 3000, len(whole) - 1024, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert refusal(path), size
    path.write_bytes(whole + b"\0")
    assert "goes on behind its end" in refusal(path)


def extra(name: str, kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    data = b"evil" if kind == tarfile.REGTYPE else b""
    info.size = len(data)
    return info, data


STRANGERS = [
    extra("extra.txt"),
    extra("../evil"),
    extra("blobs/sha256/../../../evil"),
    extra("/etc/evil"),
    extra("blobs/sha256/" + "0" * 64),
    extra("index.json"),
    extra("link", tarfile.SYMTYPE),
    extra("index.json", tarfile.LNKTYPE),
    extra("device", tarfile.CHRTYPE),
    extra("pipe", tarfile.FIFOTYPE),
    extra("folder", tarfile.DIRTYPE),
    extra("pax", tarfile.XHDTYPE),
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda m: f"{m[0].name}-{m[0].type.decode()}")
@pytest.mark.parametrize("place", [0, 2, 5, 10])
def test_a_member_too_many(
    tmp_path: Path, stranger: tuple[tarfile.TarInfo, bytes], place: int
) -> None:
    path = archive(tmp_path)
    rewrite(path, lambda members: members.insert(place, stranger))
    assert repr(stranger[0].name)[1:-1] in refusal(path)


@pytest.mark.parametrize("stranger", STRANGERS[:6], ids=lambda m: m[0].name)
def test_a_member_too_many_that_its_checksums_name(
    tmp_path: Path, stranger: tuple[tarfile.TarInfo, bytes]
) -> None:
    def change(members: Members) -> None:
        entry = transport.member(stranger[0].name, stranger[1])
        named = {"name": entry.name, "size": entry.size, "sha256": entry.sha256}
        reseal(members, lambda value: value["members"].append(named))
        members.append(stranger)

    path = archive(tmp_path)
    rewrite(path, change)
    assert transport.CHECKSUMS in refusal(path)


def test_a_device_in_the_place_of_a_blob(tmp_path: Path) -> None:
    def change(members: Members) -> None:
        members[-1][0].type = tarfile.CHRTYPE

    path = archive(tmp_path)
    rewrite(path, change)
    assert "which is no plain file" in refusal(path)


def test_a_member_too_few_and_members_out_of_order(tmp_path: Path) -> None:
    path = archive(tmp_path)
    rewrite(path, lambda members: members.__delitem__(4))
    assert "ends too early" in refusal(path)
    again = archive(tmp_path / "again")
    rewrite(again, lambda members: members.insert(7, members.pop(8)))
    assert "should stand" in refusal(again)


def drop_last(value: dict[str, Any]) -> None:
    value["members"].pop()


CHANGES: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("another format", lambda v: v.update(format=2), "has the format 2"),
    ("an unknown key", lambda v: v.update(more=1), "is not what Sealift writes"),
    ("a blob less", drop_last, "and does not name it"),
    ("another blob", lambda v: v["blobs"].pop(), "its locks do not need"),
    ("another environment", lambda v: v.update(environment="b"), "is of b, and its lock of site"),
    ("an expected image", lambda v: v.update(expected=["a/b:1"]), "which is not locked"),
    ("a fixed file less", lambda v: v["members"].pop(0), "has to name oci-layout"),
    ("a digest", lambda v: v["members"][0].update(sha256="sha256:x"), "is not what Sealift"),
    ("a size", lambda v: v["members"][0].update(size=-1), "is not what Sealift writes"),
    ("a repeated name", lambda v: v["members"].append(v["members"][-1]), "names a blob twice"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_checksums_of_something_else(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    path = archive(tmp_path)
    rewrite(path, lambda members: reseal(members, change))
    assert said in refusal(path)


@pytest.mark.parametrize("name", ["checksums.json", "site.tar", "site.tar.001"])
def test_an_archive_before_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="there is no such archive"):
        before(tmp_path / name)


def test_what_an_archive_after_another_leaves_out(tmp_path: Path) -> None:
    """Layers and configurations it may; manifests it may not."""
    whole = packing()
    for index, blob in enumerate(whole.contents.blobs):
        path = archive(tmp_path / str(index))

        def change(members: Members, index: int = index) -> None:
            del members[2 + len(transport.FIXED) + index]
            place = len(transport.FIXED) + index
            reseal(
                members,
                lambda v: (v["members"].pop(place), v.update(since="sha256:" + "0" * 64))[1],
            )

        rewrite(path, change)
        if b"layers" in whole.small[transport.blob_member(blob.digest, 0).name]:
            assert f"has no manifest {blob.digest}" in refusal(path)
        else:
            assert verify(path, Silent()).contents.left_out == (blob,)


def test_an_archive_whose_locks_need_other_blobs(tmp_path: Path) -> None:
    given = packing()
    other = packing(b"another layer " * 90)
    taken = ("index.json", "images.lock.yaml")
    small = {**given.small, **{name: other.small[name] for name in taken}}
    members = tuple(transport.member(m.name, small[m.name]) for m in given.contents.members)
    mixed = packing(members=members)
    path = archive(tmp_path, given=type(mixed)(contents=mixed.contents, small=small, sources={}))
    assert "has no manifest" in refusal(path)


def test_what_tar_makes_of_the_same_files_is_no_archive(tmp_path: Path) -> None:
    path = archive(tmp_path)
    with tarfile.open(path) as tar:
        tar.extractall(tmp_path / "out", **SAFELY)
    with tarfile.open(tmp_path / "again.tar", "w") as tar:
        tar.add(tmp_path / "out", arcname=".")
    assert "is no archive of Sealift" in refusal(tmp_path / "again.tar")


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    first = archive(tmp_path, 2000)
    return sorted(
        path for path in tmp_path.iterdir() if path.name.startswith(first.name[:-3] + "0")
    )


def test_parts_that_are_not_right(parts: list[Path]) -> None:
    first, second, *_, last = parts
    assert len(parts) > 3
    content = second.read_bytes()
    second.unlink()
    assert "part 2 of site.tar is missing" in refusal(first)
    second.write_bytes(content[:-1])
    assert "has 1,999 bytes, and the first part 2,000" in refusal(first)
    second.write_bytes(content)
    more = last.with_name(f"site.tar.{len(parts) + 1:03}")
    more.write_bytes(b"more")
    assert refusal(first)
    more.unlink()
    tail = last.read_bytes()
    last.write_bytes(tail[:-1])
    assert "ends too early: 1 of" in refusal(first)
    last.unlink()
    assert "site.tar.sha256" in refusal(first)
    last.write_bytes(tail)
    assert "is not the first part" in refusal(second)
    second.unlink()
    second.symlink_to("/dev/zero")
    assert "is not a file" in refusal(first)
    second.unlink()
    second.write_bytes(parts[2].read_bytes())
    assert refusal(first)
    second.write_bytes(content)
    assert verify(first, Silent())


def test_checksums_beside_the_parts_that_are_of_others(parts: list[Path]) -> None:
    beside = parts[0].with_name("site.tar.sha256")
    text = beside.read_text()
    beside.write_text(text.replace("site.tar.002", "../../evil"))
    assert "names other files" in refusal(parts[0])
    beside.write_text(text + text.splitlines()[0] + "\n")
    assert "names other files" in refusal(parts[0])
    beside.write_text(("0" if text[0] != "0" else "1") + text[1:])
    assert "site.tar.001: is not what site.tar.sha256 says" in refusal(parts[0])
    beside.unlink()
    assert verify(parts[0], Silent())
