"""What is found: one thing that the cluster will fetch."""

import functools
import re
from dataclasses import dataclass
from typing import Literal

from builder.core import image as images
from builder.core.manifests import Origin, ResourceId
from builder.core.pointer import pointer

Kind = Literal["image", "chart", "oci", "url"]
Path = tuple[str, ...]
# A long word, a query, a login: others hold no token.
_MAY_HOLD = re.compile(r"[A-Za-z0-9_-]{16}|[?&@]")
CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """One thing that the cluster will fetch: what, and where it stands.

    ``value`` is the text as it stands, without the credentials of a URL; ``path`` the place in the
    resource; ``place`` the same for people; ``comment`` tells that it stands behind ``#`` in a
    text, where nothing fetches it.
    """

    kind: Kind
    value: str
    resource: ResourceId
    path: Path
    place: str
    origin: Origin
    comment: bool = False

    @property
    def image(self) -> images.ImageName | None:
        """The parsed name of an image reference.

        Variables may stand for parts of it, but not in a container: there nothing fills them in.
        """
        if self.kind != "image":
            return None
        return images.parse(self.value) if in_container(self.path) else images.read(self.value)

    @property
    def shown(self) -> str:
        """The value as it may be printed: of a URL in a Secret the host, its path may be one.

        Elsewhere a URL is without what looks like a credential, as the tokens of webhooks do.
        """
        scheme, sign, rest = self.value.partition("://")
        host = re.split(r"[/?#]", rest, maxsplit=1)[0]
        if self.kind == "image" or (host == rest and "@" not in host):
            return self.value
        if self.resource.kind == "Secret":
            return f"{scheme}{sign}{host}/***"
        return _covered(self.value)

    @property
    def nested(self) -> bool:
        """Tell whether a controller makes the resource, in the cluster."""
        return self.origin.parent is not None

    @property
    def pointer(self) -> str:
        """The place in the resource as a JSON pointer."""
        return pointer(self.path)

    def __str__(self) -> str:
        return f"{self.resource} {self.place}"


@functools.lru_cache(maxsize=1024)
def _covered(url: str) -> str:
    if not _MAY_HOLD.search(url):
        return url
    from builder.core.guard.veil import without_suspects  # which reads references of definitions

    return without_suspects(url)


def in_container(path: Path) -> bool:
    """Tell whether a path is that of a container's image."""
    return len(path) > 2 and path[-3] in CONTAINERS and path[-1] == "image"
