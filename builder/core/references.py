"""Everything that the cluster will fetch because of a resource: images, charts, artifacts, URLs.

One walk over a resource's body. Image fields count wherever they stand, so that custom resources
of other operators are seen too. In free text (env values, arguments, annotations, ConfigMaps,
Secrets) an image counts when it is named as one, or has a registry host and a tag or digest.
"""

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from builder.core import free_text, image_parts
from builder.core import image as images
from builder.core.manifests import Manifests, Origin, Resource, ResourceId
from builder.core.pointer import pointer

Kind = Literal["image", "chart", "oci", "url"]
Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """One thing that the cluster will fetch: what, and where it stands.

    ``value`` is the text as it stands, without the credentials of a URL; ``path`` the place in the
    resource; ``place`` the same for people; ``comment`` tells that it stands behind ``#`` in a
    text, where nothing fetches it.
    """

    kind: Kind
    value: str
    resource: ResourceId
    path: Path
    place: str
    origin: Origin
    comment: bool = False

    @property
    def image(self) -> images.ImageName | None:
        """The parsed name of an image reference."""
        return images.parse(self.value) if self.kind == "image" else None

    @property
    def nested(self) -> bool:
        """Tell whether a controller makes the resource, in the cluster."""
        return self.origin.parent is not None

    @property
    def pointer(self) -> str:
        """The place in the resource as a JSON pointer."""
        return pointer(self.path)

    def __str__(self) -> str:
        return f"{self.resource} {self.place}"


_IMAGE_KEY = re.compile(
    r"(?:^|[a-z0-9_.-])(?:image|Image|IMAGE|IMG)"
    r"(?:[_-]?(?:[Nn]ame|NAME|[Rr]ef|REF|[Rr]eference|[Ss]pec|[Uu]r[il]|URL|URI))?$"
)
_IMAGES_KEY = re.compile(r"images$", re.IGNORECASE)
_PAIRS_KEY = re.compile(r"(?:env|envs|vars|params|parameters|variables)$", re.IGNORECASE)
_ENV_IMAGE = re.compile(
    r"(?:IMAGE|IMG)(?!.*(?:PULL|POLICY|SECRET|TAG|VERSION|REGISTRY))", re.IGNORECASE
)
_ENV_IS_IMAGE = re.compile(
    r"(?:^|[._-])RELATED_IMAGE_|(?:IMAGE|IMG)(?:[._-]?(?:NAME|REF|REFERENCE|REPOSITORY))?$",
    re.IGNORECASE,
)
_FLAG = re.compile(r"(?s)(?:-{1,2}([A-Za-z][\w.-]*)[= ])?(.*)")
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_IMAGE_ANNOTATION = re.compile(r"images?$", re.IGNORECASE)


def collect(
    manifests: Manifests, skip: Mapping[ResourceId, Collection[Path]] = {}
) -> list[Reference]:
    """Return the references of all resources, in order.

    ``skip`` names the paths of a resource that are not looked at: the values of a nested chart
    say what may be fetched, and the render of that chart says what is.
    """
    return [
        reference
        for resource in manifests
        for reference in of_resource(resource, skip.get(resource.id, ()))
    ]


def of_resource(resource: Resource, skip: Collection[Path] = ()) -> Iterator[Reference]:
    """Yield the references of one resource."""
    body = dict(resource.body)
    if resource.id.kind == "CustomResourceDefinition":
        body = {"spec": {"conversion": (body.get("spec") or {}).get("conversion")}}
    walk = _Walk(resource, frozenset(skip))
    found: dict[tuple[str, str, Path], Reference] = {}
    for reference in walk.value(body, (), ""):
        key = (reference.kind, reference.value, reference.path)
        if found.setdefault(key, reference).comment and not reference.comment:
            found[key] = reference  # what stands in a comment, and again where it counts
    yield from found.values()


class _Walk:
    """One walk over the body of a resource; carries what every found reference needs."""

    def __init__(self, resource: Resource, skip: frozenset[Path]) -> None:
        self.resource = resource
        self.skip = skip
        self.is_text = resource.id.kind in ("ConfigMap", "Secret") and resource.id.group == ""

    def found(
        self, kind: Kind, value: str, path: Path, place: str, comment: bool = False
    ) -> Reference:
        return Reference(
            kind=kind,
            value=value,
            resource=self.resource.id,
            path=path,
            place=place or pointer(path),
            origin=self.resource.origin,
            comment=comment,
        )

    def value(self, value: Any, path: Path, place: str) -> Iterator[Reference]:
        if path in self.skip:
            return
        if isinstance(value, dict):
            yield from self.mapping(value, path, place)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.value(item, (*path, str(index)), _item_place(path, item, place))
        elif isinstance(value, str):
            if "\n" in value or value[:1] in ("{", "[") or free_text.is_image(value):
                yield from self.free_text(value, path, place)
            yield from self.urls(value, path, place)

    def mapping(self, value: dict[str, Any], path: Path, place: str) -> Iterator[Reference]:
        for key, child in value.items():
            below = (*path, key)
            if below in self.skip:
                continue
            special = self.special(key, child, path)
            if special is not None:
                found = list(special(child, below, place))
                yield from found
                if special == self.image_field and isinstance(child, dict) and found:
                    # Its parts make this image, and no other; what stands beside them may.
                    child = image_parts.beside(child)
            yield from self.value(child, below, place)

    def special(
        self, key: str, child: Any, path: Path
    ) -> Callable[[Any, Path, str], Iterator[Reference]] | None:
        """Choose what else to look for below ``key``."""
        if _PAIRS_KEY.search(key) and isinstance(child, list):
            return self.env
        if key in ("args", "command") and isinstance(child, list | str):
            return self.arguments
        if (key == "annotations" and path == ("metadata",)) or (
            key == "annotations" and path[-1:] == ("metadata",)
        ):
            return self.annotations
        if self.is_text and not path and key in ("data", "stringData", "binaryData"):
            return self.texts
        if _IMAGE_KEY.search(key) and isinstance(child, str | dict):
            return self.image_field
        if key == "reference" and path[-1:] == ("image",):
            return self.image_field
        if _IMAGES_KEY.search(key) and isinstance(child, list | dict):
            return self.image_list
        if isinstance(child, dict) and image_parts.is_image(child):
            return self.image_field
        if key == "externalName" and self.resource.id.kind == "Service":
            return self.external_name
        return None

    def external_name(self, value: Any, path: Path, place: str) -> Iterator[Reference]:
        """Take the host that a Service stands for: the cluster's DNS sends its clients there."""
        if isinstance(value, str):
            yield self.found("url", value, path, place)

    def image_field(self, value: Any, path: Path, place: str) -> Iterator[Reference]:
        """Take a field that is named as an image: a text, or a map of its parts."""
        if isinstance(value, dict):
            value = image_parts.composed(value)
        if not value:
            return
        name = images.parse(value)
        if name and not _is_clear(name, value) and path[-1].lower().endswith(("url", "uri")):
            return  # the name of a picture
        if name or _in_container(path) or path[-1] == "reference":
            yield self.found("image", value, path, place)

    def image_list(self, value: Any, path: Path, place: str) -> Iterator[Reference]:
        """Take a list of images, or a map of them by name."""
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            below = (*path, str(key))
            if isinstance(item, dict) and not item.keys() & {"newName", "newTag"}:
                yield from self.image_field(item, below, place)
            elif isinstance(item, str):
                yield from self.named(item, below, place)

    def named(self, text: str, path: Path, place: str) -> Iterator[Reference]:
        """Take a text that something calls an image, or images: one, or several with signs between.

        A bare word may be anything: it needs a path, a tag or a digest.
        """
        for piece in re.split(r"[\s,;|]+", text):
            found = piece.rpartition("=")[2]
            name = images.parse(found)
            if name and _is_clear(name, found):
                yield self.found("image", found, path, place)

    def env(self, value: list[Any], path: Path, place: str) -> Iterator[Reference]:
        for index, entry in enumerate(value):
            if isinstance(entry, dict) and isinstance(entry.get("value"), str):
                name, text = str(entry.get("name")), entry["value"]
                where = _joined(place, f"env {name}")
                below = (*path, str(index), "value")
                yield from self.assigned(name, text, below, where)

    def assigned(self, name: str, text: str, path: Path, place: str) -> Iterator[Reference]:
        """Take what a variable or a flag is set to; its name may tell that this is an image."""
        if _ENV_IMAGE.search(name):
            if _ENV_IS_IMAGE.search(name) and images.parse(text) and not _is_switch(text):
                yield self.found("image", text, path, place)
            yield from self.named(text, path, place)
        yield from self.free_text(text, path, place)

    def arguments(self, value: Any, path: Path, place: str) -> Iterator[Reference]:
        previous = ""
        for index, argument in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(argument, str):
                continue
            below = (*path, str(index)) if isinstance(value, list) else path
            where = _joined(
                place, f"{path[-1]} {below[-1]}" if isinstance(value, list) else path[-1]
            )
            match = _FLAG.fullmatch(argument)
            flag, text = (match[1] or previous, match[2]) if match else (previous, argument)
            yield from self.assigned(flag, text, below, where)
            previous = argument.lstrip("-") if re.fullmatch(r"-{1,2}[\w.-]+", argument) else ""

    def annotations(self, value: Any, path: Path, _: str) -> Iterator[Reference]:
        for key, text in value.items() if isinstance(value, dict) else ():
            if isinstance(text, str):
                below, where = (*path, key), f"annotation {key}"
                if _IMAGE_ANNOTATION.search(key) and "\n" not in text:
                    if images.parse(text) and not _is_switch(text):
                        yield self.found("image", text, below, where)
                    yield from self.named(text, below, where)
                yield from self.free_text(text, below, where)

    def texts(self, value: Any, path: Path, _: str) -> Iterator[Reference]:
        for key, text in value.items() if isinstance(value, dict) else ():
            if isinstance(text, str):
                below, where = (*path, key), f"{path[-1]} {key}"
                plain = decoded(text) if self.encoded(path) else text
                if not key.isdigit():  # a port, and the Service behind it: ns/name:8080
                    yield from self.free_text(plain, below, where)
                if plain is not text:
                    yield from self.urls(plain, below, where)

    def encoded(self, path: Path) -> bool:
        return path[-1] == "binaryData" or (
            self.resource.id.kind == "Secret" and path[-1] == "data"
        )

    def free_text(self, text: str, path: Path, place: str) -> Iterator[Reference]:
        for image, comment in free_text.images_in(text):
            yield self.found("image", image, path, place, comment)
        for structure in free_text.structures_in(text):
            for reference in _Walk(self.resource, frozenset()).value(structure, (), ""):
                name = reference.image
                bare = name and not (
                    _is_clear(name, reference.value) or _in_container(reference.path)
                )
                if not bare and (name or reference.kind != "image"):
                    yield replace(reference, path=path, place=place or pointer(path))

    def urls(self, text: str, path: Path, place: str) -> Iterator[Reference]:
        for url, comment in free_text.urls_in(text):
            scheme, _, rest = url.partition("://")
            if scheme.lower() == "docker" and images.parse(rest):
                yield self.found("image", rest, path, place, comment)
                continue
            kind: Kind = "oci" if scheme.lower() == "oci" else "url"
            yield self.found(kind, url, path, place, comment)


def _item_place(path: Path, item: Any, place: str) -> str:
    """Name a list item that is a container, for people."""
    if path and path[-1] in _CONTAINERS and isinstance(item, dict):
        kind = {"containers": "container", "initContainers": "init container"}
        return f"{kind.get(path[-1], 'ephemeral container')} {item.get('name')}"
    if path and path[-1] == "env" and isinstance(item, dict):
        return _joined(place, f"env {item.get('name')}")
    return place


def _joined(place: str, detail: str) -> str:
    return f"{place}, {detail}" if place else detail


def _in_container(path: Path) -> bool:
    """Tell whether a path is that of a container's image."""
    return len(path) > 2 and path[-3] in _CONTAINERS and path[-1] == "image"


def _is_clear(name: images.ImageName, text: str) -> bool:
    """Tell whether a text is more than a bare word, that could be anything."""
    return bool(name.tag or name.digest) or "/" in text


def _is_switch(text: str) -> bool:
    return text.lower() in ("true", "false") or text.isdigit()


def decoded(text: str) -> str:
    """Decode base64, as in a Secret's data, where Go skips line ends; empty when it is no text."""
    try:
        return base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
