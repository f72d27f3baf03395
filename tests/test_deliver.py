import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.publish import Target, publish
from builder.tools.git import git
from builder.tools.git_signing import Signing
from tests.conftest import Refused, Run
from tests.servers.git_http import git_http
from tests.servers.registry import registry, registry_command
from tests.source import Source


def bundle(environment: str = "prod") -> dict[str, bytes]:
    lock = f"lockVersion: 1\nenvironment: {environment}\n".encode()
    return {"kustomization.yaml": b"resources: []\n", "bundle.lock.yaml": lock}


FILES = bundle()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    folder = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)
    return folder


def show(remote: Path, *argv: str) -> str:
    return git(remote, argv).decode().strip()


def committed(source: Source) -> str:
    """Make the source a repository with a commit, and return it."""
    identity = ["-c", "user.name=Jane", "-c", "user.email=jane@example.com"]
    for argv in (
        ["init", "-q"],
        ["add", "-A"],
        [*identity, "commit", "-q", "-m", "Add it\n\nWhy."],
    ):
        git(source.root, argv)
    return show(source.root, "rev-parse", "HEAD")


def test_a_dry_run_pushes_nothing(source: Source, run: Run, remote: Path) -> None:
    result = run("publish", "example", "--repository", str(remote), "--dry-run")
    assert result.code == 0
    assert result.out.startswith("would be published: 11 files at example/ on main\n")
    assert show(remote, "for-each-ref") == ""


def test_a_proposal_goes_to_a_branch_named_by_content(remote: Path) -> None:
    target = Target(repository=str(remote), branch="main", path="prod")
    publish(FILES, target, environment="prod")
    changed = {**FILES, "a.yaml": b"a: 1\n"}
    first = publish(changed, target, environment="prod", propose=True)
    again = publish(changed, target, environment="prod", propose=True)
    assert first.branch == f"sealift/prod/{first.tree[:12]}"
    assert (first.pushed, again.pushed, again.commit) == (True, False, first.commit)
    assert show(remote, "rev-parse", f"{first.branch}^") == show(remote, "rev-parse", "main")
    assert publish(FILES, target, environment="prod", propose=True).changed is False


def test_commits_are_signed_with_an_ssh_key(remote: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not on PATH")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"sealift@localhost {key.with_suffix('.pub').read_text()}")
    made = publish(
        FILES,
        Target(repository=str(remote), branch="main", path="prod"),
        environment="prod",
        signing=Signing(format="ssh", key=str(key)),
    )
    settings = ["-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={signers}"]
    git(remote, [*settings, "verify-commit", made.commit])
    with pytest.raises(Exception, match="verify-commit"):
        git(remote, [*settings, "verify-commit", f"{unsigned(remote)}"])


def unsigned(remote: Path) -> str:
    target = Target(repository=str(remote), branch="plain", path="prod")
    return publish(FILES, target, environment="prod").commit


@pytest.mark.parametrize(
    ("signing", "said", "hint"),
    [
        ("format: ssh, key: /nowhere/key", "the ssh key /nowhere/key: ", "path of a public key"),
        ("format: openpgp, key: 0123ABCD", "the openpgp key 0123ABCD: ", "in gpg's keyring"),
    ],
)
def test_a_signing_key_that_is_missing_is_said_before_the_build(
    source: Source, refused: Refused, remote: Path, signing: str, said: str, hint: str
) -> None:
    path = "overlays/example/environment.yaml"
    source.edit(path, "branch: main", f"branch: main\n  signing: {{{signing}}}")
    shutil.rmtree(source.path("base/wandb/charts"))  # a build would tell this
    text = refused("publish", "example", "--repository", str(remote), code=3)
    assert text.startswith(f"error: git cannot sign with {said}")
    first, second = text.splitlines()
    assert "commit-tree" not in first
    assert hint in second
    assert show(remote, "for-each-ref") == ""


def test_the_path_of_a_signing_key_counts_from_the_sources(
    source: Source, run: Run, remote: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not on PATH")
    keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", ""]
    subprocess.run([*keygen, "-f", str(source.path("sign"))], check=True)
    path = "overlays/example/environment.yaml"
    source.edit(path, "branch: main", "branch: main\n  signing: {format: ssh, key: sign.pub}")
    monkeypatch.chdir(tmp_path)
    argv = ("publish", "example", "--repository", str(remote), "--root", str(source.root))
    assert run(*argv).code == 0
    assert "-----BEGIN SSH SIGNATURE-----" in show(remote, "cat-file", "commit", "main")


def test_the_hydrator_writes_branch_metadata_and_note(
    source: Source, run: Run, remote: Path
) -> None:
    dry = committed(source)
    argv = ("publish", "example", "--repository", str(remote), "--mode", "hydrator", "--json")
    first = json.loads(run(*argv).out)
    assert (first["branch"], first["pushed"]) == ("environment/example-next", True)
    metadata = json.loads(show(remote, "show", f"{first['branch']}:hydrator.metadata"))
    assert metadata["drySha"] == dry
    assert metadata["author"] == "Jane <jane@example.com>"
    assert (metadata["subject"], metadata["body"]) == ("Add it", "Why.")
    assert note(remote, first["commit"]) == {"drySha": dry}


def test_what_git_says_of_a_signature_is_no_part_of_the_author(
    source: Source, run: Run, remote: Path, tmp_path: Path
) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not on PATH")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    committed(source)
    signing = ["-c", "gpg.format=ssh", "-c", f"user.signingKey={key}", "-c", "user.name=Jane"]
    signing += ["-c", "user.email=jane@example.com"]
    git(source.root, [*signing, "commit", "-q", "--amend", "--no-edit", "-S"])
    git(source.root, ["config", "log.showSignature", "true"])
    assert run("publish", "example", "--repository", str(remote), "--mode", "hydrator").code == 0
    metadata = json.loads(show(remote, "show", "environment/example-next:hydrator.metadata"))
    assert metadata["author"] == "Jane <jane@example.com>"


def note(remote: Path, commit: str) -> dict[str, str]:
    shown = show(remote, "notes", "--ref=refs/notes/hydrator.metadata", "show", commit)
    value: dict[str, str] = json.loads(shown)
    return value


def test_a_source_commit_that_changes_nothing_is_only_noted(
    source: Source, run: Run, remote: Path
) -> None:
    older = committed(source)
    argv = ("publish", "example", "--repository", str(remote), "--mode", "hydrator", "--json")
    first = json.loads(run(*argv).out)
    (source.root / "README.md").write_text("more\n")
    dry = committed(source)
    second = json.loads(run(*argv).out)
    assert (second["changed"], second["commit"]) == (False, first["commit"])
    assert note(remote, first["commit"]) == {"drySha": dry}
    git(source.root, ["checkout", "-q", older])  # as a job that is run again has it
    assert run(*argv).code == 0
    assert note(remote, first["commit"]) == {"drySha": dry}
    assert run(*argv, "--allow-older").code == 0
    assert note(remote, first["commit"]) == {"drySha": older}


def test_the_hydrator_wants_a_clean_commit(source: Source, run: Run, remote: Path) -> None:
    result = run("publish", "example", "--repository", str(remote), "--mode", "hydrator")
    assert result.code == 2
    assert "the promoter needs the commit that the bundle was built from" in result.err


@pytest.mark.parametrize("by", ["option", "setting"])
def test_diff_and_sync_look_where_the_promoter_merges(
    source: Source, run: Run, remote: Path, by: str
) -> None:
    mode = ("--mode", "hydrator") if by == "option" else ()
    if by == "setting":
        path = "overlays/example/environment.yaml"
        source.edit(path, "branch: main", "branch: main\n  mode: hydrator")
    committed(source)
    argv = ("--repository", str(remote), *mode)
    assert run("diff", "example", *argv).code == 1
    made = json.loads(run("publish", "example", *argv, "--json").out)
    assert made["branch"] == "environment/example-next"
    assert run("diff", "example", *argv).code == 1, "the promoter has not merged it yet"
    git(remote, ["branch", "environment/example", made["branch"]])
    assert run("diff", "example", *argv).code == 0
    url = "https://git.example.com/gitops.git"
    printed = run("sync", "example", "--engine", "argocd", "--repository", url, *mode).out
    assert "targetRevision: environment/example\n" in printed
    assert "path: .\n" in printed
    printed = run("sync", "example", "--engine", "flux", "--repository", url, *mode).out
    assert "branch: environment/example\n" in printed
    assert "path: ./\n" in printed


def test_sync_objects_stand_beside_no_hydrated_bundle(
    source: Source, run: Run, remote: Path
) -> None:
    source.edit(
        "overlays/example/environment.yaml", "branch: main", "branch: main\n  mode: hydrator"
    )
    source.overlay("second", "resources: [../example]\n")
    committed(source)
    with git_http(remote.parent) as server:
        argv = (
            "--engine",
            "flux",
            "--repository",
            server.url(remote.name),
            "--publish",
            "clusters",
        )
        assert run("sync", "example", "second", *argv).code == 0
    listed = show(remote, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert "clusters/sealift-sync.yaml" in listed
    for name in ("example", "second"):
        shown = show(remote, "show", f"main:clusters/gitrepository-flux-system-{name}.yaml")
        assert f"branch: environment/{name}" in shown


def test_a_promoter_opens_its_own_requests(source: Source, refused: Refused, remote: Path) -> None:
    source.edit(
        "overlays/example/environment.yaml", "branch: main", "branch: main\n  mode: hydrator"
    )
    argv = ("publish", "example", "--repository", str(remote), "--pull-request")
    assert "leave --pull-request out, or give --mode commit" in refused(*argv)


def test_the_command_line_overrides_the_mode(source: Source, run: Run, remote: Path) -> None:
    source.edit(
        "overlays/example/environment.yaml", "branch: main", "branch: main\n  mode: hydrator"
    )
    argv = ("publish", "example", "--repository", str(remote), "--mode", "commit", "--json")
    assert json.loads(run(*argv).out)["branch"] == "main"


def test_a_hydrated_branch_is_nobody_elses(
    source: Source, run: Run, refused: Refused, remote: Path
) -> None:
    source.overlay("example-next", "resources: [../example]\n")
    committed(source)
    argv = ("--repository", str(remote), "--mode", "hydrator")
    said = refused("publish", "example-next", *argv)
    assert "environment/example-next is where the promoter looks for what is proposed to" in said
    assert "environment/example\n" in said
    assert "that does not end in -next" in refused(
        "publish", "example", *argv, "--branch", "a-next"
    )
    source.overlay("other", "resources: [../example]\n")
    committed(source)
    shared = (*argv, "--branch", "environment/shared")
    assert run("publish", "example", *shared).code == 0
    said = refused("publish", "other", *shared)
    assert "the root on environment/shared-next holds the bundle of example\n" in said


@pytest.fixture
def oci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if registry_command() is None and not os.environ.get("CI"):
        pytest.skip("no registry on PATH")
    with registry(tmp_path / "registry") as server:
        monkeypatch.setenv("SEALIFT_PLAIN_HTTP", "1")
        yield server.host


def test_an_oci_artifact_is_pushed_once(source: Source, run: Run, oci: str) -> None:
    argv = ("publish", "example", "--to", f"oci://{oci}/gitops", "--json")
    first, second = json.loads(run(*argv).out), json.loads(run(*argv).out)
    assert first["reference"] == f"oci://{oci}/gitops:example"
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["digest"] == second["digest"]


def test_what_is_no_oci_reference(source: Source, run: Run) -> None:
    result = run("publish", "example", "--to", "https://registry/x")
    assert (result.code, "'https://registry/x' is not an OCI reference" in result.err) == (2, True)


@pytest.mark.parametrize("option", ["--repository", "--branch"])
def test_an_artifact_goes_to_no_git_repository(refused: Refused, option: str) -> None:
    said = refused("publish", "example", "--to", "oci://registry.example.com/b", option, "x")
    assert "--repository and --branch are for Git" in said


def deliver_one(remote: str, name: str, rounds: int) -> None:
    target = Target(repository=remote, branch="main", path=name)
    for number in range(rounds):
        files = {**bundle(name), "who.yaml": f"name: {name}\nround: {number}\n".encode()}
        publish(files, target, environment=name)


def test_32_publishers_at_once_all_land(remote: Path) -> None:
    names = [f"env-{number:02}" for number in range(32)]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=deliver_one, args=(str(remote), n, 1)) for n in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 32
    assert show(remote, "ls-tree", "--name-only", "main").splitlines() == names
    assert show(remote, "rev-list", "--count", "main") == "32"
    for name in names:
        assert show(remote, "show", f"main:{name}/who.yaml") == f"name: {name}\nround: 0"


def test_publishers_killed_at_random_leave_whole_bundles(remote: Path, scratch: Path) -> None:
    chance = random.Random(5)
    context = multiprocessing.get_context("spawn")
    deliver_one(str(remote), "env-0", 1)
    for _ in range(10):
        workers = [
            context.Process(target=deliver_one, args=(str(remote), f"env-{number}", 40))
            for number in range(2)
        ]
        for worker in workers:
            worker.start()
        time.sleep(chance.uniform(0.3, 1.5))
        for worker in workers:
            if worker.pid:
                os.kill(worker.pid, signal.SIGKILL)
            worker.join()
        git(remote, ["fsck", "--connectivity-only"])
        for name in show(remote, "ls-tree", "--name-only", "main").splitlines():
            listed = show(remote, "ls-tree", "--name-only", f"main:{name}").splitlines()
            assert listed == ["bundle.lock.yaml", "kustomization.yaml", "who.yaml"]
            assert show(remote, "show", f"main:{name}/who.yaml").startswith(f"name: {name}\n")
    deliver_one(str(remote), "env-0", 1)
    for folder in scratch.glob("sealift-git-*"):  # SIGKILL leaves no time to tidy up
        shutil.rmtree(folder)


def test_a_dry_run_of_the_hydrator_pushes_nothing(source: Source, run: Run, remote: Path) -> None:
    committed(source)
    argv = ("publish", "example", "--repository", str(remote), "--mode", "hydrator", "--dry-run")
    assert run(*argv).out.startswith("would be published: 12 files on environment/example-next\n")
    assert show(remote, "for-each-ref") == ""


def test_a_dry_run_of_an_artifact_pushes_nothing(source: Source, run: Run, oci: str) -> None:
    argv = ("publish", "example", "--to", f"oci://{oci}/gitops")
    assert run(*argv, "--dry-run").out.startswith("would be pushed: ")
    first = run(*argv).out
    assert first.startswith("pushed: ")
    assert run(*argv, "--dry-run").out == first.replace(
        "pushed", "nothing to do, already pushed", 1
    )
