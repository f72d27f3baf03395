"""What is found: one thing that the cluster will fetch."""

import re
from dataclasses import dataclass
from typing import Literal

from builder.core import image as images
from builder.core.manifests import Origin, ResourceId
from builder.core.pointer import pointer

Kind = Literal["image", "chart", "oci", "url"]
Path = tuple[str, ...]
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
        """The value as it may be printed: of a URL in a Secret the host, its path may be one."""
        if self.kind == "image" or self.resource.kind != "Secret":
            return self.value
        scheme, sign, rest = self.value.partition("://")
        host = re.split(r"[/?#]", rest, maxsplit=1)[0]
        return self.value if host == rest else f"{scheme}{sign}{host}/***"

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


def in_container(path: Path) -> bool:
    """Tell whether a path is that of a container's image."""
    return len(path) > 2 and path[-3] in CONTAINERS and path[-1] == "image"
