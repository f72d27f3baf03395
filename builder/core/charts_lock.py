"""``charts.lock.yaml``: the charts that were vendored into a base, by digest."""

from collections.abc import Iterable
from typing import Any

import msgspec

from builder.core import yaml
from builder.core.section import Section, parse
from builder.core.texts import Sha256

FILE = "charts.lock.yaml"


class VendoredChart(Section, frozen=True):
    """A chart's archive, its SHA-256, and where it came from."""

    name: str
    version: str
    sha256: Sha256
    source: str


class ChartsLock(Section, frozen=True):
    """All charts of a base that were vendored."""

    charts: tuple[VendoredChart, ...] = ()

    def find(self, name: str, version: str) -> VendoredChart | None:
        """Return the entry of a chart; a leading ``v`` of the version makes no difference."""
        for chart in self.charts:
            if chart.name == name and chart.version.lstrip("v") == version.lstrip("v"):
                return chart
        return None

    def with_charts(self, charts: Iterable[VendoredChart]) -> "ChartsLock":
        """Return a lock in which ``charts`` are added, or take the place of their like."""
        by_key = {(c.name, c.version): c for c in (*self.charts, *charts)}
        return ChartsLock(charts=tuple(by_key[key] for key in sorted(by_key)))


def dump(lock: ChartsLock) -> str:
    """Write the lock as YAML."""
    header = "# Written by sealift vendor. A chart whose archive differs is refused.\n"
    return header + yaml.dump(msgspec.to_builtins(lock))


def load(text: str, *, source: str) -> ChartsLock:
    """Read the lock; raise ConfigurationError with line and key path of what is wrong."""
    value: Any = yaml.load(text, source=source)
    return parse(ChartsLock, value, text, source)
