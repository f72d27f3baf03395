"""A scaffold written, or written again over what people made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder import editors
from builder.core.errors import ConfigurationError
from builder.core.scaffold import FILE, VERSION, Answers, Record, dump, load
from builder.files import read_bytes, read_if_there
from builder.scaffold import render
from builder.scaffold.merge import Change, compare
from builder.scaffold.writing import write_together

# What a repository has that was just made on a forge: it may stand there, and stays as it is.
_YOURS = ("README.md", ".gitignore")
_USUAL = (".git", ".gitattributes", ".gitignore", "LICENSE", "LICENSE.md", "README", "README.md")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a run is going to do. ``yours`` are files that are left alone, being other people's."""

    root: Path
    record: Record
    changes: tuple[Change, ...]
    yours: tuple[str, ...] = ()

    @property
    def conflicts(self) -> list[Change]:
        """The files in which people and the scaffold changed the same lines."""
        return [change for change in self.changes if change.state == "conflict"]

    @property
    def writes(self) -> list[Change]:
        """The files that change."""
        return [change for change in self.changes if change.writes]


def recorded(root: Path) -> Record | None:
    """Return what was written in a folder before; None for one without a scaffold.

    Raises ConfigurationError.
    """
    text = read_if_there(root / FILE, root) if root.is_dir() else ""
    return load(text) if text else None


def check_folder(root: Path) -> None:
    """Raise ConfigurationError for a folder that is not one to write a scaffold into."""
    there = next(path for path in (root, *root.parents) if path.exists())
    if not there.is_dir():
        raise ConfigurationError("is no folder", where=str(there))
    if not root.is_dir() or recorded(root) is not None:
        return
    others = sorted(p.name for p in root.iterdir() if p.name not in _USUAL)
    if others and not (root / ".git").exists():
        shown = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        raise ConfigurationError(
            f"is not empty, and no Git repository: it has {shown}",
            where=str(root),
            hint="name another folder; or `git init` this one first, if it is meant",
        )


def plan(root: Path, environments: Mapping[str, Answers]) -> Plan:
    """Say what it takes to have a scaffold of these environments in a folder.

    Raises ConfigurationError, and ToolError without Copier or git.
    """
    record = recorded(root)
    old = dict(record.files) if record else {}
    new = render.folder(root.name, environments)
    for name, answers in environments.items():
        new |= render.environment(name, answers)[0]
    yours = () if record else tuple(name for name in _YOURS if (root / name).is_file())
    yours += tuple(name for name in _YOURS if record and name not in old)
    for name in yours:
        new.pop(name, None)
    changes = compare(root, old, new)
    now = Record(record_version=VERSION, environments=dict(environments), files=new)
    return Plan(root=root, record=now, changes=tuple(changes), yours=yours)


def carry_out(plan: Plan, *, markers: bool = False) -> None:
    """Write what is planned: all, or nothing.

    A file with a conflict gets ``markers``, or stays as it is. Raises OSError.
    """
    files: dict[str, bytes | None] = {
        change.path: change.after for change in plan.writes if markers or change.state != "conflict"
    }
    # Nobody edits these: they are what this version says, not merged with anything.
    ours = {FILE: dump(plan.record).encode()}
    ours |= {f".sealift/{kind}.schema.json": editors.text(kind).encode() for kind in editors.MODELS}
    for name, content in ours.items():
        path = plan.root / name
        if not path.is_file() or read_bytes(path, plan.root) != content:
            files[name] = content
    write_together(plan.root, files)
