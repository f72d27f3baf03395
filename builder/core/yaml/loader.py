"""PyYAML's C loader with Kubernetes' scalars, which notes what deserves a doubt."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from builder.core.yaml.limits import MAX_MERGED
from builder.core.yaml.scalars import BOOLS, FLOAT, INT, NULL, SPECIAL_FLOAT


@dataclass(frozen=True, kw_only=True, slots=True)
class DuplicateKey:
    """A key that stands twice in one mapping: the later value wins, as in Go."""

    key: str
    line: int
    column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Ambiguous:
    """A bare scalar that Go's YAML readers disagree about: ``yes``, ``on``, ``2024-01-01``."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One YAML document: its value, the line it starts at, and what in it deserves a doubt."""

    value: Any
    line: int
    duplicates: tuple[DuplicateKey, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()


class Loader(yaml.CSafeLoader):
    """The C loader with Kubernetes' scalars; it collects duplicate keys and caps merges."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML fills and copies it per class

    def __init__(self, stream: str | bytes) -> None:
        super().__init__(stream)
        self.duplicates: list[DuplicateKey] = []
        self.ambiguous: list[Ambiguous] = []
        self._flat: set[int] = set()

    def doubt(self, node: Any) -> None:
        """Note a scalar that other readers may read otherwise."""
        mark = node.start_mark
        self.ambiguous.append(
            Ambiguous(text=node.value, line=mark.line + 1, column=mark.column + 1)
        )

    def flatten_mapping(self, node: Any) -> None:
        """Bring merged keys in, once a node: the keys that stand there themselves come first."""
        if id(node) in self._flat:
            return
        self._flat.add(id(node))
        keys: set[str] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue  # a key may take the place of a merged one
            key = _key(self.construct_object(key_node, deep=True), key_node)
            if key in keys:
                mark = key_node.start_mark
                self.duplicates.append(
                    DuplicateKey(key=key, line=mark.line + 1, column=mark.column + 1)
                )
            keys.add(key)
        super().flatten_mapping(node)
        if len(node.value) > MAX_MERGED:
            raise yaml.constructor.ConstructorError(
                None, None, f"merges more than {MAX_MERGED:,} keys", node.start_mark
            )

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Build a map whose keys are texts; the last of two equal keys wins."""
        self.flatten_mapping(node)
        return {
            _key(self.construct_object(key, deep=True), key): self.construct_object(
                value, deep=deep
            )
            for key, value in node.value
        }


def _construct_map(loader: Loader, node: Any) -> Iterator[dict[Any, Any]]:
    data: dict[Any, Any] = {}
    yield data
    data.update(loader.construct_mapping(node))


def _construct_number(loader: Loader, node: Any) -> int | float | str:
    """Read a number as Go does: a text when it is none, a float when no 64 bits hold it."""
    text = loader.construct_scalar(node)
    text = text if text.startswith(".") else text.replace("_", "")
    if len(text) < 100 and INT.fullmatch(text):
        number = int(text, 8) if re.fullmatch(r"[-+]?0[0-7]+", text) else int(text, 0)
        if -(2**63) <= number < 2**64:
            return number
    if FLOAT.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    if SPECIAL_FLOAT.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return str(node.value)


def _construct_binary(loader: Loader, node: Any) -> str:
    """Read ``!!binary`` as JSON would have it: its text."""
    data: bytes = loader.construct_yaml_binary(node)
    return data.decode("utf-8")


def _construct_bool(loader: Loader, node: Any) -> Any:
    if node.value.lower() not in ("true", "false"):
        loader.doubt(node)
    return BOOLS.get(node.value, node.value)


def _construct_timestamp(loader: Loader, node: Any) -> str:
    loader.doubt(node)
    return str(node.value)


def _refuse_tag(_: Loader, node: Any) -> None:
    raise yaml.constructor.ConstructorError(
        None, None, f"the tag {node.tag!r} means nothing in JSON", node.start_mark
    )


Loader.add_constructor("tag:yaml.org,2002:map", _construct_map)
Loader.add_constructor("tag:yaml.org,2002:bool", _construct_bool)
Loader.add_constructor("tag:yaml.org,2002:int", _construct_number)
Loader.add_constructor("tag:yaml.org,2002:float", _construct_number)
Loader.add_constructor("tag:yaml.org,2002:binary", _construct_binary)
Loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_timestamp)
Loader.add_constructor("tag:yaml.org,2002:merge", lambda _, node: node.value)
Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)
for _tag in ("omap", "pairs", "set"):  # nothing in JSON is like these
    Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _refuse_tag)


def _resolver(tag: str, pattern: str, first: str) -> None:
    regexp = re.compile(rf"^(?:{pattern})$")
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", regexp, list(first))


_resolver("bool", "|".join(BOOLS), "yYnNtTfFoO")
_resolver("timestamp", r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?", "0123456789")
_resolver("int", r"[-+]?[0-9_][0-9a-fA-F_]*|[-+]?0[bBoOxX][0-9a-fA-F_]+", "-+0123456789")
_resolver(
    "float", rf"[-+.]?[0-9][0-9_.eE+-]*|[-+]\.[0-9_eE+-]+|{SPECIAL_FLOAT.pattern}", "-+0123456789."
)
_resolver("merge", "<<", "<")
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(rf"^(?:{NULL.pattern})$"), ["~", "n", "N", ""]
)


def _key(key: Any, node: Any) -> str:
    """Return a mapping key as JSON would have it: Kubernetes objects are JSON."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if key is None:
        return "null"
    if isinstance(key, int | float):
        return str(key)
    raise yaml.constructor.ConstructorError(
        None, None, "a mapping key must be a scalar", node.start_mark
    )
