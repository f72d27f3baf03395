"""Resources that an environment needs beside those of its base."""

from collections.abc import Iterator, Sequence

from builder.core.changes import Change
from builder.core.manifests import Body, Manifests, ResourceId


def added(bodies: Sequence[Body], before: Manifests) -> list[Body]:
    """Return those that are not there yet: an extended environment may have brought them."""
    return [body for body in bodies if ResourceId.of(body) not in before]


def changed(bodies: Sequence[Body], before: Manifests, reason: str) -> Iterator[Change]:
    """Yield the changes that make those that are there what they have to be.

    What stands in their metadata stays.
    """
    for body in bodies:
        resource = before.get(ResourceId.of(body))
        for key, value in body.items() if resource else ():
            assert resource is not None  # noqa: S101 - the loop has no turns then
            if key not in ("apiVersion", "kind", "metadata") and resource.body.get(key) != value:
                yield Change(
                    resource=resource.id,
                    path=(key,),
                    value=value,
                    before=resource.body.get(key),
                    reason=reason,
                )
