"""``sealift vendor``: charts from folders, HTTP repositories and OCI registries, by digest."""

import gzip
import io
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import CHARTS, Refused, Run
from tests.servers.chart_repository import chart_repository
from tests.servers.http_site import Site, SiteHandler, serving
from tests.servers.oci import push_chart
from tests.servers.registry import Registry, registry
from tests.servers.tls import CA, certificate_authority
from tests.source import Source, snapshot

SECRET = "correct-horse"
NAMES = ("operator-1.3.3.tgz", "operator-wandb-0.28.0.tgz")


def archive(members: Mapping[str, bytes | str]) -> bytes:
    """A chart's archive: bytes are a file, a text is where a link leads."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return gzip.compress(raw.getvalue())


OPERATOR = {"operator/Chart.yaml": b"apiVersion: v2\nname: operator\nversion: 1.3.3\n"}


class _Index(SiteHandler):
    def __init__(self, index: bytes, *rest: Any) -> None:
        self._index = index
        super().__init__(*rest)

    def do_GET(self) -> None:  # noqa: N802
        if self.admit():
            self.reply(200 if self.path == "/index.yaml" else 404, self._index)


@contextmanager
def serve_index(index: bytes) -> Iterator[str]:
    """A repository that has nothing but an index."""
    site = Site()
    with serving(partial(_Index, index, site), site) as url:
        yield url


@pytest.fixture
def fresh(source: Source) -> Source:
    """The source repository before anything was vendored."""
    shutil.rmtree(source.path("base/wandb/charts"))
    source.path("base/wandb/charts.lock.yaml").unlink()
    return source


@pytest.fixture
def archives(vendored: Path, tmp_path: Path) -> Path:
    """A folder with the two charts as archives."""
    folder = tmp_path / "archives"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(vendored / "base/wandb/charts" / name, folder)
    return folder


@pytest.fixture
def authority(tmp_path: Path) -> CA:
    return certificate_authority(tmp_path / "authority")


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALIFT_CHARTS_USERNAME", "robot")
    monkeypatch.setenv("SEALIFT_CHARTS_PASSWORD", SECRET)


def lock(source: Source) -> dict[str, str]:
    charts = yaml.safe_load(source.read("base/wandb/charts.lock.yaml"))["charts"]
    return {f"{chart['name']}-{chart['version']}.tgz": chart["source"] for chart in charts}


def charts(source: Source) -> dict[str, str]:
    return snapshot(source.path("base/wandb/charts"))


def test_from_a_folder_of_charts(fresh: Source, run: Run, vendored: Path) -> None:
    result = run("vendor", "wandb", "--from", str(CHARTS))
    assert (result.code, result.err) == (0, "")
    assert lock(fresh) == dict.fromkeys(NAMES, "folder charts")
    assert charts(fresh) == snapshot(vendored / "base/wandb/charts")
    for name in NAMES:
        assert f"vendored  base/wandb/charts/{name}  sha256:" in result.out


def test_from_a_folder_of_archives(fresh: Source, run: Run, vendored: Path, archives: Path) -> None:
    assert run("vendor", "wandb", "--from", str(archives)).code == 0
    assert lock(fresh) == dict.fromkeys(NAMES, "folder archives")
    assert charts(fresh) == snapshot(vendored / "base/wandb/charts")


def test_a_folder_is_packaged_to_the_same_bytes(fresh: Source, run: Run, tmp_path: Path) -> None:
    """File times, owners and modes are not in them."""
    run("vendor", "wandb", "--from", str(CHARTS))
    first = charts(fresh)
    copy = tmp_path / "copy"
    shutil.copytree(CHARTS, copy, copy_function=shutil.copyfile)
    for path in copy.rglob("*"):
        path.chmod(0o755)
    result = run("vendor", "wandb", "--from", str(copy))
    assert result.out.count("unchanged") == 2
    assert charts(fresh) == first


def test_a_folder_inside_the_repository_is_named_from_its_root(
    fresh: Source, run: Run, archives: Path
) -> None:
    archives.rename(fresh.path("downloads"))
    assert run("vendor", "wandb", "--from", "./downloads").code == 0
    assert set(lock(fresh).values()) == {"folder downloads"}


def test_from_a_repository(fresh: Source, run: Run, vendored: Path, archives: Path) -> None:
    with chart_repository(archives) as site:
        assert run("vendor", "wandb", "--from", site.url).code == 0
    assert set(lock(fresh).values()) == {site.url}
    assert charts(fresh) == snapshot(vendored / "base/wandb/charts")


def test_from_the_repositories_of_the_base(fresh: Source, run: Run, archives: Path) -> None:
    with chart_repository(archives) as site:
        fresh.edit("base/wandb/base.yaml", "https://charts.wandb.ai", site.url)
        assert run("vendor", "wandb").code == 0
    assert set(lock(fresh).values()) == {site.url}


@pytest.mark.parametrize("absolute", [True, False])
def test_from_a_repository_with_a_password(
    fresh: Source, run: Run, archives: Path, login: None, absolute: bool
) -> None:
    site_ = chart_repository(archives, username="robot", password=SECRET, absolute_urls=absolute)
    with site_ as site:
        assert run("vendor", "wandb", "--from", site.url).code == 0
        assert all(request.authorised for request in site.requests)


def test_the_password_goes_to_no_other_host(
    fresh: Source, run: Run, archives: Path, login: None
) -> None:
    """An index may name archives anywhere."""
    with chart_repository(archives, username="robot", password=SECRET) as other:
        entry = {"version": "1.3.3", "urls": [f"{other.url}/operator-1.3.3.tgz"]}
        index = yaml.safe_dump({"entries": {"operator": [entry]}})
        with serve_index(index.encode()) as url:
            result = run("vendor", "wandb", "--from", url)
        assert result.code == 3
        assert f"{other.url}/operator-1.3.3.tgz answers 401" in result.err
        assert not any(request.authorised for request in other.requests)


@pytest.mark.parametrize("password", ["", "wrong-horse"])
def test_a_wrong_password(
    fresh: Source,
    refused: Refused,
    archives: Path,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
) -> None:
    monkeypatch.setenv("SEALIFT_CHARTS_USERNAME", "robot" if password else "")
    monkeypatch.setenv("SEALIFT_CHARTS_PASSWORD", password)
    with chart_repository(archives, username="robot", password=SECRET) as site:
        said = refused("vendor", "wandb", "--from", site.url, code=3)
    assert f"error: {site.url}/index.yaml answers 401" in said
    assert "hint: set SEALIFT_CHARTS_USERNAME and SEALIFT_CHARTS_PASSWORD" in said
    assert "wrong-horse" not in said


def test_an_archive_that_is_not_what_the_index_says(
    fresh: Source, refused: Refused, archives: Path
) -> None:
    with chart_repository(archives, wrong_digest=True) as site:
        said = refused("vendor", "wandb", "--from", site.url, code=3)
    assert f"{site.url}/operator-1.3.3.tgz is not what {site.url}/index.yaml says: sha256 " in said


def test_a_chart_that_is_missing_is_named_with_the_nearest(
    fresh: Source, refused: Refused, archives: Path
) -> None:
    (archives / "operator-1.3.3.tgz").unlink()
    with chart_repository(archives) as site:
        said = refused("vendor", "wandb", "--from", site.url, code=3)
    assert said == (
        f"error: {site.url} has no chart operator\nhint: did you mean operator-wandb?\n"
    )


def test_a_version_that_is_missing(fresh: Source, refused: Refused, archives: Path) -> None:
    with chart_repository(archives) as site:
        said = refused("vendor", "wandb", "--from", site.url, "--chart", "operator=9.9.9", code=3)
    assert f"{site.url} has no operator 9.9.9" in said
    assert "it has 1.3.3" in said


def test_a_version_that_the_folder_does_not_have(fresh: Source, refused: Refused) -> None:
    said = refused("vendor", "wandb", "--from", str(CHARTS), "--chart", "operator=9.9.9")
    assert f"{CHARTS} has no chart operator 9.9.9" in said
    assert "it has 1.3.3" in said


def test_over_tls(
    fresh: Source,
    run: Run,
    archives: Path,
    authority: CA,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEALIFT_CA_FILE", str(authority.certificate))
    with chart_repository(archives, tls=authority) as site:
        assert run("vendor", "wandb", "--from", site.url).code == 0


def test_over_tls_without_trust(
    fresh: Source, refused: Refused, archives: Path, authority: CA
) -> None:
    with chart_repository(archives, tls=authority) as site:
        said = refused("vendor", "wandb", "--from", site.url, code=3)
    assert "certificate verify failed" in said
    assert "SEALIFT_CA_FILE" in said


@pytest.mark.parametrize("content", [None, "text", ""])
def test_a_file_of_authorities_that_is_none(
    fresh: Source,
    refused: Refused,
    archives: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str | None,
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    monkeypatch.setenv("SEALIFT_CA_FILE", str(tmp_path / "ca.pem"))
    with chart_repository(archives) as site:
        said = refused("vendor", "wandb", "--from", site.url)
    assert f"{tmp_path}/ca.pem" in said
    assert "SEALIFT_CA_FILE" in said


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/a b",
        "http://[::1",
        "http://",
        "http://127.0.0.1:port",
        "ftp://127.0.0.1/charts",
        "file:///etc",
    ],
)
def test_a_url_that_is_no_repository(fresh: Source, refused: Refused, url: str) -> None:
    assert f"error: {url} is not a " in refused("vendor", "wandb", "--from", url)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_repository_that_does_not_answer(fresh: Source, refused: Refused, scheme: str) -> None:
    url = f"{scheme}://127.0.0.1:9"
    said = refused("vendor", "wandb", "--from", url, code=3)
    assert f"cannot fetch {url}/index.yaml: " in said


@pytest.mark.parametrize(
    "url", ["http://robot:hunter2@127.0.0.1:9", "https://hunter2@127.0.0.1:9",
            "oci://robot:hunter2@127.0.0.1:9/charts"],
)  # fmt: skip
def test_credentials_in_the_url_are_refused_and_not_said(
    fresh: Source, refused: Refused, url: str
) -> None:
    said = refused("vendor", "wandb", "--from", url)
    assert "SEALIFT_CHARTS_PASSWORD" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "index",
    [
        b"",
        b"<html>",
        b"entries: []",
        b"entries: {operator: x}",
        b"entries: {operator: [x]}",
        b"entries: {operator: [{version: 1.3.3}]}",
        b"entries: {operator: [{version: 1.3.3, urls: x}]}",
        b"entries: {operator: [{version: 1.3.3, urls: ['http://[x']}]}",
        b"entries: {operator: [{version: 1.3.3, urls: ['file:///etc/passwd']}]}",
        b"entries: {operator: [{version: 1.3.3, urls: ['a b.tgz']}]}",
        b"a: [",
        b"\xff\xfe",
    ],
)
def test_an_index_that_is_none(fresh: Source, refused: Refused, index: bytes) -> None:
    with serve_index(index) as url:
        refused("vendor", "wandb", "--from", url, code=3)


@pytest.fixture
def oci(tmp_path: Path, needs_registry: None, archives: Path) -> Iterator[Registry]:
    with registry(tmp_path / "registry") as server:
        for name in NAMES:
            chart, _, version = name.removesuffix(".tgz").rpartition("-")
            push_chart(server.host, f"charts/{chart}", version, (archives / name).read_bytes())
        yield server


def test_from_a_plain_registry(
    fresh: Source, run: Run, vendored: Path, oci: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALIFT_PLAIN_HTTP", "1")
    assert run("vendor", "wandb", "--from", f"oci://{oci.host}/charts").code == 0
    assert set(lock(fresh).values()) == {f"oci://{oci.host}/charts"}
    assert charts(fresh) == snapshot(vendored / "base/wandb/charts")


def test_a_registry_without_the_version(
    fresh: Source, refused: Refused, oci: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALIFT_PLAIN_HTTP", "1")
    url = f"oci://{oci.host}/charts"
    said = refused("vendor", "wandb", "--from", url, "--chart", "operator=9.9.9", code=3)
    assert f"{oci.host}/charts/operator:9.9.9: not found" in said


@pytest.mark.parametrize("password", [SECRET, "wrong-horse"])
def test_from_a_registry_with_tls_and_password(
    fresh: Source,
    run: Run,
    archives: Path,
    tmp_path: Path,
    authority: CA,
    needs_registry: None,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
) -> None:
    monkeypatch.setenv("SEALIFT_CHARTS_USERNAME", "robot")
    monkeypatch.setenv("SEALIFT_CHARTS_PASSWORD", password)
    monkeypatch.setenv("SEALIFT_CA_FILE", str(authority.certificate))
    folder = tmp_path / "registry"
    with registry(folder, username="robot", password=SECRET, tls=authority) as server:
        for name in NAMES:
            chart, _, version = name.removesuffix(".tgz").rpartition("-")
            push_chart(
                server.host,
                chart,
                version,
                (archives / name).read_bytes(),
                auth=("robot", SECRET),
                scheme="https",
                cafile=server.cafile,
            )
        result = run("vendor", "wandb", "--from", f"oci://{server.host}")
    assert result.code == (0 if password == SECRET else 3), result.err
    assert "horse" not in result.err
    assert password == SECRET or "401" in result.err


def test_a_changed_chart_is_refused(source: Source, refused: Refused, archives: Path) -> None:
    path = archives / "operator-1.3.3.tgz"
    path.write_bytes(archive(OPERATOR))
    said = refused("vendor", "wandb", "--from", str(archives))
    assert "operator-1.3.3 from folder archives: has sha256:" in said
    assert "but charts.lock.yaml has sha256:" in said
    assert "then remove its entry from charts.lock.yaml" in said


def test_a_chart_that_is_not_the_one_of_the_base_is_refused(
    fresh: Source, refused: Refused
) -> None:
    digest = "sha256:" + "0" * 64
    fresh.edit("base/wandb/base.yaml", "version: 1.3.3", f"version: 1.3.3\n    digest: {digest}")
    said = refused("vendor", "wandb", "--from", str(CHARTS))
    assert f"but base.yaml has {digest}" in said


def test_another_version_stands_beside_the_first(source: Source, run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(CHARTS, copy)
    path = copy / "operator-wandb" / "Chart.yaml"
    path.write_text(path.read_text().replace("version: 0.28.0", "version: 0.29.0", 1))
    assert run("vendor", "wandb", "--from", str(copy), "--chart", "operator-wandb=0.29.0").code == 0
    assert set(lock(source)) == {*NAMES, "operator-wandb-0.29.0.tgz"}
    source.overlay("more", "resources: [../example]\npatches:\n"
                   "- target: {kind: WeightsAndBiases}\n  patch: |-\n"
                   "    - {op: replace, path: /spec/chart/version, value: 0.29.0}\n")  # fmt: skip
    assert run("build", "more").code == 0
    locked = yaml.safe_load(source.read("build/more/bundle.lock.yaml"))["charts"]
    assert ("operator-wandb", "0.29.0") in {(c["name"], c["version"]) for c in locked}


@pytest.mark.parametrize("chart", ["operator", "operator=", "=1.0.0", ""])
def test_a_chart_option_that_is_none(fresh: Source, refused: Refused, chart: str) -> None:
    said = refused("vendor", "wandb", "--from", str(CHARTS), "--chart", chart)
    assert f"--chart {chart!r} is not NAME=VERSION" in said


def test_a_chart_that_the_base_does_not_name(fresh: Source, refused: Refused) -> None:
    said = refused("vendor", "wandb", "--from", str(CHARTS), "--chart", "operater=1.3.3")
    assert "base/wandb/base.yaml: base.yaml names no chart 'operater'" in said
    assert "did you mean 'operator'?" in said


@pytest.mark.parametrize("version", ["../../x", "-x", "^1.0", ">=1", "*", "latest", "1"])
def test_a_version_that_is_none(fresh: Source, refused: Refused, version: str) -> None:
    said = refused("vendor", "wandb", "--from", str(CHARTS), "--chart", f"operator={version}")
    assert f"{version!r} is not a version" in said


def test_a_nested_dependency_that_is_missing_is_refused(
    fresh: Source, refused: Refused, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(CHARTS, copy)
    shutil.rmtree(copy / "operator-wandb/charts/prometheus/charts/server-chart")
    said = refused("vendor", "wandb", "--from", str(copy))
    assert "operator-wandb" in said
    assert "declares charts that are not in it: prometheus/server-chart" in said


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../outside", "values.yaml"])
def test_a_link_in_a_chart(fresh: Source, run: Run, tmp_path: Path, target: str) -> None:
    """helm follows links when it packages: one that stays inside is a file like others."""
    copy = tmp_path / "copy"
    shutil.copytree(CHARTS, copy)
    (tmp_path / "outside").write_text("secret")
    (copy / "operator" / "linked.yaml").symlink_to(target)
    before = snapshot(fresh.root)
    result = run("vendor", "wandb", "--from", str(copy))
    if target == "values.yaml":
        assert result.code == 0
        assert fresh.path("base/wandb/charts/operator-1.3.3/operator/linked.yaml").is_file()
    else:
        assert result.code == 2
        assert "linked.yaml is a link out of the chart" in result.err
        assert snapshot(fresh.root) == before


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"operator/../../evil": b"x", **OPERATOR}, "'operator/../../evil' leaves the archive's"),
        ({"/etc/evil": b"x", **OPERATOR}, "'/etc/evil' leaves the archive's folder"),
        ({"operator/a\\..\\b": b"x", **OPERATOR}, "leaves the archive's folder"),
        ({"operator/link": "/etc/passwd", **OPERATOR}, "is a link or a device"),
        ({"operator/link": "values.yaml", **OPERATOR}, "is a link or a device"),
        ({"other/x": b"x", **OPERATOR}, "does not hold one folder with a chart"),
        ({"x": b"x"}, "has no Chart.yaml"),
        ({"operator/values.yaml": b""}, "has no Chart.yaml"),
        ({"operator/Chart.yaml": b"name: x\nversion: 1.3.3\n"}, "stands in a folder operator"),
        ({"operator/Chart.yaml": b"name: operator\nversion: 9.9.9\n"}, "is operator 9.9.9"),
        ({"operator/Chart.yaml": b"name: operator\n"}, "has no name or no version"),
        ({"operator/Chart.yaml": b"[]"}, "has no name or no version"),
        ({"operator/Chart.yaml": b"a: ["}, "Chart.yaml:"),
        ({}, "does not hold one folder"),
    ],
)
def test_an_archive_that_is_unsafe_or_none(
    fresh: Source, refused: Refused, archives: Path, members: dict[str, bytes | str], said: str
) -> None:
    (archives / "operator-1.3.3.tgz").write_bytes(archive(members))
    assert said in refused("vendor", "wandb", "--from", str(archives))


@pytest.mark.parametrize("kind", ["text", "cut", "empty", "html", "checksum"])
def test_an_archive_that_is_broken(
    fresh: Source, refused: Refused, archives: Path, kind: str
) -> None:
    path = archives / "operator-1.3.3.tgz"
    data = path.read_bytes()
    broken = {
        "text": b"text",
        "cut": data[: len(data) // 2],
        "empty": b"",
        "html": b"<html>not found</html>",
        "checksum": data[:-8] + bytes(8),
    }
    path.write_bytes(broken[kind])
    said = refused("vendor", "wandb", "--from", str(archives))
    assert "operator-1.3.3: is not a .tgz archive" in said


@pytest.mark.parametrize("text", ["[]", "a: [", "name: \xe9", "text"])
def test_other_folders_beside_the_charts_do_not_matter_unless_they_are_broken(
    fresh: Source, run: Run, tmp_path: Path, text: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(CHARTS, copy)
    (copy / "a").mkdir()
    (copy / "a" / "Chart.yaml").write_bytes(text.encode("latin-1"))
    result = run("vendor", "wandb", "--from", str(copy))
    assert result.code in (0, 2), result
    assert "bug" not in result.err


def test_a_folder_that_is_missing(fresh: Source, refused: Refused) -> None:
    assert "there is no folder nowhere" in refused("vendor", "wandb", "--from", "nowhere")


def test_a_chart_with_a_yaml_bomb_is_refused(
    fresh: Source, refused: Refused, archives: Path
) -> None:
    bomb = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (n + 1, n + 1, b", ".join([b"*%c" % n] * 10)) for n in range(97, 105)
    )
    content = {"operator/Chart.yaml": OPERATOR["operator/Chart.yaml"] + bomb}
    (archives / "operator-1.3.3.tgz").write_bytes(archive(content))
    assert "aliases expand" in refused("vendor", "wandb", "--from", str(archives))


def test_an_archive_that_grows_without_end_is_refused(
    fresh: Source, refused: Refused, archives: Path
) -> None:
    content = {**OPERATOR, "operator/zeros": bytes(101 * 2**20)}
    (archives / "operator-1.3.3.tgz").write_bytes(archive(content))
    assert "unpacks to more than 100 MiB" in refused("vendor", "wandb", "--from", str(archives))


def test_a_base_that_is_missing(fresh: Source, refused: Refused) -> None:
    said = refused("vendor", "wandd", "--from", str(CHARTS))
    assert said == ("error: there is no base 'wandd' under base/\nhint: did you mean 'wandb'?\n")


def test_all_charts_are_checked_before_one_is_written(
    fresh: Source, refused: Refused, archives: Path
) -> None:
    (archives / NAMES[1]).write_bytes(b"text")
    refused("vendor", "wandb", "--from", str(archives))
