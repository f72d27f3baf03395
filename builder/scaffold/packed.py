"""The files of Sealift's own repository that a scaffold has: bases, and templates for CI.

In a checkout they stand where they are kept; a wheel carries them below ``packed/``.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from builder.core import yaml
from builder.core.errors import ConfigurationError, nearest

TEMPLATES = Path(__file__).parent / "template"
_PACKED = Path(__file__).parent / "packed"
_HOME = _PACKED if _PACKED.is_dir() else Path(__file__).parents[2]
_VENDORED = ("charts", "charts.lock.yaml")
_FOLDER = "folder"


def bases() -> list[str]:
    """Return the platforms that a repository can be made for."""
    return sorted(p.name for p in TEMPLATES.iterdir() if p.is_dir() and p.name != _FOLDER)


def only(names: Sequence[str]) -> str:
    """Return the one of these bases that Sealift brings; raise ConfigurationError for several."""
    known = [name for name in names if name in bases()]
    if len(known) != 1:
        raise ConfigurationError(
            "nothing says --base", hint=f"there are: {', '.join(names) or 'none'}"
        )
    return known[0]


def base_files(name: str) -> dict[str, str]:
    """Return a base's files by their paths in it: no charts, and what ``replaced.yaml`` says.

    Raises ConfigurationError.
    """
    known = bases()
    if name not in known:
        near = nearest(name, known)
        raise ConfigurationError(
            f"Sealift brings no base {name!r}",
            hint=f"did you mean {near!r}?" if near else f"it brings {', '.join(known)}",
        )
    files = dict(sorted(_files(_HOME / "base" / name)))
    path = TEMPLATES / name / "replaced.yaml"
    for file, texts in yaml.load(path.read_text(), source=path.name).items():
        for old, new in texts.items():
            files[file] = files[file].replace(old, new)
    return files


def ci_file(name: str) -> str:
    """Return a file of ``templates/ci``."""
    return (_HOME / "templates" / "ci" / name).read_text()


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] not in _VENDORED:
            yield name.as_posix(), path.read_text()
