"""What the guard finds: a text that looks like a credential, and why."""

from dataclasses import dataclass, field
from typing import Literal

Path = tuple[str, ...]
Form = Literal["declared", "named", "content", "shape", "random"]
"""How it was told: by a rule of the base, by its key, as a Secret's content, by its looks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspect:
    """A text that looks like a credential.

    ``name`` is what it is called, ``path`` its place in a document, ``within`` its place in the
    text that stands there. The value itself is for comparing alone, and in no ``repr``.
    """

    name: str
    path: Path
    within: str = ""
    form: Form
    looks: str = ""
    value: str = field(repr=False)
