"""Which values a chart's renders depend on: found by rendering it with others."""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from builder import cache, diff
from builder.core import archive
from builder.core.diff.randomness import stable
from builder.core.encoding import decoded
from builder.core.manifests import Resource
from builder.core.overrides import Path as ValuePath
from builder.core.pointer import get
from builder.core.upgrade import values as chart_values
from builder.core.upgrade.values import Known
from builder.probe import EFFECTIVE, TEMPLATE, Probe
from builder.tools.command import CommandError


class Measure:
    """One chart with the values of its resource, rendered again and again.

    Raises CommandError when the chart does not render with them.
    """

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.user = probe.chart.values
        self.plain = probe.look(self.user)
        time.sleep(diff.PAUSE)  # so that a time in it differs
        with cache.anew():
            again = probe.look(self.user)
        self.base = stable(self.plain.resources, again.resources)

    def read(self, paths: Sequence[ValuePath]) -> set[ValuePath]:
        """Return those of the values that something rendered depends on."""
        found = self._arrive(list(paths))
        left = [path for path in paths if path not in found]
        # Switches matter mostly, so each is tried alone; of the others few do, once they are left.
        switches = [path for path in left if isinstance(get(self.user, path), bool)]
        found |= {path for path in switches if self._matters([path])}
        return found | self._mattering([path for path in left if path not in switches])

    def _arrive(self, paths: list[ValuePath]) -> set[ValuePath]:
        """Return the values that can be seen in what is rendered: many at once."""
        changed, marks = chart_values.marked(self.user, paths)
        if not marks:
            return set()
        try:
            look = self.probe.look(changed)
        except CommandError:
            if len(paths) == 1:
                return set(paths)  # what the chart refuses, it reads
            half = len(paths) // 2
            return self._arrive(paths[:half]) | self._arrive(paths[half:])
        text = _text(look.resources)
        return {path for path, mark in marks.items() if mark in text}

    def _mattering(self, paths: list[ValuePath]) -> set[ValuePath]:
        """Return those of the values that matter, by halves of what does."""
        if not paths or not self._matters(paths):
            return set()
        if len(paths) == 1:
            return set(paths)
        half = len(paths) // 2
        return self._mattering(paths[:half]) | self._mattering(paths[half:])

    def _matters(self, paths: Sequence[ValuePath]) -> bool:
        """Tell whether anything else is rendered with other values at all of some paths."""
        try:
            look = self.probe.look(chart_values.altered(self.user, paths))
        except CommandError:
            return True
        if _kinds(look.resources) != _kinds(self.plain.resources):
            return True
        changed = stable(self.plain.resources, look.resources)
        return [r.body for r in changed] != [r.body for r in self.base]


def _text(resources: Sequence[Resource]) -> str:
    """Return all that is rendered as one text, what Secrets hold in the clear."""
    bodies = [resource.body for resource in resources]
    secrets = [
        decoded(str(value))
        for body in bodies
        if body.get("kind") == "Secret"
        for value in (body.get("data") or {}).values()
    ]
    return json.dumps([bodies, secrets], default=str)


def _kinds(resources: Sequence[Resource]) -> Counter[tuple[str, str]]:
    return Counter((resource.id.group, resource.id.kind) for resource in resources)


def known(probe: Probe) -> Known:
    """Return what a chart's version has of its own, with the parts that the values switch on."""
    switches = [tuple(path.split(".")) for path in probe.conditions().values()]
    extra = {f"templates/{EFFECTIVE}.yaml": TEMPLATE.encode()}
    stripped = chart_values.bare(probe.content, extra)
    with tempfile.TemporaryDirectory(prefix="sealift-") as folder:
        path = Path(folder) / f"{probe.chart.title}.tgz"
        path.write_bytes(archive.pack(stripped))
        own = Probe(probe.overlay, probe.chart, stripped, path)
        defaults = own.look(chart_values.only(probe.chart.values, switches)).values
    return Known(
        version=probe.chart.title,
        defaults=defaults,
        templates=chart_values.templates(probe.content.files),
    )
