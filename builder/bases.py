"""The bases of a source repository: what a platform is made of, and its vendored charts."""

import functools
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from builder.core import archive, charts_lock, yaml
from builder.core.base import Base, NestedChartRule
from builder.core.charts_lock import ChartsLock, VendoredChart
from builder.core.errors import ConfigurationError, nearest
from builder.core.findings import Finding
from builder.core.manifests import ResourceId
from builder.core.section import parse
from builder.files import decode, read_bytes, read_text, shown
from builder.still import once

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of an environment, or of a base."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseFolder:
    """A platform's base and the charts that were vendored into it."""

    root: Path
    folder: Path
    name: str
    base: Base
    lock: ChartsLock

    @property
    def charts(self) -> Path:
        """The folder of vendored charts: ``<name>-<version>.tgz``."""
        return self.folder / "charts"

    def chart(self, name: str, version: str) -> tuple[VendoredChart, Path] | Finding:
        """Return a vendored chart's lock entry and archive, checked; a Finding when it is missing.

        Raises ConfigurationError when the archive is not the one that the lock names.
        """
        return once(("chart", self.folder, name, version), lambda: self._chart(name, version))

    def _chart(self, name: str, version: str) -> tuple[VendoredChart, Path] | Finding:
        entry = self.lock.find(name, version)
        path = self.charts / f"{name}-{entry.version if entry else version}.tgz"
        if entry is None or not path.is_file():
            return self.not_vendored(name, version)
        data = read_bytes(path, self.root)
        found = hashlib.sha256(data).hexdigest()
        declared = next(
            (c for c in self.base.charts if (c.name, c.version) == (name, version)), None
        )
        for expected, source in (
            (entry.sha256, shown(self.folder / charts_lock.FILE, self.root)),
            (declared.digest if declared else None, shown(self.folder / "base.yaml", self.root)),
        ):
            if expected and expected != f"sha256:{found}":
                raise ConfigurationError(
                    f"the archive has sha256:{found}, but {source} has {expected}",
                    where=shown(path, self.root),
                    hint=f"the chart was changed: bring it again with `sealift vendor {self.name}`",
                )
        _check_content(data, shown(path, self.root))
        return entry, path

    def rule(self, resource: ResourceId) -> NestedChartRule | None:
        """Return the base's rule for a custom resource, if it has one."""
        for rule in self.base.nested_charts:
            if (rule.group, rule.kind) == (resource.group, resource.kind):
                return rule
        return None

    def not_vendored(self, name: str, version: str) -> Finding:
        """Say that a chart is missing, and how to get it."""
        named = any((c.name, c.version) == (name, version) for c in self.base.charts)
        command = f"sealift vendor {self.name}" + ("" if named else f" --chart {name}={version}")
        return Finding(
            code="chart-not-vendored",
            subject=f"{name}-{version}",
            place=shown(self.charts, self.root),
            cause="the chart is not there, so what it renders cannot be examined",
            hint=f"run `{command}`",
        )

    def check_unpacked(self, folder: Path, name: str, version: str) -> None:
        """Raise ConfigurationError when a chart's folder differs from its vendored archive."""
        once(("unpacked", folder), lambda: self._check_unpacked(folder, name, version))

    def _check_unpacked(self, folder: Path, name: str, version: str) -> None:
        vendored = self.chart(name, version)
        if isinstance(vendored, Finding):
            return
        _, path = vendored
        files = archive.read(read_bytes(path, self.root), source=shown(path, self.root)).files
        found = {
            entry.relative_to(folder).as_posix(): entry
            for entry in folder.rglob("*")
            if entry.is_file() or entry.is_symlink()
        }
        for name_ in sorted(found.keys() | files.keys()):
            entry = found.get(name_)
            if entry is None or entry.is_symlink() or entry.read_bytes() != files.get(name_):
                raise ConfigurationError(
                    f"differs from the vendored archive: {name_}",
                    where=shown(folder, self.root),
                    hint=f"unpack it again with `sealift vendor {self.name}`",
                )


@functools.lru_cache(maxsize=64)
def _check_content(data: bytes, source: str) -> None:
    """Refuse a chart that would make helm fetch something: a lock may have been written by hand."""
    archive.check_schemas(archive.read(data, source=source).files, source)


def find_base(root: Path, name: str, *, named_in: str = "") -> BaseFolder:
    """Find a platform's base under ``base/``. Raises ConfigurationError."""
    return once(("base", root, name), lambda: _find_base(root, name, named_in))


def _find_base(root: Path, name: str, named_in: str) -> BaseFolder:
    folder = (root / "base" / name).resolve()
    if not _NAME.fullmatch(name) or not folder.is_dir():
        parent = root / "base"
        known = sorted(p.name for p in parent.iterdir() if p.is_dir()) if parent.is_dir() else []
        near = nearest(name, known)
        raise ConfigurationError(
            f"there is no base {name!r} under base/",
            where=named_in or None,
            hint=f"did you mean {near!r}?" if near else f"there are: {', '.join(known) or 'none'}",
        )
    path, lock_path = folder / "base.yaml", folder / charts_lock.FILE
    text = read_text(path, root)
    source = shown(path, root)
    lock = ChartsLock()
    if lock_path.is_file():
        lock = charts_lock.load(
            decode(read_bytes(lock_path, root), shown(lock_path, root)),
            source=shown(lock_path, root),
        )
    return BaseFolder(
        root=root,
        folder=folder,
        name=name,
        base=parse(Base, yaml.load(text, source=source), text, source),
        lock=lock,
    )
