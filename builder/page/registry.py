"""What the registry inside has of a build's images: asked, as `sealift doctor` asks it."""

from dataclasses import dataclass
from typing import Literal

from builder import pins
from builder.build import Build
from builder.content import read
from builder.core import image as names
from builder.core.hosts import is_inside
from builder.registries import Registries
from builder.tools.registry import RegistryError

State = Literal["there", "missing", "other", "unanswered", "outside"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Presence:
    """What the registry said of one image.

    ``other`` means that its name stands for another digest there than in the lock;
    ``unanswered`` that the registry did not answer, and ``said`` why; ``outside`` was not asked
    for. ``size`` is in bytes.
    """

    state: State
    said: str = ""
    digest: str = ""
    size: int = 0


def presences(built: Build, registries: Registries, jobs: int) -> dict[str, Presence]:
    """Ask for every image of the lock; return what was said, by the name in the lock."""
    lock = pins.load(built.overlay)
    hosts = built.overlay.environment.hosts
    asked: dict[str, str] = {}
    found: dict[str, Presence] = {}
    for image in built.lock.images:
        entry = lock.find(image.image) if lock else None
        name = names.parse(image.image)
        if name is None or not is_inside(name.registry, hosts):
            found[image.image] = Presence(state="outside")
        else:
            asked[image.image] = entry.image if entry else image.image
    contents, failures = read(sorted(set(asked.values())), registries, jobs)
    lost = {failure.subject: failure.error for failure in failures}
    for image in built.lock.images:
        if image.image not in asked:
            continue
        content, error = contents.get(asked[image.image]), lost.get(asked[image.image])
        if content is not None:
            same = image.digest in ("", content.root.digest)
            found[image.image] = Presence(
                state="there" if same else "other", digest=content.root.digest, size=content.size
            )
        else:
            unanswered = isinstance(error, RegistryError) and error.host
            found[image.image] = Presence(
                state="unanswered" if unanswered else "missing", said=error.what if error else ""
            )
    return found
