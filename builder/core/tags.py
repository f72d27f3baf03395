"""How a template writes the tag and the digest of an image."""

from collections.abc import Iterable

from builder.core.image import ImageName
from builder.core.trace import Traced


def untagged(text: str) -> str:
    """Cut tag and digest from a reference, as it stands."""
    bare = text.partition("@")[0]
    return bare.rpartition(":")[0] if ":" in bare.rpartition("/")[2] else bare


def tagged(text: str, name: ImageName) -> str:
    """Write tag and digest of a name behind a text."""
    tag = f":{name.tag}" if name.tag else ""
    return text + tag + (f"@{name.digest}" if name.digest else "")


def pinned(traced: Traced, name: ImageName) -> str:
    """Write a pinned image as its template can: many write a digest in the place of the tag."""
    text = untagged(traced.reference.value)
    tag, at, _ = _shown(traced.pieces).partition("@")
    if name.digest and at and ":" not in tag.rpartition("/")[2]:
        return f"{text}@{name.digest}"
    return tagged(text, name)


def _shown(pieces: Iterable[object]) -> str:
    return "".join(piece if isinstance(piece, str) else "" for piece in pieces)
