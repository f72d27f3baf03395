"""One open pull request for an environment: opened, kept up to date, superseded, withdrawn.

Heads are named by content, so that a request is found again by what it proposes. Of several that
are open at the same time, the newest stays: forges number requests in one order for everyone, and
so runs at the same time agree on which one that is.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from builder.core.cut import fit, inert
from builder.core.errors import ToolError
from builder.core.text import printable
from builder.tools.forges import Forge, PullRequest
from builder.tools.forges.http import ForgeError

_TITLE = 200
_TRIES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What proposing came to.

    ``pull_request`` is the open one, None when there is nothing to propose; ``created`` and
    ``updated`` tell what this run did to it, ``superseded`` are those that it closed. ``warnings``
    are what the forge refused beside that.
    """

    pull_request: PullRequest | None
    created: bool = False
    updated: bool = False
    superseded: tuple[PullRequest, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Tell whether this run changed anything on the forge."""
        return self.created or self.updated or bool(self.superseded)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where requests of an environment stand, and what the forge refused there so far."""

    forge: Forge
    environment: str
    base: str
    others: Callable[[str], str]
    warnings: list[str] = field(default_factory=list)

    def open(self) -> list[PullRequest]:
        """Return the open requests of the environment, the newest last."""
        prefix = f"sealift/{self.environment}/"
        found = self.forge.open_requests(prefix, self.base)
        own = [r for r in found if re.fullmatch(r"[0-9a-f]{12}", r.head.removeprefix(prefix))]
        return sorted(own, key=lambda request: request.number)

    @contextmanager
    def tolerating(self, what: str) -> Iterator[None]:
        """Make a warning of what the forge refuses; raise when it does not answer."""
        try:
            yield
        except ForgeError as error:
            if not error.refused:
                raise
            self.warnings.append(f"{what}: {error.what}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    head: str
    title: str
    body: str
    labels: tuple[str, ...]
    reviewers: tuple[str, ...]


def propose(
    forge: Forge,
    *,
    environment: str,
    base: str,
    head: str,
    title: str,
    body: str,
    others: Callable[[str], str],
    labels: Sequence[str] = (),
    reviewers: Sequence[str] = (),
) -> Proposal:
    """Have one open request for the environment into ``base``: from ``head``, which was pushed.

    An open one from ``head`` gets title, body and labels where they differ; nothing is sent when
    they do not. One from another head is closed, with a comment that names the new one, and its
    branch is deleted, unless ``others`` names somebody who has a commit on it. Reviewers are asked
    once, by the run that opens. What the forge refuses of labels, reviewers, comments and branches
    is a warning. Raises ForgeError for the rest, and ToolError when another run closed the request
    meanwhile.
    """
    place = _Place(forge=forge, environment=environment, base=base, others=others)
    wanted = _Wanted(
        head=head,
        title=_one_line(title),
        body=fit(inert(body), forge.limit),
        labels=tuple(dict.fromkeys(labels)),
        reviewers=tuple(dict.fromkeys(reviewers)),
    )
    there = place.open()
    mine = _newest(there, head)
    if mine and there[-1].head != head:
        # A run that did not end left a newer one. Ours has to become the newest to stay.
        forge.close(mine.number)
        mine = None
    created = False
    if mine is None:
        mine, created = _create(place, wanted)
        rest = [request for request in place.open() if request.number != mine.number]
        there = sorted([*rest, mine], key=lambda request: request.number)
        if there[-1].head != head:
            return _yield(place, mine, there[-1])
        mine = there[-1]
    mine, updated = _update(place, wanted, mine)
    if created and wanted.reviewers:
        with place.tolerating("reviewers"):
            refused = forge.request_review(mine.number, wanted.reviewers)
            place.warnings.extend(f"reviewer {reason}" for reason in refused)
    stale = [request for request in there if request.number != mine.number]
    _supersede(place, stale, mine)
    return Proposal(
        pull_request=mine,
        created=created,
        updated=updated and not created,
        superseded=tuple(stale),
        warnings=tuple(place.warnings),
    )


def withdraw(
    forge: Forge, *, environment: str, base: str, others: Callable[[str], str]
) -> Proposal:
    """Close the open requests of an environment: ``base`` has all that it wants."""
    place = _Place(forge=forge, environment=environment, base=base, others=others)
    there = place.open()
    if there:
        _retire(place, there, f"Withdrawn: {base} has what {environment} wants already.")
        _delete(place, {request.head for request in there})
    return Proposal(pull_request=None, superseded=tuple(there), warnings=tuple(place.warnings))


def _newest(there: Sequence[PullRequest], head: str) -> PullRequest | None:
    return next((request for request in reversed(there) if request.head == head), None)


def _create(place: _Place, wanted: _Wanted) -> tuple[PullRequest, bool]:
    """Open a request, or find the one that another run opened in the meantime."""
    try:
        made = place.forge.create(wanted.head, place.base, wanted.title, wanted.body)
    except ForgeError as error:
        if error.status not in (409, 422):
            raise
        found = _newest(place.open(), wanted.head)
        if found is None:
            raise
        return found, False
    return made, True


def _yield(place: _Place, mine: PullRequest, newer: PullRequest) -> Proposal:
    """Leave the place to a run at the same time that opened a newer request."""
    _supersede(place, [mine], newer)
    place.warnings.append(
        f"another run proposed {newer.url} at the same time, from {newer.head}: the newest counts"
    )
    return Proposal(pull_request=newer, warnings=tuple(place.warnings))


def _update(place: _Place, wanted: _Wanted, mine: PullRequest) -> tuple[PullRequest, bool]:
    """Set title, body and labels where they differ; tell whether they did."""
    updated = False
    for attempt in range(_TRIES):
        if (mine.title, _plain(mine.body)) == (wanted.title, _plain(wanted.body)):
            break
        try:
            place.forge.update(mine.number, wanted.title, wanted.body)
        except ForgeError as error:
            # Gitea: someone else, most likely a run at the same time, changed it just now.
            if error.status != 409 or attempt == _TRIES - 1:
                raise
            mine = next((r for r in place.open() if r.number == mine.number), mine)
            continue
        mine, updated = replace(mine, title=wanted.title, body=wanted.body), True
    has = {label.casefold() for label in mine.labels}
    missing = [label for label in wanted.labels if label.casefold() not in has]
    if missing:
        with place.tolerating(f"labels {', '.join(missing)}"):
            place.forge.label(mine.number, missing)
            mine, updated = replace(mine, labels=(*mine.labels, *missing)), True
    return mine, updated


def _supersede(place: _Place, stale: Sequence[PullRequest], newer: PullRequest) -> None:
    """Close requests in favour of a newer one, and delete their branches."""
    if not stale:
        return
    _retire(place, stale, f"Superseded by {newer.url}.")
    # A run at the same time may have opened one from the same head: then the branch is needed.
    there = place.open()
    used = {newer.head, *(request.head for request in there)}
    _delete(place, {request.head for request in stale} - used)
    if not there:
        raise ToolError(f"another run at the same time closed {newer.url}", hint="run it again")


def _retire(place: _Place, requests: Sequence[PullRequest], reason: str) -> None:
    """Close requests, with the reason below each."""
    for request in requests:
        with place.tolerating(f"the comment on {request.url}"):
            place.forge.comment(request.number, reason)
        _close(place, request.number)


def _close(place: _Place, number: int) -> None:
    """Close a request, whatever runs at the same time do to it.

    One that was merged or closed in this moment is refused, or makes Gitea answer 500.
    """
    for attempt in range(_TRIES):
        try:
            place.forge.close(number)
        except ForgeError as error:
            if error.status is None:
                raise
            if all(request.number != number for request in place.open()):
                return
            if attempt == _TRIES - 1:
                raise
            time.sleep(0.2 * 2**attempt)
        else:
            return


def _delete(place: _Place, heads: Iterable[str]) -> None:
    for head in sorted(heads):
        if who := place.others(head):
            place.warnings.append(f"the branch {head} stays: it has a commit by {who}")
            continue
        with place.tolerating(f"deleting the branch {head}"):
            place.forge.delete_branch(head)


def _one_line(title: str) -> str:
    line = printable(" ".join(title.split()))
    return line if len(line) <= _TITLE else f"{line[: _TITLE - 1]}…"


def _plain(body: str) -> str:
    """Return a body without what a browser or a forge changes of it."""
    return body.replace("\r\n", "\n").strip()
