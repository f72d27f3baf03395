"""The bundles of a fleet go out: one commit for all of a branch, else each on its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from builder.build import build
from builder.core.errors import SealiftError
from builder.deliver import Delivery, Way, check, deliver, signing_for, target_for
from builder.fleet.outcome import Outcome
from builder.progress import Progress
from builder.publish_many import Many, publish_many
from builder.target import Target
from builder.tools import git_signing
from builder.tools.git import source_commit
from builder.tools.git_signing import Signing
from builder.workspace import find_overlay

Refused = Mapping[str, SealiftError]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What came of the environments of one repository and branch.

    ``alone`` are the deliveries of those that each go out on their own.
    """

    repository: str
    branch: str
    targets: Mapping[str, Target]
    many: Many | None = None
    alone: Mapping[str, Delivery] = field(default_factory=dict)
    refused: Refused


def send(
    root: Path, shipping: Sequence[Outcome], way: Way, *, all_or_nothing: bool = False
) -> Iterator[Sent]:
    """Publish the bundles, each to where its settings say; yield what came of each branch.

    What goes to one branch by plain commits goes in one. Pull requests and hydrated branches are
    made one by one. An error of an environment, or of a repository, keeps no other back; with
    ``all_or_nothing`` one of an environment keeps those of its branch back.
    """
    groups, refused = _grouped(root, shipping, way)
    if refused:
        yield Sent(repository="", branch="", targets={}, refused=refused)
    if refused and all_or_nothing:
        return
    commit = source_commit(root) if groups else ""
    for number, (key, members) in enumerate(groups.items(), 1):
        *_, signing, together = key
        with Progress(f"publishing, branch {number:,} of {len(groups):,}"):
            if together:
                sent = _together(root, members, way, signing, commit, all_or_nothing)
            else:
                sent = _alone(root, members, way)
        yield sent


_Key = tuple[str, str, Signing | None, bool]
_Members = list[tuple[Target, Outcome]]


def _grouped(
    root: Path, shipping: Sequence[Outcome], way: Way
) -> tuple[dict[_Key, _Members], dict[str, SealiftError]]:
    groups: dict[_Key, _Members] = {}
    refused: dict[str, SealiftError] = {}
    for outcome in shipping:
        settings = outcome.settings
        mode = way.mode or (settings.mode if settings else "commit")
        together = mode == "commit" and not way.pull_request
        try:
            target = target_for(outcome.name, root, settings, way)
            signing = signing_for(root, settings)
        except SealiftError as error:
            refused[outcome.name] = error
            continue
        key = (target.repository, target.branch, signing, together)
        groups.setdefault(key, []).append((target, outcome))
    return groups, refused


def _together(
    root: Path,
    members: _Members,
    way: Way,
    signing: Signing | None,
    commit: str,
    all_or_nothing: bool,
) -> Sent:
    try:
        if signing is not None:
            git_signing.check(signing)
        many = publish_many(
            members,
            source_commit=commit,
            source=None if way.allow_older else root,
            signing=signing,
            all_or_nothing=all_or_nothing,
            dry_run=way.dry_run,
        )
    except SealiftError as error:
        return _sent(members, refused={outcome.name: error for _, outcome in members})
    return _sent(members, many=many, refused=many.refused)


def _alone(root: Path, members: _Members, way: Way) -> Sent:
    done: dict[str, Delivery] = {}
    refused: dict[str, SealiftError] = {}
    for _, outcome in members:
        try:
            overlay = find_overlay(root, outcome.name)
            check(overlay, way)
            done[outcome.name] = deliver(build(overlay), way)
        except SealiftError as error:
            refused[outcome.name] = error
    return _sent(members, alone=done, refused=refused)


def _sent(
    members: _Members,
    *,
    refused: Refused,
    many: Many | None = None,
    alone: Mapping[str, Delivery] | None = None,
) -> Sent:
    target, _ = members[0]
    return Sent(
        repository=target.repository,
        branch=target.branch,
        targets={outcome.name: target for target, outcome in members},
        many=many,
        alone=alone or {},
        refused=refused,
    )
