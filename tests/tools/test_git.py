"""Git, hardened."""

import os
import subprocess
from pathlib import Path

import pytest

from builder.core.errors import ConfigurationError, ToolError
from builder.tools.command import CommandError
from builder.tools.git import (
    check_remote,
    git,
    remote_head,
    scratch,
    source_commit,
    unreachable,
    work_tree,
)


@pytest.mark.parametrize(
    "remote",
    [
        "https://git.example.com/x.git",
        "http://127.0.0.1:8080/x.git",
        "ssh://git@git.example.com:22/x.git",
        "git@git.example.com:platform/x.git",
        "/srv/x.git",
        "file:///srv/x.git",
        "https://git.example.com/a@b/x.git",
    ],
)
def test_takes_urls_and_folders(remote: str) -> None:
    assert check_remote(remote) == remote


def test_a_folder_becomes_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert check_remote("./-x.git") == str(tmp_path / "-x.git")


@pytest.mark.parametrize("remote", ["-x.git", "ext::sh", "a\nb", "a\0b", "https://[x", ""])
def test_refuses_what_git_would_take_for_something_else(remote: str) -> None:
    with pytest.raises(ConfigurationError):
        check_remote(remote)


@pytest.mark.parametrize("scheme", ["https", "http", "ssh"])
def test_refuses_passwords_in_urls_without_saying_them(scheme: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        check_remote(f"{scheme}://robot:hunter2@git.example.com/x.git")
    assert "hunter2" not in f"{raised.value} {raised.value.hint}"


def test_other_protocols_stay_shut_below_an_accepted_remote(tmp_path: Path) -> None:
    """A repository may name another one by any URL: as a submodule, an alternate, a redirect."""
    with scratch(tmp_path / "a.git") as repository, pytest.raises(CommandError) as raised:
        git(repository, ["ls-remote", "--", "ext::sh -c true"])
    assert "transport 'ext' not allowed" in str(raised.value)


def test_a_branch_that_is_not_there(tmp_path: Path) -> None:
    with scratch(tmp_path / "a.git") as repository:
        assert remote_head(repository, str(repository), "main") is None


def test_a_remote_that_is_no_repository(tmp_path: Path) -> None:
    with scratch(tmp_path / "a.git") as repository, pytest.raises(ToolError) as raised:
        remote_head(repository, str(tmp_path), "main")
    assert f"the Git repository {tmp_path} does not answer: " in str(raised.value)
    assert raised.value.hint == f"is the path right? `git init --bare {tmp_path}` makes one"


def test_a_folder_outside_git_has_no_commit(tmp_path: Path) -> None:
    assert source_commit(tmp_path) == ""
    assert work_tree(tmp_path) is None


def test_the_commit_of_a_work_tree(tmp_path: Path) -> None:
    author = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    subprocess.run(
        ["git", *author, "-C", str(tmp_path), "commit", "--quiet", "--allow-empty", "-m", "x"],
        check=True,
    )
    git_head = git(tmp_path, ["rev-parse", "HEAD"]).decode().strip()
    (tmp_path / ".gitignore").write_text("home\nscratch\n.gitignore\n")
    assert source_commit(tmp_path) == git_head
    (tmp_path / "new").write_text("")
    assert source_commit(tmp_path) == f"{git_head}-dirty"


def test_a_repository_that_git_does_not_trust_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose user is another than that of the checkout."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    assert source_commit(tmp_path) == ""  # no commit yet
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for ask in (source_commit, work_tree):
        with pytest.raises(ToolError, match="detected dubious ownership") as raised:
            ask(tmp_path)
        assert f"git config --global --add safe.directory {tmp_path}" in (raised.value.hint or "")


def test_the_settings_of_the_environment_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CI systems pass their certificates and headers this way."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.sslCAInfo")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "/etc/ca.pem")
    with scratch(tmp_path / "a.git") as repository:
        assert git(repository, ["config", "http.sslCAInfo"]).decode() == "/etc/ca.pem\n"
        assert git(repository, ["config", "core.hooksPath"]).decode() == "/dev/null\n"


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        ("fatal: Authentication failed for 'https://x'", "Authentication failed for 'https://x'"),
        ("remote: Not found\nfatal: repository 'x' not found\n", "repository 'x' not found"),
        ("git: 'remote-foo' is not a git command", "broken"),
        ("", "broken"),
    ],
)
def test_the_reason_is_the_last_thing_that_git_says(stderr: str, reason: str) -> None:
    error = unreachable("x", CommandError("broken", returncode=128, stderr=stderr))
    assert str(error) == f"the Git repository x does not answer: {reason}"


def test_the_ssh_command_of_the_user_is_run(tmp_path: Path) -> None:
    script = tmp_path / "ssh"
    script.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nexit 1\n')
    script.chmod(0o755)
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text(f"[core]\n\tsshCommand = {script}\n")
    with scratch(tmp_path / "a.git") as repository, pytest.raises(ToolError):
        remote_head(repository, "git@git.example.com:x.git", "main")
    assert "git@git.example.com" in (tmp_path / "asked").read_text()
