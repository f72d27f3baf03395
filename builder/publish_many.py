"""Many bundles become one commit on a branch: only what differs from what is there is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from builder.claims import bundle_of, check_path
from builder.core.errors import ConfigurationError, SealiftError
from builder.core.text import count
from builder.publish import attempts, overtaken, wait, workplace
from builder.rollback import Order, published_sources, trailer
from builder.target import Target
from builder.tools import git_branch, git_history
from builder.tools.git_signing import Signing


class Bundle(Protocol):
    """What an environment's folder is to hold; its files are made when they are asked for."""

    @property
    def name(self) -> str:
        """The environment."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """Path to bytes."""

    @property
    def tree(self) -> str:
        """The id that Git gives the files."""


Bundles = Sequence[tuple[Target, Bundle]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Many:
    """What publishing came to: one commit, or none when nothing changed.

    ``refused`` are the environments that may not be published as things are.
    """

    commit: str | None
    branch: str
    changed: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    refused: Mapping[str, SealiftError] = field(default_factory=dict)
    pushed: bool = False


def publish_many(
    bundles: Bundles,
    *,
    source_commit: str = "",
    source: Path | None = None,
    signing: Signing | None = None,
    all_or_nothing: bool = False,
    dry_run: bool = False,
) -> Many:
    """Commit bundles, each as the whole content of its target's folder, and push.

    The targets are folders of one branch. As :func:`builder.publish.publish`, but what that raises
    for an environment leaves this one out; with ``all_or_nothing``, all. Raises ToolError.
    """
    first, _ = bundles[0]
    with workplace(first) as (repo, remote):
        for attempt in attempts():
            tip = git_branch.fetch(repo, remote, first.branch)
            there = git_branch.folders(repo, tip)
            changed = [(t, b) for t, b in bundles if there.get(t.path) != b.tree]
            refused = _Check(repo, remote, tip, source_commit, source).refused(bundles, changed)
            found = Many(
                commit=tip,
                branch=first.branch,
                changed=tuple(b.name for _, b in changed if b.name not in refused),
                same=tuple(b.name for t, b in bundles if there.get(t.path) == b.tree),
                refused=refused,
            )
            if not found.changed or (all_or_nothing and refused):
                return found
            commit = git_branch.write_folders(
                repo,
                ((t.path, b.files) for t, b in changed if b.name not in refused),
                parent=tip,
                message=_message(found.changed, source_commit),
                signing=signing,
            )
            if dry_run:
                return _with(found, commit, pushed=False)
            if git_branch.push(repo, remote, first.branch, commit, tip):
                return _with(found, commit, pushed=True)
            wait(attempt)
    raise overtaken(first.branch)


def _with(found: Many, commit: str, *, pushed: bool) -> Many:
    return Many(
        commit=commit, branch=found.branch, changed=found.changed, same=found.same,
        refused=found.refused, pushed=pushed,
    )  # fmt: skip


def _message(environments: Sequence[str], source_commit: str) -> str:
    """Name each environment on a line of its own, as the look for older sources wants it."""
    lines = [f"Publish {name}" for name in environments]
    if len(lines) > 1:
        lines = [f"Publish {count(len(lines), 'environment')}", "", *lines]
    return "\n".join(lines) + f"{trailer(source_commit)}\n"


@dataclass(frozen=True, slots=True)
class _Check:
    """What may stand against publishing an environment, of all that is known of the branch."""

    repo: Path
    remote: str
    tip: str | None
    source_commit: str
    source: Path | None

    def refused(self, bundles: Bundles, changed: Bundles) -> dict[str, SealiftError]:
        """Return why environments may not be published: their folder's claim, or an older source.

        Nothing of a folder that already holds the bundle is replaced, so nobody is asked there.
        """
        found: dict[str, SealiftError] = dict(_nested(bundles))
        published = self.published() if changed else {}
        for target, bundle in changed:
            try:
                check_path(self.repo, self.tip, target, bundle_of(bundle.name))
                Order(
                    environment=bundle.name, commit=self.source_commit, source=self.source
                ).compare(published)
            except ConfigurationError as error:
                found.setdefault(bundle.name, error)
        return found

    def published(self) -> dict[str, str]:
        """Return the source commits that environments are published from, by the history."""
        if self.source is None or self.tip is None or not self.source_commit:
            return {}
        with git_history.history(self.remote, [self.tip]) as repository:
            return published_sources(git_history.messages(repository, self.tip))


def _nested(bundles: Bundles) -> Iterator[tuple[str, ConfigurationError]]:
    """Yield the environments whose folders are those of others, or lie below them."""
    above: list[tuple[str, str]] = []
    for target, bundle in sorted(bundles, key=lambda one: (one[0].path.split("/"), one[1].name)):
        while above and not _is_below(target.path, above[-1][0]):
            above.pop()
        if not above:
            above.append((target.path, bundle.name))
            continue
        path, other = above[-1]
        yield bundle.name, _taken(target, other)
        if path == target.path:
            yield other, _taken(target, bundle.name)


def _taken(target: Target, other: str) -> ConfigurationError:
    return ConfigurationError(
        f"{target.path or 'the root'} on {target.branch} is in the folder of {other}, which "
        "replaces all that stands there",
        where=target.repository,
        hint="set another publish.path",
    )


def _is_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")
