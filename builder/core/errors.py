"""What can go wrong: every error says what, where and what to do next."""

from typing import ClassVar


class SealiftError(Exception):
    """An error that its reader can act on.

    ``what`` is one sentence, ``where`` a place (file, line, key path), ``hint`` the next step.
    ``exit_code`` is what the command line ends with.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

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
