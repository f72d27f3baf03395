"""Styles that close: some value moves every image."""

from tests.styles import digests, references, registries, structure, tags

STYLES = (
    *references.STYLES,
    *registries.STYLES,
    *tags.STYLES,
    *digests.STYLES,
    *structure.STYLES,
)
