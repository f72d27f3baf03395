"""Chart archives: what is not safe to unpack is refused, what is written is always the same."""

import gzip
import io
import tarfile
from collections.abc import Mapping

import pytest

from builder.core import archive, tarball
from builder.core.errors import ConfigurationError

META = b"name: app\nversion: 1.2.3\n"


def packed(files: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """A .tgz with files, and with members of any kind."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, content in files.items():
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if isinstance(content, bytes):
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            else:
                tar.addfile(member)
    return raw.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def refused(data: bytes) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        archive.read(data, source="app.tgz")
    return caught.value


def chart(name: str, *dependencies: str, version: str = "1.0.0") -> bytes:
    text = f"name: {name}\nversion: {version}\n"
    if dependencies:
        text += "dependencies:\n" + "".join(
            f"- {{name: {d}, version: 1.0.0, condition: {d}.enabled}}\n" for d in dependencies
        )
    return text.encode()


def test_a_chart_is_read() -> None:
    found = archive.read(packed({"app/Chart.yaml": META, "app/a/b.txt": b"x"}), source="app.tgz")
    assert (found.name, found.version) == ("app", "1.2.3")
    assert found.files == {"Chart.yaml": META, "a/b.txt": b"x"}


@pytest.mark.parametrize("name", ["../evil", "app/../../evil", "/etc/evil", "app\\..\\evil"])
def test_a_member_that_leaves_the_folder(name: str) -> None:
    error = refused(packed({"app/Chart.yaml": META, name: b"x"}))
    assert str(error) == f"app.tgz: the member {name!r} leaves the archive's folder"
    assert error.hint == "do not use this archive; get it from its source again"


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
    ids=["symlink", "hard link", "character device", "block device", "pipe"],
)
def test_a_member_that_is_no_file(kind: bytes) -> None:
    member = special("app/x", kind, "app/Chart.yaml")
    error = refused(packed({"app/Chart.yaml": META, "app/x": member}))
    assert str(error) == "app.tgz: the member 'app/x' is a link or a device"


def sparse(name: str, size: int) -> bytes:
    """A header of a file that is one hole, as GNU tar writes it (gnu.org, "Basic Tar Format")."""
    header = bytearray(special(name, tarfile.GNUTYPE_SPARSE).tobuf(format=tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0" % size + b"%011o\0" % 0
    header[483:495] = b"%011o\0" % size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def test_a_file_with_holes() -> None:
    """It would be as long as it says, and the archive has some bytes."""
    plain = gzip.decompress(packed({"app/Chart.yaml": META}))
    error = refused(gzip.compress(sparse("app/hole", 2_000_000) + plain))
    assert str(error) == "app.tgz: the member 'app/hole' has holes"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"app/Chart.yaml": META, "other/x": b""}, "does not hold one folder with a chart"),
        ({}, "does not hold one folder with a chart"),
        ({"app/values.yaml": b""}, "has no Chart.yaml"),
        ({"Chart.yaml": META}, "has no Chart.yaml"),
        ({"other/Chart.yaml": META}, "the chart app stands in a folder other"),
        ({"app/Chart.yaml": b"name: app\n"}, "Chart.yaml: has no name or no version"),
        ({"app/Chart.yaml": b"- a\n"}, "Chart.yaml: has no name or no version"),
        ({"app/Chart.yaml": b"name: ../x\nversion: 1\n"}, "Chart.yaml: the name '../x' is not one"),
        ({"app/Chart.yaml": b"name: app\nversion: ../../x\n"},
         "Chart.yaml: the version '../../x' is not one"),
    ],
    ids=["two folders", "empty", "no Chart.yaml", "no folder", "other name", "no version", "list",
         "name of a path", "version of a path"],
)  # fmt: skip
def test_what_is_no_chart(files: Mapping[str, bytes], message: str) -> None:
    assert str(refused(packed(files))) == f"app.tgz: {message}"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no gzip", "app.tgz: is not a .tgz archive: Error -3 while decompressing data: "
         "incorrect header check"),
        (packed({"app/Chart.yaml": META})[:-10],
         "app.tgz: is not a .tgz archive: it ends too early"),
    ],
    ids=["no gzip", "cut"],
)  # fmt: skip
def test_what_is_no_archive(data: bytes, message: str) -> None:
    assert str(refused(data)) == message


def test_a_second_gzip_member_would_hide_files_from_us_but_not_from_helm() -> None:
    data = packed({"app/Chart.yaml": META})
    hidden = packed({"app/templates/evil.yaml": b"x"})
    assert str(refused(data + hidden)) == "app.tgz: is not a .tgz archive: it goes on after its end"


def test_an_archive_that_grows_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarball, "MAX_BYTES", 2**20)
    bomb = packed({"app/Chart.yaml": META, "app/x": bytes(2**21)})
    assert len(bomb) < 10_000
    assert str(refused(bomb)) == "app.tgz: unpacks to more than 1 MiB"


def test_an_archive_of_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarball, "MAX_MEMBERS", 2)
    files = {"app/Chart.yaml": META, "app/a": b"", "app/b": b""}
    assert str(refused(packed(files))) == "app.tgz: holds more than 2 files"


def test_the_same_files_are_packed_to_the_same_bytes() -> None:
    files = {"Chart.yaml": META, "b": b"2" * 100_000, "a/c": b"1"}
    one = archive.ChartArchive(name="app", version="1.2.3", files=files)
    other = archive.ChartArchive(
        name="app", version="1.2.3", files=dict(reversed(list(files.items())))
    )
    data = archive.pack(one)
    assert data == archive.pack(other)
    assert archive.read(data, source="x") == one
    assert gzip.decompress(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert {(m.mtime, m.uid, m.uname, m.mode) for m in tar} == {(0, 0, "", 0o644)}


def test_dependencies_that_are_missing_at_any_depth() -> None:
    packed_sub = packed({
        "sub/Chart.yaml": chart("sub", "deep", "gone"),
        "sub/charts/deep/Chart.yaml": chart("deep", "deeper"),
    })  # fmt: skip
    files = {
        "Chart.yaml": chart("app", "sub", "folder", "absent"),
        "charts/sub-1.0.0.tgz": packed_sub,
        "charts/folder/Chart.yaml": chart("folder", "inner"),
        "charts/_ignored/Chart.yaml": chart("absent"),
    }
    assert archive.missing_dependencies(files, "app") == [
        "absent", "folder/inner", "sub/gone", "sub/deep/deeper",
    ]  # fmt: skip


def test_dependencies_of_old_charts_stand_in_a_file_of_their_own() -> None:
    files = {
        "Chart.yaml": META,
        "requirements.yaml": b"dependencies: [{name: db, version: 1.0.0}]\n",
    }
    assert archive.missing_dependencies(files, "app") == ["db"]
    files["charts/x/Chart.yaml"] = chart("db")  # the folder may have any name
    assert archive.missing_dependencies(files, "app") == []


def test_conditions_by_the_path_of_aliases() -> None:
    files = {
        "Chart.yaml": META
        + b"dependencies:\n- {name: db, alias: main, condition: 'main.on,x.y'}\n",
        "charts/db/Chart.yaml": chart("db", "sub"),
    }
    assert archive.conditions(files, "app") == {
        ("main",): "main.on", ("main", "sub"): "main.sub.enabled",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "text", "tells"),
    [
        ("app/templates/a.yaml", b"{{ if .Release.IsUpgrade }}", True),
        ("app/charts/x/templates/a.yaml", b"{{ .Release.Revision }}", True),
        ("app/templates/NOTES.txt", b"{{ .Release.IsInstall }}", False),
        ("app/README.md", b"{{ .Release.IsInstall }}", False),
        ("app/templates/a.yaml", b"{{ .Release.Name }}", False),
    ],
)
def test_whether_a_chart_renders_otherwise_on_an_upgrade(
    path: str, text: bytes, tells: bool
) -> None:
    data = packed({"app/Chart.yaml": META, path: text})
    assert ("upgrade" in archive.asks(data, source="x")) is tells


def test_which_templates_look_at_the_cluster() -> None:
    looks = b'{{ lookup "v1" "Secret" "a" "b" }}'
    inner = packed({"sub/Chart.yaml": META.replace(b"app", b"sub"), "sub/templates/b.yaml": looks})
    data = packed({
        "app/Chart.yaml": META,
        "app/templates/a.yaml": looks,
        "app/templates/c.yaml": b"lookups: 1",
        "app/charts/own/templates/d.yaml": looks,
        "app/charts/sub-1.2.3.tgz": inner,
    })  # fmt: skip
    assert archive.looking(data, source="x") == {
        "app/templates/a.yaml", "app/charts/own/templates/d.yaml",
        "app/charts/sub/templates/b.yaml",
    }  # fmt: skip
