"""Images that custom resources write as a map: registry, repository, tag, digest."""

from typing import Any

_KEYS = ("registry", "repository", "image", "name", "tag", "version", "digest")


def is_image(value: dict[str, Any]) -> bool:
    """Tell whether the keys of a map are those of an image's parts, whatever its own name."""
    if isinstance(value.get("image"), str):
        return isinstance(value.get("repository") or value.get("registry"), str)
    return "repository" in value and bool(value.keys() & {"tag", "digest"})


def composed(value: dict[str, Any]) -> str:
    """Put an image together from a map of its parts, as custom resources write it."""
    registry, repository, image = (value.get(k) for k in ("registry", "repository", "image"))
    if isinstance(image, str) and "." not in image.partition("/")[0]:
        repository = f"{repository}/{image}" if isinstance(repository, str) else image
    elif isinstance(image, str):
        registry, repository = None, image
    repository = repository or value.get("name")
    if not isinstance(repository, str) or not repository:
        return ""
    tag, digest = value.get("tag") or value.get("version"), value.get("digest")
    text = f"{registry}/{repository}" if isinstance(registry, str) and registry else repository
    tagged = ":" in text.rpartition("/")[2]
    if isinstance(tag, str | int | float) and tag != "" and not tagged:
        text += f":{tag}"
    return f"{text}@{digest}" if isinstance(digest, str) and digest else text


def beside(value: dict[str, Any]) -> dict[str, Any]:
    """Return what stands beside the parts of an image in its map."""
    return {k: v for k, v in value.items() if k not in _KEYS or isinstance(v, dict | list)}
