"""What a reviewer has to know of a move to another version of a chart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from builder.core.base import CredentialRule, NestedChartRule
from builder.core.diff import Danger, Diff
from builder.core.manifests import Resource
from builder.core.nested import NestedChart
from builder.core.pointer import get, tokens
from builder.core.upgrade.values import ValueNote
from builder.core.versions import Step, older

_UPGRADES = ("pre-upgrade", "post-upgrade")
# Told in lines of their own.
_ELSEWHERE = ("chart-major", "chart-downgrade", "upgrade-hook")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Image:
    """An image with the name from which it is mirrored; empty where nobody knows it."""

    source: str
    image: str

    def __str__(self) -> str:
        return f"{self.source} → {self.image}" if self.source else self.image


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialNote:
    """A credential whose form by reference came or went.

    ``literal`` tells that its value stands in the resource, ``referenced`` that a Secret's name
    does.
    """

    name: str
    since: str
    literal: bool
    referenced: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """A resource that is run at an upgrade, with the events."""

    resource: str
    events: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """Both versions compared, as the environment has them.

    ``requires`` are the Kubernetes versions that each accepts, empty where it says nothing.
    ``definitions`` are those that change, with what becomes of them. ``left_out`` says what could
    not be compared.
    """

    before: str
    after: str
    kubernetes: str
    requires: tuple[str, str] = ("", "")
    steps: tuple[Step, ...] = ()
    values: tuple[ValueNote, ...] = ()
    new_images: tuple[Image, ...] = ()
    gone_images: tuple[Image, ...] = ()
    gained: tuple[CredentialNote, ...] = ()
    lost: tuple[CredentialNote, ...] = ()
    definitions: tuple[tuple[str, str], ...] = ()
    hooks: tuple[Hook, ...] = ()
    dangers: tuple[Danger, ...] = ()
    left_out: tuple[str, ...] = field(default=())

    @property
    def downgrade(self) -> bool:
        """Tell whether it is a step back."""
        return older(self.after, self.before)


def credentials(
    rule: NestedChartRule | None, charts: Sequence[NestedChart], before: str, after: str
) -> tuple[tuple[CredentialNote, ...], tuple[CredentialNote, ...]]:
    """Return the credentials that gained a form by reference between two versions, or lost it."""
    rules = [r for r in (rule.credentials if rule else ()) if r.since]
    gained = [r for r in rules if older(before, str(r.since)) and not older(after, str(r.since))]
    lost = [r for r in rules if older(after, str(r.since)) and not older(before, str(r.since))]
    return (
        tuple(_credential(one, charts) for one in gained),
        tuple(_credential(one, charts) for one in lost),
    )


def _credential(rule: CredentialRule, charts: Sequence[NestedChart]) -> CredentialNote:
    def is_set(pointers: Iterable[str]) -> bool:
        return any(get(c.values, tokens(p)) not in (None, "") for c in charts for p in pointers)

    return CredentialNote(
        name=rule.name,
        since=str(rule.since),
        literal=is_set(rule.values),
        referenced=is_set(rule.reference),
    )


def hooks(resources: Iterable[Resource]) -> tuple[Hook, ...]:
    """Return what runs at an upgrade and has to succeed."""
    found = (
        Hook(resource=str(r.id), events=tuple(e for e in r.origin.hooks if e in _UPGRADES))
        for r in resources
    )
    return tuple(sorted((h for h in found if h.events), key=lambda h: h.resource))


def definitions(diff: Diff) -> tuple[tuple[str, str], ...]:
    """Return the custom resource definitions that change, with what becomes of each."""
    return tuple(
        (change.id.name, change.action)
        for change in diff.changes
        if change.id.kind == "CustomResourceDefinition" and not change.routine
    )


def dangers(diff: Diff) -> tuple[Danger, ...]:
    """Return the dangers of a difference that are told nowhere else."""
    return tuple(danger for danger in diff.dangers if danger.code not in _ELSEWHERE)


def images(
    before: Iterable[Image], after: Iterable[Image]
) -> tuple[tuple[Image, ...], tuple[Image, ...]]:
    """Return the images that are new, and those that are gone, by what they are mirrored from."""
    old, new = _by_source(before), _by_source(after)
    return (
        tuple(sorted(new[key] for key in new.keys() - old.keys())),
        tuple(sorted(old[key] for key in old.keys() - new.keys())),
    )


def _by_source(found: Iterable[Image]) -> dict[str, Image]:
    return {one.source or one.image: one for one in found}


def left_out(diff: Diff) -> Iterator[str]:
    """Yield why renders were not compared."""
    for change in diff.nested:
        if change.left_out:
            yield f"{change.owner}: {change.left_out}"
