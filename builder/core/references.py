"""Everything that the cluster will fetch because of a resource: images, charts, artifacts, URLs.

One walk over a resource's body. Image fields count wherever they stand, so that custom resources
of other operators are seen too. In free text (env values, arguments, annotations, ConfigMaps,
Secrets) an image counts when it is named as one, or has a registry host and a tag or digest.
"""

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from builder.core import free_text
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
    r"(?:^|[a-z_-])(?:image|Image|IMAGE|IMG)(?:Name|_NAME|Ref|_REF|Reference)?$"
)
_ENV_IMAGE = re.compile(
    r"(?:IMAGE|IMG)(?!.*(?:PULL|POLICY|SECRET|TAG|VERSION|REGISTRY))", re.IGNORECASE
)
_FLAG = re.compile(r"(?s)(?:-{1,2}([A-Za-z][\w.-]*)[= ])?(.*)")
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_IMAGE_ANNOTATION = re.compile(r"(?:^|/)(?:.*[.-])?images?$", re.IGNORECASE)


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
    seen: set[tuple[str, str, Path]] = set()
    for reference in walk.value(body, (), ""):
        key = (reference.kind, reference.value, reference.path)
        if key not in seen:
            seen.add(key)
            yield reference


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
            if free_text.is_image(value):
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
                    continue  # its parts make this image, and no other
            yield from self.value(child, below, place)

    def special(
        self, key: str, child: Any, path: Path
    ) -> Callable[[Any, Path, str], Iterator[Reference]] | None:
        """Choose what else to look for below ``key``."""
        if key == "env" and isinstance(child, list):
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
        if isinstance(child, dict) and "repository" in child and child.keys() & {"tag", "digest"}:
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
            value = _composed(value)
        if not value:
            return
        in_container = len(path) > 2 and path[-3] in _CONTAINERS and path[-1] == "image"
        if in_container or path[-1] == "reference" or images.parse(value):
            yield self.found("image", value, path, place)

    def env(self, value: list[Any], path: Path, place: str) -> Iterator[Reference]:
        for index, entry in enumerate(value):
            if isinstance(entry, dict) and isinstance(entry.get("value"), str):
                name, text = str(entry.get("name")), entry["value"]
                where = _joined(place, f"env {name}")
                below = (*path, str(index), "value")
                if _ENV_IMAGE.search(name) and images.parse(text):
                    yield self.found("image", text, below, where)
                else:
                    yield from self.free_text(text, below, where)

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
            if _ENV_IMAGE.search(flag) and images.parse(text):
                yield self.found("image", text, below, where)
            else:
                yield from self.free_text(text, below, where)
            previous = argument.lstrip("-") if re.fullmatch(r"-{1,2}[\w.-]+", argument) else ""

    def annotations(self, value: Any, path: Path, _: str) -> Iterator[Reference]:
        for key, text in value.items() if isinstance(value, dict) else ():
            if isinstance(text, str):
                below, where = (*path, key), f"annotation {key}"
                if _IMAGE_ANNOTATION.search(key) and "\n" not in text and images.parse(text):
                    yield self.found("image", text, below, where)
                else:
                    yield from self.free_text(text, below, where)

    def texts(self, value: Any, path: Path, _: str) -> Iterator[Reference]:
        for key, text in value.items() if isinstance(value, dict) else ():
            if isinstance(text, str):
                below, where = (*path, key), f"{path[-1]} {key}"
                plain = decoded(text) if self.encoded(path) else text
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

    def urls(self, text: str, path: Path, place: str) -> Iterator[Reference]:
        for url, comment in free_text.urls_in(text):
            kind: Kind = "oci" if url.lower().startswith("oci://") else "url"
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


def _composed(value: dict[str, Any]) -> str:
    """Put an image together from a map of its parts, as custom resources write it."""
    repository = value.get("repository") or value.get("name")
    if not isinstance(repository, str) or not repository:
        return ""
    registry, tag, digest = (value.get(k) for k in ("registry", "tag", "digest"))
    text = f"{registry}/{repository}" if isinstance(registry, str) and registry else repository
    if isinstance(tag, str | int | float) and tag != "":
        text += f":{tag}"
    return f"{text}@{digest}" if isinstance(digest, str) and digest else text


def decoded(text: str) -> str:
    """Decode base64, as in a Secret's data; empty when it holds no text."""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
