"""One walk over the body of a resource."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from builder.core import image as images
from builder.core import variables
from builder.core.encoding import decoded
from builder.core.manifests import Resource
from builder.core.pointer import pointer
from builder.core.references import free_text, image_parts
from builder.core.references.model import CONTAINERS, Kind, Path, Reference, in_container

_IMAGE_KEY = re.compile(
    r"(?:^|[a-z0-9_.-])(?:image|Image|IMAGE|IMG)"
    r"(?:[_-]?(?:[Nn]ame|NAME|[Rr]ef|REF|[Rr]eference|[Ss]pec|[Uu]r[il]|URL|URI))?$"
)
_IMAGES_KEY = re.compile(r"images$", re.IGNORECASE)
_ARGUMENTS_KEY = re.compile(r"(?:args|arguments|command|flags)$", re.IGNORECASE)
_REGISTRY_KEY = re.compile(r"(?:registry|registries|hub|mirror|server|host)$", re.IGNORECASE)
_PAIRS_KEY = re.compile(r"(?:env|envs|vars|params|parameters|variables)$", re.IGNORECASE)
_ENV_IMAGE = re.compile(
    r"(?:IMAGE|IMG)(?!.*(?:PULL|POLICY|SECRET|TAG|VERSION|REGISTRY))", re.IGNORECASE
)
_ENV_IS_IMAGE = re.compile(
    r"(?:^|[._-])RELATED_IMAGE_|(?:IMAGE|IMG)(?:[._-]?(?:NAME|REF|REFERENCE|REPOSITORY))?$",
    re.IGNORECASE,
)
_FLAG = re.compile(r"(?s)(?:-{1,2}([A-Za-z][\w.-]*)[= ])?(.*)")
_IMAGE_ANNOTATION = re.compile(r"images?$", re.IGNORECASE)


Search = Callable[[Any, Path, str], Iterator[Reference]]


class Walk:
    """Carries what every reference that is found in a resource needs."""

    def __init__(self, resource: Resource, skip: frozenset[Path]) -> None:
        self.resource = resource
        self.skip = skip
        self.is_text = resource.id.kind in ("ConfigMap", "Secret") and resource.id.group == ""

    def _found(
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
        """Yield what is found in a value that stands at ``path``; ``place`` names it for people."""
        if path in self.skip:
            return
        if isinstance(value, dict):
            yield from self._mapping(value, path, place)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.value(item, (*path, str(index)), _item_place(path, item, place))
        elif isinstance(value, str):
            yield from self._free_text(value, path, place, named=False)
            yield from self._urls(value, path, place)

    def _mapping(self, value: dict[str, Any], path: Path, place: str) -> Iterator[Reference]:
        for key, child in value.items():
            below = (*path, key)
            if below in self.skip:
                continue
            special = self._special(key, child, path)
            if special is not None:
                found = list(special(child, below, place))
                yield from found
                if special == self._texts:
                    continue
                if special == self._image_field and isinstance(child, dict) and found:
                    # Its parts make this image, and no other; what stands beside them may.
                    child = image_parts.composed(child)[1]
            yield from self.value(child, below, place)

    def _special(self, key: str, child: Any, path: Path) -> Search | None:
        """Choose what else to look for below ``key``."""
        if _PAIRS_KEY.search(key) and isinstance(child, list):
            return self._env
        if _ARGUMENTS_KEY.search(key) and isinstance(child, list | str):
            return self._arguments
        if key == "annotations" and path[-1:] == ("metadata",):
            return self._annotations
        if self.is_text and not path and key in ("data", "stringData", "binaryData"):
            return self._texts
        if key == "externalName" and self.resource.id.kind == "Service":
            return self._external_name
        return self._special_image(key, child, path)

    def _special_image(self, key: str, child: Any, path: Path) -> Search | None:
        if _IMAGE_KEY.search(key) and isinstance(child, str | dict):
            return self._image_field
        if key == "reference" and path[-1:] == ("image",):
            return self._image_field
        if _IMAGES_KEY.search(key) and isinstance(child, list | dict):
            return self._image_list
        if isinstance(child, dict) and image_parts.is_image(child):
            return self._image_field
        if _REGISTRY_KEY.search(key) and isinstance(child, str) and free_text.is_registry(child):
            return self._registry
        return None

    def _external_name(self, value: Any, path: Path, place: str) -> Iterator[Reference]:
        """Take the host that a Service stands for: the cluster's DNS sends its clients there."""
        if isinstance(value, str):
            yield self._found("url", value, path, place)

    def _registry(self, value: Any, path: Path, place: str) -> Iterator[Reference]:
        """Take a registry that everybody knows, where a custom resource names one by itself."""
        yield self._found("url", value.strip(), path, place)

    def _image_field(self, value: Any, path: Path, place: str) -> Iterator[Reference]:
        """Take a field that is named as an image: a text, or a map of its parts."""
        if isinstance(value, dict):
            value = image_parts.composed(value)[0]
        elif not in_container(path):
            value = value.strip()
        if not value:
            return
        name = images.read(value)
        if name and not _is_clear(name, value) and path[-1].lower().endswith(("url", "uri")):
            return  # the name of a picture
        if name or in_container(path) or path[-1] == "reference":
            yield self._found("image", value, path, place)

    def _image_list(self, value: Any, path: Path, place: str) -> Iterator[Reference]:
        """Take a list of images, or a map of them by name."""
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            below = (*path, str(key))
            if isinstance(item, dict) and not item.keys() & {"newName", "newTag"}:
                yield from self._image_field(item, below, place)
            elif isinstance(item, str):
                yield from self._named(item, below, place)

    def _named(self, text: str, path: Path, place: str) -> Iterator[Reference]:
        """Take a text that something calls an image, or images: one, or several with signs between.

        A bare word may be anything: it needs a path, a tag or a digest.
        """
        hidden, hints = variables.hide(text)
        for piece in re.split(r"[\s,;|]+", hidden):
            found = piece.rpartition("=")[2]
            name = images.parse(found)
            if name and _is_clear(name, found):
                yield self._found("image", variables.show(found, hints), path, place)

    def _env(self, value: list[Any], path: Path, place: str) -> Iterator[Reference]:
        for index, entry in enumerate(value):
            if isinstance(entry, dict) and isinstance(entry.get("value"), str):
                name, text = str(entry.get("name")), entry["value"]
                where = _joined(place, f"env {name}")
                below = (*path, str(index), "value")
                yield from self._assigned(name, text, below, where)

    def _assigned(self, name: str, text: str, path: Path, place: str) -> Iterator[Reference]:
        """Take what a variable or a flag is set to; its name may tell that this is an image."""
        if _ENV_IMAGE.search(name):
            if _ENV_IS_IMAGE.search(name) and images.read(text) and not _is_switch(text):
                yield self._found("image", text, path, place)
            yield from self._named(text, path, place)
        yield from self._free_text(text, path, place)

    def _arguments(self, value: Any, path: Path, place: str) -> Iterator[Reference]:
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
            yield from self._assigned(flag, text, below, where)
            previous = argument.lstrip("-") if re.fullmatch(r"-{1,2}[\w.-]+", argument) else ""

    def _annotations(self, value: Any, path: Path, _: str) -> Iterator[Reference]:
        for key, text in value.items() if isinstance(value, dict) else ():
            if isinstance(text, str):
                below, where = (*path, key), f"annotation {key}"
                if _IMAGE_ANNOTATION.search(key) and "\n" not in text:
                    if images.read(text) and not _is_switch(text):
                        yield self._found("image", text, below, where)
                    yield from self._named(text, below, where)
                yield from self._free_text(text, below, where)

    def _texts(self, value: Any, path: Path, _: str) -> Iterator[Reference]:
        for key, text in value.items() if isinstance(value, dict) else ():
            if isinstance(text, str):
                below, where = (*path, key), f"{path[-1]} {key}"
                plain = decoded(text) if self._encoded(path) else text
                if not key.isdigit():  # a port, and the Service behind it: ns/name:8080
                    yield from self._free_text(plain, below, where)
                yield from self._urls(plain, below, where)

    def _encoded(self, path: Path) -> bool:
        return path[-1] == "binaryData" or (
            self.resource.id.kind == "Secret" and path[-1] == "data"
        )

    def _free_text(
        self, text: str, path: Path, place: str, *, named: bool = True
    ) -> Iterator[Reference]:
        for image, comment in free_text.images_in(text, named=named):
            yield self._found("image", image, path, place, comment)
        for structure in free_text.structures_in(text):
            for reference in Walk(self.resource, frozenset()).value({"": structure}, (), ""):
                name = reference.image
                bare = name and not (
                    _is_clear(name, reference.value) or in_container(reference.path)
                )
                if not bare and (name or reference.kind != "image"):
                    yield replace(reference, path=path, place=place or pointer(path))

    def _urls(self, text: str, path: Path, place: str) -> Iterator[Reference]:
        for url, comment in free_text.urls_in(text):
            scheme, _, rest = url.partition("://")
            if scheme.lower() == "docker" and images.parse(rest):
                yield self._found("image", rest, path, place, comment)
                continue
            kind: Kind = "oci" if scheme.lower() == "oci" else "url"
            yield self._found(kind, url, path, place, comment)


def _item_place(path: Path, item: Any, place: str) -> str:
    """Name a list item that is a container, for people."""
    if path and path[-1] in CONTAINERS and isinstance(item, dict):
        kind = {"containers": "container", "initContainers": "init container"}
        return f"{kind.get(path[-1], 'ephemeral container')} {item.get('name')}"
    if path and path[-1] == "env" and isinstance(item, dict):
        return _joined(place, f"env {item.get('name')}")
    return place


def _joined(place: str, detail: str) -> str:
    return f"{place}, {detail}" if place else detail


def _is_clear(name: images.ImageName, text: str) -> bool:
    """Tell whether a text is more than a bare word, that could be anything."""
    return bool(name.tag or name.digest) or "/" in text


def _is_switch(text: str) -> bool:
    return text.lower() in ("true", "false") or text.isdigit()
