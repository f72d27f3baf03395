"""Styles that close: some value moves every image."""

from tests.styles import references, registries, structure, tags

STYLES = (*references.STYLES, *registries.STYLES, *tags.STYLES, *structure.STYLES)
