"""The Git repository that bundles are published to."""

from builder.claims import bundle_of, check_path
from builder.core.checks import Check, failed, skipped
from builder.core.errors import SealiftError
from builder.deliver import Way, hydrates, target_of
from builder.hydrate import proposed
from builder.publish import workplace
from builder.tools import git_branch
from builder.workspace import Overlay


def check(overlay: Overlay) -> list[Check]:
    """Look whether it could be pushed to: git does all of it but the push."""
    if overlay.environment.publish is None:
        why = "environment.yaml names no repository to publish to"
        return [skipped("git", "repository", why, "set publish: {repository: ...}")]
    subject = "the repository"  # not as it stands there: it may hold a password, which is refused
    try:
        target = target_of(overlay, Way())
        if hydrates(overlay, Way()):
            target = proposed(target)
        subject = target.repository
        with workplace(target) as (repo, remote):
            tip = git_branch.fetch(repo, remote, target.branch)
            check_path(repo, tip, target, bundle_of(overlay.name))
            git_branch.rehearse(repo, remote, target.branch, tip)
    except SealiftError as error:
        return [failed("git", subject, error)]
    there = "" if tip else ", which will be made"
    return [
        Check(
            group="git",
            subject=subject,
            state="ok",
            detail=f"takes a push to {target.branch}{there}; rules of the branch show in one only",
        )
    ]
