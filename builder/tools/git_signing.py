"""Signed commits: with an OpenSSH key or an OpenPGP key, by git."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from builder.core.errors import ToolError
from builder.tools.command import CommandError
from builder.tools.git import git, scratch

EMAIL = "sealift@localhost"
"""By which a commit of Sealift's is known."""
_HINTS = {
    "ssh": "publish.signing.key is the path of a public key: the private one has to be beside it, "
    "or in ssh-agent",
    "openpgp": "publish.signing.key is the id of a key in gpg's keyring; gpg-agent has to know its "
    "passphrase",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """How commits are signed: ``ssh`` or ``openpgp``, and the key as git's user.signingKey."""

    format: str
    key: str

    @property
    def settings(self) -> list[str]:
        """The settings of git, as options that stand before a command."""
        return ["-c", f"gpg.format={self.format}", "-c", f"user.signingKey={self.key}"]

    def failed(self, error: CommandError) -> ToolError:
        """Say in one line why git could not sign."""
        said = [line.strip() for line in error.stderr.splitlines() if line.strip()]
        # The last line is git's own: that it failed to write the commit.
        told = [line for line in said if not line.startswith(("fatal:", "error: gpg failed"))]
        reason = (told or said or [error.what])[0].removeprefix("error:").strip()
        return ToolError(
            f"git cannot sign with the {self.format} key {self.key}: {reason}",
            hint=_HINTS.get(self.format),
        )


def check(signing: Signing) -> None:
    """Sign a commit that nobody keeps. Raises ToolError when that does not work."""
    with (
        tempfile.TemporaryDirectory(prefix="sealift-git-") as folder,
        scratch(Path(folder)) as repository,
    ):
        tree = git(repository, ["mktree"], stdin=b"").decode().strip()
        commit_tree(repository, tree, "Rehearsal\n", signing=signing)


def commit_tree(
    repository: Path, tree: str, message: str, *, parent: str | None = None, signing: Signing | None
) -> str:
    """Make a commit of a tree by Sealift, and return it. Raises ToolError."""
    argv = ["-c", "user.name=Sealift", "-c", f"user.email={EMAIL}"]
    argv += [*signing.settings, "commit-tree", "-S"] if signing else ["commit-tree"]
    argv += [*(["-p", parent] if parent else []), tree]
    try:
        return git(repository, argv, stdin=message.encode()).decode().strip()
    except CommandError as error:
        if signing is None:
            raise
        raise signing.failed(error) from error
