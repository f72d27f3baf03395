"""``sealift doctor``: registries, chart repositories and Git, each broken on purpose."""

import gzip
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from builder.core import images_lock
from builder.mirror.charts import open_store
from builder.registries import Registries
from builder.tools.charts import Login
from tests.conftest import Run
from tests.mirror_site import IMAGES, PASSWORD, USER, MirrorSite, mirror_site
from tests.servers.chart_repository import chart_repository
from tests.servers.git_http import git_http
from tests.servers.oci import push_image
from tests.servers.registry import registry
from tests.source import Result, Source

LOCK = "overlays/site/images.lock.yaml"
CHART = "operator-wandb-0.28.0"


def checks(result: Result) -> dict[str, dict[str, str]]:
    """The checks of a run by subject."""
    return {check["subject"]: check for check in json.loads(result.out)["checks"]}


@pytest.fixture
def site(source: Source, run: Run, tmp_path: Path, needs_registry: None) -> Iterator[MirrorSite]:
    with mirror_site(source, run, tmp_path) as site:
        assert site.sealift("lock", "site").code == 0
        assert site.sealift("mirror", "copy", "site").code == 0
        yield site


def examine(site: MirrorSite, *argv: str) -> tuple[int, dict[str, dict[str, str]]]:
    """What is said of the registry."""
    ca = f"--ca-file={site.inside.cafile}"
    result = site.run("doctor", "site", "--only=registry", "-o", "json", ca, *argv)
    return result.code, checks(result)


def mirrored(site: MirrorSite, source: str) -> str:
    """The name of an image in the mirror."""
    lock = images_lock.load(site.source.read(LOCK))
    return next(entry.image for entry in lock.images if entry.source == source)


def overwrite(site: MirrorSite, name: str, *platforms: str) -> None:
    """Push another image under a name of the mirror, past Sealift."""
    repository, _, tag = mirrored(site, name).partition("/")[2].partition(":")
    push_image(
        site.inside.host,
        repository,
        tag,
        platforms,
        auth=(USER, PASSWORD),
        scheme="https",
        cafile=site.inside.cafile,
        filler=1,
    )


def test_all_that_is_mirrored_is_well(site: MirrorSite) -> None:
    code, found = examine(site)
    assert code == 0, found
    assert {check["state"] for check in found.values()} == {"ok"}
    assert found.keys() == {site.inside.host, *(mirrored(site, name) for name in IMAGES)}
    assert found[mirrored(site, IMAGES[0])]["detail"] == "as locked, for linux/amd64, linux/arm64"


def test_a_tag_that_means_something_else_fails_and_hides_no_other(site: MirrorSite) -> None:
    overwrite(site, IMAGES[0], "linux/amd64")
    entry = images_lock.load(site.source.read(LOCK)).images[1]
    text = site.source.read(LOCK).replace(entry.digest, "sha256:" + "0" * 64)
    site.source.write(LOCK, text)
    code, found = examine(site)
    assert code == 1
    failed = {subject for subject, check in found.items() if check["state"] == "failure"}
    assert failed == {mirrored(site, IMAGES[0]), entry.image}
    check = found[mirrored(site, IMAGES[0])]
    assert site.pushed[IMAGES[0]].digest in check["detail"]
    assert "mirror copy --replace" in check["hint"]


def test_a_moved_tag_warns_where_the_bundle_pulls_by_digest(site: MirrorSite) -> None:
    site.environment("digests: true\n")
    assert site.run("airgap", "site").code == 0
    assert site.run("build", "site", "-o", "out").code == 0
    assert site.run("verify", "out/site").code == 0
    assert "@sha256:" in site.source.read("out/site/40-deployment-app-app.yaml")
    overwrite(site, IMAGES[0], "linux/amd64", "linux/arm64")
    code, found = examine(site)
    assert (code, found[mirrored(site, IMAGES[0])]["state"]) == (0, "warning")


def test_an_image_that_is_missing_says_how_it_gets_there(site: MirrorSite) -> None:
    site.push("quay.io/acme/late:1")
    site.environment(names=(*IMAGES, "quay.io/acme/late:1"))
    assert site.sealift("lock", "site").code == 0
    code, found = examine(site)
    check = found[mirrored(site, "quay.io/acme/late:1")]
    assert (code, check["state"]) == (1, "failure")
    assert "mirror copy" in check["hint"]


def test_an_image_that_is_for_other_nodes_fails(site: MirrorSite) -> None:
    code, found = examine(site, "--platform=linux/s390x")
    assert code == 1
    check = found[mirrored(site, IMAGES[0])]
    assert check["detail"].startswith("it is not for linux/s390x, only for linux/amd64")


def test_a_wrong_password_is_one_failure_without_the_password(site: MirrorSite) -> None:
    site.login("wrong-horse-battery")
    code, found = examine(site)
    states = {subject: check["state"] for subject, check in found.items()}
    assert (code, states) == (1, {site.inside.host: "failure", "3 images": "skipped"})
    assert "the login is refused" in found[site.inside.host]["detail"]
    assert "horse" not in json.dumps(found)


def test_without_a_lock_presence_is_all_that_is_known(site: MirrorSite) -> None:
    site.source.path(LOCK).unlink()
    code, found = examine(site)
    assert (code, found["digests"]["state"]) == (0, "skipped")
    assert "sealift lock site" in found["digests"]["hint"]
    assert found[mirrored_name(site)]["detail"].startswith("there, for")


def test_an_index_that_has_lost_an_image_is_a_failure(site: MirrorSite) -> None:
    digest = site.pushed[IMAGES[0]].manifests["linux/arm64"].removeprefix("sha256:")
    blobs = site.folder / "inside/storage/docker/registry/v2/blobs/sha256"
    (blobs / digest[:2] / digest / "data").unlink()
    code, found = examine(site)
    assert code == 1
    states = {subject: check["state"] for subject, check in found.items()}
    assert states.pop(mirrored(site, IMAGES[0])) == "failure"
    assert set(states.values()) == {"ok"}


def test_images_outside_are_not_asked_for(site: MirrorSite, tmp_path: Path) -> None:
    site.source.write("overlays/site/kustomization.yaml", "resources: [app.yaml]\n")
    site.source.path(LOCK).unlink()
    code, found = examine(site)
    assert (code, found["3 other images"]["state"]) == (0, "skipped")
    assert found[site.inside.host]["state"] == "ok"
    site.login("wrong-horse-battery")
    code, found = examine(site)
    assert (code, found[site.inside.host]["state"]) == (1, "failure")


def mirrored_name(site: MirrorSite) -> str:
    return f"{site.inside.host}/m/acme/app:2.0"


# --- charts


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def charts_at(source: Source, run: Run, url: str) -> Result:
    """What is said of the example's charts, with its repository at ``url``."""
    source.edit("overlays/guide/environment.yaml", "http://charts.yourdomain.com", url)
    assert run("airgap", "example").code == 0
    return run("doctor", "example", "--only=charts", "-o", "json")


def vendored(source: Source) -> bytes:
    return source.path(f"base/wandb/charts/{CHART}.tgz").read_bytes()


def test_the_locked_chart_is_well(source: Source, run: Run, shelf: Path) -> None:
    (shelf / f"{CHART}.tgz").write_bytes(vendored(source))
    with chart_repository(shelf) as server:
        result = charts_at(source, run, server.url)
    assert (result.code, checks(result)[CHART]["state"]) == (0, "ok")


def test_another_archive_is_a_failure_whatever_the_index_says(
    source: Source, run: Run, shelf: Path
) -> None:
    (shelf / f"{CHART}.tgz").write_bytes(vendored(source) + b"\n")
    with chart_repository(shelf) as server:
        result = charts_at(source, run, server.url)
    check = checks(result)[CHART]
    assert (result.code, check["state"]) == (1, "failure")
    assert "the lock has sha256:" in check["detail"]


def test_a_missing_chart_and_a_refused_login_are_failures(
    source: Source, run: Run, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALIFT_CHARTS_USERNAME", USER)
    monkeypatch.setenv("SEALIFT_CHARTS_PASSWORD", "wrong-horse")
    with chart_repository(shelf, username=USER, password=PASSWORD) as server:
        monkeypatch.setenv("SEALIFT_CHARTS_HOST", server.url)
        result = charts_at(source, run, server.url)
        assert (result.code, "wrong-horse" in result.out) == (1, False)
        assert "answers 401" in checks(result)[CHART]["detail"]
        monkeypatch.setenv("SEALIFT_CHARTS_PASSWORD", PASSWORD)
        result = run("doctor", "example", "--only=charts", "-o", "json")
    assert (result.code, checks(result)[CHART]["state"]) == (1, "failure")
    assert "has no chart operator-wandb" in checks(result)[CHART]["detail"]


def test_a_repository_outside_is_not_asked(source: Source, run: Run) -> None:
    result = run("doctor", "guide", "--only=charts", "-o", "json")
    check = checks(result)[CHART]
    assert (result.code, check["state"]) == (3, "skipped")
    assert "https://charts.wandb.ai is outside" in check["detail"]


def test_a_chart_in_a_registry_is_held_against_the_lock(
    source: Source, run: Run, tmp_path: Path, needs_registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALIFT_PLAIN_HTTP", "1")
    with registry(tmp_path / "charts") as server, Registries(server.host) as registries:
        url = f"oci://{server.host}/charts"
        source.edit("overlays/guide/environment.yaml", "registry.yourdomain.com", server.host)
        missing = charts_at(source, run, url)
        store = open_store(url, registries, Login(), url=None)
        assert store is not None
        store.put(vendored(source), replace=False)
        there = run("doctor", "example", "--only=charts", "-o", "json")
        store.put(repacked(vendored(source)), replace=True)
        other = run("doctor", "example", "--only=charts", "-o", "json")
    found = [(r.code, checks(r)[CHART]["state"]) for r in (missing, there, other)]
    assert found == [(1, "failure"), (0, "ok"), (1, "failure")]
    assert "does not have it" in checks(missing)[CHART]["detail"]
    assert "the lock has sha256:" in checks(other)[CHART]["detail"]


def repacked(archive: bytes) -> bytes:
    """The same content in another archive."""
    return gzip.compress(gzip.decompress(archive), compresslevel=1, mtime=1)


# --- Git


def git_at(source: Source, run: Run, repository: str) -> tuple[int, dict[str, str]]:
    source.edit(
        "overlays/example/environment.yaml",
        "https://git.yourdomain.com/platform/gitops.git",
        repository,
    )
    result = run("doctor", "example", "--only=git", "-o", "json")
    (check,) = checks(result).values()
    return result.code, check


@pytest.fixture
def served(tmp_path: Path) -> Path:
    folder = tmp_path / "served" / "gitops.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    return folder


def refs(repository: Path) -> str:
    argv = ["git", "-C", str(repository), "for-each-ref"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("full", [False, True], ids=["empty", "published"])
def test_a_repository_that_takes_a_push_is_not_changed(
    source: Source, run: Run, served: Path, full: bool
) -> None:
    if full:
        assert run("publish", "example", "--repository", str(served)).code == 0
    before = refs(served)
    with git_http(served.parent) as server:
        code, check = git_at(source, run, server.url("gitops.git"))
    assert (code, check["state"]) == (0, "ok"), check
    assert ("which will be made" in check["detail"]) is not full
    assert refs(served) == before
    assert bool(before) is full


def test_with_a_promoter_the_branch_that_is_pushed_to_is_tried(
    source: Source, run: Run, served: Path
) -> None:
    path = "overlays/example/environment.yaml"
    source.edit(path, "branch: main", "branch: main\n  mode: hydrator")
    with git_http(served.parent) as server:
        code, check = git_at(source, run, server.url("gitops.git"))
    assert (code, check["state"]) == (0, "ok"), check
    assert check["detail"].startswith("takes a push to environment/example-next, which will be")


def test_the_bundle_of_another_environment_is_a_failure(
    source: Source, run: Run, served: Path
) -> None:
    source.overlay("other", "resources: [../example]\n",
                   "extends: example\npublish: {path: example}\n")  # fmt: skip
    assert run("publish", "other", "--repository", str(served)).code == 0
    with git_http(served.parent) as server:
        code, check = git_at(source, run, server.url("gitops.git"))
    assert (code, check["state"]) == (1, "failure")
    assert "holds the bundle of other" in check["detail"]


def test_a_repository_that_may_only_be_read_is_a_failure(
    source: Source, run: Run, served: Path
) -> None:
    assert run("publish", "example", "--repository", str(served)).code == 0
    with git_http(served.parent, allow_push=False) as server:
        code, check = git_at(source, run, server.url("gitops.git"))
    assert (code, check["state"]) == (1, "failure")


def test_a_wrong_login_is_a_failure_without_the_password(
    source: Source, run: Run, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALIFT_GIT_USERNAME", "robot")
    monkeypatch.setenv("SEALIFT_GIT_PASSWORD", "wrong-horse")
    with git_http(served.parent, username="robot", password=PASSWORD) as server:
        monkeypatch.setenv("SEALIFT_GIT_HOST", server.base_url.partition("://")[2])
        monkeypatch.setenv("SEALIFT_GIT_HOST", server.url("x"))
        code, check = git_at(source, run, server.url("gitops.git"))
    assert (code, check["state"]) == (1, "failure")
    assert "SEALIFT_GIT_PASSWORD" in check["hint"]
    assert "horse" not in json.dumps(check)


def test_a_folder_of_somebody_else_is_a_failure(source: Source, run: Run, served: Path) -> None:
    stream = (
        "commit refs/heads/main\ncommitter A <a@example.com> 0 +0000\ndata 0\n"
        "M 100644 inline example/theirs.yaml\ndata 1\nx\n"
    )
    argv = ["git", "-C", str(served), "fast-import", "--quiet"]
    subprocess.run(argv, check=True, input=stream, text=True)
    with git_http(served.parent) as server:
        code, check = git_at(source, run, server.url("gitops.git"))
    assert (code, check["state"]) == (1, "failure")
    assert "holds files that Sealift did not write" in check["detail"]


def test_a_password_in_the_repositorys_address_is_refused_and_not_printed(
    source: Source, run: Run
) -> None:
    code, check = git_at(source, run, "https://robot:wrong-horse@git.example.com/x.git")
    assert (code, check["state"]) == (1, "failure")
    assert "holds credentials" in check["detail"]
    assert "horse" not in json.dumps(check)


# --- all of it


def test_every_failure_is_told_and_none_hides_another(source: Source, run: Run) -> None:
    source.edit("overlays/guide/environment.yaml", "registry.yourdomain.com", "127.0.0.1:9")
    source.edit("overlays/guide/environment.yaml", "charts.yourdomain.com", "127.0.0.1:9")
    source.edit(
        "overlays/example/environment.yaml", "https://git.yourdomain.com", "http://127.0.0.1:9"
    )
    assert run("airgap", "example").code == 0
    result = run("doctor", "example", "-o", "json")
    found = {(c["group"], c["state"]) for c in json.loads(result.out)["checks"]}
    assert result.code == 1
    assert {("registry", "failure"), ("charts", "failure"), ("git", "failure")} < found
    assert {("tools", "ok"), ("cluster", "skipped"), ("registry", "skipped")} < found
    assert all(c["hint"] for c in json.loads(result.out)["checks"] if c["state"] == "failure")


def test_an_environment_that_cannot_be_built_is_said_and_the_rest_looked_at(
    source: Source, run: Run, served: Path
) -> None:
    source.path("base/wandb/weightsandbiases.yaml").unlink()
    with git_http(served.parent) as server:
        source.edit(
            "overlays/example/environment.yaml",
            "https://git.yourdomain.com/platform/gitops.git",
            server.url("gitops.git"),
        )
        result = run("doctor", "example", "-o", "json")
    states = {(c["group"], c["state"]) for c in json.loads(result.out)["checks"]}
    assert result.code == 1
    assert {("build", "failure"), ("git", "ok"), ("charts", "skipped")} < states


def test_when_nothing_can_be_checked_the_exit_code_is_3(source: Source, run: Run) -> None:
    result = run("doctor", "example", "--only=cluster")
    assert result.code == 3
    assert "give --kubeconfig" in result.out


def test_junit_has_a_suite_a_group_and_every_failure(source: Source, run: Run) -> None:
    source.edit(
        "overlays/example/environment.yaml", "https://git.yourdomain.com", "http://127.0.0.1:9"
    )
    argv = ("--only=git", "--only=tools", "--only=cluster")
    result = run("doctor", "example", *argv, "-o", "junit")
    root = ElementTree.fromstring(result.out)
    assert [suite.get("name") for suite in root] == ["tools", "cluster", "git"]
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("4", "1", "1")
    (failure,) = root.iter("failure")
    assert "does not answer" in str(failure.get("message"))


def test_text_folds_what_is_well_unless_told_not_to(source: Source, run: Run) -> None:
    from builder import report_doctor
    from builder.core.checks import Check

    well = [
        Check(group="registry", subject=f"r.example.com/a:{n}", state="ok", detail="as locked")
        for n in range(9)
    ]
    bad = Check(group="registry", subject="b", state="failure", detail="lost", hint="find it")
    folded = report_doctor.text([bad, *well], verbose=False)
    assert folded == (
        "registry\n  failure  b: lost\n           next: find it\n"
        "  ok       9 checks, as r.example.com/a:0: as locked\n\n1 failure, 9 ok"
    )
    assert report_doctor.text([bad, *well], verbose=True).count("as locked") == 9
