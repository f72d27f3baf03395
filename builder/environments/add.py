"""One more environment: like another one, built on another one, or anew from answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from builder.core import yaml
from builder.core.environment import Environment
from builder.core.errors import ConfigurationError
from builder.core.scaffold import FILE, Answers, Record, dump
from builder.files import read_text
from builder.scaffold import render
from builder.scaffold.merge import compare
from builder.scaffold.writing import write_together
from builder.tools import git_merge
from builder.workspace import Overlay, environments

_GENERATED = ("patches/airgap.yaml", "patches/secrets.yaml", "resources/airgap.yaml",
              "resources/secrets", "images.lock.yaml")  # fmt: skip

_NAMES_GENERATED = re.compile(rf"\s*- [\"']?({'|'.join(map(re.escape, _GENERATED))})")
_LIST = re.compile(r"(transformers|resources):\s*")
_KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - {}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Addition:
    """What is going to be written, path to text, and what is to be said of it."""

    files: Mapping[str, str]
    notes: tuple[str, ...] = ()


def check_free(root: Path, name: str) -> None:
    """Raise ConfigurationError when there is something of that name."""
    if (root / "overlays" / name).exists():
        there = name in environments(root)
        raise ConfigurationError(
            f"there is {'an environment' if there else 'something'} {name} already",
            where=f"overlays/{name}",
            hint="choose another name"
            if not there
            else f"to change its answers: sealift init --name {name} with options",
        )


def answers_of(environment: Environment) -> Answers:
    """Return what an environment, however it was made, would have been asked for.

    Raises ConfigurationError when it lacks something.
    """
    publish, sync = environment.publish, environment.sync
    charts, host = environment.chart_repository, environment.ingress.host
    if publish is None or charts is None or host is None:
        lacking = [
            name
            for name, value in
            (("publish", publish), ("chartRepository", charts), ("ingress.host", host))
            if value is None
        ]  # fmt: skip
        raise ConfigurationError(
            f"it has no {', '.join(lacking)} to take over", hint="leave --from out, or set that"
        )
    return Answers(
        base=environment.base,
        registry=environment.registry.prefix,
        mirror_layout=environment.registry.layout,
        chart_repository=charts.url,
        host=host,
        ingress_class=environment.ingress.class_ or "nginx",
        kubernetes=environment.kubernetes,
        repository=publish.repository,
        forge=(publish.forge and publish.forge.kind) or "none",
        engine=sync.engine if sync else "none",
    )


def extending(
    name: str, parent: Overlay, settings: Mapping[str, Any], values: Answers | None
) -> Addition:
    """Return an environment that is built on another one, and has only these settings of its own.

    ``settings`` are those of ``environment.yaml``; ``values`` are the answers that the platform's
    values are to be made from, None where they stay as they are in the other one.
    """
    place = f"overlays/{name}"
    kustomization = _KUSTOMIZATION.format(f"../{parent.name}")
    files = {}
    if values is not None:
        made = render.environment(name, values)[0]
        base = f"../../base/{values.base}"
        kustomization = made[f"{place}/kustomization.yaml"].replace(base, f"../{parent.name}")
        files = {path: text for path, text in made.items() if "/patches/" in path}
    header = f"# Built on {parent.name}: what is not set here is as there.\n"
    files[f"{place}/environment.yaml"] = header + yaml.dump({"extends": parent.name, **settings})
    files[f"{place}/kustomization.yaml"] = kustomization
    return Addition(files=files)


def alike(name: str, answers: Answers, source: Overlay, before: Answers | None) -> Addition:
    """Return an environment like another one, with answers of its own.

    ``before`` are the answers that the other one was made from: what people have changed since
    comes along, and so do files of their own. Without them, only the answers do. Raises
    ConfigurationError when people have changed the lines that are to be others here.
    """
    new = render.environment(name, answers)[0]
    if before is None:
        note = f"{source.name} was not made by `sealift init`: its settings in common are taken "
        return Addition(files=new, notes=(f"{note}over, what else it has is not",))
    old = render.environment(source.name, before)[0]
    files = dict(new)
    for path in sorted(p for p in source.folder.rglob("*") if p.is_file()):
        inner = path.relative_to(source.folder).as_posix()
        if inner.startswith(_GENERATED):
            continue
        there, here = f"overlays/{source.name}/{inner}", f"overlays/{name}/{inner}"
        mine = read_text(path, source.root)
        files[here] = _carried(there, mine, old.get(there), new.get(here))
    built_on = f"overlays/{name}/kustomization.yaml"
    files[built_on] = _without_generated(files[built_on])
    text = files[f"overlays/{name}/environment.yaml"]
    return Addition(files=files, notes=tuple(_notes(text, source.name)))


def _without_generated(kustomization: str) -> str:
    """Take out of a kustomization what is generated: the commands that write it name it again."""
    lines = kustomization.splitlines()
    kept = [line for line in lines if not _NAMES_GENERATED.match(line)]
    for number in reversed(range(len(kept))):
        above = _LIST.fullmatch(kept[number])
        below = kept[number + 1] if number + 1 < len(kept) else ""
        if above and not below.lstrip().startswith("- "):
            del kept[number]
    return "\n".join([*kept, ""])


def _carried(path: str, mine: str, before: str | None, theirs: str | None) -> str:
    if before is None or theirs is None:
        return mine
    text, conflicts = git_merge.merge(mine.encode(), before.encode(), theirs.encode())
    if conflicts:
        raise ConfigurationError(
            "was changed by hand in lines that are to be others in the new environment",
            where=path,
            hint="leave --from out; or build on it with --extends",
        )
    return text.decode()


def _notes(text: str, source: str) -> list[str]:
    value = yaml.load(text, source="environment.yaml")
    if isinstance(value.get("publish"), dict) and value["publish"].get("path"):
        return [f"publish.path is that of {source}: set another one before you publish"]
    return []


def add(
    root: Path, addition: Addition, record: Record | None, made: Mapping[str, Answers]
) -> list[str]:
    """Write an environment, and its name into the files that name all; return which.

    ``made`` has the answers of the new one, by its name; nothing where none are kept. All is
    written, or nothing. Raises ConfigurationError and OSError.
    """
    files: dict[str, bytes | None] = {p: t.encode() for p, t in addition.files.items()}
    if record is not None and made:
        files |= _in_all(root, record, made)
    write_together(root, files)
    return sorted(path for path in files if path != FILE)


def _in_all(root: Path, record: Record, made: Mapping[str, Answers]) -> dict[str, bytes | None]:
    """Return the files beside the environments that one more changes, and the record."""
    everything = {**record.environments, **made}
    before = render.folder(root.name, record.environments)
    after = render.folder(root.name, everything)
    new = {path: text for path, text in after.items() if text != before.get(path)}
    known = {path: text for path, text in record.files.items() if path in new}
    yours = {path for path in new if path not in known and (root / path).is_file()}
    changes = compare(root, known, {p: t for p, t in new.items() if p not in yours})
    stuck = [change.path for change in changes if change.state == "conflict"]
    if stuck:
        raise ConfigurationError(
            f"you and the scaffold have changed the same lines of {', '.join(stuck)}",
            hint="settle that first with `sealift init`, which shows them",
        )
    own = {
        p: t for n, answers in made.items() for p, t in render.environment(n, answers)[0].items()
    }
    texts = record.files | {p: t for p, t in new.items() if p not in yours} | own
    kept = msgspec.structs.replace(record, environments=everything, files=texts)
    written = {change.path: change.after for change in changes if change.writes}
    return {**written, FILE: dump(kept).encode()}
