"""``sealift publish``: one commit on a real Git repository, theirs left alone."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from builder.build import build
from builder.core.errors import ConfigurationError, ToolError
from builder.deliver import Way, deliver
from builder.publish import publish
from builder.target import Target
from builder.workspace import find_overlay
from tests.conftest import Refused, Run
from tests.servers.git_http import GitServer, git_http
from tests.source import Source, snapshot

SECRET = "correct-horse"
AUTHOR = ("-c", "user.name=Someone", "-c", "user.email=someone@example.com")


def git(repository: Path, *argv: str, stdin: str = "") -> str:
    command = ["git", *AUTHOR, "-C", str(repository), *argv]
    done = subprocess.run(command, check=True, capture_output=True, input=stdin.encode())
    return done.stdout.decode().strip()


def files(repository: Path, branch: str = "main") -> list[str]:
    return git(repository, "ls-tree", "-r", "--name-only", branch).splitlines()


def commits(repository: Path, branch: str = "main") -> list[str]:
    return git(repository, "log", "--format=%s", branch).splitlines()


def commit(repository: Path, branch: str = "main", **content: str) -> None:
    """Commit files to a bare repository as someone else would, with a clone."""
    clone = repository.parent / f"clone-{len(list(repository.parent.iterdir()))}"
    git(repository.parent, "clone", "--quiet", str(repository), str(clone))
    if git(repository, "branch", "--list", branch):
        git(clone, "checkout", "--quiet", branch)
    else:
        git(clone, "checkout", "--quiet", "--orphan", branch)
    for name, text in content.items():
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "-m", "By someone else")
    git(clone, "push", "--quiet", "origin", f"HEAD:{branch}")


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A folder of repositories, with one that is empty."""
    folder = tmp_path / "served"
    folder.mkdir()
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "-b", "main", str(folder / "gitops.git")], check=True
    )
    return folder


@pytest.fixture
def gitops(served: Path) -> Path:
    return served / "gitops.git"


@pytest.fixture
def protected(served: Path) -> Iterator[GitServer]:
    with git_http(served, username="robot", password=SECRET) as server:
        yield server


@pytest.fixture
def login(protected: GitServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALIFT_GIT_HOST", protected.url("gitops.git"))
    monkeypatch.setenv("SEALIFT_GIT_USERNAME", "robot")
    monkeypatch.setenv("SEALIFT_GIT_PASSWORD", SECRET)


def test_the_first_push_into_an_empty_repository(source: Source, run: Run, gitops: Path) -> None:
    run("build", "example", "-o", "out")
    result = run("publish", "example", "--repository", str(gitops))
    head, tree = git(gitops, "rev-parse", "main"), git(gitops, "rev-parse", "main:example")
    assert (result.code, result.err) == (0, "")
    assert f"commit {head}\ntree   {tree}\n" in result.out
    assert files(gitops) == sorted(
        f"example/{name}" for name in snapshot(source.path("out/example"))
    )
    for name in files(gitops):
        content = subprocess.run(
            ["git", "-C", str(gitops), "cat-file", "blob", f"main:{name}"],
            check=True,
            capture_output=True,
        ).stdout
        assert content == source.path(f"out/{name}").read_bytes()


def test_publishing_twice_gives_one_commit(source: Source, run: Run, gitops: Path) -> None:
    first = json.loads(run("publish", "example", "--repository", str(gitops), "--json").out)
    again = json.loads(run("publish", "example", "--repository", str(gitops), "--json").out)
    assert (first["changed"], again["changed"]) == (True, False)
    assert again["commit"] == first["commit"] == git(gitops, "rev-parse", "main")
    assert commits(gitops) == ["Publish example"]
    assert "nothing to do" in run("publish", "example", "--repository", str(gitops)).out


def test_a_change_gives_a_second_commit_on_top(source: Source, run: Run, gitops: Path) -> None:
    source.overlay("more", "resources: [../example, more.yaml]\n")
    for data in ("one", "two"):
        source.write("overlays/more/more.yaml", f"apiVersion: v1\nkind: ConfigMap\n"
                     f"metadata: {{name: more}}\ndata: {{key: {data}}}\n")  # fmt: skip
        assert run("publish", "more", "--repository", str(gitops)).code == 0
    assert commits(gitops) == ["Publish more"] * 2
    assert git(gitops, "diff", "--name-only", "main^", "main") == "more/20-configmap-more.yaml"


def test_the_message_names_the_source_commit(source: Source, run: Run, gitops: Path) -> None:
    git(source.root, "init", "--quiet")
    git(source.root, "add", ".")
    git(source.root, "commit", "--quiet", "-m", "Source")
    run("publish", "example", "--repository", str(gitops))
    head = git(source.root, "rev-parse", "HEAD")
    assert git(gitops, "log", "-1", "--format=%B") == f"Publish example\n\nSource-Commit: {head}"


def test_a_changed_source_is_dirty(source: Source, run: Run, gitops: Path) -> None:
    git(source.root, "init", "--quiet")
    git(source.root, "commit", "--quiet", "--allow-empty", "-m", "Source")
    run("publish", "example", "--repository", str(gitops))
    assert git(gitops, "log", "-1", "--format=%B").endswith("-dirty")


def test_files_of_others_stay(source: Source, run: Run, gitops: Path) -> None:
    others = {"README.md": "r", "other/bundle.lock.yaml": "o", "example-2/x.yaml": "x", "exam": "e"}
    commit(gitops, **others)
    run("publish", "example", "--repository", str(gitops))
    assert commits(gitops) == ["Publish example", "By someone else"]
    for name, text in others.items():
        assert git(gitops, "cat-file", "blob", f"main:{name}") == text


def test_only_what_stands_below_its_own_path_is_removed(
    source: Source, run: Run, gitops: Path
) -> None:
    run("publish", "example", "--repository", str(gitops))
    before = files(gitops)
    commit(gitops, **{"example/old/gone.yaml": "old", "else/kept.yaml": "kept"})
    run("publish", "example", "--repository", str(gitops))
    assert files(gitops) == sorted([*before, "else/kept.yaml"])


@pytest.mark.parametrize(
    "content", ["example/mine.yaml", "example/sub/bundle.lock.yaml", "example"]
)
def test_a_path_that_sealift_did_not_write_is_refused(
    source: Source, refused: Refused, gitops: Path, content: str
) -> None:
    commit(gitops, **{content: "mine"})
    said = refused("publish", "example", "--repository", str(gitops))
    assert said == (
        f"error: {gitops}: example/ on main holds files that Sealift did not write\n"
        "hint: publish to another path, or remove the folder from the branch yourself\n"
    )
    assert commits(gitops) == ["By someone else"]


def test_a_file_where_the_path_needs_a_folder_is_not_overwritten(
    source: Source, refused: Refused, gitops: Path
) -> None:
    commit(gitops, clusters="a file")
    source.edit("overlays/example/environment.yaml", "branch: main", "path: clusters/a")
    said = refused("publish", "example", "--repository", str(gitops))
    assert "clusters on main is not a folder" in said
    assert files(gitops) == ["clusters"]


def test_the_path_and_branch_of_the_environment(source: Source, run: Run, gitops: Path) -> None:
    source.edit("overlays/example/environment.yaml", "branch: main",
                "branch: env/live\n  path: clusters/a/wandb")  # fmt: skip
    assert run("publish", "example", "--repository", str(gitops)).code == 0
    assert {name.rpartition("/")[0] for name in files(gitops, "env/live")} == {"clusters/a/wandb"}


def test_the_repository_of_the_environment(source: Source, run: Run, gitops: Path) -> None:
    source.edit("overlays/example/environment.yaml",
                "https://git.yourdomain.com/platform/gitops.git", str(gitops))  # fmt: skip
    assert run("publish", "example").code == 0
    assert commits(gitops) == ["Publish example"]


def test_another_branch_starts_without_history(source: Source, run: Run, gitops: Path) -> None:
    commit(gitops, **{"README.md": "r"})
    run("publish", "example", "--repository", str(gitops), "--branch", "fresh")
    assert commits(gitops, "fresh") == ["Publish example"]
    assert commits(gitops) == ["By someone else"]


def test_a_branch_whose_name_ends_like_ours_is_another(
    source: Source, run: Run, gitops: Path
) -> None:
    """git ls-remote compares the ends of names."""
    commit(gitops, branch="a/refs/heads/main", **{"README.md": "r"})
    assert run("publish", "example", "--repository", str(gitops)).code == 0
    assert commits(gitops) == ["Publish example"]


def test_what_does_not_ship_is_not_published(source: Source, run: Run, gitops: Path) -> None:
    result = run("publish", "guide", "--repository", str(gitops))
    assert (result.code, result.out) == (1, "")
    assert "guide: does not ship" in result.err
    assert git(gitops, "for-each-ref") == ""


def test_no_repository_is_named(source: Source, refused: Refused) -> None:
    said = refused("publish", "guide")
    assert "no repository to publish guide to" in said
    assert "--repository" in said


def test_over_http_with_a_password(
    source: Source, run: Run, protected: GitServer, gitops: Path, login: None
) -> None:
    for _ in range(2):
        assert run("publish", "example", "--repository", protected.url("gitops.git")).code == 0
    assert commits(gitops) == ["Publish example"]


def test_over_http_upon_the_work_of_others(
    source: Source, run: Run, protected: GitServer, gitops: Path, login: None
) -> None:
    commit(gitops, **{"other/bundle.lock.yaml": "o"})
    git(gitops, "config", "uploadpack.allowFilter", "true")
    assert run("publish", "example", "--repository", protected.url("gitops.git")).code == 0
    assert commits(gitops) == ["Publish example", "By someone else"]
    assert "other/bundle.lock.yaml" in files(gitops)


def test_the_given_password_comes_before_what_git_has_stored(
    source: Source,
    run: Run,
    protected: GitServer,
    login: None,
    tmp_path: Path,
) -> None:
    stored = tmp_path / "stored"
    stored.write_text(protected.base_url.replace("://", "://robot:old@") + "\n")
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    config.write_text(f"[credential]\n\thelper = store --file {stored}\n")
    assert run("publish", "example", "--repository", protected.url("gitops.git")).code == 0


def test_without_one_the_password_that_git_has_stored(
    source: Source, run: Run, protected: GitServer, tmp_path: Path
) -> None:
    stored = tmp_path / "stored"
    stored.write_text(protected.base_url.replace("://", f"://robot:{SECRET}@") + "\n")
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    config.write_text(f"[credential]\n\thelper = store --file {stored}\n")
    assert run("publish", "example", "--repository", protected.url("gitops.git")).code == 0


@pytest.mark.parametrize("password", ["wrong-horse", ""])
def test_a_wrong_password(
    source: Source,
    refused: Refused,
    protected: GitServer,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
) -> None:
    monkeypatch.setenv("SEALIFT_GIT_HOST", protected.url("gitops.git"))
    monkeypatch.setenv("SEALIFT_GIT_USERNAME", "robot")
    monkeypatch.setenv("SEALIFT_GIT_PASSWORD", password)
    said = refused("publish", "example", "--repository", protected.url("gitops.git"), code=3)
    assert "does not answer: Authentication failed" in said
    assert "SEALIFT_GIT_PASSWORD" in said
    assert "wrong-horse" not in said


@pytest.mark.parametrize("host", ["127.0.0.1", "https://127.0.0.1:1", "git.example.com"])
def test_a_password_for_another_host_is_not_sent(
    source: Source,
    refused: Refused,
    protected: GitServer,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
) -> None:
    monkeypatch.setenv("SEALIFT_GIT_HOST", host)
    monkeypatch.setenv("SEALIFT_GIT_USERNAME", "robot")
    monkeypatch.setenv("SEALIFT_GIT_PASSWORD", SECRET)
    said = refused("publish", "example", "--repository", protected.url("gitops.git"), code=3)
    assert "does not answer: could not read Username" in said
    assert f"SEALIFT_GIT_HOST names {host}" in said


def test_a_password_for_no_host(
    source: Source, refused: Refused, protected: GitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALIFT_GIT_USERNAME", "robot")
    monkeypatch.setenv("SEALIFT_GIT_PASSWORD", SECRET)
    url = protected.url("gitops.git")
    said = refused("publish", "example", "--repository", url)
    assert "SEALIFT_GIT_PASSWORD is set, but nothing says for which host" in said
    assert f"set SEALIFT_GIT_HOST={url.removesuffix('/gitops.git')}, if" in said


def test_no_password(source: Source, refused: Refused, protected: GitServer) -> None:
    said = refused("publish", "example", "--repository", protected.url("gitops.git"), code=3)
    assert "does not answer: could not read Username" in said
    assert "set SEALIFT_GIT_USERNAME and SEALIFT_GIT_PASSWORD" in said


def test_a_server_that_takes_no_push(
    source: Source, refused: Refused, served: Path, gitops: Path
) -> None:
    with git_http(served, allow_push=False) as server:
        said = refused("publish", "example", "--repository", server.url("gitops.git"), code=3)
    assert "403" in said


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
@pytest.mark.parametrize("says", ["The branch is frozen until Monday.", ""])
@pytest.mark.parametrize("transport", ["file", "http"])
def test_a_hook_that_refuses(
    source: Source, refused: Refused, served: Path, hook: str, says: str, transport: str
) -> None:
    path = served / "gitops.git" / "hooks" / hook
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n" if says else "#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    with git_http(served) as server:
        url = server.url("gitops.git") if transport == "http" else str(served / "gitops.git")
        said = refused("publish", "example", "--repository", url, code=3)
    assert f"{url} refuses the push to main: " in said
    assert (says or f"{'pre-receive ' if hook == 'pre-receive' else ''}hook declined") in said


@pytest.mark.parametrize(
    ("taken", "way", "wanted"),
    [
        ("sealift", "propose", "sealift/example/"),
        ("sealift/example", "propose", "sealift/example/"),
        ("environment", "hydrate", "environment/example-next"),
        ("env/live/old", "commit", "env/live"),
    ],
)
@pytest.mark.parametrize("transport", ["file", "http"])
def test_a_branch_whose_name_leaves_no_room_is_told_at_once(
    source: Source, served: Path, gitops: Path, taken: str, way: str, wanted: str,
    transport: str,
) -> None:  # fmt: skip
    commit(gitops, branch=taken, **{"README.md": "r"})
    result = build(find_overlay(source.root, "example"))
    git(source.root, "init", "--quiet")
    git(source.root, "add", ".")
    git(source.root, "commit", "--quiet", "-m", "Source")
    start = time.monotonic()
    with git_http(served) as server:
        url = server.url("gitops.git") if transport == "http" else str(gitops)
        ways: dict[str, Callable[[], object]] = {
            "propose": partial(
                publish, result.files, Target(repository=url, branch="main", path="example"),
                environment="example", propose=True,
            ),
            "hydrate": partial(deliver, result, Way(repository=url, mode="hydrator")),
            "commit": partial(deliver, result, Way(repository=url, branch="env/live")),
        }  # fmt: skip
        with pytest.raises(ConfigurationError) as raised:
            ways[way]()
    assert time.monotonic() - start < 10
    said = f"there is a branch {taken}, so Git cannot make a branch {wanted}"
    assert raised.value.what.startswith(said)
    assert raised.value.where == url
    assert raised.value.hint == f"rename or delete {taken}"


@pytest.mark.parametrize("transport", ["file", "http"])
def test_what_a_server_says_stands_once(
    source: Source, refused: Refused, served: Path, transport: str
) -> None:
    path = served / "gitops.git" / "hooks" / "pre-receive"
    path.write_text("#!/bin/sh\necho 'error: GH006: Protected branch.' >&2\nexit 1\n")
    path.chmod(0o755)
    with git_http(served) as server:
        url = server.url("gitops.git") if transport == "http" else str(served / "gitops.git")
        said = refused("publish", "example", "--repository", url, code=3)
        target = Target(repository=url, branch="main", path="example")
        with pytest.raises(ToolError) as raised:
            publish({"bundle.lock.yaml": b""}, target, environment="example", propose=True)
    assert f"{url} refuses the push to main: GH006: Protected branch.\n" in said
    assert said.endswith("use --pull-request\n")
    assert raised.value.hint == "let the account push to branches below sealift/"


def test_a_branch_that_is_checked_out(source: Source, refused: Refused, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "-b", "main", "worktree")
    git(tmp_path / "worktree", "commit", "--quiet", "--allow-empty", "-m", "x")
    said = refused("publish", "example", "--repository", str(tmp_path / "worktree"), code=3)
    assert "refuses the push to main: " in said
    assert "checked out" in said


@pytest.mark.parametrize("repository", ["/nowhere/gitops.git", "http://127.0.0.1:9/x.git"])
def test_a_repository_that_does_not_answer(
    source: Source, refused: Refused, repository: str
) -> None:
    said = refused("publish", "example", "--repository", repository, code=3)
    assert f"error: the Git repository {repository} does not answer: " in said


@pytest.mark.parametrize(
    "repository",
    [
        "--upload-pack=touch pwned",
        "-u",
        "ext::sh -c 'touch pwned'",
        "ext::sh -c touch% pwned",
        "fd::17",
        "transport::https://x",
        "git://example.com/x.git",
        "ftp://example.com/x.git",
        "javascript://x",
        "https://robot:hunter2@example.com/x.git",
        "https://hunter2@example.com/x.git",
        "HTTPS://robot:hunter2@example.com/x.git",
        "http://robot:hunter2@127.0.0.1:9/x.git",
        "ssh://robot:hunter2@example.com/x.git",
        "https://[example.com/x.git",
        "ssh://-oProxyCommand=touch pwned/x.git",
        "git@-oProxyCommand=touch:x.git",
        "ssh://git@-oProxyCommand=touch/x.git",
        "https://example.com/x.git\n--upload-pack=touch pwned",
        "https://exam\tple.com/x",
        "",
        "\0",
    ],
)
@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_repository_that_is_none(
    source: Source, refused: Refused, repository: str, by: str
) -> None:
    if by == "option":
        said = refused("publish", "guide", f"--repository={repository}")
    else:
        source.edit("overlays/example/environment.yaml",
                    "https://git.yourdomain.com/platform/gitops.git",
                    json.dumps(repository))  # fmt: skip
        said = refused("publish", "example")
    assert "hunter2" not in said
    assert not list(source.root.rglob("pwned"))


@pytest.mark.parametrize(
    "name",
    ["-x", "--force", "a..b", "a//b", "a/", "/a", "a.lock", "a/.b", "a b", "a~1", "a^", "a:b",
     "a\n", ".", "..", "@{0}", "a.lock/b", "é"],
)  # fmt: skip
@pytest.mark.parametrize("field", ["branch", "path"])
def test_names_that_are_no_branch_and_no_path(name: str, field: str) -> None:
    good = {"repository": "r", "branch": "main", "path": "example"}
    with pytest.raises(ConfigurationError, match=f"is not a {field} to publish to"):
        Target(**{**good, field: name})


def test_a_branch_of_the_command_line_that_is_none(
    source: Source, refused: Refused, gitops: Path
) -> None:
    said = refused("publish", "example", "--repository", str(gitops), "--branch", "--mirror")
    assert "error: '--mirror' is not a branch to publish to" in said


def test_a_git_hook_around_us_does_not_lead_elsewhere(
    source: Source, run: Run, gitops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git sets GIT_DIR for its hooks: a pipeline in one must not commit to that repository."""
    git(tmp_path, "init", "--quiet", "around")
    before = snapshot(tmp_path / "around")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "around" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "around"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "around" / "index"))
    assert run("publish", "example", "--repository", str(gitops)).code == 0
    monkeypatch.undo()
    assert commits(gitops) == ["Publish example"]
    assert snapshot(tmp_path / "around") == before


def test_the_settings_of_the_user_run_nothing(
    source: Source, run: Run, gitops: Path, tmp_path: Path
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text(
        f"[core]\n\thooksPath = {hooks}\n\tfsmonitor = touch {tmp_path}/ran\n"
        "[commit]\n\tgpgSign = true\n[push]\n\tgpgSign = true\n\tfollowTags = true\n"
        f"[init]\n\ttemplateDir = {tmp_path}/home\n\tdefaultBranch = strange\n"
    )
    result = run("publish", "example", "--repository", str(gitops))
    assert result.code == 0, result.err
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("transport", ["file", "http"])
@pytest.mark.parametrize("start", ["empty", "filled"])
def test_eight_publishers_at_once_lose_nothing(
    source: Source, served: Path, gitops: Path, transport: str, start: str
) -> None:
    names = [source.overlay(f"env-{n}", "resources: [../example]\n") for n in range(8)]
    if start == "filled":
        commit(gitops, **{"README.md": "r"})
    with git_http(served) as server, ThreadPoolExecutor(len(names)) as pool:
        url = server.url("gitops.git") if transport == "http" else str(gitops)
        command = [sys.executable, "-m", "builder", "publish", "--repository", url]
        ended = list(
            pool.map(lambda n: subprocess.run([*command, n], capture_output=True, text=True), names)
        )
    assert [(done.returncode, done.stderr) for done in ended] == [(0, "")] * len(names)
    expected = [f"Publish {name}" for name in names]
    if start == "filled":
        expected.append("By someone else")
    assert sorted(commits(gitops)) == sorted(expected)
    assert {name.partition("/")[0] for name in files(gitops)} - {"README.md"} == set(names)
    git(gitops, "fsck", "--strict", "--connectivity-only")
