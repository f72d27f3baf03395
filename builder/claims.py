"""Whose a folder of a branch is: Sealift leaves a marker file in each that it wrote.

Publishing replaces a folder with all that stands below it. So a folder may be replaced when its
marker names who wants it, and when no folder above or below is another's.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from builder.core import lock as locks
from builder.core import yaml
from builder.core.errors import ConfigurationError
from builder.target import Target
from builder.tools import git_branch
from builder.tools.git import check_remote
from builder.tools.git_branch import Entry

SYNC = "sealift-sync.yaml"
_CONTENT = {locks.FILE: "the bundle of", SYNC: "the sync objects of"}
_ENVIRONMENT = re.compile(rb"^environment: .*$", re.MULTILINE)
_BESIDE = "choose a path beside it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """Who wants a folder. ``marker`` is the file that they leave in it.

    ``ours`` tells by the name of an environment whether what is there for it may be replaced;
    ``hint`` is the way out when it may not. Without ``ours`` nobody is asked who wrote the folder.
    """

    marker: str = locks.FILE
    ours: Callable[[str], bool] | None = None
    hint: str = ""


def bundle_of(environment: str) -> Claim:
    """Return the claim of an environment to the folder of its bundle."""
    return Claim(
        ours=lambda name: name == environment,
        hint="set another publish.path; where the environment was renamed, remove the folder "
        "from the branch yourself first",
    )


def check_path(repo: Path, tip: str | None, target: Target, claim: Claim | None = None) -> None:
    """Raise ConfigurationError when publishing to a folder would remove what is another's.

    That is a folder that Sealift did not write, or wrote for someone else; one above or below such
    a folder; and one below a file. Without a claim, only what Sealift did not write is told.
    """
    if tip is None:
        return
    claim = claim or Claim()
    place = _Place(repo, tip, target, claim)
    place.check_above()
    place.check_itself()
    place.check_below()


def named(marker: str, content: bytes) -> tuple[str, ...]:
    """Return the environments that a marker names; none when Sealift did not write it so."""
    try:
        if marker == SYNC:
            value = yaml.load(content.decode("utf-8", "replace"), source=marker)
            found = value.get("environments") if isinstance(value, dict) else None
        else:
            # One line of what may be a long file.
            line = _ENVIRONMENT.search(content)
            text = line[0].decode("utf-8", "replace") if line else ""
            found = [yaml.load(text, source=marker)["environment"]] if line else None
    except ConfigurationError:
        return ()
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        return ()
    return tuple(found)


class _Place:
    """A folder that somebody wants, with what stands there, above and below."""

    def __init__(self, repo: Path, tip: str, target: Target, claim: Claim) -> None:
        self.repo = repo
        self.target = target
        self.claim = claim
        parts = target.path.split("/") if target.path else []
        self.above = ["/".join(parts[:length]) for length in range(len(parts))]
        folders = [*self.above, target.path]
        asked = [*filter(None, folders), *(_in(f, m) for f in folders for m in _CONTENT)]
        self.there = git_branch.listed(repo, tip, asked)
        self.tree = git_branch.lookup(repo, f"{tip}:{target.path}")

    def check_above(self) -> None:
        """Refuse a file where a folder is needed, and a folder that others replace as a whole."""
        branch = self.target.branch
        for folder in self.above:
            entry = self.there.get(folder)
            if entry and entry.kind != "tree":
                raise self.refused(
                    f"{folder} on {branch} is not a folder",
                    "publish to another path, or remove it from the branch yourself",
                )
            for marker in _CONTENT:
                entry = self.there.get(_in(folder, marker))
                whose = self.others(marker, entry, strange=False) if entry else ""
                if whose:
                    raise self.refused(
                        f"{_shown(folder)} on {branch} holds {whose}, which replaces all that "
                        f"stands below it: {self.target.path} would be lost",
                        _BESIDE,
                    )

    def check_itself(self) -> None:
        """Refuse the folder when its marker does not say that it is ours."""
        shown, marker = _shown(self.target.path), self.claim.marker
        if not self.target.path and not git_branch.entries(self.repo, self.tree):
            return
        entry = self.there.get(_in(self.target.path, marker))
        if self.tree and entry is None:
            raise self.strange()
        whose = self.others(marker, entry) if entry else ""
        if whose:
            what = f"{shown} on {self.target.branch} holds {whose}"
            raise self.refused(what, self.claim.hint)

    def check_below(self) -> None:
        """Refuse to remove what is another's; what is ours below goes with the folder."""
        for path, entry in self.markers_below():
            folder, _, marker = path.rpartition("/")
            whose = self.others(marker, entry)
            if whose:
                raise self.refused(
                    f"{_in(self.target.path, folder)}/ on {self.target.branch} holds {whose}, and "
                    f"would be removed with all else in {_shown(self.target.path)}",
                    _BESIDE,
                )

    def markers_below(self) -> Iterator[tuple[str, Entry]]:
        """Yield the markers in folders of the folder."""
        if self.claim.ours is None:
            return
        for path, blob in git_branch.entries(self.repo, self.tree).items():
            if "/" in path and path.rpartition("/")[2] in _CONTENT:
                yield path, Entry(kind="blob", id=blob)

    def others(self, marker: str, entry: Entry, *, strange: bool = True) -> str:
        """Say what a marker stands for when that is another's, else nothing.

        One that Sealift did not write counts unless ``strange`` is false: nobody publishes there.
        """
        if self.claim.ours is None:
            return ""
        content = b""
        if entry.kind == "blob":
            remote = check_remote(self.target.repository)
            content = git_branch.read_blob(self.repo, remote, entry.id)
        names = named(marker, content)
        if not names:
            return f"a {marker} that Sealift did not write" if strange else ""
        same = marker == self.claim.marker
        strangers = [name for name in names if not (same and self.claim.ours(name))]
        return f"{_CONTENT[marker]} {', '.join(strangers)}" if strangers else ""

    def strange(self) -> ConfigurationError:
        """Say that the folder is not Sealift's."""
        return self.refused(
            f"{_shown(self.target.path)} on {self.target.branch} holds files that Sealift did not "
            "write",
            "publish to another path, or remove the folder from the branch yourself",
        )

    def refused(self, what: str, hint: str) -> ConfigurationError:
        """Make the error, which names the repository."""
        return ConfigurationError(what, where=self.target.repository, hint=hint)


def _in(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _shown(folder: str) -> str:
    return f"{folder}/" if folder else "the root"
