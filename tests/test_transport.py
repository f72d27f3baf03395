"""``sealift mirror export`` and ``import``: a gap with real servers on both sides."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.core import images_lock, tarball
from tests.archives import SAFELY
from tests.conftest import REPOSITORY, Run
from tests.gap_site import GapSite, environment, gap_site
from tests.mirror_site import IMAGES, PASSWORD, USER
from tests.servers.oci import push_image
from tests.servers.slow import slow
from tests.source import Source
from tests.test_mirror import blob_file, layers, uploads

pytestmark = pytest.mark.usefixtures("needs_registry")
LOCK = "overlays/site/images.lock.yaml"


@pytest.fixture
def site(
    source: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GapSite]:
    with gap_site(source, run, tmp_path, monkeypatch) as site:
        yield site


def test_what_is_imported_is_what_was_locked(site: GapSite, tmp_path: Path) -> None:
    lock = images_lock.load(site.near.source.read(LOCK))
    chart = next(site.near.source.path("base/plain/charts").glob("*.tgz")).read_bytes()
    exported = site.export(tmp_path / "usb")
    assert exported.code == 0, exported
    site.lose_the_near_side()
    imported = site.bring(tmp_path / "usb" / "site.tar")
    assert imported.code == 0, imported
    assert imported.out.startswith("imported: 3 images, 1 chart, ")
    for entry in lock.images:
        assert site.near.inside_digest(entry.image) == entry.digest
    assert {image.source for image in lock.images} == set(IMAGES)
    assert (site.shelf / "app-1.0.0.tgz").read_bytes() == chart
    assert f"tree {site.tree()}" in imported.out
    assert PASSWORD not in exported.out + exported.err + imported.out + imported.err
    state = site.state()
    again = site.bring(tmp_path / "usb" / "site.tar")
    assert again.out.startswith("imported: 0 images, 0 charts, 0 B; 4 were there already")
    assert site.state() == state


def spoiled(folder: Path, site: GapSite) -> Iterator[tuple[str, Path]]:
    """The archive in parts, with one thing wrong each time."""
    assert site.export(folder / "whole", "--split", "6000B").code == 0
    parts = sorted((folder / "whole").iterdir())

    def fresh(name: str) -> list[Path]:
        (folder / name).mkdir()
        return [Path(shutil.copy(part, folder / name)) for part in parts]

    first, second, *_ = fresh("a flipped bit")
    content = bytearray(second.read_bytes())
    content[3000] ^= 4
    second.write_bytes(content)
    yield "is not what", first
    first, second, *_ = fresh("a truncated part")
    second.write_bytes(second.read_bytes()[:-9])
    yield "has 5,991 bytes", first
    first, second, *_ = fresh("a missing part")
    second.unlink()
    yield "is missing", first
    first, *_ = fresh("an extra part")
    first.with_name("site.tar.999").write_bytes(b"more")
    yield "is one too many", first
    first, *_ = fresh("an extra file")
    whole = folder / "an extra file" / "site.tar"
    whole.write_bytes(b"".join(p.read_bytes() for p in parts if p.suffix != ".sha256"))
    whole.with_name("site.tar.sha256").unlink()
    with tarfile.open(whole, "a") as tar:
        tar.addfile(tarfile.TarInfo("../evil"))
    yield "'../evil'", whole


def test_what_is_wrong_changes_nothing(site: GapSite, tmp_path: Path) -> None:
    before = site.state()
    for said, path in spoiled(tmp_path / "usb", site):
        result = site.bring(path)
        assert result.code == 2, result
        assert said in result.err
        assert result.err.startswith("error: ")
        assert "hint: get it again from the other side; nothing was changed here" in result.err
        assert site.state() == before


def test_what_stands_against_it_on_the_other_side_changes_nothing(
    site: GapSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site.export(tmp_path / "usb").code == 0
    archive = tmp_path / "usb" / "site.tar"
    host = site.near.inside.host
    before = site.state()

    def refused(said: str, *argv: str, code: int) -> None:
        result = site.bring(archive, *argv)
        assert (result.code, said in result.err) == (code, True), result
        assert "wrong-secret" not in result.err + result.out
        assert site.state() == before

    refused("which is not below other.example.com/m", "--registry=other.example.com/m", code=2)
    refused("not sha256:" + "0" * 64, "--digest=sha256:" + "0" * 64, code=2)
    refused("404", f"--charts={site.git.url('nothing')}", code=1)
    refused("does not answer", f"--repository={site.git.url('nothing.git')}", code=3)
    for kind, code in (("CHARTS", 1), ("GIT", 3)):
        with monkeypatch.context() as patch:
            patch.setenv(f"SEALIFT_{kind}_PASSWORD", "wrong-secret")
            refused(f"SEALIFT_{kind}_PASSWORD", code=code)
    site.near.login("wrong-secret")
    refused("the login is refused", code=1)
    site.near.login()
    push_image(
        host, "m/acme/app", "2.0", auth=(USER, PASSWORD), scheme="https",
        cafile=site.near.inside.cafile,
    )  # fmt: skip
    before = site.state()
    refused("[tag-taken]", code=1)
    (site.shelf / "app-1.0.0.tgz").write_bytes(
        tarball.write({"app/Chart.yaml": b"{name: app, version: 1.0.0}"})
    )
    before = site.state()
    refused("[chart-taken]", code=1)
    assert site.bring(archive, "--replace").code == 0
    assert site.bring(archive).out.startswith("imported: 0 images")


def test_without_anything_named_it_is_only_verified(site: GapSite, tmp_path: Path) -> None:
    assert site.export(tmp_path / "usb").code == 0
    archive = str(tmp_path / "usb" / "site.tar")
    before = site.state()
    assert site.near.run("mirror", "import", archive).code == 2
    dry = site.near.run("mirror", "import", archive, "--dry-run")
    assert dry.code == 0
    assert dry.out.startswith("verified: site.tar, sha256:")
    dry = site.bring(tmp_path / "usb" / "site.tar", "--dry-run")
    assert dry.out.count("to push: ") == 3
    assert "to upload: chart app-1.0.0" in dry.out
    assert site.state() == before


def test_a_second_archive_has_only_what_is_new(site: GapSite, tmp_path: Path) -> None:
    assert site.export(tmp_path / "one").code == 0
    new = "docker.io/acme/new:1"
    site.near.push(new, filler=50_000)
    environment(site.near, (*IMAGES[:2], new))
    first = tmp_path / "one" / "site.tar"
    second = site.export(tmp_path / "two", "--since", str(first))
    assert second.code == 0, second
    assert "leaves out: 9 blobs" in second.out
    assert site.export(tmp_path / "whole").code == 0
    sizes = [(tmp_path / name / "site.tar").stat().st_size for name in ("two", "whole")]
    assert sizes[0] < sizes[1]
    before = site.state()
    refused = site.bring(tmp_path / "two" / "site.tar")
    assert refused.code == 1
    assert refused.err.count("[not-there]") == 9
    assert site.state() == before
    assert site.bring(first).code == 0
    assert site.bring(tmp_path / "two" / "site.tar").code == 0
    for entry in images_lock.load(site.near.source.read(LOCK)).images:
        assert site.near.inside_digest(entry.image) == entry.digest
    # A difference to a difference: what either of the two had is left out.
    two = str(tmp_path / "two" / "site.tar")
    assert site.export(tmp_path / "three", "--since", two).code == 0
    state = site.state()
    third = site.bring(tmp_path / "three" / "site.tar")
    assert third.out.startswith("imported: 0 images, 0 charts, 0 B; 4 were there already")
    assert site.state() == state
    (site.shelf / "app-1.0.0.tgz").unlink()
    third = site.bring(tmp_path / "three" / "site.tar")
    assert (third.code, "chart app-1.0.0 [not-there]" in third.err) == (1, True)


@pytest.mark.parametrize("place", ["folder", "oci"])
def test_charts_in_other_places(site: GapSite, tmp_path: Path, place: str) -> None:
    host = site.near.inside.host
    to = str(tmp_path / "charts") if place == "folder" else f"oci://{host}/charts"
    assert site.export(tmp_path / "usb").code == 0
    archive = tmp_path / "usb" / "site.tar"
    assert site.bring(archive, f"--charts={to}").code == 0
    again = site.bring(archive, f"--charts={to}").out
    assert again.startswith("imported: 0 images, 0 charts, 0 B; 4 were there already")
    assert (tmp_path / "charts" / "index.yaml").is_file() == (place == "folder")


def test_a_source_that_fails_is_told_and_gone_on_with(site: GapSite, tmp_path: Path) -> None:
    manifest = site.near.pushed[IMAGES[1]].manifests["linux/arm64"]
    (layer,) = layers(site.near.folder / "outside", manifest)
    path = blob_file(site.near.folder / "outside", layer)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"?")
    failed = site.export(tmp_path / "usb")
    assert failed.code == 1
    assert layer in failed.err
    assert failed.out == ""
    assert [p.name for p in (tmp_path / "usb").iterdir()] == ["site.tar.partial"]
    path.write_bytes(content)
    assert site.export(tmp_path / "usb").code == 0
    assert site.bring(tmp_path / "usb" / "site.tar").code == 0


def test_what_does_not_ship_is_not_exported(site: GapSite, tmp_path: Path) -> None:
    text = site.near.source.read("overlays/site/kustomization.yaml")
    cut = re.sub(r"transformers:.*", "", text, flags=re.DOTALL)
    assert cut != text
    site.near.source.write("overlays/site/kustomization.yaml", cut)
    assert site.export(tmp_path / "usb").code == 1
    assert not (tmp_path / "usb").exists()


def test_an_image_of_known_blobs_under_another_name(site: GapSite, tmp_path: Path) -> None:
    """The blobs are in another repository of the registry, and are mounted from there."""
    assert site.export(tmp_path / "one").code == 0
    with tarfile.open(tmp_path / "one" / "site.tar") as tar:
        tar.extract("checksums.json", tmp_path, **SAFELY)
    twin = "docker.io/acme/twin:2.0"  # the same content as acme/app:2.0
    site.near.push(twin)
    environment(site.near, (*IMAGES, twin))
    since = str(tmp_path / "checksums.json")
    assert site.export(tmp_path / "two.tar", "--since", since).code == 0
    assert site.bring(tmp_path / "one" / "site.tar").code == 0
    result = site.bring(tmp_path / "two.tar")
    assert result.out.startswith("imported: 1 image, 0 charts, 0 B"), result
    name = f"{site.near.inside.host}/m/acme/twin:2.0"
    assert site.near.inside_digest(name) == site.near.pushed[twin].digest


def test_an_interrupted_export_goes_on(site: GapSite, tmp_path: Path) -> None:
    big = "docker.io/acme/big:1"
    site.near.push(big, filler=3_000_000)
    environment(site.near, (*IMAGES, big))
    usb = tmp_path / "usb"
    with slow(site.near.outside.host, rate=1_500_000) as proxy:
        flags = [f.replace(site.near.outside.host, proxy.host) for f in site.near.flags]
        command = ["mirror", "export", "site", "-o", str(usb), "--split", "1MB", "--jobs=1"]
        interrupt([*command, "--root", str(site.near.source.root), *flags], lambda: written(usb))
    assert not list(usb.glob("*.tar.001"))
    assert not list(usb.glob("*.sha256"))
    assert site.bring(usb / "site.tar.001").code == 2
    done = site.export(usb, "--split", "1MB")
    assert done.code == 0, done
    total, missing = re.findall(r"([\d.]+) MB", done.out)
    assert 0 < float(missing) < float(total) - 1  # two layers of 3 MB, of which one was there
    assert not list(usb.glob("*.partial"))
    assert site.export(tmp_path / "again.tar").code == 0
    parts = b"".join(p.read_bytes() for p in sorted(usb.glob("site.tar.0*")))
    assert parts == (tmp_path / "again.tar").read_bytes()
    assert site.export(usb, "--split", "1MB").out.startswith("unchanged: ")
    environment(site.near, IMAGES)
    other = site.export(usb, "--split", "1MB")
    assert other.code == 2
    assert "is of another archive" in other.err


def written(folder: Path) -> bool:
    """Whether the first megabytes have arrived."""
    files = list(folder.glob("*.partial"))
    return sum(file.stat().st_blocks * 512 for file in files) > 3_500_000


def interrupt(command: list[str], when: Callable[[], bool]) -> None:
    """Run a command line until something is so, and press Ctrl-C."""
    with subprocess.Popen(
        [sys.executable, "-m", "builder", *command],
        cwd=REPOSITORY,
        env=dict(os.environ),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while not when() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130, said


def test_an_interrupted_import_goes_on(site: GapSite, tmp_path: Path) -> None:
    for number in range(8):
        site.near.push(f"docker.io/acme/many:{number}", filler=400_000)
    names = [f"docker.io/acme/many:{number}" for number in range(8)]
    environment(site.near, (*IMAGES[:2], *names))
    assert site.export(tmp_path / "usb").code == 0
    storage = site.near.folder / "inside" / "storage"

    def blobs() -> int:
        return len(list(storage.rglob("blobs/sha256/*/*/data")))

    argv = ["mirror", "import", str(tmp_path / "usb" / "site.tar"), "--jobs=1", *site.flags]
    interrupt(argv, lambda: blobs() > 3)
    assert not (site.shelf / "app-1.0.0.tgz").exists()
    before = uploads(site.near)
    assert 3 <= before < 40
    assert site.bring(tmp_path / "usb" / "site.tar").code == 0
    assert uploads(site.near) == 4 * 10  # none was sent a second time
    assert site.tree()


def test_commits_cross_as_they_are(site: GapSite, tmp_path: Path) -> None:
    repository = tmp_path / "near.git"
    git = f"--repository={repository}"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(repository)], check=True)
    unpublished = site.export(tmp_path / "no", git)
    assert unpublished.code == 2
    assert "run `sealift publish site` first" in unpublished.err
    assert site.near.run("publish", "site", git).code == 0
    assert site.export(tmp_path / "one", git).code == 0
    assert site.bring(tmp_path / "one" / "site.tar").code == 0
    near = ["git", "-C", str(repository), "rev-parse", "main"]
    tip = subprocess.run(near, check=True, capture_output=True, text=True).stdout.strip()
    assert site.tree("main") == tip
    environment(site.near, IMAGES[:2])
    assert site.near.run("publish", "site", git).code == 0
    assert site.export(tmp_path / "two", git).code == 0
    assert site.bring(tmp_path / "two" / "site.tar").code == 0
    assert site.tree("main^") == tip
    # An older archive changes nothing; and a branch with other commits takes none.
    assert "has them already" in site.bring(tmp_path / "one" / "site.tar").out
    far = ["git", "-C", str(site.repositories / "gitops.git")]
    tree = site.tree("main^{tree}")
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    made = subprocess.run(
        [*far, *who, "commit-tree", "-m", "x", tree], check=True, capture_output=True, text=True
    ).stdout.strip()
    subprocess.run([*far, "update-ref", "refs/heads/main", made], check=True)
    refused = site.bring(tmp_path / "two" / "site.tar")
    assert refused.code == 2
    assert "has commits that the archive does not have" in refused.err
    assert site.tree("main") == made


def test_commits_that_change_other_folders_are_not_taken_unseen(
    site: GapSite, tmp_path: Path
) -> None:
    repository, work = tmp_path / "near.git", tmp_path / "work"
    git = f"--repository={repository}"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(repository)], check=True)
    assert site.near.run("publish", "site", git).code == 0
    subprocess.run(["git", "clone", "-q", str(repository), str(work)], check=True)
    (work / "site2").mkdir()
    (work / "site2" / "pod.yaml").write_text("kind: Pod\n")
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    for argv in (["add", "-A"], [*who, "commit", "-q", "-m", "x"], ["push", "-q"]):
        subprocess.run(["git", "-C", str(work), *argv], check=True)
    exported = site.export(tmp_path / "one", git)
    archive, before = tmp_path / "one" / "site.tar", site.state()
    refused = site.bring(archive)
    assert refused.code == 2
    assert "its commits change site2/pod.yaml, outside of site/" in refused.err
    assert site.state() == before
    (digest,) = re.findall(r"digest: (\S+)", exported.out)
    assert site.bring(archive, "--digest", digest).code == 0
    assert site.tree("main:site2")


def test_an_image_that_only_the_other_side_has(site: GapSite, tmp_path: Path) -> None:
    host = site.near.inside.host
    (site.near.folder / "home").mkdir(exist_ok=True)
    pushed = push_image(
        host, "m/own/tool", "1", auth=(USER, PASSWORD), scheme="https",
        cafile=site.near.inside.cafile,
    )  # fmt: skip
    own = f"{host}/m/own/tool:1"
    environment(site.near, (*IMAGES, own))
    lock = images_lock.load(site.near.source.read(LOCK))
    assert [e.source for e in lock.images if e.image == own] in ([""], [own])
    exported = site.export(tmp_path / "usb")
    assert exported.code == 0, exported
    assert site.bring(tmp_path / "usb" / "site.tar").code == 0
    assert site.near.inside_digest(own) == pushed.digest


def test_a_registry_that_is_reached_by_another_host(site: GapSite, tmp_path: Path) -> None:
    """The near side knows the name only, and has no way there."""
    host, name = site.near.inside.host, "registry.example.com"
    site.near.source.edit("overlays/site/environment.yaml", f"{host}/m", f"{name}/m")
    for argv in (("airgap", "site"), ("lock", "site", *site.near.flags)):
        assert site.near.run(*argv).code == 0
    assert site.export(tmp_path / "usb").code == 0
    archive = tmp_path / "usb" / "site.tar"
    assert "which is not below" in site.bring(archive).err
    done = site.bring(archive, f"--registry={name}/m", f"--via={name}={host}")
    assert done.code == 0, done
    for entry in images_lock.load(site.near.source.read(LOCK)).images:
        assert entry.image.startswith(f"{name}/m/")
        assert site.near.inside_digest(entry.image) == entry.digest


def test_what_comes_from_a_mirror_is_the_same(site: GapSite, tmp_path: Path) -> None:
    assert site.export(tmp_path / "source").code == 0
    assert site.near.sealift("mirror", "copy", "site", f"--charts-to={tmp_path / 'c'}").code == 0
    assert site.export(tmp_path / "mirror", "--from", "mirror").code == 0
    archives = [tmp_path / name / "site.tar" for name in ("source", "mirror")]
    assert archives[0].read_bytes() == archives[1].read_bytes()
