"""YAML as Kubernetes reads it.

PyYAML's C loader, with three changes. Plain scalars resolve as sigs.k8s.io/yaml does (that is what
kubectl, Argo CD and Flux use), so that a value means here what it means in the cluster. Duplicate
keys are seen. Input that would exhaust memory or stack is refused before it is built: size, depth
and what aliases expand to are capped.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from builder.core.errors import YamlError

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 200
MAX_NODES = 5_000_000
MAX_MERGED = 10_000

_BOOLS = {
    **dict.fromkeys(
        ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True
    ),
    **dict.fromkeys(
        ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False
    ),
}
_INT = re.compile(r"[-+]?(?:0[bB][01]+|0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NULL = re.compile(r"~|null|Null|NULL|")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*")


@dataclass(frozen=True, kw_only=True, slots=True)
class DuplicateKey:
    """A key that stands twice in one mapping: the later value wins, as in Go."""

    key: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Ambiguous:
    """A bare scalar that Go's YAML readers disagree about: ``yes``, ``on``, ``2024-01-01``."""

    text: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One YAML document: its value, the line it starts at, and what in it deserves a doubt."""

    value: Any
    line: int
    duplicates: tuple[DuplicateKey, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()


class _Loader(yaml.CSafeLoader):
    """The C loader with Kubernetes' scalars; it collects duplicate keys and caps merges."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML fills and copies it per class

    def __init__(self, stream: str | bytes) -> None:
        super().__init__(stream)
        self.duplicates: list[DuplicateKey] = []
        self.ambiguous: list[Ambiguous] = []
        self._flat: set[int] = set()

    def doubt(self, node: Any) -> None:
        """Note a scalar that other readers may read otherwise."""
        self.ambiguous.append(Ambiguous(text=node.value, line=node.start_mark.line + 1))

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
                line = key_node.start_mark.line + 1
                self.duplicates.append(DuplicateKey(key=key, line=line))
            keys.add(key)
        super().flatten_mapping(node)
        if len(node.value) > MAX_MERGED:
            raise yaml.constructor.ConstructorError(
                None, None, f"merges more than {MAX_MERGED:,} keys", node.start_mark
            )

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        self.flatten_mapping(node)
        return {
            _key(self.construct_object(key, deep=True), key): self.construct_object(
                value, deep=deep
            )
            for key, value in node.value
        }


def _construct_map(loader: _Loader, node: Any) -> Iterator[dict[Any, Any]]:
    data: dict[Any, Any] = {}
    yield data
    data.update(loader.construct_mapping(node))


def _construct_number(loader: _Loader, node: Any) -> int | float | str:
    """Read a number as Go does: a text when it is none, a float when no 64 bits hold it."""
    text = loader.construct_scalar(node)
    text = text if text.startswith(".") else text.replace("_", "")
    if len(text) < 100 and _INT.fullmatch(text):
        number = int(text, 8) if re.fullmatch(r"[-+]?0[0-7]+", text) else int(text, 0)
        if -(2**63) <= number < 2**64:
            return number
    if _FLOAT.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return str(node.value)


def _construct_binary(loader: _Loader, node: Any) -> str:
    """Read ``!!binary`` as JSON would have it: its text."""
    data: bytes = loader.construct_yaml_binary(node)
    return data.decode("utf-8")


def _construct_bool(loader: _Loader, node: Any) -> Any:
    if node.value.lower() not in ("true", "false"):
        loader.doubt(node)
    return _BOOLS.get(node.value, node.value)


def _construct_timestamp(loader: _Loader, node: Any) -> str:
    loader.doubt(node)
    return str(node.value)


def _refuse_tag(_: _Loader, node: Any) -> None:
    raise yaml.constructor.ConstructorError(
        None, None, f"the tag {node.tag!r} means nothing in JSON", node.start_mark
    )


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_map)
_Loader.add_constructor("tag:yaml.org,2002:bool", _construct_bool)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_number)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_number)
_Loader.add_constructor("tag:yaml.org,2002:binary", _construct_binary)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_timestamp)
_Loader.add_constructor("tag:yaml.org,2002:merge", lambda _, node: node.value)
_Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)
for _tag in ("omap", "pairs", "set"):  # nothing in JSON is like these
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _refuse_tag)


def _resolver(tag: str, pattern: str, first: str) -> None:
    regexp = re.compile(rf"^(?:{pattern})$")
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", regexp, list(first))


_resolver("bool", "|".join(_BOOLS), "yYnNtTfFoO")
_resolver("timestamp", r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?", "0123456789")
_resolver("int", r"[-+]?[0-9_][0-9a-fA-F_]*|[-+]?0[bBoOxX][0-9a-fA-F_]+", "-+0123456789")
_resolver(
    "float", rf"[-+.]?[0-9][0-9_.eE+-]*|[-+]\.[0-9_eE+-]+|{_SPECIAL_FLOAT.pattern}", "-+0123456789."
)
_resolver("merge", "<<", "<")
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(rf"^(?:{_NULL.pattern})$"), ["~", "n", "N", ""]
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


def load_all(text: str, *, source: str) -> list[Document]:
    """Read every document of ``text``; empty documents are left out.

    ``source`` names the text in errors. Raises YamlError.
    """
    _check_size(text, source)
    documents: list[Document] = []
    try:
        loader = _Loader(text)
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise _yaml_error(error, source) from error
    try:
        while loader.check_node():
            node = loader.get_node()
            loader.duplicates, loader.ambiguous = [], []
            value = loader.construct_document(node)
            if value is not None:
                documents.append(
                    Document(
                        value=value,
                        line=node.start_mark.line + 1,  # type: ignore[union-attr]
                        duplicates=tuple(loader.duplicates),
                        ambiguous=tuple(loader.ambiguous),
                    )
                )
    except yaml.YAMLError as error:
        raise _yaml_error(error, source) from error
    except (ValueError, RecursionError, UnicodeEncodeError) as error:
        raise YamlError(f"is not YAML: {error}", where=source) from error
    finally:
        loader.dispose()
    if "&" in text and "*" in text:
        _check_aliases(documents, source)
    return documents


def load(text: str, *, source: str) -> Any:
    """Read the one document of a file of ours, strictly; None when it holds none."""
    documents = load_ours(text, source=source)
    if len(documents) > 1:
        raise YamlError("holds more than one YAML document", where=f"{source}:{documents[1].line}")
    return documents[0].value if documents else None


def load_ours(text: str, *, source: str) -> list[Document]:
    """Read a file that people write for Sealift: what leaves a doubt about its meaning is refused.

    A key that stands twice, and a bare scalar that kustomize and kubectl read differently.
    """
    documents = load_all(text, source=source)
    for document in documents:
        for duplicate in document.duplicates:
            raise YamlError(
                f"the key {duplicate.key!r} stands twice in one mapping",
                where=f"{source}:{duplicate.line}",
                hint="keep one of the two",
            )
        for doubt in document.ambiguous:
            raise YamlError(
                f"the bare value {doubt.text} means one thing to kustomize and another to kubectl",
                where=f"{source}:{doubt.line}",
                hint=f'write "{doubt.text}" for the text, or true or false',
            )
    return documents


def _yaml_error(error: Exception, source: str) -> YamlError:
    mark = getattr(error, "problem_mark", None)
    where = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return YamlError(f"is not YAML: {problem}", where=where)


def _check_size(text: str, source: str) -> None:
    if len(text) > MAX_BYTES:
        raise YamlError(f"is larger than {MAX_BYTES // 2**20} MiB", where=source)
    if _may_be_deep(text) and _is_deep(text):
        raise _too_deep(source)


def _too_deep(source: str) -> YamlError:
    return YamlError(
        f"nests deeper than {MAX_DEPTH} levels", where=source, hint="no manifest needs that"
    )


def _may_be_deep(text: str) -> bool:
    """Tell cheaply whether ``text`` could nest too deep: brackets, indents and ``- - -`` rows.

    Closing brackets say nothing here: they may stand in quotes, or in comments.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH:
        return True
    return re.search(rf"^(?:[ ]|[-?:][ ]){{{MAX_DEPTH},}}", text, re.MULTILINE) is not None


def _is_deep(text: str) -> bool:
    """Count the depth exactly, over the parser's events: these need no recursion."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return False  # the loader tells what is wrong, and where
    return False


def _check_aliases(documents: list[Document], source: str) -> None:
    """Refuse documents whose aliases expand to too many values, too deep, or to themselves."""
    known: dict[int, tuple[int, int]] = {}

    def measure(value: Any, above: int) -> tuple[int, int]:
        """Return how many values there are in ``value``, and how deep."""
        if not isinstance(value, dict | list):
            return 1, 0
        if id(value) not in known:
            known[id(value)] = (0, 0)
            children = value.values() if isinstance(value, dict) else value
            below = [measure(child, above + 1) for child in children] if above < MAX_DEPTH else []
            known[id(value)] = (
                1 + sum(n for n, _ in below),
                1 + max((d for _, d in below), default=0),
            )
        elif known[id(value)] == (0, 0):
            raise YamlError("an alias stands inside its own anchor", where=source)
        size, depth = known[id(value)]
        if above + depth > MAX_DEPTH:
            raise _too_deep(source)
        return size, depth

    if sum(measure(document.value, 0)[0] for document in documents) > MAX_NODES:
        raise YamlError(f"its aliases expand to more than {MAX_NODES:,} values", where=source)


class _Dumper(yaml.CSafeDumper):
    """Writes what Go reads back the same: no aliases, and quotes around all that looks typed."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


_AMBIGUOUS = re.compile(
    "|".join(
        f"(?:{pattern})"
        for pattern in (
            "|".join(_BOOLS),
            r"[-+]?(?:0[bB][01_]+|0[xX][0-9a-fA-F_]+|0[oO]?[0-9_]+|[0-9][0-9_]*)",
            r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]*)?",
            _SPECIAL_FLOAT.pattern,
            _NULL.pattern,
            _SEXAGESIMAL.pattern,
            _DATE.pattern,
            "<<|=",
        )
    )
)
_UNSAFE_IN_BLOCK = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]|\t")


def _represent_str(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
    style = None
    if _UNSAFE_IN_BLOCK.search(value):
        style = '"'
    elif "\n" in value:
        style = "|" if value.strip("\n ") and not value.startswith(("\n", " ")) else '"'
    elif _AMBIGUOUS.fullmatch(value) or _AMBIGUOUS.fullmatch(value.replace("_", "")):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _represent_str)


def dump(value: Any) -> str:
    """Write ``value`` as one YAML document: keys in their order, wide lines, one byte form."""
    return _dump_all([value])


def dump_all(values: list[Any]) -> str:
    """Write several documents, each after the first behind ``---``."""
    return _dump_all(values)


def _dump_all(values: list[Any]) -> str:
    text: str = yaml.dump_all(
        values,
        Dumper=_Dumper,
        default_flow_style=False,
        sort_keys=False,
        allow_unicode=True,
        width=1_000_000_000,
    )
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """Where the values of a text stand: JSON pointer tokens to a line, counted from 1."""

    source: str
    by_path: dict[tuple[str, ...], int] = field(default_factory=dict)

    def at(self, path: tuple[str, ...]) -> str:
        """Name the place of ``path``, or of the nearest parent that stands in the text."""
        while path and path not in self.by_path:
            path = path[:-1]
        return f"{self.source}:{self.by_path.get(path, 1)}"


def lines(text: str, *, source: str, offset: int = 0) -> Lines:
    """Find the line of each value of a one-document text; ``offset`` is added to each."""
    by_path: dict[tuple[str, ...], int] = {}
    walked: set[int] = set()  # what an alias repeats has its lines at the anchor

    def walk(node: Any, path: tuple[str, ...]) -> None:
        by_path.setdefault(path, node.start_mark.line + 1 + offset)
        if id(node) in walked:
            return
        walked.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                by_path[*path, str(key.value)] = key.start_mark.line + 1 + offset
                walk(value, (*path, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                walk(value, (*path, str(index)))

    _check_size(text, source)
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise _yaml_error(error, source) from error
    if root is not None:
        walk(root, ())
    return Lines(source=source, by_path=by_path)
