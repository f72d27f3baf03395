"""Images that custom resources write as a map: registry, repository, tag, digest."""

from collections.abc import Iterable
from typing import Any

_REGISTRY = ("registry", "hub")
_REPOSITORY = ("repository", "repo")
_TAG = ("tag", "version")


def is_image(value: dict[str, Any]) -> bool:
    """Tell whether the keys of a map are those of an image's parts, whatever its own name."""
    registry, repository = _first(value, _REGISTRY), _first(value, _REPOSITORY)
    if isinstance(value.get("image"), str):
        return bool(repository or registry)
    return bool(repository) and bool(value.keys() & {"tag", "digest"})


def composed(value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Put an image together from a map of its parts, as custom resources write it.

    Returns it, empty when there is none, and what of the map is no part of it.
    """
    registry, repository = _first(value, _REGISTRY), _first(value, _REPOSITORY)
    image = value.get("image")
    used = {"image", "name", "digest", *_REGISTRY, *_REPOSITORY, *_TAG}
    if isinstance(image, str) and image:
        if "." in image.partition("/")[0]:  # whole by itself
            used -= {"name", *_REGISTRY, *_REPOSITORY}
            registry, repository = "", image
        else:
            used -= {"name"}
            repository = f"{repository}/{image}" if repository else image
    repository = repository or _first(value, ("name",))
    if not repository:
        return "", value
    tag, digest = _first(value, _TAG), _first(value, ("digest",))
    text = f"{registry}/{repository}" if registry else repository
    if tag and ":" not in text.rpartition("/")[2]:
        text += f":{tag}"
    beside = {k: v for k, v in value.items() if k not in used or isinstance(v, dict | list)}
    return f"{text}@{digest}" if digest else text, beside


def _first(value: dict[str, Any], keys: Iterable[str]) -> str:
    """Return the first of some keys that has a text, or a number; empty when none has."""
    for key in keys:
        found = value.get(key)
        if isinstance(found, str | int | float) and not isinstance(found, bool) and found != "":
            return str(found).strip().rstrip("/")
    return ""
