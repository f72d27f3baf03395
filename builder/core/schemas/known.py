"""The schemas that one build knows: Kubernetes' own, and those of definitions in it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from builder.core.manifests import Resource
from builder.core.schemas import compiled
from builder.core.schemas.fields import Compiled, Problem
from builder.core.schemas.published import METADATA, Kind, Published
from builder.core.schemas.served import kind_of


class Known:
    """Schemas by kind; each definition is compiled when the first of its resources is there."""

    def __init__(
        self, own: Published | None, definitions: Mapping[Kind, Any], used: frozenset[Kind]
    ) -> None:
        self.definitions = definitions
        self._own = own
        self._used = frozenset(own.kinds.keys() & used - definitions.keys()) if own else used
        self._compiled: dict[Kind, Compiled | None] = {}

    def problems(self, resource: Resource) -> list[Problem] | None:
        """Return what is wrong with a resource; None where its schema is not known."""
        kind = kind_of(resource)
        if self._own and kind in self._used:
            return list(self._of_kubernetes(self._own, self._own.kinds[kind], resource.body))
        found = list(self._metadata(resource))
        definition = self._definition(kind)
        if definition is None:
            return found or None
        return [*found, *definition.problems(resource.body)]

    def _definition(self, kind: Kind) -> Compiled | None:
        if kind not in self._compiled:
            schema = self.definitions.get(kind)
            self._compiled[kind] = compiled.of_definition(schema) if schema else None
        return self._compiled[kind]

    def _metadata(self, resource: Resource) -> Iterator[Problem]:
        if self._own:
            metadata = resource.body.get("metadata")
            for problem in self._of_kubernetes(self._own, METADATA, metadata):
                yield replace(problem, path=("metadata", *problem.path))

    def _of_kubernetes(self, own: Published, name: str, value: Any) -> Iterator[Problem]:
        for problem in compiled.of_kubernetes(own, self._used).problems({name: value}):
            yield replace(problem, path=problem.path[1:])
