"""Renders of one nested chart that are only looked at: plain, with tokens, with other values."""

import base64
import contextlib
import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.core import archive, rendered, trace
from builder.core import references as collecting
from builder.core.archive import ChartArchive
from builder.core.findings import Finding
from builder.core.manifests import Resource
from builder.core.nested import NestedChart
from builder.core.pointer import get
from builder.core.references import Reference
from builder.core.trace import Tokens, Traced
from builder.tools import helm
from builder.tools.command import CommandError
from builder.workspace import Overlay

_NAME = "sealift-effective-values"
# helm itself says what the values come to: chart, subcharts under their aliases, globals, user's.
_TEMPLATE = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: {_NAME}}}
data: {{values: {{{{ .Values | toJson | b64enc | quote }}}}}}
"""
_MAX_CULPRITS = 8
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
        self._path = path

    def look(self, values: Mapping[str, Any]) -> Look:
        """Render with the user's values. Raises CommandError when the chart does not render."""
        self.renders += 1
        environment = self.overlay.environment
        text = helm.template(
            self._path,
            release=self.chart.release,
            namespace=self.chart.namespace,
            values=values,
            sets=self.chart.sets,
            kube_version=environment.kubernetes,
            api_versions=environment.api_versions,
        )
        read = rendered.read(text, chart=self.chart.title, parent=self.chart.resource.id)
        effective = next((r for r in read.resources if r.id.name == _NAME), None)
        encoded = get(effective.body, ("data", "values")) if effective else None
        resources = tuple(r for r in read.resources if r is not effective)
        return Look(
            resources=resources,
            references=tuple(ref for r in resources for ref in collecting.of_resource(r)),
            values=json.loads(base64.b64decode(encoded)) if encoded else {},
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

        Values whose token breaks the chart are found by bisection and left plain.
        """
        paths = [path for path in paths if path not in self.culprits]
        if not paths:
            return [
                Traced(key=key, reference=reference, pieces=(reference.value,), paths=())
                for key, reference in trace.key_of(plain.references).items()
            ]
        tokens = Tokens(plain.values, paths, tags=tags)
        look = self._tolerant(plain, user, tokens)
        return trace.read(plain.references, look.references if look else (), tokens)

    def _tolerant(self, plain: Look, user: Mapping[str, Any], tokens: Tokens) -> Look | None:
        while len(self.culprits) <= _MAX_CULPRITS:
            assignments = tokens.without(self.culprits)
            look = self._try(plain, user, assignments)
            if look is not None:
                return look
            culprit = self._culprit(plain, user, assignments)
            # The items of one list are read alike: where one breaks the chart, all would.
            alike = [p for p in assignments if culprit[-1].isdigit() and p[:-1] == culprit[:-1]]
            self.culprits += alike or [culprit]
        return None

    def _try(
        self, plain: Look, user: Mapping[str, Any], assignments: Mapping[ValuePath, str]
    ) -> Look | None:
        try:
            return self.look(trace.with_values(user, plain.values, assignments))
        except CommandError:
            return None

    def _culprit(
        self, plain: Look, user: Mapping[str, Any], assignments: Mapping[ValuePath, str]
    ) -> ValuePath:
        """Find the value whose token breaks the chart: the last of the shortest failing start."""
        paths = list(assignments)
        low, high = 0, len(paths)  # the first `low` render, the first `high` do not
        while high - low > 1:
            middle = (low + high) // 2
            part = {path: assignments[path] for path in paths[:middle]}
            if self._try(plain, user, part) is None:
                high = middle
            else:
                low = middle
        return paths[high - 1]

    def conditions(self) -> dict[ValuePath, str]:
        """Return which value switches each subchart on."""
        return archive.conditions(self.content.files, self.chart.title)


@contextlib.contextmanager
def probe(overlay: Overlay, chart: NestedChart) -> Iterator[Probe | Finding]:
    """Open a nested chart for looking; yields a Finding when it is not vendored."""
    vendored = overlay.base.chart(chart.name, chart.version)
    if isinstance(vendored, Finding):
        yield vendored
        return
    content = archive.read(vendored[1].read_bytes(), source=chart.title)
    files = {**content.files, f"templates/{_NAME}.yaml": _TEMPLATE.encode()}
    extended = ChartArchive(name=content.name, version=content.version, files=files)
    with tempfile.TemporaryDirectory(prefix="sealift-") as folder:
        path = Path(folder) / f"{chart.title}.tgz"
        path.write_bytes(archive.pack(extended))
        yield Probe(overlay, chart, content, path)


def hand_set(chart: NestedChart, values: Mapping[str, Any], ours: str) -> Collection[ValuePath]:
    """Return the value paths that patches other than the file ``ours`` have set: they win."""
    if chart.values_path is None:
        return ()
    found = []
    depth = len(chart.values_path)
    for operation in chart.resource.origin.patches:
        path = tuple(operation.path[1:].split("/"))
        by_hand = (
            not operation.place.startswith(ours) and "/patches/airgap.yaml" not in operation.place
        )
        if by_hand and path[:depth] == chart.values_path:
            found += [p for p, _ in trace.leaves(get(values, path[depth:]), path[depth:])]
    return found
