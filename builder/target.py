"""Where bundles go in Git: a repository, a branch, a folder."""

import re
from dataclasses import dataclass

from builder.core.errors import ConfigurationError
from builder.tools.git import check_remote

METADATA = "hydrator.metadata"
"""The file in which a hydrator names the source commit: beside a bundle, no part of it."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a bundle goes: a repository, a branch, and the environment's folder in it.

    An empty ``path`` is the root of the branch.
    """

    repository: str
    branch: str
    path: str

    def __post_init__(self) -> None:
        for field, value in (("branch", self.branch), ("path", self.path)):
            if field == "path" and not value:
                continue
            wrong = not _NAME.fullmatch(value) or ".." in value or "//" in value
            if wrong or value.endswith(("/", ".")) or "/." in value or ".lock/" in f"{value}/":
                raise ConfigurationError(f"{value!r} is not a {field} to publish to")
        check_remote(self.repository)
