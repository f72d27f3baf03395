"""What can go wrong: every error says what, where and what to do next."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class Mark(NamedTuple):
    """A place in a text: line and column, counted from 1."""

    text: str
    line: int
    column: int


class Where(str):
    """A place as errors name it, ``file:line``, that knows the text there."""

    __slots__ = ("mark",)
    mark: Mark

    def __new__(cls, name: str, mark: Mark) -> "Where":
        """Name a place; it is the text that is given, and has a mark besides."""
        self = super().__new__(cls, name)
        self.mark = mark
        return self


class Problem(NamedTuple):
    """One thing that is wrong, and its place."""

    what: str
    where: str | None = None

    @property
    def mark(self) -> Mark | None:
        """The place in its text, where that is known."""
        return self.where.mark if isinstance(self.where, Where) else None

    @property
    def place(self) -> str:
        """The place with its column: ``file:line:column``."""
        mark = self.mark
        if not self.where or mark is None:
            return self.where or ""
        column = f":{mark.column}"
        known = self.where.endswith(f":{mark.line}{column}")
        return str(self.where) if known else f"{self.where}{column}"


class SealiftError(Exception):
    """An error that its reader can act on.

    ``what`` is one sentence, ``where`` a place (file, line, key path), ``hint`` the next step.
    ``exit_code`` is what the command line ends with. An error may tell of several ``problems``.
    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self._problems = tuple(problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong: itself, when it names no others."""
        return self._problems or (Problem(what=self.what, where=self.where),)

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class ConfigurationError(SealiftError):
    """A file, a flag or a name that the user gave is wrong."""


class YamlError(ConfigurationError):
    """A text is not YAML, or not YAML that is safe to read."""


class PatchError(ConfigurationError):
    """A patch operation that RFC 6902, or a target, does not allow."""


class ToolError(SealiftError):
    """An outside tool or service is missing, or failed."""

    exit_code = 3


def nearest(name: str, candidates: list[str]) -> str | None:
    """Return the candidate that looks most like ``name``, or None when none is near."""
    from difflib import get_close_matches

    matches = get_close_matches(name, candidates, n=1, cutoff=0.6)
    return matches[0] if matches else None
