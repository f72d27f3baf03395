"""The environments of a source repository: overlays, with the settings that they extend."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder import sources
from builder.bases import BaseFolder, find_base, is_name
from builder.core import yaml
from builder.core.environment import Environment
from builder.core.errors import ConfigurationError, nearest
from builder.core.section import merge, parse
from builder.files import check_links, read_text, shown
from builder.still import once


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
    if not is_name(folder.name):
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
    if not isinstance(extends, str) or not is_name(extends):
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
