"""Git, hardened: other people's remotes and names, no hooks, no prompt, no system settings.

GitPython gives the repository objects and runs plain git commands; what reaches out, or carries a
name from outside, goes through :func:`git` here, which states each option itself.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from builder.core.errors import ConfigurationError, ToolError
from builder.tools.bound import bound
from builder.tools.command import CommandError, run

_CREDENTIALS = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
    '"$SEALIFT_GIT_USERNAME" "$SEALIFT_GIT_PASSWORD"; }; f'
)
_USERNAME, _PASSWORD, _HOST = "SEALIFT_GIT_USERNAME", "SEALIFT_GIT_PASSWORD", "SEALIFT_GIT_HOST"
_SCP = re.compile(r"[\w.-]+@[\w.-]+:[^:].*")
# Control characters, ``transport::address``, and hosts that ssh would take for an option.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]|^[^/]*::|^[^/]*@-|://[^/]*@-|://-")
_ABSENT = re.compile(r"not a git repository|must be run in a work tree")
_SETTINGS = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.longPaths", "true"),
    ("protocol.allow", "never"),
    ("protocol.https.allow", "always"),
    ("protocol.http.allow", "always"),
    ("protocol.ssh.allow", "always"),
    ("protocol.file.allow", "always"),
    ("push.gpgSign", "false"),
    ("push.followTags", "false"),
    ("push.recurseSubmodules", "no"),
    ("gc.auto", "0"),
    ("advice.pushUpdateRejected", "false"),
    ("log.showSignature", "false"),  # what it says would stand before what is asked for
)
# Git sets these for its hooks: below one, commands would work on the repository of the hook.
# `git rev-parse --local-env-vars` names them.
_OF_A_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS",
    "GIT_DIR", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE", "GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)  # fmt: skip


def check_remote(remote: str) -> str:
    """Return a remote that is safe to give to git: https, http, ssh, or a local path.

    Raises ConfigurationError for anything else, and for credentials in a URL.
    """
    if not remote or remote.startswith("-") or _UNSAFE.search(remote):
        raise ConfigurationError(
            f"{remote!r} is not a Git repository", hint="name a URL (https, ssh) or a folder"
        )
    if "://" in remote:
        _check_url(remote)
        return remote
    return remote if _SCP.fullmatch(remote) else str(Path(remote).resolve())


def local_path(remote: str) -> str | None:
    """Return the path of a repository on this machine, as it is written; None for a URL.

    Hooks of such a one run as the user who pushes.
    """
    if remote.startswith("file://"):
        return unquote(urlsplit(remote).path)
    return None if "://" in remote or _SCP.fullmatch(remote) else remote


def _check_url(remote: str) -> None:
    try:
        url = urlsplit(remote)
        secret = url.password is not None or (url.username is not None and url.scheme != "ssh")
    except ValueError as error:
        raise ConfigurationError(f"the repository's URL is none: {error}") from error
    if secret:
        raise ConfigurationError(
            "the repository's URL holds credentials, and would be logged with them",
            hint="use a credential helper, or SEALIFT_GIT_USERNAME and SEALIFT_GIT_PASSWORD",
        )
    elsewhere = url.scheme == "file" and url.netloc not in ("", "localhost")
    if url.scheme not in ("https", "http", "ssh", "file") or elsewhere or " " in remote:
        raise ConfigurationError(
            f"{remote!r} is not a way to a Git repository that Sealift takes",
            hint="use https, ssh, or a folder",
        )


def git(
    repository: Path,
    argv: Sequence[str],
    *,
    stdin: bytes | None = None,
    more: Mapping[str, str] | None = None,
) -> bytes:
    """Run a git command in ``repository`` and return its output. Raises CommandError.

    ``more`` is added to its environment.
    """
    env: dict[str, str | None] = {
        **dict.fromkeys(_OF_A_REPOSITORY),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "SSH_ASKPASS_REQUIRE": "never",
        "LC_ALL": "C",
        **(more or {}),
    }
    settings = [*_SETTINGS]
    url = next((a for a in argv if a.startswith(("https://", "http://"))), None)
    if url and os.environ.get("SEALIFT_CA_FILE"):
        settings += [("http.sslCAInfo", os.environ["SEALIFT_CA_FILE"])]
    if url and _has_credentials(url):
        # Only then: a local repository's hooks see the environment of a push.
        for name in (_USERNAME, _PASSWORD):
            env[name] = os.environ.get(name, "")
        # The empty one takes away the helpers of the user's settings, which would come first.
        parts = urlsplit(url)
        place = f"credential.{parts.scheme}://{parts.netloc}"
        settings += [("credential.helper", ""), (f"{place}.helper", _CREDENTIALS)]
        env["GIT_ASKPASS"] = ""
    elif "GIT_ASKPASS" not in os.environ:
        env["GIT_ASKPASS"] = ""
    # Behind those of the environment: the last one counts.
    given = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isdecimal() else 0
    for index, (key, value) in enumerate(settings, start=first):
        env[f"GIT_CONFIG_KEY_{index}"] = key
        env[f"GIT_CONFIG_VALUE_{index}"] = value
    env["GIT_CONFIG_COUNT"] = str(first + len(settings))
    return run(["git", "-C", str(repository), *argv], env=env, stdin=stdin)


def _has_credentials(url: str) -> bool:
    return bool(os.environ.get(_USERNAME)) and bound(_HOST, url, credentials=_PASSWORD)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Make an empty bare repository in ``folder``."""
    if shutil.which("git") is None:
        raise ToolError("git is not on PATH", hint="install Git, or add its folder to PATH")
    from git import Repo  # fails without the program

    folder.mkdir(parents=True, exist_ok=True)
    # Not Repo.init: it takes GIT_DIR from the environment, and the user's template.
    git(folder, ["init", "--quiet", "--bare", "--template="])
    with Repo(folder) as repository:
        yield Path(repository.git_dir)


def source_commit(folder: Path) -> str:
    """Return the commit of a work tree, with ``-dirty`` behind it when files differ.

    Empty where there is no commit, or no Git. Raises ToolError when there is a repository that git
    does not read: nothing would be said of the sources, and no older one be told from a newer.
    """
    try:
        commit = git(folder, ["rev-parse", "--verify", "--quiet", "HEAD"]).decode().strip()
        changed = git(folder, ["status", "--porcelain", "--untracked-files=normal", "--", "."])
    except CommandError as error:
        _check_absent(folder, error)
        return ""
    return commit + ("-dirty" if changed.strip() else "")


def work_tree(folder: Path) -> Path | None:
    """Return the root of the work tree that has a folder; None outside of one.

    Raises ToolError as :func:`source_commit` does.
    """
    try:
        found = git(folder, ["rev-parse", "--show-toplevel"])
    except CommandError as error:
        _check_absent(folder, error)
        return None
    return Path(os.fsdecode(found.removesuffix(b"\n"))).resolve()


def _check_absent(folder: Path, error: CommandError) -> None:
    """Raise ToolError unless a command failed because there is no repository, commit or Git."""
    if error.returncode is None or not error.stderr or _ABSENT.search(error.stderr):
        return
    hint = "is its repository whole?"
    if "dubious ownership" in error.stderr:
        hint = "it belongs to another account, as in a container: trust it with `git config "
        hint += f"--global --add safe.directory {folder}` (system settings do not count)"
    said = error.stderr.splitlines()[0].removeprefix("fatal: ")
    raise ToolError(f"git does not read the sources in {folder}: {said}", hint=hint) from error


def remote_head(repository: Path, remote: str, branch: str) -> str | None:
    """Return the commit of a branch of a remote, or None when it has no such branch."""
    try:
        listed = git(repository, ["ls-remote", "--heads", "--", remote, f"refs/heads/{branch}"])
    except CommandError as error:
        raise unreachable(remote, error) from error
    # A pattern of ls-remote matches the end of a name: a/refs/heads/main is another branch.
    heads = {name: commit for commit, name in map(str.split, listed.decode().splitlines())}
    return heads.get(f"refs/heads/{branch}")


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
    hint = "is the URL right, and the server up?"
    if denied:
        hint = "set SEALIFT_GIT_USERNAME and SEALIFT_GIT_PASSWORD, or a credential helper"
        if os.environ.get(_USERNAME) and not _has_credentials(remote):
            hint = f"SEALIFT_GIT_HOST names {os.environ[_HOST]}: {hint} for this host"
    elif re.search(r"certificate|SSL|TLS", error.stderr):
        hint = "name the file of its certificate authority in SEALIFT_CA_FILE"
    elif (path := local_path(remote)) is not None:
        hint = f"is the path right? `git init --bare {path}` makes one"
    return ToolError(f"the Git repository {remote} does not answer: {reason}", hint=hint)
