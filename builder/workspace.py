"""Where things stand in a source repository: overlays, bases, vendored charts."""

import functools
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder import sources
from builder.core import archive, charts_lock, yaml
from builder.core.base import Base, NestedChartRule
from builder.core.charts_lock import ChartsLock, VendoredChart
from builder.core.environment import Environment
from builder.core.errors import ConfigurationError, nearest
from builder.core.findings import Finding
from builder.core.manifests import ResourceId
from builder.core.section import merge, parse
from builder.files import check_links, decode, read_bytes, read_text, shown
from builder.still import once

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlay:
    """One environment: its folder, and its settings with those that it extends merged in."""

    root: Path
    folder: Path
    name: str
    environment: Environment
    base: BaseFolder

    @property
    def airgap_file(self) -> Path:
        """The patch file that `sealift airgap` writes."""
        return self._own("patches", "airgap.yaml")

    @property
    def airgap_resources(self) -> Path:
        """The resources that `sealift airgap` adds, where it does."""
        return self._own("resources", "airgap.yaml")

    @property
    def secrets_file(self) -> Path:
        """The patch file that `sealift secrets` writes."""
        return self._own("patches", "secrets.yaml")

    @property
    def secrets_resources(self) -> tuple[Path, ...]:
        """The resources that `sealift secrets` adds: one file for all, or one for each Secret."""
        folder = self._own("resources")
        return (folder / "secrets.yaml", *sorted((folder / "secrets").glob("*.yaml")))

    def _own(self, *names: str) -> Path:
        path = self.folder.joinpath(*names)
        return once(("own", path), path.resolve)

    @property
    def generated_resources(self) -> tuple[Path, ...]:
        """The files of resources that Sealift itself writes into the overlay."""
        return (self.airgap_resources, *self.secrets_resources)


@functools.lru_cache(maxsize=64)
def _check_content(data: bytes, source: str) -> None:
    """Refuse a chart that would make helm fetch something: a lock may have been written by hand."""
    archive.check_schemas(archive.read(data, source=source).files, source)


def find_overlay(root: Path, name: str) -> Overlay:
    """Find an environment by its name under ``overlays/``, or by its folder's path.

    Raises ConfigurationError.
    """
    root = root.resolve()
    folder = _overlay_folder(root, name)
    if "/" in name or name.startswith("."):
        parent = folder.parent
        root = (
            parent.parent if parent.name == "overlays" and not folder.is_relative_to(root) else root
        )
    check_links(folder, root)
    environment = _environment(root, folder, ())
    return Overlay(
        root=root,
        folder=folder,
        name=folder.name,
        environment=environment,
        base=find_base(root, environment.base, named_in=shown(folder / "environment.yaml", root)),
    )


def _overlay_folder(root: Path, name: str) -> Path:
    by_path = "/" in name or name.startswith(".")
    folder = (Path(name) if by_path else root / "overlays" / name).resolve()
    if not _NAME.fullmatch(folder.name):
        raise ConfigurationError(
            f"{name!r} is not the name of an environment",
            hint="lower-case letters, digits, dots and dashes",
        )
    if not folder.is_dir():
        parent = root / "overlays"
        known = sorted(p.name for p in parent.iterdir() if p.is_dir()) if parent.is_dir() else []
        near = nearest(name, known)
        raise ConfigurationError(
            f"there is no environment {name!r}: {shown(folder, root)} is not a folder",
            hint=f"did you mean {near!r}?"
            if near
            else f"there are: {', '.join(known)}"
            if known
            else "run in the source repository, or name it with --root",
        )
    return folder


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of an environment, or of a base."""
    return _NAME.fullmatch(text) is not None


def environments(root: Path) -> list[str]:
    """Return the names of all environments, sorted."""
    return sorted(path.parent.name for path in (root / "overlays").glob("*/environment.yaml"))


def read_settings(path: Path, root: Path) -> Any:
    """Return what an environment.yaml says itself. Raises ConfigurationError."""

    def read() -> Any:
        source = shown(path, root)
        value = yaml.load(read_text(path, root), source=source)
        if not isinstance(value, dict):
            raise ConfigurationError("is not a mapping of settings", where=source)
        return value

    return once(("settings", path, root), read)


def settings_files(overlay: Overlay) -> Iterator[tuple[Path, Any]]:
    """Yield an environment's file with what it says itself, then those that it extends in turn."""
    folder = overlay.folder
    while True:
        path = folder / "environment.yaml"
        value = read_settings(path, overlay.root)
        yield path, value
        if value.get("extends") is None:
            return
        folder = folder.parent / value["extends"]


def _environment(root: Path, folder: Path, below: tuple[Path, ...]) -> Environment:
    """Read an environment's file and those that it extends."""
    value, text, source = _environment_value(root, folder, below)
    return parse(Environment, value, text, source)


def _environment_value(root: Path, folder: Path, below: tuple[Path, ...]) -> tuple[Any, str, str]:
    path = folder / "environment.yaml"
    source = shown(path, root)
    text = read_text(path, root)
    value = read_settings(path, root)
    if folder in below:
        raise ConfigurationError("extends itself", where=source)
    extends = value.get("extends")
    if extends is None:
        return value, text, source
    if not isinstance(extends, str) or not _NAME.fullmatch(extends):
        raise ConfigurationError("extends: is not the name of an environment", where=source)
    above, line = folder.parent / extends, (*below, folder)
    parent, _, _ = once(("environment", above, root), lambda: _environment_value(root, above, line))
    _check_extends(root, folder, extends)
    return _with_mirror(merge(_without_place(parent), value), parent), text, source


def _without_place(parent: Any) -> Any:
    """Take away where the extended environment stands: two cannot be published to one folder."""
    settings = parent.get("publish")
    if not isinstance(settings, dict):
        return parent
    return parent | {"publish": {k: v for k, v in settings.items() if k != "path"}}


def _with_mirror(merged: Any, parent: Any) -> Any:
    """Add the registry of the extended environment, whose patches have named images in it.

    What is wrong in it is told when the whole is parsed.
    """
    above, own = parent.get("registry"), merged.get("registry")
    if not isinstance(above, dict) or not isinstance(own, dict):
        return merged
    mirror = {key: above[key] for key in ("prefix", "layout", "mappings") if key in above}
    if "prefix" not in mirror or mirror["prefix"] == own.get("prefix"):
        return merged
    known = own.get("mirrors", [])
    if not isinstance(known, list):
        return merged
    return merged | {"registry": own | {"mirrors": [*known, mirror]}}


def _check_extends(root: Path, folder: Path, extends: str) -> None:
    """Hold resources against ``extends``: kustomize has to see what Sealift inherits."""
    kustomization = sources.read(folder, root)
    targets = [(folder / entry).resolve() for entry, _ in kustomization.texts("resources")]
    if (folder.parent / extends).resolve() not in targets:
        raise ConfigurationError(
            f"environment.yaml extends {extends}, but resources does not list ../{extends}",
            where=kustomization.where("resources"),
            hint=f"add ../{extends} to resources",
        )


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
