"""What an annotation means, and how each controller is told it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from builder.core.environment import Controller
from builder.core.ingress.forms import Form

Target = Controller | Literal["gateway"]
"""A controller, or the Gateway API, whatever implements it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How one controller is told: by ``keys``, the first of which is to be written, or ``instead``.

    ``instead`` says what does it where no annotation of an Ingress says the same.
    """

    keys: tuple[str, ...] = ()
    form: Form | None = None
    instead: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What is said, for people, and how; controllers of which nothing is known have no way."""

    what: str
    ways: Mapping[Target, Way]
