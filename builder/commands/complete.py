"""What a shell may complete: names that stand in the source repository, read without loading YAML.

The files are Sealift's own, whose form is known, so lines are enough. What cannot be read completes
nothing.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ITEM = re.compile(r"^\s*(?:- )?(image|source|name|version): [\"']?([^\s\"']+)[\"']?\s*$")
_SETTING = re.compile(r"^(base|extends):\s*[\"']?([\w.-]+)[\"']?\s*(?:#.*)?$", re.MULTILINE)
_LARGEST = 4 * 1024 * 1024  # bytes: a longer file is none of ours
_DEEPEST = 8  # environments that extend each other


def root_of(folder: Path) -> Path:
    """Return the source repository that a folder is in: where base/ and overlays/ are.

    It is looked for upwards, to where the Git repository begins; the folder itself when there is
    none.
    """
    here = folder.resolve()
    for at in (here, *here.parents):
        if (at / "overlays").is_dir() and (at / "base").is_dir():
            return folder if at == here else at
        if (at / ".git").exists():
            break
    return folder


def environments(ctx: Any, incomplete: str) -> list[str]:
    """Return the environments, those that stand in the command line already left out."""
    given = ctx.params.get("envs") or ()
    names = _names(_root(ctx), "overlays/*/environment.yaml")
    return [name for name in names if name.startswith(incomplete) and name not in given]


def bases(ctx: Any, incomplete: str) -> list[str]:
    """Return the bases."""
    return [n for n in _names(_root(ctx), "base/*/base.yaml") if n.startswith(incomplete)]


def images(ctx: Any, incomplete: str) -> list[str]:
    """Return the images of the environment, as its lock and its last bundle name them."""
    root, name = _root(ctx), str(ctx.params.get("env") or "")
    folder = _overlay(root, name)
    files = (folder / "images.lock.yaml", root / "build" / folder.name / "bundle.lock.yaml")
    found = {
        value for file in files for key, value in _items(file) if key == "image" and "/" in value
    }
    return sorted(image for image in found if incomplete in image)


def charts(ctx: Any, incomplete: str) -> list[str]:
    """Return the names of the charts that are vendored for the environment's platform."""
    return sorted({name for name, _ in _charts(ctx) if name.startswith(incomplete)})


def chart_versions(ctx: Any, incomplete: str) -> list[str]:
    """Return the versions that are vendored for the environment's platform, the newest first."""
    wanted = ctx.params.get("chart")
    found = {version for name, version in _charts(ctx) if wanted in (None, name)}
    return sorted((v for v in found if v.startswith(incomplete)), key=_order, reverse=True)


def charts_with_versions(ctx: Any, incomplete: str) -> list[str]:
    """Return ``NAME=VERSION`` of what is vendored; ``NAME=`` of what the base names."""
    found = {f"{name}={version}" for name, version in _charts(ctx)}
    return sorted(text for text in found if text.startswith(incomplete))


def _root(ctx: Any) -> Path:
    given = ctx.params.get("root")
    return Path(given) if given and str(given) != "." else root_of(Path())


def _names(root: Path, pattern: str) -> list[str]:
    return sorted(path.parent.name for path in root.glob(pattern))


def _overlay(root: Path, name: str) -> Path:
    return Path(name) if "/" in name or name.startswith(".") else root / "overlays" / name


def _charts(ctx: Any) -> Iterator[tuple[str, str]]:
    """Yield name and version of each vendored chart."""
    root, base = _root(ctx), ctx.params.get("base")
    base = base if isinstance(base, str) else _base(_overlay(root, ctx.params.get("env") or ""))
    name = ""
    for key, value in _items(root / "base" / (base or "") / "charts.lock.yaml"):
        if key == "version" and name:
            yield name, value
        name = value if key == "name" else name


def _base(folder: Path) -> str | None:
    """Return the base of an environment, or of the one that it extends."""
    for _ in range(_DEEPEST):
        settings = dict(_SETTING.findall(_text(folder / "environment.yaml")))
        if "base" in settings or "extends" not in settings:
            return settings.get("base")
        folder = folder.parent / settings["extends"]
    return None


def _items(path: Path) -> Iterator[tuple[str, str]]:
    for line in _text(path).splitlines():
        found = _ITEM.match(line)
        if found:
            yield found[1], found[2]


def _text(path: Path) -> str:
    if not path.is_file() or path.stat().st_size > _LARGEST:
        return ""
    return path.read_text(errors="replace")


def _order(version: str) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|[A-Za-z]+", version)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
