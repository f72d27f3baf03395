"""Chart values: merging sources of them."""

from collections.abc import Mapping
from typing import Any, Literal

Lists = Literal["concatenate", "replace"]


def merge(below: Any, above: Any, *, lists: Lists = "replace") -> Any:
    """Merge ``above`` over ``below``: maps deeply, lists as told, all else from above.

    Concatenated lists begin with the items from above, as the W&B operator does it: its first
    source wins, and the lists of the later ones follow.
    """
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        merged = dict(below)
        for key, value in above.items():
            merged[key] = merge(below[key], value, lists=lists) if key in below else value
        return merged
    if lists == "concatenate" and isinstance(below, list) and isinstance(above, list):
        return [*above, *below]
    return above
