"""The commits of an archive: packed on one side, checked on the other."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from builder.build import Build
from builder.claims import bundle_of, check_path
from builder.core import bundle_check, transport
from builder.core import lock as locks
from builder.core.errors import ConfigurationError, ToolError
from builder.core.transport import Commits
from builder.publish import (
    Commit,
    Target,
    attempts,
    overtaken,
    publish,
    wait,
    workplace,
)
from builder.published import files_in
from builder.tools import git_branch, git_bundle
from builder.tools.git import scratch, source_commit
from builder.transport.verify import Archive

_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def of_build(built: Build, *, branch: str | None) -> tuple[Commits, bytes]:
    """Pack the tree of a build as a commit of its own; return what it is, and the bundle.

    On the other side it is published as any build: a commit upon what the branch has there.
    """
    settings = built.overlay.environment.publish
    source = source_commit(built.overlay.root)
    with _scratch() as repo:
        tree = _tree(repo, built.files)
        commit = git_bundle.commit_tree(repo, tree, f"Publish {built.overlay.name}\n")
        commits = Commits(
            commit=commit,
            tree=tree,
            branch=branch or (settings.branch if settings else "main"),
            path=(settings.path if settings else None) or built.overlay.name,
            source_commit=source,
        )
        return commits, git_bundle.create(repo, commit)


def of_branch(built: Build, target: Target) -> tuple[Commits, bytes]:
    """Pack the commits of a branch, which has this build; return what they are, and the bundle.

    Raises ConfigurationError when something else is published there, or nothing.
    """
    with workplace(target) as (repo, remote):
        tip = git_bundle.fetch(repo, remote, target.branch)
        check_path(repo, tip, target, bundle_of(built.overlay.name))
        tree = _tree(repo, built.files)
        if tip is None or git_branch.lookup(repo, f"{tip}:{target.path}") != tree:
            raise ConfigurationError(
                f"{target.branch} has {'nothing' if tip is None else 'another build'} "
                f"in {target.path or 'its root'}/",
                where=target.repository,
                hint=f"run `sealift publish {built.overlay.name}` first, or leave --repository out",
            )
        commits = Commits(
            commit=tip, tree=tree, branch=target.branch, path=target.path, history=True
        )
        return commits, git_bundle.create(repo, tip)


@contextmanager
def _scratch() -> Iterator[Path]:
    with (
        tempfile.TemporaryDirectory(prefix="sealift-git-") as folder,
        scratch(Path(folder)) as repo,
    ):
        yield repo


def _tree(repo: Path, files: Mapping[str, bytes]) -> str:
    commit = git_branch.write(repo, files, path="", parent=None, message="")
    return str(git_branch.lookup(repo, f"{commit}^{{tree}}"))


def check(archive: Archive) -> dict[str, bytes]:
    """Return the files that an archive's commits hold, looked at without any repository.

    Raises ConfigurationError for commits that are not what the archive says, and for files that do
    not hold together, as :mod:`builder.core.bundle_check` has it.
    """
    with _scratch() as repo:
        source = _unpack(repo, archive)
        return _checked(repo, archive, source)


def _unpack(repo: Path, archive: Archive) -> str:
    """Bring an archive's commits into a repository; return where they stand, for people."""
    span = archive.spans[transport.GIT]
    source = f"{archive.source.volume.names(span.start, span.size)}: {transport.GIT}"
    bundle = repo / "received.bundle"
    with bundle.open("wb") as file:
        for piece in archive.source.volume.chunks(span.content, span.size):
            file.write(piece)
    git_bundle.unpack(repo, bundle, archive.contents.commits.commit, source=source)
    return source


def bring(
    archive: Archive,
    files: Mapping[str, bytes],
    target: Target,
    *,
    dry_run: bool,
    trusted: bool = False,
) -> Commit:
    """Bring an archive's commits to a branch; with ``dry_run``, only see whether that would work.

    ``files`` are those of :func:`check`; ``trusted`` tells that the commits may change other
    folders, which nobody has looked at. Raises ConfigurationError where they do, and where the
    branch has what they would overwrite; ToolError when the repository does not take them.
    """
    try:
        return _bring(archive, files, target, dry_run=dry_run, trusted=trusted)
    except ToolError as error:
        if "--pull-request" not in (error.hint or ""):
            raise
        raise ToolError(
            error.what,
            hint="a protected branch takes no pushes: name another with --branch, and merge it "
            "there; or let this account push",
        ) from error


def _bring(
    archive: Archive, files: Mapping[str, bytes], target: Target, *, dry_run: bool, trusted: bool
) -> Commit:
    given = archive.contents.commits
    with workplace(target) as (repo, remote):
        if given.history:
            _unpack(repo, archive)
        if dry_run:
            # A shallow repository would not know which commits come before which.
            fetch = git_bundle.fetch if given.history else git_branch.fetch
            tip = fetch(repo, remote, target.branch)
            git_branch.rehearse(repo, remote, target.branch, tip)
            if given.history and not trusted:
                _check_others(repo, tip, given, target)
        if given.history:
            return _forward(repo, remote, target, given, files, dry_run=dry_run)
    return publish(
        files,
        target,
        environment=archive.contents.environment,
        source_commit=given.source_commit,
        dry_run=dry_run,
    )


def _checked(repo: Path, archive: Archive, source: str) -> dict[str, bytes]:
    """Return the files of the environment; raise ConfigurationError for what is not its bundle."""
    given = archive.contents.commits
    below = f":{given.path}" if given.history else ":"
    if git_branch.lookup(repo, f"{given.commit}{below}") != given.tree:
        raise transport.damaged(f"does not hold the tree {given.tree}", source)
    if unlike := git_bundle.unlike_a_bundle(repo, given.tree):
        raise transport.damaged(unlike, source)
    files = files_in(repo, given.tree)
    strange = next((path for path in files if not _PATH.fullmatch(path)), None)
    if strange is not None:
        raise transport.damaged(f"holds {strange!r}, which is no path of a bundle", source)
    span = archive.spans[transport.BUNDLE_LOCK]
    if files.get(locks.FILE) != archive.source.volume.read(span.content, span.size):
        raise transport.damaged(f"has another {locks.FILE} than the archive", source)
    if wrong := bundle_check.check(files):
        listed = "; ".join(f"{one.subject} [{one.code}]: {one.cause}" for one in wrong[:5])
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise transport.damaged(f"does not hold together: {listed}{more}", source)
    return files


def _check_others(repo: Path, tip: str | None, given: Commits, target: Target) -> None:
    """Raise ConfigurationError where commits change what is not in the environment's folder."""
    if tip is not None and not git_bundle.contains(repo, given.commit, tip):
        return  # nothing is pushed
    others = [
        path
        for path in git_bundle.changed(repo, tip, given.commit)
        if given.path and not path.startswith(f"{given.path}/")
    ]
    if others:
        more = f" and {len(others) - 1} more files" if len(others) > 1 else ""
        raise ConfigurationError(
            f"its commits change {others[0]}{more}, outside of {given.path}/: what that needs is "
            "not in the archive, and nothing has looked at it",
            where=target.repository,
            hint="export without --repository, or give --digest, if the archive is to be trusted "
            "with all of the branch",
        )


def _forward(
    repo: Path,
    remote: str,
    target: Target,
    given: Commits,
    files: Mapping[str, bytes],
    *,
    dry_run: bool,
) -> Commit:
    """Push commits as they are, where the branch has none but them."""
    for attempt in attempts():
        tip = git_bundle.fetch(repo, remote, target.branch)
        behind = tip is None or git_bundle.contains(repo, given.commit, tip)
        if not behind and not git_bundle.contains(repo, str(tip), given.commit):
            raise ConfigurationError(
                f"{target.branch} has commits that the archive does not have",
                where=target.repository,
                hint="nobody but `sealift mirror import` may write to this branch: name another "
                "with --branch, or export without --repository",
            )
        changed = behind and tip != given.commit
        made = Commit(
            commit=given.commit,
            tree=given.tree,
            branch=target.branch,
            changed=changed,
            pushed=False,
            files=tuple(sorted(files)),
        )
        if not changed or dry_run:
            return made
        if git_branch.push(repo, remote, target.branch, given.commit, tip):
            return replace(made, pushed=True)
        wait(attempt)
    raise overtaken(target.branch)
