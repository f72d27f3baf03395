"""One walk over a value: every text in it, what is called a credential, and texts in texts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from builder.core import yaml
from builder.core.credentials import is_given, is_literal, is_one_of, words_of
from builder.core.errors import YamlError
from builder.core.guard.content import SECTIONS, content
from builder.core.guard.forms import forms, plain_text, unpacked
from builder.core.guard.model import Path, Suspect
from builder.core.guard.randomness import random_words
from builder.core.guard.texts import assigned
from builder.core.pointer import pointer

# A text in a text in a text: deeper holds nothing that anybody would write.
_DEEPEST = 3
_COMMENT = re.compile(r"(?:^|\s)#+ ?(.*)$")
# A text as a map of its own, and what the texts of environments and parameters are called.
_INNER = (
    "value", "literal", "plain", "plaintext", "default", "inline", "inline_string", "string", "raw",
    "data",
)  # fmt: skip
_VALUES = ("value", "val", "string_value")
_HEADER = re.compile(r"(?:^|[_-])authorization$")
_LOGIN = re.compile(r"(?i)(?:basic|bearer|token)[ \t]+([A-Za-z0-9+/._~-]{4,}=*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """What is known of the places that are walked over.

    ``declared`` are the places of credentials, with what they are; ``references`` those that name
    a Secret, or a key in one; ``skip`` what is encrypted. Without ``names`` keys say nothing: in
    files of a closed model.
    """

    declared: Mapping[Path, str]
    references: frozenset[Path] = frozenset()
    skip: frozenset[Path] = frozenset()
    names: bool = True
    depth: int = 0

    def value(self, value: Any, path: Path = ()) -> Iterator[Suspect]:
        """Yield what looks like a credential in a value that stands at ``path``."""
        if path in self.skip:
            return
        if isinstance(value, Mapping):
            yield from self._mapping(value, path)
        elif isinstance(value, list):
            yield from self._list(value, path)
        elif path in self.declared and _text(value):
            yield _suspect(self.declared[path], path, "declared", _text(value))
        elif isinstance(value, str) and path not in self.references:
            yield from self.text(value, path)

    def _mapping(self, value: Mapping[str, Any], path: Path) -> Iterator[Suspect]:
        above = path[-1] if path else ""
        called = _called(value)
        if _is_secret(value):
            yield from self._secret(value, path)
            value = {k: v for k, v in value.items() if k not in SECTIONS}
        for key, child in value.items():
            below = (*path, str(key))
            if below in self.skip:
                continue
            name = self._name(str(key), child, value, above) if self.names else ""
            if name and below not in self.declared and below not in self.references:
                yield _suspect(name, below, "named", _text(child))
            elif key == "value" and isinstance(child, str) and called:
                yield from self.text(child, below, called)
            else:
                yield from self.value(child, below)

    def _secret(self, value: Mapping[str, Any], path: Path) -> Iterator[Suspect]:
        """Yield the content of a Secret that stands in a value, as charts make them of values."""
        for one in content(value):
            yield replace(one, path=(*path, *one.path))

    def _name(self, key: str, child: Any, value: Mapping[str, Any], above: str) -> str:
        """Return what a text of a mapping is called, if that is a credential's name."""
        if is_given(key, child, above, value):
            return key
        called, words = _called(value), words_of(key)
        if words in _VALUES and called and is_given(called, child):
            return called
        if words in _INNER and is_given(above, child):
            return above
        if isinstance(child, str) and is_one_of(above, child, key):
            return above
        # The login of a container registry, as docker writes it: base64 of name and password.
        login = key == "auth" and isinstance(child, str) and ":" in plain_text(child)
        return key if login else ""

    def _list(self, value: list[Any], path: Path) -> Iterator[Suspect]:
        previous: Any = ""
        for index, item in enumerate(value):
            below = (*path, str(index))
            flag = isinstance(previous, str) and previous.startswith("-")
            if flag and is_given(str(previous), item):
                yield _suspect(str(previous), below, "named", _text(item))
            elif isinstance(item, str) and path and is_one_of(path[-1], item):
                yield _suspect(path[-1], below, "named", item)
            else:
                yield from self.value(item, below)
            previous = item

    def text(self, text: str, path: Path, name: str = "") -> Iterator[Suspect]:
        """Yield what looks like a credential in a text; ``name`` is what its place is called."""
        key = name or next((step for step in reversed(path) if not step.isdigit()), "")
        known: list[str] = []
        for one in (*self._parts(text, key), *self._unpacked(text, key)):
            # What was found by its name is not told again by its looks.
            if not any(one.value in value for value in known):
                known.append(one.value)
                yield replace(one, path=path)

    def _parts(self, text: str, key: str) -> Iterator[Suspect]:
        inner = self._structure(text)
        if inner is not None:
            yield from (replace(one, within=_joined(one)) for one in inner)
        for name, value, _ in assigned(text if inner is None else comments(text)):
            yield _suspect(name, (), "named", value, within=name)
        for looks, value, start in forms(text):
            yield _suspect(key, (), "shape", value, within=_line(text, start), looks=looks)
        if value := _login(key, text):
            yield _suspect(key, (), "named", value)
        for value, start in random_words(text, key) if inner is None else ():
            yield _suspect(key, (), "random", value, within=_line(text, start))

    def _unpacked(self, text: str, key: str) -> Iterator[Suspect]:
        """Look into what stands in a text as base64."""
        if self.depth >= _DEEPEST:
            return
        deeper = self._deeper()
        for plain, start in unpacked(text):
            for one in deeper.text(plain, (), key):
                within = " ".join(filter(None, (_line(text, start), "in base64", one.within)))
                yield replace(one, within=within)

    def _deeper(self) -> "Walk":
        return Walk(declared={}, names=self.names, depth=self.depth + 1)

    def _structure(self, text: str) -> Iterator[Suspect] | None:
        """Walk over what a text holds as YAML or JSON; None when it holds neither."""
        if self.depth >= _DEEPEST or not ("\n" in text or text.lstrip()[:1] in ("{", "[")):
            return None
        try:
            documents = [d.value for d in yaml.load_all(text, source="")]
        except YamlError:
            return None
        if not documents or not all(isinstance(d, dict | list) for d in documents):
            return None
        deeper = self._deeper()
        return (one for document in documents for one in deeper.value(document))


def _called(value: Mapping[str, Any]) -> str:
    """Return what an entry of an environment, or of parameters, is called."""
    named = next((value[key] for key in ("name", "key", "Name", "Key") if value.get(key)), "")
    return named if isinstance(named, str) else ""


def _login(name: str, text: str) -> str:
    """Return what a header logs in with: ``Authorization`` names a scheme, and a literal."""
    match = _LOGIN.fullmatch(text.strip()) if _HEADER.search(words_of(name)) else None
    return match[1] if match and is_literal(match[1]) else ""


def _is_secret(value: Mapping[str, Any]) -> bool:
    whole = isinstance(value.get("metadata"), Mapping)
    return whole and value.get("kind") == "Secret" and value.get("apiVersion") == "v1"


def comments(text: str) -> str:
    """Return the comments of a YAML text, each in its line; what is in quotes may be among them."""
    lines = [_COMMENT.search(line) for line in text.split("\n")] if "#" in text else []
    return "\n".join(match[1] if match else "" for match in lines)


def _text(value: Any) -> str:
    """Return a scalar as the text that it would be; empty for what is none, or says nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value)
    return text if is_literal(text) or not isinstance(value, str) else ""


def _suspect(
    name: str, path: Path, form: Any, value: str, *, within: str = "", looks: str = ""
) -> Suspect:
    return Suspect(
        name=name.lstrip("-"), path=path, within=within, form=form, looks=looks, value=value
    )


def _joined(inner: Suspect) -> str:
    """Name the place of what stands in a text that is a structure itself."""
    return " ".join(filter(None, (pointer(inner.path), inner.within)))


def _line(text: str, start: int) -> str:
    """Name the line of a text that has more than one."""
    return f"line {text.count(chr(10), 0, start) + 1}" if "\n" in text.strip() else ""
