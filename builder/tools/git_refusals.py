"""Why a server did not take a push."""

import re
from pathlib import Path

from builder.core.errors import ConfigurationError, ToolError
from builder.tools.command import CommandError
from builder.tools.git import git, unreachable

# What git and the servers say when a branch moved between our look at it and our push.
_OVERTAKEN = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|"
    r"reference already exists|incorrect old value|atomic transaction failed"
)
_PROPOSALS = "sealift/"


def overtaken(error: CommandError) -> bool:
    """Tell whether a push failed as it does when someone else was faster."""
    return bool(_OVERTAKEN.search(error.stderr + str(error)))


def check_room(repository: Path, remote: str, full: str) -> None:
    """Raise ConfigurationError when another ref leaves no room for a new one of this name.

    Refs are like files: where one is called ``a``, none can be called ``a/b``.
    """
    parts = full.split("/")
    above = ["/".join(parts[:length]) for length in range(3, len(parts))]
    try:
        asked = ["ls-remote", "--refs", "--", remote, *above, f"{full}/*"]
        answer = git(repository, asked).decode("utf-8", "replace")
    except CommandError as error:
        raise unreachable(remote, error) from error
    names = [line.partition("\t")[2] for line in answer.splitlines()]
    found = [name for name in names if name in above or name.startswith(f"{full}/")]
    if found:
        there, wanted = (name.removeprefix("refs/heads/") for name in (found[0], full))
        raise ConfigurationError(
            f"there is a branch {there}, so Git cannot make a branch {wanted}",
            where=remote,
            hint=f"rename or delete {there}",
        )


def refused(ref: str, remote: str, error: CommandError) -> ToolError:
    """Say why the server did not take a push."""
    lines = [line for line in error.stderr.splitlines() if line.strip()]
    reasons = [_said(line) for line in lines if line.startswith("remote:")]
    reasons = reasons or re.findall(r"\[remote rejected\].*\((.+)\)", error.stderr)
    if not reasons:
        return unreachable(remote, error)
    hint = "a protected branch takes changes by pull request only: use --pull-request"
    if ref.startswith(_PROPOSALS):
        hint = f"let the account push to branches below {_PROPOSALS}"
    elif ref.startswith("refs/") or "-next/" in f"{ref}/":  # a hydrator's: no request leads there
        hint = f"let the account push to {ref}"
    return ToolError(
        f"{remote} refuses the push to {ref}: {' '.join(filter(None, reasons))}", hint=hint
    )


def _said(line: str) -> str:
    """Return what a server says in a line, without the prefixes, which our message has as well."""
    return re.sub(r"^(\s*(remote|error|fatal):)+", "", line).strip()
