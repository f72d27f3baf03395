"""A bundle becomes one commit on a branch of a Git repository."""

import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from builder.claims import Claim, bundle_of, check_path
from builder.core.errors import ToolError
from builder.proposal import standing
from builder.rollback import Order, trailer
from builder.target import Target
from builder.tools import git_branch
from builder.tools.git import check_remote, scratch
from builder.tools.git_signing import Signing

__all__ = [
    "Commit", "Target", "attempts", "check_path", "overtaken", "publish", "wait", "workplace",
]  # fmt: skip

ATTEMPTS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """What publishing came to.

    ``commit`` and ``tree`` are those of the bundle, ``branch`` is the one that has them. With
    ``changed`` false the target had them before; ``pushed`` tells whether this run sent them.
    """

    commit: str
    tree: str
    branch: str
    changed: bool
    pushed: bool
    files: tuple[str, ...]


def publish(
    files: Mapping[str, bytes],
    target: Target,
    *,
    environment: str,
    claim: Claim | None = None,
    source_commit: str = "",
    source: Path | None = None,
    signing: Signing | None = None,
    propose: bool = False,
    dry_run: bool = False,
) -> Commit:
    """Commit ``files`` as the whole content of the target's folder, and push.

    One commit, only when something changed; other folders keep what they have. When someone else
    was faster, the commit is made again upon theirs. With ``propose`` it goes to a branch that is
    named by its content, for a pull request, which stays as long as it merges to the same. Raises
    ConfigurationError when the folder holds what Sealift did not write, or wrote for others than
    the ``claim`` has (by default: than the environment), when a proposal would be pushed over
    commits of others, and with ``source``, the repository of the sources, when the published
    source commit is newer. Raises ToolError when the repository does not take it.
    """
    message = f"Publish {environment}{trailer(source_commit)}\n"
    order = Order(environment=environment, commit=source_commit, source=source)
    with workplace(target) as (repo, remote):
        for attempt in attempts():
            tip = git_branch.fetch(repo, remote, target.branch)
            check_path(repo, tip, target, claim or bundle_of(environment))
            commit = git_branch.write(
                repo, files, path=target.path, parent=tip, message=message, signing=signing
            )
            made = _made(repo, tip, commit, target, files)
            if made.changed:
                order.check(remote, tip)
                if propose:
                    made = replace(made, branch=head_branch(environment, made.tree))
            if not made.changed or dry_run:
                return made
            before = tip
            if propose:
                there = standing(
                    repo, remote, made.branch, target, base=tip, tree=made.tree, files=files
                )
                if there.kept:
                    return replace(made, commit=str(there.tip))
                before = there.tip
            if git_branch.push(repo, remote, made.branch, made.commit, before):
                return replace(made, pushed=True)
            wait(attempt)
    raise overtaken(made.branch)


def _made(
    repo: Path, tip: str | None, commit: str, target: Target, files: Mapping[str, bytes]
) -> Commit:
    """Describe a commit that was written; the tip itself when it has the same content."""
    tree = str(git_branch.lookup(repo, f"{commit}:{target.path}"))
    changed = tip is None or tree != git_branch.lookup(repo, f"{tip}:{target.path}")
    return Commit(
        commit=commit if changed else str(tip),
        tree=tree,
        branch=target.branch,
        changed=changed,
        pushed=False,
        files=tuple(sorted(files)),
    )


def head_branch(environment: str, tree: str) -> str:
    """Name the branch of a proposal: the same content has the same branch."""
    return f"sealift/{environment}/{tree[:12]}"


@contextmanager
def workplace(target: Target) -> Iterator[tuple[Path, str]]:
    """Open a scratch repository for a target; yields it, and the remote as git takes it."""
    with (
        tempfile.TemporaryDirectory(prefix="sealift-git-") as folder,
        scratch(Path(folder)) as repo,
    ):
        yield repo, check_remote(target.repository)


def attempts() -> range:
    """Return the tries that a push has when others push to the same branch."""
    return range(ATTEMPTS)


def wait(attempt: int) -> None:
    """Wait a random time, longer from try to try, so that the others get through."""
    time.sleep(random.uniform(0, 0.05 * 2 ** min(attempt, 5)))  # noqa: S311 - not a secret


def overtaken(branch: str) -> ToolError:
    """Say that others were faster every time."""
    return ToolError(
        f"others pushed to {branch} faster, {ATTEMPTS} times in a row", hint="run it again"
    )
