"""Image names: reading them, and telling where they point.

The grammar is that of github.com/distribution/reference; short names mean Docker Hub.
"""

import functools
import re
from dataclasses import dataclass, replace

from builder.core import variables

DOCKER_HUB = "docker.io"
_LONGEST = 512
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = (
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*"
)
_NAME = re.compile(
    rf"(?:(?P<registry>{_HOST}(?::[0-9]+)?|\[[0-9a-fA-F:]+\](?::[0-9]+)?)/)?"
    rf"(?P<repository>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?"
)


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class ImageName:
    """The parts of an image reference; ``tag`` and ``digest`` are empty when absent."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def floating(self) -> bool:
        """Tell whether the reference can mean another image tomorrow: ``latest``, or no tag."""
        return not self.digest and self.tag in ("", "latest") and not self.at_run_time

    @property
    def at_run_time(self) -> bool:
        """Tell whether the registry is a variable: only the run tells where the image lies."""
        return variables.leads(self.registry) and "." not in variables.hide(self.registry)[0]

    @property
    def host(self) -> str:
        """The registry's host, without a port."""
        return re.sub(r":[0-9]+$", "", self.registry)

    def with_digest(self, digest: str) -> "ImageName":
        """Return the same image, pinned."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


@functools.lru_cache(maxsize=4096)  # many environments name the same ones
def parse(text: str) -> ImageName | None:
    """Read a reference as a container runtime does; None when it is none."""
    match = _NAME.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    registry, repository = match["registry"] or "", match["repository"]
    if registry and not ("." in registry or ":" in registry or registry == "localhost"):
        if registry != registry.lower():
            return None
        registry, repository = "", f"{registry}/{repository}"
    if not registry or registry == "index.docker.io":
        registry = DOCKER_HUB
    if registry == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    return ImageName(
        registry=registry,
        repository=repository,
        tag=match["tag"] or "",
        digest=match["digest"] or "",
    )


def read(text: str) -> ImageName | None:
    """Read a reference in which variables may stand for parts, as in ``quay.io/x/y:$(TAG)``.

    They stay as they are in the parts. One that stands for the registry, or for all, is the
    registry: nothing but the run tells where such an image lies.
    """
    name = parse(text)
    hidden, found = variables.hide(text)
    if name is not None or not found:
        return name
    first, _, rest = hidden.partition("/")
    if variables.leads(text) and "." not in first:
        return ImageName(
            registry=variables.show(first, found), repository=variables.show(rest, found)
        )
    name = parse(hidden)
    if name is None:
        return None
    return ImageName(
        registry=variables.show(name.registry, found),
        repository=variables.show(name.repository, found),
        tag=variables.show(name.tag, found),
        digest=variables.show(name.digest, found),
    )
