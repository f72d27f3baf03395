"""A promotion as a pull request in the repository of the sources."""

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from builder.core.environment import Forge as ForgeSettings
from builder.core.errors import ConfigurationError
from builder.core.git_tree import object_id
from builder.deliver import signing_of
from builder.environments.promote import Outcome
from builder.proposal import others
from builder.pull_request import Proposal
from builder.pull_request import propose as request
from builder.tools import forges, git_branch
from builder.tools.command import CommandError
from builder.tools.git import check_remote, git, scratch, work_tree
from builder.upgrade.copy import Difference
from builder.workspace import Overlay, find_overlay


def propose(root: Path, outcome: Outcome, *, remote: str, base: str, body: str) -> Proposal:
    """Push what a promotion changes upon ``base`` of a remote, and keep one open request for it.

    The work tree stays as it is. Raises ConfigurationError when the branch has other content in
    those files than the work tree, and ToolError.
    """
    overlay = find_overlay(root, outcome.target)
    url = _url(root, remote)
    below = _below(root)
    files = {f"{below}{d.path}": d.after for d in outcome.differences}
    settings = (overlay.environment.publish and overlay.environment.publish.forge) or None
    kind, address, project = _forge(url, settings)
    ca_file = os.environ.get("SEALIFT_CA_FILE")
    name = f"promote/{outcome.target}"
    title = f"Promote {outcome.source} to {outcome.target}"
    with (
        forges.connect(kind, address, project, forges.token(address),
                       Path(ca_file) if ca_file else None) as forge,
        tempfile.TemporaryDirectory(prefix="sealift-") as folder,
        scratch(Path(folder) / "scratch.git") as repo,
    ):  # fmt: skip
        forge.open_requests(f"sealift/{name}/", base)  # a wrong token leaves no branch
        tip = _tip(repo, url, base)
        _check_same(repo, tip, below, outcome.differences, f"{remote}/{base}")
        head = f"sealift/{name}/{_digest(files)}"
        _push(repo, url, head, files, tip, title, overlay)
        return request(
            forge,
            environment=name,
            base=base,
            head=head,
            title=title,
            body=body,
            others=lambda branch: others(repo, url, branch),
            labels=settings.labels if settings else (),
            reviewers=settings.reviewers if settings else (),
        )


def _url(root: Path, remote: str) -> str:
    try:
        url = git(root, ["remote", "get-url", "--", remote]).decode().strip()
    except CommandError as error:
        raise ConfigurationError(
            f"the source repository has no remote {remote!r}", hint="name it with --remote"
        ) from error
    return check_remote(url)


def _below(root: Path) -> str:
    """Return where the sources are in their repository, with a slash behind it."""
    top = work_tree(root)
    if top is None or top == root:
        return ""
    return f"{root.relative_to(top).as_posix()}/"


def _forge(url: str, settings: ForgeSettings | None) -> tuple[forges.Kind, str, str]:
    guess = forges.guess(url, settings.kind if settings else None)
    if guess.kind is None:
        raise ConfigurationError(
            f"nothing tells what forge {guess.url} is",
            hint="set publish: {forge: {kind: gitea}}, or github, or gitlab, in environment.yaml",
        )
    return guess.kind, guess.url, guess.project


def _tip(repo: Path, url: str, base: str) -> str:
    tip = git_branch.fetch(repo, url, base)
    if tip is None:
        raise ConfigurationError(
            f"there is no branch {base}", where=url, hint="name it by --branch"
        )
    return tip


def _check_same(repo: Path, tip: str, below: str, found: Sequence[Difference], branch: str) -> None:
    """Raise ConfigurationError where the branch has not what the promotion started from."""
    paths = [f"{below}{one.path}" for one in found]
    there = git_branch.listed(repo, tip, paths)
    for one, path in zip(found, paths, strict=True):
        entry = there.get(path)
        known = object_id("blob", one.before) if one.before is not None else None
        if (entry.id if entry else None) != known:
            raise ConfigurationError(
                f"{branch} has other content than this work tree",
                where=one.path,
                hint="commit and push what is here, or pull what is there, and promote again",
            )


def _digest(files: Mapping[str, bytes | None]) -> str:
    total = hashlib.sha256()
    for path, content in sorted(files.items()):
        total.update(f"{path}\0{-1 if content is None else len(content)}\0".encode())
        total.update(content or b"")
    return total.hexdigest()[:12]


def _push(
    repo: Path, url: str, head: str, files: Mapping[str, bytes | None], tip: str, title: str,
    overlay: Overlay,
) -> None:  # fmt: skip
    commit = git_branch.write_files(
        repo, files, parent=tip, message=f"{title}\n", signing=signing_of(overlay)
    )
    there = git_branch.fetch(repo, url, head)
    if there is not None:
        same = git_branch.lookup(repo, f"{there}^{{tree}}") == git_branch.lookup(
            repo, f"{commit}^{{tree}}"
        )
        if same:
            return
        if who := others(repo, url, head):
            raise ConfigurationError(
                f"{head} has a commit by {who}, which Sealift did not write: it would be lost",
                where=url,
                hint="merge or close the request and delete the branch",
            )
    if not git_branch.push(repo, url, head, commit, there):
        raise ConfigurationError(f"{head} was pushed by another run", hint="run it again")
