"""What an archive's commits and charts have to be, before any of it is brought in."""

import hashlib
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.core import oci_layout, tarball, transport
from tests.archives import SAFELY, Members, reseal, rewrite
from tests.conftest import Run
from tests.gap_site import GapSite, gap_site
from tests.source import Result, Source

pytestmark = pytest.mark.usefixtures("needs_registry")


@pytest.fixture
def site(
    source: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GapSite]:
    with gap_site(source, run, tmp_path, monkeypatch) as site:
        assert site.export(tmp_path / "usb").code == 0
        yield site


@pytest.fixture
def archive(site: GapSite, tmp_path: Path) -> Path:
    """The archive that the site has exported."""
    return tmp_path / "usb" / "site.tar"


def git(folder: Path, *argv: str) -> str:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=x"]
    argv = ("git", "-C", str(folder), *who, *argv)
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def replace_bundle(archive: Path, data: bytes, **commits: str) -> None:
    """Put another Git bundle into an archive that is in itself right."""

    def entry(value: dict[str, Any]) -> None:
        for member in value["members"]:
            if member["name"] == transport.GIT:
                member.update(size=len(data), sha256=transport.digest(data))
        value["commits"].update(commits)

    def change(members: Members) -> None:
        index = next(i for i, (m, _) in enumerate(members) if m.name == transport.GIT)
        members[index][0].size = len(data)
        members[index] = (members[index][0], data)
        reseal(members, entry)

    rewrite(archive, change)


def recommit(archive: Path, change: Callable[[Path], None]) -> None:
    """Change the files of an archive's commit, as whoever has Git could."""
    work = archive.with_name("work")
    with tarfile.open(archive) as tar:
        tar.extract(transport.GIT, archive.parent, **SAFELY)
    bundle = archive.with_name(transport.GIT)
    git(archive.parent, "clone", "-q", "-b", "published", str(bundle), str(work))
    change(work)
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "x")
    git(work, "bundle", "create", "-q", str(bundle), "published")
    ids = {"commit": git(work, "rev-parse", "HEAD"), "tree": git(work, "rev-parse", "HEAD^{tree}")}
    replace_bundle(archive, bundle.read_bytes(), **ids)
    shutil.rmtree(work)
    bundle.unlink()


def refused_everywhere(site: GapSite, archive: Path, said: str) -> Result:
    """See that an import refuses an archive, dry or not, and changes nothing."""
    before = site.state()
    dry = site.near.run("mirror", "import", str(archive), "--dry-run")
    some = site.near.run("mirror", "import", str(archive), *site.flags[:3])
    for result in (dry, some, site.bring(archive, "--dry-run"), site.bring(archive)):
        assert (result.code, result.out) == (2, ""), result
        assert said in result.err, result
        assert "git.bundle" in result.err
        assert "nothing was changed here" in result.err
    assert site.state() == before
    return dry


def other_image(work: Path) -> None:
    path = next(p for p in sorted(work.rglob("*.yaml")) if "acme/app:2.0" in p.read_text())
    path.write_text(path.read_text().replace("acme/app:2.0", "evil/app:6.6"))


def another_file(work: Path) -> None:
    (work / "extra.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [(other_image, "does not hold together: "), (another_file, "extra.yaml [extra-file]")],
)
def test_commits_of_another_build_than_the_lock(
    site: GapSite, archive: Path, change: Callable[[Path], None], said: str
) -> None:
    recommit(archive, change)
    refused_everywhere(site, archive, said)


def test_a_file_that_unfolds_to_more_than_any_bundle_has(site: GapSite, archive: Path) -> None:
    def zeros(work: Path) -> None:
        with (work / "zeros.yaml").open("wb") as file:
            file.truncate(65 * 1024 * 1024)

    recommit(archive, zeros)
    assert archive.stat().st_size < 1_000_000
    refused_everywhere(site, archive, "holds a file of 68,157,440 bytes")


def test_garbage_for_commits(site: GapSite, archive: Path) -> None:
    replace_bundle(archive, b"garbage")
    result = refused_everywhere(site, archive, "it has no header of one")
    assert "repository exists" not in result.err


def test_who_made_the_archive_does_not_choose_the_branch(site: GapSite, archive: Path) -> None:
    def change(members: Members) -> None:
        reseal(members, lambda v: v["commits"].update(branch="other/prod", path="clusters/x"))

    rewrite(archive, change)
    before = site.state()
    alone = site.near.run("mirror", "import", str(archive), "--dry-run")
    assert "its commits are for the branch 'other/prod', the folder 'clusters/x'" in alone.out
    refused = site.bring(archive)
    assert refused.code == 2
    assert "its commits are for the branch 'other/prod'" in refused.err
    assert "--branch" in refused.err
    assert site.state() == before
    dry = site.bring(archive, "--dry-run", "--branch=main")
    where = f"the commits go to main of {site.git.url('gitops.git')}, in clusters/x/"
    assert where in dry.out
    done = site.bring(archive, "--branch=other/prod")
    assert done.code == 0, done
    assert where.replace("main", "other/prod", 1) in done.err
    assert re_commit_line(done).startswith("commits: other/prod is at ")
    assert re_commit_line(done).endswith(", in clusters/x/")
    with tarfile.open(archive) as tar:
        data = tar.extractfile(transport.CHECKSUMS)
        assert data is not None
        digest = transport.digest(data.read())
    assert site.bring(archive, f"--digest={digest}").code == 0


def re_commit_line(result: Result) -> str:
    return next(line for line in result.out.splitlines() if line.startswith("commits: "))


def drop_chart(members: Members) -> None:
    """Leave the chart out of an archive that is in itself right, but for its lock."""
    named = {info.name: data for info, data in members}
    (chart,) = json.loads(named[transport.CHECKSUMS])["charts"]
    manifest = json.loads(named[transport.BLOBS + chart["manifest"][7:]])
    drop = {chart["manifest"], chart["sha256"], manifest["config"]["digest"]}
    roots = [
        oci_layout.Root(
            name=entry["annotations"]["org.opencontainers.image.ref.name"],
            digest=entry["digest"],
            media_type=entry["mediaType"],
            size=entry["size"],
        )
        for entry in json.loads(named[transport.INDEX])["manifests"]
        if entry["digest"] not in drop
    ]
    data = oci_layout.index(roots)
    members[:] = [(i, d) for i, d in members if f"sha256:{i.name[13:]}" not in drop]
    index = next(i for i, (m, _) in enumerate(members) if m.name == transport.INDEX)
    members[index][0].size = len(data)
    members[index] = (members[index][0], data)

    def change(value: dict[str, Any]) -> None:
        value.pop("charts")
        value["blobs"] = [b for b in value["blobs"] if b["digest"] not in drop]
        value["members"] = [m for m in value["members"] if m["sha256"] not in drop]
        for member in value["members"]:
            if member["name"] == transport.INDEX:
                member.update(size=len(data), sha256=f"sha256:{hashlib.sha256(data).hexdigest()}")

    reseal(members, change)


def test_a_locked_chart_that_the_archive_lacks(
    site: GapSite, archive: Path, tmp_path: Path
) -> None:
    shutil.copy(archive, tmp_path / "whole.tar")
    rewrite(archive, drop_chart)
    before = site.state()
    refused = site.bring(archive)
    assert (refused.code, refused.out) == (1, "")
    assert "chart app-1.0.0 [chart-missing]" in refused.err
    assert "nothing was changed" in refused.err
    assert site.state() == before
    flags = [flag for flag in site.flags if not flag.startswith("--repository")]
    assert site.near.run("mirror", "import", str(tmp_path / "whole.tar"), *flags).code == 0
    assert site.bring(archive).code == 0  # it is there now, as locked
    assert site.tree()
    (site.shelf / "app-1.0.0.tgz").write_bytes(
        tarball.write({"app/Chart.yaml": b"{name: app, version: 1.0.0}"})
    )
    assert "chart app-1.0.0 [chart-missing]" in site.bring(archive).err


def test_a_protected_branch(site: GapSite, archive: Path) -> None:
    hook = site.repositories / "gitops.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'error: GH006: Protected branch.' >&2\nexit 1\n")
    hook.chmod(0o755)
    refused = site.bring(archive)
    assert refused.code == 3
    assert "refuses the push to main: GH006: Protected branch." in refused.err
    assert "name another with --branch" in refused.err
    assert "--pull-request" not in refused.err
