"""Reading texts: documents with their doubts, and the lines where values stand."""

import functools
import pickle
from dataclasses import dataclass, field
from typing import Any

import yaml

from builder.core.errors import Mark, Where, YamlError
from builder.core.yaml.limits import check_aliases, check_size
from builder.core.yaml.loader import Document, Loader

_KEPT_BYTES = 128 * 1024


def load_all(text: str, *, source: str) -> list[Document]:
    """Read every document of ``text``; empty documents are left out.

    ``source`` names the text in errors. Raises YamlError.
    """
    check_size(text, source)
    documents: list[Document] = []
    try:
        loader = Loader(text)
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise _yaml_error(error, source, text) from error
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
        raise _yaml_error(error, source, text) from error
    except (ValueError, RecursionError, UnicodeEncodeError) as error:
        raise YamlError(f"is not YAML: {error}", where=source) from error
    finally:
        loader.dispose()
    if "&" in text and "*" in text:
        check_aliases((document.value for document in documents), source)
    return documents


def load(text: str, *, source: str) -> Any:
    """Read the one document of a file of ours, strictly; None when it holds none."""
    documents = load_ours(text, source=source)
    if len(documents) > 1:
        where = _where(source, text, documents[1].line, 1)
        raise YamlError("holds more than one YAML document", where=where)
    return documents[0].value if documents else None


def load_ours(text: str, *, source: str) -> list[Document]:
    """Read a file that people write for Sealift: what leaves a doubt about its meaning is refused.

    A key that stands twice, and a bare scalar that kustomize and kubectl read differently.
    """
    short = len(text) <= _KEPT_BYTES
    documents: list[Document] = (
        pickle.loads(_ours(text, source))  # noqa: S301 - made below
        if short
        else load_all(text, source=source)
    )
    for document in documents:
        for duplicate in document.duplicates:
            raise YamlError(
                f"the key {duplicate.key!r} stands twice in one mapping",
                where=_where(source, text, duplicate.line, duplicate.column),
                hint="keep one of the two",
            )
        for doubt in document.ambiguous:
            raise YamlError(
                f"the bare value {doubt.text} means one thing to kustomize and another to kubectl",
                where=_where(source, text, doubt.line, doubt.column),
                hint=f'write "{doubt.text}" for the text, or true or false',
            )
    return documents


@functools.lru_cache(maxsize=128)
def _ours(text: str, source: str) -> bytes:
    """Read documents as they are kept: environments share files, and each gets values of its own.

    To copy takes a tenth of the time of reading.
    """
    return pickle.dumps(load_all(text, source=source))


def _where(source: str, text: str, line: int, column: int) -> Where:
    return Where(f"{source}:{line}", Mark(text=text, line=line, column=column))


def _yaml_error(error: Exception, source: str, text: str) -> YamlError:
    mark = getattr(error, "problem_mark", None)
    where = source
    if mark:
        line, column = mark.line + 1, mark.column + 1
        where = Where(f"{source}:{line}:{column}", Mark(text=text, line=line, column=column))
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return YamlError(f"is not YAML: {problem}", where=where)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """Where the values of a text stand: JSON pointer tokens to a line, counted from 1.

    ``keys`` and ``values`` are the places in it, lines and columns from 1: of what names a value,
    and of the value.
    """

    source: str
    text: str
    by_path: dict[tuple[str, ...], int] = field(default_factory=dict)
    keys: dict[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)
    values: dict[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)

    def at(self, path: tuple[str, ...]) -> str:
        """Name the place of ``path``, or of the nearest parent that stands in the text."""
        while path and path not in self.by_path:
            path = path[:-1]
        return f"{self.source}:{self.by_path.get(path, 1)}"

    def where(self, path: tuple[str, ...], *, key: bool = False) -> Where:
        """Name the place of ``path`` for an error: its value, or with ``key`` what names that.

        A value that begins below its name, as a block, is where the name is.
        """
        while path and path not in self.by_path:
            path = path[:-1]
        named = self.keys.get(path) or self.values.get(path, (1, 1))
        value = self.values.get(path, named)
        line, column = named if key or value[0] != named[0] else value
        return Where(self.at(path), Mark(text=self.text, line=line, column=column))


@functools.lru_cache(maxsize=64)  # a file's lines are asked for each place that it names
def lines(text: str, *, source: str, offset: int = 0) -> Lines:
    """Find the line of each value of a one-document text; ``offset`` is added to each."""
    by_path: dict[tuple[str, ...], int] = {}
    keys: dict[tuple[str, ...], tuple[int, int]] = {}
    values: dict[tuple[str, ...], tuple[int, int]] = {}
    walked: set[int] = set()  # what an alias repeats has its lines at the anchor

    def walk(node: Any, path: tuple[str, ...]) -> None:
        by_path.setdefault(path, node.start_mark.line + 1 + offset)
        values[path] = _at(node)
        if id(node) in walked:
            return
        walked.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                by_path[*path, str(key.value)] = key.start_mark.line + 1 + offset
                keys[*path, str(key.value)] = _at(key)
                walk(value, (*path, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                walk(value, (*path, str(index)))

    check_size(text, source)
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise _yaml_error(error, source, text) from error
    if root is not None:
        walk(root, ())
    return Lines(source=source, text=text, by_path=by_path, keys=keys, values=values)


def _at(node: Any) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
