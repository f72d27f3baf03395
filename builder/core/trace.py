"""Which value of a chart puts which piece into which image.

Every value that could name (a piece of) an image gets a unique token; one render then shows which
tokens ended in which image, and between which literal texts. Tokens keep the shape of what they
replace (slashes, a dotted host, a tag), so that templates take the same branches. Nothing in here
knows any chart.
"""

import copy
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.core import image as images
from builder.core.manifests import ResourceId
from builder.core.pointer import get
from builder.core.references import Reference

Path = tuple[str, ...]
Key = tuple[ResourceId, Path, int]

_TOKEN = re.compile(r"slz[0-9]{5}z")
_BOUNDARY = "/:@"
_IMAGE_WORD = re.compile(r"image|repository|registry|repo$|hub|prefix", re.IGNORECASE)
_TAG_WORD = re.compile(r"(?:^|_|-|(?<=[a-z]))(?:tag|version|digest|sha)$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """A piece of an image that a value makes; ``path`` is the value's path in the chart."""

    path: Path


Piece = str | Variable


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


def leaves(values: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every scalar of nested values with its path; list items have their index as a step."""
    if isinstance(values, Mapping):
        for key, child in values.items():
            yield from leaves(child, (*path, str(key)))
    elif isinstance(values, list):
        for index, child in enumerate(values):
            yield from leaves(child, (*path, str(index)))
    else:
        yield path, values


def own_leaves(values: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield the scalars that a user can set: helm copies globals below every subchart."""
    for path, value in leaves(values):
        inner = path.index("global", 1) if "global" in path[1:] else 0
        if inner and get(values, path[inner:], _ABSENT) is not _ABSENT:
            continue
        yield path, value


_ABSENT = object()


def name_candidates(values: Mapping[str, Any], references: Collection[Reference]) -> list[Path]:
    """Return the values that stand in one of the references, word for word.

    ``values`` are the effective values of the chart. Tags are left out: templates compare them.
    """
    texts = {_untagged(r.value) for r in references} | {r.value for r in references}
    tags = {tag for r in references if (tag := _tag(r.value))}
    found = []
    for path, value in own_leaves(values):
        if not isinstance(value, str) or not value.strip("/"):
            continue
        if "{{" in value:
            continue  # what its template refers to is traced; the text itself only when that fails
        if not (value in tags and _TAG_WORD.search(path[-1])):
            piece = value.strip("/")
            # A bare word may stand in an image by chance: then only its key tells.
            telling = re.search(r"[/.:]", piece) or _IMAGE_WORD.search("/".join(path[-2:]))
            if telling and any(_aligned(piece, text) for text in texts):
                found.append(path)
    return found


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


def empty_candidates(values: Mapping[str, Any]) -> list[Path]:
    """Return the empty values whose key names a registry, a repository, a prefix or an image."""
    found = [
        path
        for path, value in own_leaves(values)
        if value in ("", None) and _IMAGE_WORD.search(path[-1]) and not _TAG_WORD.search(path[-1])
    ]
    return sorted(found, key=lambda path: (path[0] == "global", -len(path), path))


def tag_candidates(values: Mapping[str, Any], references: Collection[Reference]) -> list[Path]:
    """Return the values that are the tag, or the digest, of one of the references."""
    tags = {tag for r in references if (tag := _tag(r.value))}
    return [path for path, value in own_leaves(values) if _scalar(value) in tags]


def empty_tags(values: Mapping[str, Any], traced: Iterable[Traced]) -> list[Path]:
    """Return the empty tags and digests that stand beside a value that makes one of the images."""
    parents = {path[:-1] for trace in traced for path in trace.paths}
    parents |= {path[:-2] for trace in traced for path in trace.paths}
    return [
        path
        for path, value in own_leaves(values)
        if value in ("", None) and _TAG_WORD.search(path[-1]) and path[:-1] in parents
    ]


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def _untagged(text: str) -> str:
    return text.partition("@")[0].rpartition(":")[0] if _tag(text) else text


def _tag(text: str) -> str:
    """Return the tag of a reference, or its digest when it has one; empty for other texts."""
    name = images.parse(text)
    return (name.digest or name.tag) if name else ""


def _aligned(piece: str, text: str) -> bool:
    """Tell whether ``piece`` stands in ``text`` from one separator to another."""
    start = text.find(piece)
    while start >= 0:
        end = start + len(piece)
        before = start == 0 or text[start - 1] in _BOUNDARY or piece[0] in _BOUNDARY
        after = end == len(text) or text[end] in _BOUNDARY
        if before and after:
            return True
        start = text.find(piece, start + 1)
    return False


class Tokens:
    """Unique texts for values: each keeps the shape of the value that it replaces."""

    def __init__(
        self, values: Mapping[str, Any], paths: Sequence[Path], *, tags: bool = False
    ) -> None:
        self._shapes: dict[Path, str] = {}
        for number, path in enumerate(paths):
            token = f"slz{number:05}z"
            value = _scalar(get(values, path))
            self._shapes[path] = _tag_shape(value, token) if tags else _shape(value, token)
        self._by_token = {_TOKEN.findall(shape)[0]: path for path, shape in self._shapes.items()}

    @property
    def assignments(self) -> dict[Path, str]:
        """The values to render with."""
        return dict(self._shapes)

    def without(self, paths: Collection[Path]) -> dict[Path, str]:
        """Return the assignments but for some paths."""
        return {path: shape for path, shape in self._shapes.items() if path not in paths}

    def pieces(self, text: str) -> tuple[tuple[Piece, ...], tuple[Path, ...]]:
        """Take a rendered reference apart: its pieces, and the paths of all tokens in it."""
        paths = tuple(
            dict.fromkeys(self._by_token[t] for t in _TOKEN.findall(text) if t in self._by_token)
        )
        shapes = {self._shapes[path]: path for path in paths}
        if not shapes:
            return (text,), ()
        pattern = "|".join(re.escape(s) for s in sorted(shapes, key=len, reverse=True))
        pieces: list[Piece] = []
        for part in re.split(f"({pattern})", text):
            if part in shapes:
                pieces.append(Variable(path=shapes[part]))
            elif part:
                pieces.append(part)
        if any(isinstance(p, str) and _TOKEN.search(p) for p in pieces):
            return (), paths
        return tuple(pieces), paths


def _shape(value: str, token: str) -> str:
    """Write a token in the shape of a registry, a repository, or a whole reference."""
    if "{{" in value or not value:
        return token
    scheme = re.match(r"[a-z][a-z0-9+.-]*://", value)
    start = scheme[0] if scheme else ""
    rest = value[len(start) :]
    lead, trail = rest[: len(rest) - len(rest.lstrip("/"))], rest[len(rest.rstrip("/")) :]
    body = rest.strip("/")
    tag = _tag_suffix(body)
    first, *others = body[: len(body) - len(tag)].split("/")
    dotted = "." in first or ":" in first
    parts = [f"{token}.example" if dotted else token, *(token for _ in others)]
    return f"{start}{lead}{'/'.join(parts)}{tag}{trail}"


def _tag_suffix(body: str) -> str:
    match = re.search(
        r"(?<=[a-z0-9]):[A-Za-z0-9_][\w.-]*(?:@sha256:[0-9a-f]+)?$|@sha256:[0-9a-f]+$", body
    )
    if match is None or ("/" not in body and re.fullmatch(r":[0-9]+", match[0])):
        return ""  # a port is a part of the host
    return match[0]


def _tag_shape(value: str, token: str) -> str:
    """Write a token in the shape of a tag: a version stays one."""
    if re.fullmatch(r"v?[0-9]+\.[0-9]+\.[0-9]+", value):
        return f"{value}-{token}"
    if value.startswith("sha256:"):
        return f"sha256:{token}"
    return token


def read(plain: Iterable[Reference], rendered: Iterable[Reference], tokens: Tokens) -> list[Traced]:
    """Pair the references of a plain render with those of a render with tokens, by place.

    Where a token changed a resource's name, the template tells which it is. A reference that has
    no partner (tokens changed what is rendered) has no pieces and no paths.
    """
    partners = key_of(rendered)
    originals = key_of(plain)
    renamed: dict[tuple[object, ...], list[Reference]] = {}
    for key, reference in partners.items():
        if key not in originals:
            renamed.setdefault(_template_place(key, reference), []).append(reference)
    result = []
    for key, reference in originals.items():
        partner = partners.get(key)
        if partner is None:
            like = renamed.get(_template_place(key, reference), [])
            partner = like.pop(0) if like else None
        pieces, paths = tokens.pieces(partner.value) if partner else ((), ())
        result.append(Traced(key=key, reference=reference, pieces=pieces, paths=paths))
    return result


def _template_place(key: Key, reference: Reference) -> tuple[object, ...]:
    resource, path, number = key
    return reference.origin.template, resource.group, resource.kind, path, number


def with_values(
    user: Mapping[str, Any], effective: Mapping[str, Any], assignments: Mapping[Path, Any]
) -> dict[str, Any]:
    """Return the user's values with ``assignments`` in them.

    helm replaces lists whole: where a path goes through a list, all of the effective list is set.
    """
    result: dict[str, Any] = copy.deepcopy(dict(user))
    for path, value in assignments.items():
        node: Any = result
        for depth, step in enumerate(path[:-1]):
            below = path[: depth + 1]
            current = node[int(step)] if isinstance(node, list) else node.get(step)
            target = get(effective, below)
            if isinstance(target, list) and not isinstance(current, list):
                current = copy.deepcopy(target)
            elif not isinstance(current, dict | list):
                current = {}
            if isinstance(node, list):
                node[int(step)] = current
            else:
                node[step] = current
            node = current
        if isinstance(node, list):
            node[int(path[-1])] = value
        else:
            node[path[-1]] = value
    return result


def condition(charts: Mapping[Path, str], template: str) -> str | None:
    """Return the value path that switches off the subchart of a template, if one does.

    ``charts`` maps the alias path of each subchart to its condition.
    """
    parts = template.split("/")
    path: Path = ()
    found = None
    for index, part in enumerate(parts):
        if part == "charts" and index + 1 < len(parts):
            path = (*path, parts[index + 1])
            found = charts.get(path, found)
    return found


def value_prefix(template: str) -> Path:
    """Return the path below which a template's chart has its values: its aliases."""
    parts = template.split("/")
    return tuple(parts[i + 1] for i, part in enumerate(parts[:-1]) if part == "charts")
