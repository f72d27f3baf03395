"""The branch of a proposal as it stands on the remote: kept, moved on, or another's.

A push to it dismisses what reviewers approved. So it stays as long as merging it gives the bundle
that is proposed, whatever others did to the base meanwhile; and commits of others are never lost,
neither by a push nor with a branch that is not needed any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.core.errors import ConfigurationError
from builder.target import Target
from builder.tools import git_branch, git_history, git_signing


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a branch has: its newest commit, and whether that proposes what is to be proposed."""

    tip: str | None
    kept: bool = False


def standing(
    repo: Path,
    remote: str,
    branch: str,
    target: Target,
    *,
    base: str | None,
    tree: str,
    files: Mapping[str, bytes],
) -> Standing:
    """Look at the branch that proposes ``files``, which are ``tree``, upon the commit ``base``.

    Raises ConfigurationError when it would have to be pushed over commits of others.
    """
    there = git_branch.fetch(repo, remote, branch, depth=2)
    if there is None:
        return Standing(tip=None)
    place = _Place(repo, remote, target.path, files)
    same = git_branch.lookup(repo, f"{there}:{target.path}") == tree
    if same and place.merges(there, base):
        return Standing(tip=there, kept=True)
    if not place.is_ours(there):
        raise ConfigurationError(
            f"{branch} has a commit by {git_branch.committer(repo, there)}, which Sealift did not "
            "write: it would be lost",
            where=target.repository,
            hint="merge or close the request and delete the branch; what the commit changes "
            "belongs into the overlay",
        )
    return Standing(tip=there)


def others(repo: Path, remote: str, branch: str) -> str:
    """Name whoever else made the newest commit of a branch; empty for Sealift, or no branch."""
    tip = git_branch.fetch(repo, remote, branch)
    return "" if tip is None or _is_named(repo, tip) else git_branch.committer(repo, tip)


def _is_named(repo: Path, commit: str) -> bool:
    return f"<{git_signing.EMAIL}>" in git_branch.committer(repo, commit)


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder of a remote, and what is to stand in it."""

    repo: Path
    remote: str
    path: str
    files: Mapping[str, bytes]

    def merges(self, there: str, base: str | None) -> bool:
        """Tell whether merging a branch gives its folder: the base's did not change since."""
        parents = git_branch.parents(self.repo, there)
        if base is None or parents == [base]:
            return base is not None or not parents
        with git_history.history(self.remote, [there, base]) as past:
            common = git_history.merge_base(past, there, base)
        if common is None:
            return False
        git_branch.fetch_commit(self.repo, self.remote, common)
        folders = [git_branch.lookup(self.repo, f"{one}:{self.path}") for one in (common, base)]
        if folders[0] != folders[1]:
            return False
        # A base that was written anew: what was taken out of it would come back with ours.
        return self.would_be(common) == self.tree(there) or not self.is_ours(there)

    def is_ours(self, there: str) -> bool:
        """Tell whether Sealift wrote a commit: by its name, or because it would write the same."""
        if _is_named(self.repo, there):
            return True
        parents = git_branch.parents(self.repo, there)
        above = parents[0] if parents else None
        return len(parents) < 2 and self.would_be(above) == self.tree(there)

    def would_be(self, parent: str | None) -> str | None:
        """Return the tree that Sealift would make upon a commit."""
        made = git_branch.write(self.repo, self.files, path=self.path, parent=parent, message="")
        return self.tree(made)

    def tree(self, commit: str) -> str | None:
        """Return the whole tree of a commit."""
        return git_branch.lookup(self.repo, f"{commit}^{{tree}}")
