"""Git, hardened: other people's remotes and names, no hooks, no prompt, no system settings.

GitPython gives the repository objects and runs plain git commands; what reaches out, or carries a
name from outside, goes through :func:`git` here, which states each option itself.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from builder.core.errors import ConfigurationError, ToolError
from builder.tools.command import CommandError, run

_CREDENTIALS = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
    '"$SEALIFT_GIT_USERNAME" "$SEALIFT_GIT_PASSWORD"; }; f'
)
_SCP = re.compile(r"[\w.-]+@[\w.-]+:[^:].*")


def check_remote(remote: str) -> str:
    """Return a remote that is safe to give to git: https, http, ssh, or a local path.

    Raises ConfigurationError for anything else, and for credentials in a URL.
    """
    scheme = urlsplit(remote).scheme if "://" in remote else ""
    if remote.startswith("-") or "\n" in remote or "::" in remote.partition("/")[0]:
        raise ConfigurationError(
            f"{remote!r} is not a Git repository", hint="name a URL (https, ssh) or a folder"
        )
    if scheme:
        if scheme not in ("https", "http", "ssh", "file"):
            raise ConfigurationError(
                f"{scheme}:// is not a way to a Git repository that Sealift takes",
                hint="use https, ssh, or a folder",
            )
        if scheme != "ssh" and "@" in urlsplit(remote).netloc:
            raise ConfigurationError(
                "the repository's URL holds credentials, and would be logged with them",
                hint="use a credential helper, or SEALIFT_GIT_USERNAME and SEALIFT_GIT_PASSWORD",
            )
        return remote
    return remote if _SCP.fullmatch(remote) else str(Path(remote).resolve())


def git(repository: Path, argv: Sequence[str], *, stdin: bytes | None = None) -> bytes:
    """Run a git command in ``repository`` and return its output. Raises CommandError."""
    settings = {
        "core.hooksPath": os.devnull,
        "core.fsmonitor": "false",
        "core.longPaths": "true",
        "protocol.allow": "never",
        "protocol.https.allow": "always",
        "protocol.http.allow": "always",
        "protocol.ssh.allow": "always",
        "protocol.file.allow": "always",
        "gc.auto": "0",
        "advice.pushUpdateRejected": "false",
    }
    if os.environ.get("SEALIFT_GIT_USERNAME"):
        settings["credential.helper"] = _CREDENTIALS
    env = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true" if not os.environ.get("SEALIFT_GIT_USERNAME") else "",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    if not os.environ.get("GIT_SSH_COMMAND"):
        env["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
    for index, (key, value) in enumerate(settings.items()):
        env[f"GIT_CONFIG_KEY_{index}"] = key
        env[f"GIT_CONFIG_VALUE_{index}"] = value
    return run(["git", "-C", str(repository), *argv], env=env, stdin=stdin)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Make an empty bare repository in ``folder``, with GitPython."""
    from git import Repo

    with Repo.init(folder, bare=True) as repository:
        yield Path(repository.git_dir)


def source_commit(folder: Path) -> str:
    """Return the commit of a work tree, with ``-dirty`` behind it when files differ; or ``""``."""
    try:
        commit = git(folder, ["rev-parse", "--verify", "--quiet", "HEAD"]).decode().strip()
        changed = git(folder, ["status", "--porcelain", "--untracked-files=normal", "--", "."])
    except CommandError:
        return ""
    return commit + ("-dirty" if changed.strip() else "")


def remote_head(repository: Path, remote: str, branch: str) -> str | None:
    """Return the commit of a branch of a remote, or None when it has no such branch."""
    try:
        listed = git(repository, ["ls-remote", "--heads", "--", remote, f"refs/heads/{branch}"])
    except CommandError as error:
        raise unreachable(remote, error) from error
    line = listed.decode().strip().splitlines()
    return line[0].split()[0] if line else None


def unreachable(remote: str, error: CommandError) -> ToolError:
    """Say in one line why a remote does not answer."""
    said = [
        line
        for line in error.stderr.splitlines()
        if line.startswith(("fatal:", "remote:", "error:"))
    ]
    reason = (said[-1].partition(":")[2].strip() if said else str(error)) or str(error)
    denied = re.search(
        r"Authentication failed|could not read (Username|Password)|403|Permission denied",
        error.stderr,
    )
    return ToolError(
        f"the Git repository {remote} does not answer: {reason}",
        hint="set SEALIFT_GIT_USERNAME and SEALIFT_GIT_PASSWORD, or a credential helper"
        if denied
        else "is the URL right, and the server up?",
    )
