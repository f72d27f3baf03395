"""The charts of a base during a move: the new one is brought, those that nothing uses go."""

import shutil
from collections.abc import Collection
from dataclasses import replace

import msgspec

from builder import vendor as vendoring
from builder.bases import BaseFolder
from builder.core import charts_lock
from builder.core.base import ChartSource
from builder.core.charts_lock import ChartsLock
from builder.core.errors import ConfigurationError
from builder.core.findings import Finding
from builder.core.upgrade import edit
from builder.core.versions import exact, older, ordered
from builder.files import read_text, shown, write_text
from builder.tools.charts import Login


def vendored(base: BaseFolder, name: str) -> list[str]:
    """Return the versions of a chart that stand in a base, the oldest first."""
    locked = [chart.version for chart in base.lock.charts if chart.name == name]
    folders = [path.name[len(name) + 1 :] for path in base.charts.glob(f"{name}-*")]
    archives = vendoring.archives(base.charts, name)
    return ordered({*locked, *archives, *(text for text in folders if exact(text))})


def leftover(base: BaseFolder, name: str, version: str, used: Collection[str]) -> str | None:
    """Return the version that an unfinished move, or another tool, has left behind; None for none.

    It is vendored, and nothing names it any more.
    """
    found = [
        v for v in vendored(base, name)
        if v != version and v not in used and not isinstance(base.chart(name, v), Finding)
    ]  # fmt: skip
    before = [v for v in found if older(v, version)]
    return next(reversed(before or found), None)


def bring(base: BaseFolder, chart: ChartSource, source: str | None, credentials: Login) -> None:
    """Vendor a chart where it is not there yet. Raises ConfigurationError and ToolError."""
    if isinstance(base.chart(chart.name, chart.version), Finding):
        wider = msgspec.structs.replace(base.base, charts=(*base.base.charts, chart))
        vendoring.vendor(
            replace(base, base=wider),
            source=source,
            only=(chart.name, chart.version),
            credentials=credentials,
        )


def name_versions(base: BaseFolder, chart: ChartSource, keep: Collection[str]) -> None:
    """Write a chart into ``base.yaml``, beside those of its versions that are to be kept.

    Raises ConfigurationError when that cannot be done without rewriting what people wrote.
    """
    path = base.folder / "base.yaml"
    present = [c.version for c in base.base.charts if c.name == chart.name]
    wanted = [version for version in present if version in keep and version != chart.version]
    text = read_text(path, base.root)
    repository, version = chart.repository, chart.version
    edited = edit.with_chart_versions(text, chart.name, [*wanted, version], repository)
    if edited is None:
        entry = f"{{name: {chart.name}, version: {version}, repository: {repository}}}"
        raise ConfigurationError(
            f"charts cannot get {chart.name} {version} without being written anew",
            where=shown(path, base.root),
            hint=f"write it there yourself: {entry}",
        )
    write_text(path, edited)


def drop(base: BaseFolder, name: str, keep: Collection[str]) -> list[str]:
    """Remove the vendored versions of a chart that are not to be kept; return which."""
    gone = [version for version in vendored(base, name) if version not in keep]
    if gone:
        left = [c for c in base.lock.charts if c.name != name or c.version not in gone]
        lock = ChartsLock(charts=tuple(left))
        write_text(base.folder / charts_lock.FILE, charts_lock.dump(lock))
    for version in gone:
        (base.charts / f"{name}-{version}.tgz").unlink(missing_ok=True)
        shutil.rmtree(base.charts / f"{name}-{version}", ignore_errors=True)
    return gone
