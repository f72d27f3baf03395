"""Generated names: ``settings-5h7kd2m9tg`` is ``settings`` with a hash of its content.

kustomize names ConfigMaps and Secrets so. With other content the same one has another name.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from builder.core.manifests import ResourceId

# A word of ten letters is no hash: those have digits, and kustomize's have no vowels.
_HASHED = re.compile(r"(?P<stem>.+)-(?=\w*\d|[^aeiou]{10}\Z)[a-z0-9]{10}")


def renamed(
    old: Mapping[ResourceId, Any], new: Mapping[ResourceId, Any]
) -> dict[ResourceId, ResourceId]:
    """Return by its new identity what only changed its hash: one that went, and one that came."""
    gone = _by_stem(key for key in old if key not in new)
    come = _by_stem(key for key in new if key not in old)
    return {
        come[stem][0]: gone[stem][0]
        for stem in come.keys() & gone.keys()
        if len(come[stem]) == len(gone[stem]) == 1
    }


def _by_stem(keys: Iterable[ResourceId]) -> dict[tuple[str, str, str], list[ResourceId]]:
    found: dict[tuple[str, str, str], list[ResourceId]] = {}
    for key in keys:
        match = _HASHED.fullmatch(key.name)
        if match and not key.group and key.kind in ("ConfigMap", "Secret"):
            found.setdefault((key.kind, key.namespace, match["stem"]), []).append(key)
    return found
