"""An older source does not silently replace what a newer one published.

The commit that publishes names its source commit. A CI job that is run again builds the source of
its time: without a look at what is published since, it would roll the cluster back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.core.errors import ConfigurationError
from builder.tools import git_history

_TRAILER = re.compile(r"^Source-Commit: (?P<commit>[0-9a-f]{40,64})(-dirty)?\s*$", re.MULTILINE)
_SUBJECT = re.compile(
    r"^(\* )?(Publish|Hydrate) (?P<environment>.+?)( from \w+)?\s*$", re.MULTILINE
)
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_DIRTY = "-dirty"


def trailer(source_commit: str) -> str:
    """Return the end of a commit's message that names the source commit."""
    return f"\n\nSource-Commit: {source_commit}" if source_commit else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a bundle was built from, to be held against what is published.

    ``source`` is the repository that has ``commit``; without it, nothing is compared.
    """

    environment: str
    commit: str
    source: Path | None

    def check(self, remote: str, tip: str | None, *, request: str = "") -> None:
        """Raise ConfigurationError when the branch was published from a descendant of the commit.

        ``request`` is the URL of the one that proposes the branch, where it is not published yet.
        Commits that the source does not have (a shallow clone) tell nothing, and pass.
        """
        if self.source is None or tip is None or not self.commit:
            return
        with git_history.history(remote, [tip]) as repository:
            self.compare(published_sources(git_history.messages(repository, tip)), request=request)

    def compare(self, published: Mapping[str, str], *, request: str = "") -> None:
        """Raise as :func:`check` does, of what :func:`published_sources` found."""
        found = published.get(self.environment)
        if found and self.is_before(found):
            done, lost = "was published", "roll it back"
            if request:
                done, lost = "is proposed", f"close {request}"
            raise ConfigurationError(
                f"{self.environment} {done} from {found[:12]}, which is newer than "
                f"{self.commit[:12]}: this would {lost}",
                hint="check the newer commit out; to go back, revert it in the sources, or give "
                "--allow-older",
            )

    def is_before(self, other: str) -> bool:
        """Tell whether the source has ``other`` as a descendant of the commit."""
        if self.source is None or not _COMMIT.fullmatch(other):
            return False
        return git_history.is_before(self.source, self.commit.removesuffix(_DIRTY), other)


def published_source(messages: list[str], environment: str) -> str | None:
    """Return the source commit of the newest message that published an environment."""
    return published_sources(messages).get(environment)


def published_sources(messages: list[str]) -> dict[str, str]:
    """Return the source commit of the newest message that published each environment.

    A message may be of several, each on a line of its own; a squashed request keeps the message in
    its own.
    """
    found: dict[str, str] = {}
    for message in messages:
        trailers = [(match.start(), match["commit"]) for match in _TRAILER.finditer(message)]
        for subject in _SUBJECT.finditer(message):
            while trailers and trailers[0][0] < subject.end():
                trailers.pop(0)
            if trailers:
                found.setdefault(subject["environment"], trailers[0][1])
    return found
