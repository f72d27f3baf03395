"""Another name for a ConfigMap or a Secret, in it and wherever a resource refers to it."""

from typing import Any

# The keys below which Pods and others name one, by kind.
_REFERENCES = {
    "ConfigMap": ("configMap", "configMapRef", "configMapKeyRef"),
    "Secret": ("secret", "secretRef", "secretKeyRef"),
}
KINDS = tuple(_REFERENCES)


def renamed(body: Any, kind: str, old: str, new: str) -> Any:
    """Return a resource in which ``new`` stands for the ConfigMap or Secret of the name ``old``."""
    if body.get("kind") == kind and body["metadata"]["name"] == old:
        return {**body, "metadata": {**body["metadata"], "name": new}}
    return _walked(body, _REFERENCES[kind], old, new)


def _walked(value: Any, keys: tuple[str, ...], old: str, new: str) -> Any:
    if isinstance(value, list):
        return [_walked(item, keys, old, new) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _named(child, old, new)
        if key in keys and isinstance(child, dict)
        else _walked(child, keys, old, new)
        for key, child in value.items()
    }


def _named(reference: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {
        key: new if key in ("name", "secretName") and value == old else value
        for key, value in reference.items()
    }
