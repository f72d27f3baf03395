"""Annotations that the controller of an Ingress does not read, and what says the same to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from builder.core.environment import Controller, Environment
from builder.core.guard.veil import without_suspects
from builder.core.ingress import forms
from builder.core.ingress.controllers import CONTROLLERS, of_ingress, readers
from builder.core.ingress.meanings import Meaning, Target, Way
from builder.core.ingress.read import annotations
from builder.core.ingress.table import MEANINGS
from builder.core.manifests import Resource

_NO_WAY = Way()


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """An annotation of other controllers, what it means, and how ``target`` is told the same.

    ``written`` is its value, without what looks like a credential in it; ``value`` is what the
    first key of ``way`` would have to be, None where nothing turns it.
    """

    annotation: str
    written: str
    source: Controller
    meaning: Meaning | None
    way: Way
    value: str | None

    @property
    def what(self) -> str:
        """What has no effect, for people."""
        return self.meaning.what if self.meaning else "what it says"


def meaning_of(annotation: str, source: Controller) -> tuple[Meaning, Way] | None:
    """Return what an annotation means to a controller that reads it; None where nobody knows."""
    for meaning in MEANINGS:
        way = meaning.ways.get(source, _NO_WAY)
        if annotation in way.keys:
            return meaning, way
    return None


def unread(present: Mapping[str, str], target: Target) -> Iterator[Unread]:
    """Yield the annotations that other controllers read, and the target does not.

    Those are left out whose equivalent is present as well.
    """
    for annotation, written in present.items():
        sources = readers(annotation)
        if not sources or target in sources:
            continue
        source = min(sorted(sources), key=lambda one: meaning_of(annotation, one) is None)
        found = meaning_of(annotation, source)
        meaning, own = found or (None, _NO_WAY)
        way = meaning.ways.get(target, _NO_WAY) if meaning else _NO_WAY
        if any(key in present for key in way.keys):
            continue
        yield Unread(
            annotation=annotation,
            written=without_suspects(written),
            source=source,
            meaning=meaning,
            way=way,
            value=_turned(annotation, written, own, way),
        )


def _turned(annotation: str, written: str, own: Way, way: Way) -> str | None:
    if own.form is None or way.form is None:
        return None
    # Of several keys with one meaning, all have its form.
    return forms.turned(written, own.form, way.form) if annotation in own.keys else None


def added(resource: Resource, environment: Environment) -> dict[str, tuple[str, str]]:
    """Return the annotations that an Ingress should get, with the reason of each.

    Those of the environment, and what says to its controller what others' annotations say, where
    that is exactly the same and no doubt which controller it is.
    """
    wanted = {
        key: (value, "the environment's annotation")
        for key, value in environment.ingress.annotations.items()
    }
    present = annotations(resource)
    served = of_ingress(resource, environment, environment.ingress.class_)
    if served is not None and served.certain:
        for one in unread({**present, **environment.ingress.annotations}, served.controller):
            if one.value is not None:
                reason = f"{one.annotation}: {one.written}, as {served.title} reads it"
                wanted.setdefault(one.way.keys[0], (one.value, reason))
    return {key: pair for key, pair in wanted.items() if present.get(key) != pair[0]}


def title(target: Target) -> str:
    """Return the name of a controller, or of the Gateway API, for people."""
    return "the Gateway API" if target == "gateway" else CONTROLLERS[target].title
