"""Which value of a chart puts which piece into which image.

Every value that could name (a piece of) an image gets a unique token; one render then shows which
tokens ended in which image, and between which literal texts. Nothing in here knows any chart.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from builder.core import image as images
from builder.core import subcharts
from builder.core.manifests import ResourceId
from builder.core.overrides import Path, own_leaves
from builder.core.pointer import get
from builder.core.references import Reference
from builder.core.tokens import Piece, Tokens, Variable, scalar

Key = tuple[ResourceId, Path, int]

_BOUNDARY = "/:@"
_IMAGE_WORD = re.compile(r"image|repository|registry|repo$|hub|prefix", re.IGNORECASE)
_TAG_WORD = re.compile(r"(?:^|_|-|(?<=[a-z]))(?:tag|version|digest|sha)$", re.IGNORECASE)
_ASKED = re.compile(r"\.Values\.([A-Za-z_][A-Za-z0-9_.]*)")
_DIGEST_WORD = re.compile(r"(?:digest|sha)$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """A reference of the plain render and how values make it.

    ``pieces`` are literal texts and variables whose concatenation is the reference; empty when
    tokens arrived but cannot be told apart. ``paths`` are all values that arrived in it. ``key`` is
    the reference's place, the same in every render.
    """

    key: Key
    reference: Reference
    pieces: tuple[Piece, ...]
    paths: tuple[Path, ...]


def key_of(references: Iterable[Reference]) -> dict[Key, Reference]:
    """Return references by their place; those that share one, as in a text, are numbered."""
    keys: dict[Key, Reference] = {}
    for reference in references:
        number = 0
        while (key := (reference.resource, reference.path, number)) in keys:
            number += 1
        keys[key] = reference
    return keys


def name_candidates(values: Mapping[str, Any], references: Collection[Reference]) -> list[Path]:
    """Return the values that stand in one of the references, word for word.

    ``values`` are the effective values of the chart. Tags are left out: templates compare them.
    """
    texts = {_untagged(r.value) for r in references} | {r.value for r in references}
    tags = {tag for r in references if (tag := _tag(r.value))}
    found = []
    for path, value in own_leaves(values):
        if not isinstance(value, str) or "{{" in value:
            continue  # what its template refers to is traced; the text itself only when that fails
        if value in tags and _TAG_WORD.search(path[-1]):
            continue
        if _telling(path, value) and any(aligned(value.strip("/"), text) for text in texts):
            found.append(path)
    return found


def _telling(path: Path, value: str) -> bool:
    """Tell whether a value that stands in an image does so by more than chance.

    A bare word may: then only its key tells.
    """
    piece = value.strip("/")
    return bool(piece and (re.search(r"[/.:]", piece) or _IMAGE_WORD.search("/".join(path[-2:]))))


def wide_candidates(values: Mapping[str, Any]) -> list[Path]:
    """Return every non-empty text whose key, or whose look, could make it a piece of an image."""
    return [
        path
        for path, value in own_leaves(values)
        if isinstance(value, str)
        and value.strip("/")
        and not _TAG_WORD.search(path[-1])
        and _one_word(value)
        and (_IMAGE_WORD.search("/".join(path[-2:])) or "{{" in value or "/" in value.strip("/"))
    ]


def _one_word(value: str) -> bool:
    """Tell whether a value could be a piece of an image, what its templates make left aside."""
    return re.fullmatch(r"[A-Za-z0-9._/:@-]*", re.sub(r"\{\{.*?\}\}", "", value)) is not None


def empty_candidates(values: Mapping[str, Any]) -> tuple[list[Path], list[Path]]:
    """Return the empty values whose key names a piece of an image: a chart's own, and globals."""
    found = [
        path
        for path, value in own_leaves(values)
        if value in ("", None)
        and _IMAGE_WORD.search("/".join(path[-2:]))
        and not _TAG_WORD.search(path[-1])
    ]
    ordered = sorted(found, key=lambda path: (-len(path), path))
    return (
        [path for path in ordered if path[0] != "global"],
        [path for path in ordered if path[0] == "global"],
    )


def absent_candidates(
    values: Mapping[str, Any], files: Mapping[str, bytes], references: Iterable[Reference]
) -> list[Path]:
    """Return the values that templates ask for and no values.yaml has, named as an image's piece.

    A helper reads the values of the chart that calls it: any chart of ``references`` may.
    """
    asked = {
        tuple(match.split("."))
        for name, content in files.items()
        if "templates/" in name
        for match in _ASKED.findall(content.decode("utf-8", "replace"))
    }
    asked = {path for path in asked if _IMAGE_WORD.search(path[-1]) and path[-1] != "image"}
    prefixes = {subcharts.prefix(reference.origin.template) for reference in references}
    found = {
        path if path[0] == "global" else (*prefix, *path) for prefix in prefixes for path in asked
    }
    return sorted(
        path
        for path in found
        if get(values, path, ...) is ... and not isinstance(get(values, path[:-1]), str | list)
    )


def tag_candidates(values: Mapping[str, Any], references: Collection[Reference]) -> list[Path]:
    """Return the values that are the tag, or the digest, of one of the references."""
    tags = {tag for r in references if (tag := _tag(r.value))}
    return [path for path, value in own_leaves(values) if scalar(value) in tags]


def empty_tags(
    values: Mapping[str, Any], traced: Iterable[Traced]
) -> tuple[list[Path], list[Path]]:
    """Return the empty tags, and the empty digests, beside a value that makes one of the images."""
    parents = {path[:-1] for trace in traced for path in trace.paths}
    parents |= {path[:-2] for trace in traced for path in trace.paths}
    found = [
        path
        for path, value in own_leaves(values)
        if value in ("", None) and _TAG_WORD.search(path[-1]) and path[:-1] in parents
    ]
    return (
        [path for path in found if not _DIGEST_WORD.search(path[-1])],
        [path for path in found if _DIGEST_WORD.search(path[-1])],
    )


def takes_digest(path: Path) -> bool:
    """Tell whether a value is called a digest."""
    return _DIGEST_WORD.search(path[-1]) is not None


def _untagged(text: str) -> str:
    return text.partition("@")[0].rpartition(":")[0] if _tag(text) else text


def _tag(text: str) -> str:
    """Return the tag of a reference, or its digest when it has one; empty for other texts."""
    name = images.parse(text)
    return (name.digest or name.tag) if name else ""


def aligned(piece: str, text: str) -> bool:
    """Tell whether ``piece`` stands in ``text`` from one separator to another."""
    return bool(_places(piece, text))


def _places(piece: str, text: str) -> list[int]:
    """Return where ``piece`` stands in ``text`` from one separator to another."""
    found = []
    start = text.find(piece)
    while start >= 0:
        end = start + len(piece)
        before = start == 0 or text[start - 1] in _BOUNDARY or piece[0] in _BOUNDARY
        after = end == len(text) or text[end] in _BOUNDARY
        if before and after:
            found.append(start)
        start = text.find(piece, start + 1)
    return found


def read(
    plain: Iterable[Reference],
    rendered: Iterable[Reference],
    tokens: Tokens,
    values: Mapping[str, Any],
) -> list[Traced]:
    """Pair the references of a plain render with those of a render with tokens, by place.

    Where a token changed a resource's name, the template tells which it is. A reference that has
    no partner (tokens changed what is rendered) has no pieces and no paths.
    """
    originals, partners = key_of(plain), key_of(rendered)
    places: dict[tuple[object, ...], list[Reference]] = {}
    for (resource, path, _), reference in partners.items():
        places.setdefault((resource, path), []).append(reference)
    renamed: dict[tuple[object, ...], list[Reference]] = {}
    for key, reference in partners.items():
        if key not in originals:
            renamed.setdefault(_template_place(key, reference), []).append(reference)
    result = []
    for key, reference in originals.items():
        partner = partners.get(key)
        here = places.get(key[:2], [])
        if len(here) > 1 and not (partner and _is_longer(partner, reference, tokens, values)):
            # In a text, tokens may tell apart what was one reference before, and shift the rest.
            same = (r for r in here if _plain(tokens.pieces(r.value)[0], values) == reference.value)
            partner = next(same, partner)
        elif partner is None:
            like = renamed.get(_template_place(key, reference), [])
            partner = like.pop(0) if like else None
        pieces, paths = tokens.pieces(partner.value) if partner else ((), ())
        result.append(Traced(key=key, reference=reference, pieces=pieces, paths=paths))
    return result


def _is_longer(
    partner: Reference, reference: Reference, tokens: Tokens, values: Mapping[str, Any]
) -> bool:
    """Tell whether a token has put a digest behind a reference: its tag is found once more, then.

    What bears a token is no digest, and so all of it no image; that which stands before it is.
    """
    name, at, _ = _plain(tokens.pieces(partner.value)[0], values).partition("@")
    return bool(at) and name == reference.value


def _template_place(key: Key, reference: Reference) -> tuple[object, ...]:
    resource, path, number = key
    return reference.origin.template, resource.group, resource.kind, path, number


def _plain(pieces: Iterable[Piece], values: Mapping[str, Any]) -> str:
    """Return what pieces come to with the plain values."""
    return "".join(p if isinstance(p, str) else scalar(get(values, p.path)) for p in pieces)


def guessed(traced: Traced, values: Mapping[str, Any], paths: Iterable[Path]) -> Traced:
    """Take the values at ``paths``, which bear no token, for the pieces that read like them.

    A piece that reads like several is made by the one beside a piece that is known, or by the one
    of the template's own chart.
    """
    by_text: dict[str, list[Path]] = {}
    for path in paths:
        text = scalar(get(values, path)).strip("/")
        if text and _telling(path, text):
            by_text.setdefault(text, []).append(path)
    for text, like in sorted(by_text.items(), key=lambda item: -len(item[0])):
        near = _nearest(like, traced)
        if near is not None and scalar(get(values, near)) == text:
            pieces = tuple(_split(traced.pieces, text, near))
            if pieces != traced.pieces:
                traced = replace(traced, pieces=pieces, paths=(*traced.paths, near))
    return traced


def _nearest(paths: Collection[Path], traced: Traced) -> Path | None:
    parents = {path[:-1] for path in traced.paths}
    beside = [path for path in paths if path[:-1] in parents]
    if len(beside) == 1:
        return beside[0]
    own = subcharts.prefix(traced.reference.origin.template)
    for length in range(len(own), -1, -1):
        near = [path for path in paths if path[:length] == own[:length]]
        if near:
            return near[0] if len(near) == 1 else None
    return None


def _split(pieces: Iterable[Piece], text: str, path: Path) -> Iterator[Piece]:
    """Yield pieces in which each literal ``text`` became the variable."""
    for piece in pieces:
        places = _places(text, piece) if isinstance(piece, str) else []
        if not isinstance(piece, str) or not places:
            yield piece
            continue
        start, end = places[0], places[0] + len(text)
        yield from (part for part in (piece[:start],) if part)
        yield Variable(path=path)
        yield from (part for part in (piece[end:],) if part)
