"""Renders of one nested chart that are only looked at: plain, with tokens, with other values."""

import base64
import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from builder.core import archive, refusals, trace, value_changes
from builder.core import nested as nested_charts
from builder.core.archive import ChartArchive
from builder.core.findings import Finding
from builder.core.manifests import Resource
from builder.core.nested import NestedChart
from builder.core.overrides import with_values
from builder.core.pointer import get
from builder.core.references import Reference
from builder.core.tokens import Tokens
from builder.core.trace import Traced
from builder.templates import template
from builder.tools import helm
from builder.tools.command import CommandError
from builder.workspace import Overlay

EFFECTIVE = "sealift-effective-values"
# helm itself says what the values come to: chart, subcharts under their aliases, globals, user's.
TEMPLATE = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: {EFFECTIVE}}}
data: {{values: {{{{ .Values | toJson | b64enc | quote }}}}}}
"""
_MAX_CULPRITS = 8
# Patches of a file with this name are not people's own.
GENERATED = "/patches/airgap.yaml"
ValuePath = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One render: its resources, its references, and the effective values of the chart."""

    resources: tuple[Resource, ...]
    references: tuple[Reference, ...]
    values: dict[str, Any]


class Probe:
    """Renders one nested chart again and again; counts the renders."""

    def __init__(
        self, overlay: Overlay, chart: NestedChart, content: ChartArchive, path: Path
    ) -> None:
        self.overlay = overlay
        self.chart = chart
        self.content = content
        self.renders = 0
        self.culprits: list[ValuePath] = []
        self.unlocked: dict[ValuePath, bool] = {}
        self.by_hand = value_changes.by_hand(chart, GENERATED)
        self._path = path
        self._digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self._looked = False
        self._later: tuple[str, ...] | None = None

    def look(self, values: Mapping[str, Any]) -> Look:
        """Render with the user's values, as an installation and, where it differs, an upgrade.

        Raises CommandError when the chart does not render.
        """
        look = self._render(values)
        if self._looked:
            return look if self._later is None else self._with_upgrade(look, values)
        self._looked = True
        asks = archive.asks(self._path.read_bytes(), source="")
        self._later = nested_charts.served_later(self.chart, asks, look.resources)
        if self._later is None:
            return look
        both = self._with_upgrade(look, values)
        if both is look:  # it asks, but for nothing that counts
            self._later = None
        return both

    def _render(
        self, values: Mapping[str, Any], *, upgrade: bool = False, served: Sequence[str] = ()
    ) -> Look:
        self.renders += 1
        found = template(
            self._path,
            self._digest,
            self.chart,
            values,
            self.overlay.environment,
            rules=self.overlay.base.base.nested_charts,
            upgrade=upgrade,
            served=served,
        )
        effective = next((r for r, _ in found.pairs if r.id.name == EFFECTIVE), None)
        encoded = get(effective.body, ("data", "values")) if effective else None
        pairs = [(r, refers) for r, refers in found.pairs if r is not effective]
        return Look(
            resources=tuple(r for r, _ in pairs),
            references=tuple(one for _, refers in pairs for one in refers),
            values=json.loads(base64.b64decode(encoded)) if encoded else {},
        )

    def _with_upgrade(self, look: Look, values: Mapping[str, Any]) -> Look:
        """Add what only an upgrade refers to; the same look when that is nothing."""
        try:
            upgraded = self._render(values, upgrade=True, served=self._later or ())
        except CommandError:
            return look  # without a cluster some charts refuse: the build warns of it
        known = {(r.resource, r.path, r.value) for r in look.references}
        more = [r for r in upgraded.references if (r.resource, r.path, r.value) not in known]
        if not more:
            return look
        ids = {resource.id for resource in look.resources}
        added = (resource for resource in upgraded.resources if resource.id not in ids)
        return replace(
            look,
            resources=(*look.resources, *added),
            references=(*look.references, *more),
        )

    def trace(
        self,
        plain: Look,
        user: Mapping[str, Any],
        paths: list[ValuePath],
        *,
        tags: bool = False,
    ) -> list[Traced]:
        """Tell which of the values at ``paths`` end in which reference of the plain render.

        Values whose token breaks the chart are found by bisection; what they make is guessed.
        """
        own = value_changes.parameters(self.chart)
        possible = [p for p in paths if p not in self.culprits and p not in own]
        tokens = Tokens(plain.values, possible, tags=tags)
        look = self._tolerant(plain, user, tokens) if tokens.assignments else None
        if look is None:
            found = [
                Traced(key=key, reference=reference, pieces=(reference.value,), paths=())
                for key, reference in trace.key_of(plain.references).items()
            ]
            bare = paths
        else:
            found = trace.read(plain.references, look.references, tokens, plain.values)
            bare = [path for path in paths if path in self.culprits or path in own]
        return [trace.guessed(traced, plain.values, bare) for traced in found] if bare else found

    def _tolerant(self, plain: Look, user: Mapping[str, Any], tokens: Tokens) -> Look | None:
        while len(self.culprits) <= _MAX_CULPRITS:
            assignments = tokens.without(self.culprits)
            try:
                return self._assigned(plain, user, assignments)
            except CommandError as error:
                wanted = {**self.unlocked, **assignments}
                opened = self.unlock(plain, user, wanted, helm.message(error))
            if opened is not None:
                self.unlocked |= opened[1]
                return opened[0]
            culprit = self.culprit(plain, user, assignments)
            # The items of one list are read alike: where one breaks the chart, all would.
            alike = [p for p in assignments if culprit[-1].isdigit() and p[:-1] == culprit[:-1]]
            self.culprits += alike or [culprit]
        return None

    def unlock(
        self,
        plain: Look,
        user: Mapping[str, Any],
        assignments: Mapping[ValuePath, Any],
        message: str,
    ) -> tuple[Look, dict[ValuePath, bool]] | None:
        """Render once more with the switches turned that the chart's refusal names.

        None when it names none, or when that is not enough, or when people have set one.
        """
        named = dict(refusals.switches(message, plain.values))
        if not named or named.items() <= assignments.items() or named.keys() & self.by_hand:
            return None
        try:
            return self.look(with_values(user, plain.values, {**assignments, **named})), named
        except CommandError:
            return None

    def _assigned(
        self, plain: Look, user: Mapping[str, Any], assignments: Mapping[ValuePath, Any]
    ) -> Look:
        return self.look(with_values(user, plain.values, {**self.unlocked, **assignments}))

    def _renders(
        self, plain: Look, user: Mapping[str, Any], assignments: Mapping[ValuePath, Any]
    ) -> bool:
        try:
            self._assigned(plain, user, assignments)
        except CommandError:
            return False
        return True

    def culprit(
        self, plain: Look, user: Mapping[str, Any], assignments: Mapping[ValuePath, Any]
    ) -> ValuePath:
        """Find the value that breaks the chart: the last of the shortest start that fails."""
        paths = list(assignments)
        low, high = 0, len(paths)  # the first `low` render, the first `high` do not
        while high - low > 1:
            middle = (low + high) // 2
            part = {path: assignments[path] for path in paths[:middle]}
            if self._renders(plain, user, part):
                low = middle
            else:
                high = middle
        return paths[high - 1]

    def conditions(self) -> dict[ValuePath, str]:
        """Return which value switches each subchart on."""
        return archive.conditions(self.content.files, self.chart.title)


@contextlib.contextmanager
def probe(overlay: Overlay, chart: NestedChart) -> Iterator[Probe | Finding]:
    """Open a nested chart for looking; yields a Finding when it is not vendored."""
    vendored = nested_charts.floating(chart) or overlay.base.chart(chart.name, chart.version)
    if isinstance(vendored, Finding):
        yield vendored
        return
    content = archive.read(vendored[1].read_bytes(), source=chart.title)
    files = {**content.files, f"templates/{EFFECTIVE}.yaml": TEMPLATE.encode()}
    extended = ChartArchive(name=content.name, version=content.version, files=files)
    with tempfile.TemporaryDirectory(prefix="sealift-") as folder:
        path = Path(folder) / f"{chart.title}.tgz"
        path.write_bytes(archive.pack(extended))
        yield Probe(overlay, chart, content, path)
