"""What came of one environment of many: values that pass from process to process."""

import json
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from builder.core.environment import Publish
from builder.core.errors import SealiftError
from builder.fleet.inputs import Inputs
from builder.fleet.written import unpacked

BUG = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of an environment, as values that pass from process to process.

    ``code`` is the exit code that its build alone would have, ``text`` and ``record`` (JSON) are
    what that would print, ``said`` is an error with its hint. ``why`` tells in a few words what
    speaks against shipping. ``packed`` is the bundle, where it was asked for, ``tree`` the
    id that Git gives it, ``settings`` are those of where it is published, ``inputs`` is what it was
    built from.
    """

    name: str
    code: int
    text: str = ""
    record: str = ""
    said: str = ""
    why: str = ""
    trace: str = ""
    packed: bytes | None = None
    tree: str = ""
    settings: Publish | None = None
    inputs: Inputs | None = None
    seconds: float = 0.0

    @property
    def ships(self) -> bool:
        """Tell whether nothing speaks against it."""
        return self.code == 0

    @property
    def files(self) -> Mapping[str, bytes]:
        """The bundle's files, path to bytes; raises TypeError without them."""
        if self.packed is None:
            raise TypeError("the bundle was not asked for")
        return unpacked(self.packed)


def told(name: str, error: Exception) -> Outcome:
    """Tell of an environment that could not be built, as :func:`builder.cli.main` would."""
    if isinstance(error, SealiftError):
        place = error.problems[0].place or None
        return _failed(name, error.exit_code, error.what, place, error.hint)
    if isinstance(error, OSError) and error.strerror:
        return _failed(name, 3, error.strerror, error.filename and str(error.filename))
    what = f"{type(error).__name__}: a bug in sealift"
    return replace(_failed(name, BUG, what), trace="".join(traceback.format_exception(error)))


def lost(name: str, reason: str) -> Outcome:
    """Tell of an environment whose process died."""
    hint = f"was there too little memory? Try fewer at once, --jobs 1, or `sealift build {name}`"
    return _failed(name, 3, f"could not be built: {reason}", hint=hint)


def _failed(
    name: str, code: int, what: str, where: str | None = None, hint: str | None = None
) -> Outcome:
    short = Path(name).resolve().name if "/" in name or name.startswith(".") else name
    why = f"{where}: {what}" if where else what
    said = f"error: {name}: {why}" + (f"\nhint: {hint}" if hint else "")
    record = {
        "environment": short, "ships": False, "folder": None, "kubernetes": "",
        "findings": [], "charts": [], "images": [], "files": [],
        "error": {"what": what, "where": where, "hint": hint},
    }  # fmt: skip
    return Outcome(
        name=short,
        code=code,
        said=said,
        why=why.partition("\n")[0],
        record=json.dumps(record, indent=2, ensure_ascii=False),
    )
