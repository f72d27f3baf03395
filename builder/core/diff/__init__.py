"""The semantic difference of two bundles, and how it is written down."""

from builder.core.diff.compare import NestedSide, Side, compare
from builder.core.diff.model import (
    ChartChange,
    Danger,
    Diff,
    FieldChange,
    ImageChange,
    NestedChange,
    ResourceChange,
)

__all__ = [
    "ChartChange",
    "Danger",
    "Diff",
    "FieldChange",
    "ImageChange",
    "NestedChange",
    "NestedSide",
    "ResourceChange",
    "Side",
    "compare",
]
