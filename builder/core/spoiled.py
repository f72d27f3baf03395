"""Names and labels that Kubernetes refuses, because a chart writes an image's tag into them.

A digest behind a tag (``1.2.3@sha256:...``) is right in an image and wrong everywhere else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from builder.core.manifests import Resource
from builder.core.overrides import Path

_LABEL = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_LABELS = ("labels", "matchLabels")
_TELLING = len("sha256:") + 8


def by_digests(resources: Iterable[Resource], values: Mapping[Path, Any]) -> set[Path]:
    """Return the paths of the values with a digest in them that stand in a name or a label."""
    digests = {
        path: value.partition("@")[2][:_TELLING]
        for path, value in values.items()
        if isinstance(value, str) and "@sha256:" in value
    }
    if not digests:
        return set()
    texts = [text for resource in resources for text in _refused(resource.body)]
    # What is cut off before the digest tells nothing: then any of them may be it.
    cut = any("@" in text and not any(d in text for d in digests.values()) for text in texts)
    return {path for path, digest in digests.items() if cut or any(digest in t for t in texts)}


def _refused(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names and label values that are none, for their signs or their length."""
    name = (body.get("metadata") or {}).get("name")
    if isinstance(name, str) and "@" in name:
        yield name
    yield from _labels(body)


def _labels(value: Any) -> Iterator[str]:
    for key, child in value.items() if isinstance(value, Mapping) else ():
        if key in _LABELS and isinstance(child, Mapping):
            yield from (t for t in child.values() if isinstance(t, str) and not _LABEL.fullmatch(t))
        yield from _labels(child)
    for item in value if isinstance(value, list) else ():
        yield from _labels(item)
