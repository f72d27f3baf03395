"""The values of a nested chart that make its Ingresses as the environment says.

What the base names comes first, then what the chart's values call by its name, near to the
template; each is proven by the render that follows.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from builder.core import subcharts
from builder.core.base import IngressValues
from builder.core.environment import Environment
from builder.core.ingress import equivalents, read
from builder.core.manifests import Resource
from builder.core.overrides import Path, own_leaves
from builder.core.pointer import get, tokens

Assignment = tuple[Path, Any, str]
_CLASS_REASON = "the environment's ingress class"
_TLS_REASON = "the environment's certificate"
_SWITCHES = ("enabled", "create", "install")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of a chart's values: what the base says of them, and what is set already.

    ``values`` are the effective ones; ``frozen`` paths are left alone, ``assigned`` were tried.
    """

    rule: IngressValues
    values: Mapping[str, Any]
    frozen: Collection[Path] = ()
    assigned: Collection[Path] = ()

    def places(self, named: str | None, word: str, ingress: Resource) -> list[Path]:
        """Return the places that may hold ``word`` of an Ingress: the base's, then by name."""
        own = subcharts.prefix(ingress.origin.template)
        found = [path for path in _called(self.values, word) if path[: len(own)] == own]
        first = [tokens(named)] if named else []
        return [*first, *(path for path in found if path not in first)]

    def is_held(self, path: Path) -> bool:
        """Tell whether people have set a value, or a part of it."""
        return any(one[: len(path)] == path for one in self.frozen)


def assignments(
    known: Known, resources: Iterable[Resource], environment: Environment
) -> Iterator[Assignment]:
    """Yield the next values to set: the class, the certificate, the annotations."""
    settings, all_ = environment.ingress, list(resources)
    ingresses = read.ingresses(all_)
    if settings.class_:
        yield from _classes(known, all_, settings.class_)
    if settings.tls:
        secret = settings.tls.secret
        lacking = [one for one in ingresses if not read.has_tls(one, secret)]
        for ingress in lacking:
            places = known.places(known.rule.tls, "tls", ingress)
            for path in _next(places, known, known.is_held):
                yield path, read.tls(ingress, secret), _TLS_REASON
    for ingress in ingresses:
        yield from _annotations(known, ingress, environment)


def _next(places: Iterable[Path], known: Known, held: Callable[[Path], bool]) -> list[Path]:
    """Return the first place that was not tried yet, as a list of one or none."""
    return [path for path in places if path not in known.assigned and not held(path)][:1]


def _classes(known: Known, resources: Iterable[Resource], wanted: str) -> Iterator[Assignment]:
    """Yield the class: at the value that the base names, or that holds today's class.

    An Ingress that names it by the old annotation gets it there: with both, the two must agree.
    """
    by_field: set[str] = set()
    by_annotation: set[str] = set()
    for resource in resources:
        named = dict(read.classes(resource))
        if old := named.pop(read.CLASS_ANNOTATION, ""):
            by_annotation.add(old)
        elif read.is_ingress(resource) and not named:
            by_field.add("")
        by_field.update(named.values())
    by_field, by_annotation = by_field - {wanted}, by_annotation - {wanted}
    place = tokens(known.rule.class_) if known.rule.class_ else None
    if place and by_field and place not in (*known.frozen, *known.assigned):
        yield place, wanted, _CLASS_REASON
        by_field = set()
    for path, value in own_leaves(known.values):
        annotated = path[-1] == read.CLASS
        named_so = annotated or path[-1].lower().endswith(("class", "classname"))
        if named_so and value and value in (by_annotation if annotated else by_field):
            yield path, wanted, _CLASS_REASON


def _annotations(known: Known, ingress: Resource, environment: Environment) -> Iterator[Assignment]:
    places = known.places(known.rule.annotations, "annotations", ingress)
    for key, (value, reason) in equivalents.added(ingress, environment).items():
        keyed = [(*path, key) for path in places]
        for path in _next(keyed, known, known.frozen.__contains__):
            yield path, value, reason


def off_switches(known: Known, ingress: Resource) -> list[Path]:
    """Return the values that may switch an Ingress off when they are false, likeliest first."""
    own = subcharts.prefix(ingress.origin.template)
    named = [tokens(known.rule.create)] if known.rule.create else []
    found = [
        path
        for path, value in own_leaves(known.values)
        if value is True
        and path[-1].lower() in _SWITCHES
        and _is_about_ingress(path)
        and path[: len(own)] == own
    ]
    ordered = [*named, *sorted(found, key=lambda path: (len(path), path))]
    return [
        path
        for path in dict.fromkeys(ordered)
        if not known.is_held(path) and get(known.values, path) is not False
    ]


def _is_about_ingress(path: Path) -> bool:
    return any("ingress" in step.lower() for step in path[:-1])


def _called(values: Any, word: str, path: Path = ()) -> Iterator[Path]:
    """Yield the places of the values that are called ``word``, below something of an Ingress."""
    for key, child in values.items() if isinstance(values, Mapping) else ():
        here = (*path, str(key))
        if key == word and _is_about_ingress(here):
            yield here
        elif not (key == "global" and path):  # helm copies globals below every subchart
            yield from _called(child, word, here)
