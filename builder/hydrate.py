"""Publishing as a hydrator for Argo CD's GitOps Promoter.

The contract (github.com/argoproj-labs/gitops-promoter, docs/advanced-usage/custom-hydrator.md): the
hydrated content goes to ``<active branch>-next`` with a file ``hydrator.metadata`` that names the
source commit; nothing new means no commit, only a note in ``refs/notes/hydrator.metadata``.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from builder.claims import bundle_of, check_path
from builder.core.errors import ConfigurationError
from builder.publish import Commit, attempts, overtaken, wait, workplace
from builder.rollback import Order, trailer
from builder.target import METADATA, Target
from builder.tools import git_branch
from builder.tools.command import CommandError
from builder.tools.git import git
from builder.tools.git_signing import Signing

_NEXT = "-next"
NOTES = "refs/notes/hydrator.metadata"


def active_branch(environment: str) -> str:
    """Return the branch that the promoter merges into."""
    return f"environment/{environment}"


def check_active(branch: str) -> None:
    """Raise ConfigurationError for a branch whose name is that of another's proposals."""
    if branch.endswith(_NEXT):
        raise ConfigurationError(
            f"{branch} is where the promoter looks for what is proposed to "
            f"{branch.removesuffix(_NEXT)}",
            hint=f"rename the environment, or name a branch that does not end in {_NEXT} with "
            "--branch",
        )


def proposed(target: Target) -> Target:
    """Return where the promoter looks for what is proposed to ``target``, the active branch."""
    path = f"/{target.path}" if target.path else ""
    return replace(target, branch=f"{target.branch}{_NEXT}{path}")


def hydrate(
    files: Mapping[str, bytes],
    target: Target,
    *,
    environment: str,
    dry: Mapping[str, Any],
    source: Path | None = None,
    signing: Signing | None = None,
    dry_run: bool = False,
) -> Commit:
    """Publish to the proposed branch of ``target.branch``, the active one.

    ``dry`` is the content of ``hydrator.metadata``; its ``drySha`` is the source commit. Raises as
    ``publish`` does (``source`` is the same), and when the source is not a clean commit.
    """
    sha = str(dry.get("drySha") or "")
    if not sha or sha.endswith("-dirty"):
        raise ConfigurationError(
            "the promoter needs the commit that the bundle was built from",
            hint="commit the source repository's changes, then publish",
        )
    target = proposed(target)
    branch = target.branch
    whole = {**files, METADATA: (json.dumps(dict(dry), indent=2) + "\n").encode()}
    message = f"Hydrate {environment} from {sha[:7]}{trailer(sha)}\n"
    order = Order(environment=environment, commit=sha, source=source)
    with workplace(target) as (repo, remote):
        for attempt in attempts():
            tip = git_branch.fetch(repo, remote, branch)
            check_path(repo, tip, target, bundle_of(environment))
            commit = git_branch.write(
                repo, whole, path=target.path, parent=tip, message=message, signing=signing
            )
            tree = str(git_branch.lookup(repo, f"{commit}:{target.path}"))
            changed = tip is None or _content(repo, tip, target) != _content(repo, commit, target)
            made = Commit(
                commit=commit if changed else str(tip),
                tree=tree,
                branch=branch,
                changed=changed,
                pushed=False,
                files=tuple(sorted(whole)),
            )
            if changed:
                order.check(remote, tip)
            if dry_run:
                return made
            if not changed or git_branch.push(repo, remote, branch, commit, tip):
                _note(repo, remote, made.commit, order)
                return replace(made, pushed=changed)
            wait(attempt)
    raise overtaken(branch)


def metadata(source: Path, sha: str) -> dict[str, str]:
    """Return what the promoter shows of the source commit."""
    shown = git(source, ["show", "--no-patch", "--format=%an <%ae>%x00%aI%x00%s%x00%b", sha])
    author, date, subject, body = shown.decode("utf-8", "replace").rstrip("\n").split("\0")
    fields = {
        "drySha": sha,
        "author": author,
        "date": date,
        "subject": subject,
        "body": body.strip(),
    }
    return {key: value for key, value in fields.items() if value}


def _content(repo: Path, commit: str, target: Target) -> dict[str, str]:
    """Return the hydrated files of a commit, but for the file that names the source commit."""
    tree = git_branch.lookup(repo, f"{commit}:{target.path}")
    listed = git_branch.entries(repo, tree)
    return {path: blob for path, blob in listed.items() if path != METADATA}


def _note(repo: Path, remote: str, commit: str, order: Order) -> None:
    """Note on the hydrated commit which source commit it stands for now: the newest one."""
    for attempt in attempts():
        before = git_branch.fetch(repo, remote, NOTES, content=True)
        if before:
            git(repo, ["update-ref", NOTES, before])
            if order.is_before(_noted(repo, commit)):
                return
        note = json.dumps({"drySha": order.commit})
        identity = ["-c", "user.name=Sealift", "-c", "user.email=sealift@localhost"]
        git(repo, [*identity, "notes", f"--ref={NOTES}", "add", "--force", "-m", note, commit])
        after = str(git_branch.lookup(repo, NOTES))
        if after == before or git_branch.push(repo, remote, NOTES, after, before):
            return
        wait(attempt)
    raise overtaken(NOTES)


def _noted(repo: Path, commit: str) -> str:
    """Return the source commit that a note names; empty where there is none."""
    try:
        value = json.loads(git(repo, ["notes", f"--ref={NOTES}", "show", commit]))
    except (CommandError, ValueError, RecursionError):
        return ""
    return str(value.get("drySha") or "") if isinstance(value, dict) else ""
