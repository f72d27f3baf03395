"""What a scaffold has for some answers: files by path. Copier renders the templates.

It renders into a folder of its own: what stands in a repository is for ``merge.py`` to change.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from builder.core import yaml
from builder.core.errors import ConfigurationError, ToolError
from builder.core.scaffold import Answers, as_yaml
from builder.scaffold import ci, packed

_GIVEN = ("base", "registry", "chart_repository", "host", "kubernetes", "repository", "engine",
          "mirror_layout", "ingress_class", "forge")  # fmt: skip

_SCHEMA = "# yaml-language-server: $schema=../../.sealift/base.schema.json\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformQuestion:
    """A question that a platform asks beside those that all have; ``choices`` empty: any answer."""

    name: str
    help: str
    choices: tuple[str, ...] = ()


def platform_questions(base: str) -> list[PlatformQuestion]:
    """Return what a platform asks, in the order in which it does."""
    packed.base_files(base)
    path = packed.TEMPLATES / base / "copier.yml"
    asked = yaml.load(path.read_text(), source=path.name)
    return [
        PlatformQuestion(
            name=name, help=entry["help"], choices=tuple(map(str, entry.get("choices", ())))
        )
        for name, entry in asked.items()
        if not name.startswith("_")
    ]


def environment(name: str, answers: Answers) -> tuple[dict[str, str], dict[str, str]]:
    """Return the files of an environment, and all answers of its platform, with its defaults.

    Raises ConfigurationError when one does not fit.
    """
    names = [question.name for question in platform_questions(answers.base)]
    unknown = sorted(answers.platform.keys() - set(names))
    if unknown:
        raise ConfigurationError(
            f"{answers.base} asks for no {unknown[0]!r}", hint=f"it asks for {', '.join(names)}"
        )
    files, found = _copied(answers.base, _given(name, answers))
    return files, {name: str(found[name]) for name in names}


def folder(title: str, environments: Mapping[str, Answers]) -> dict[str, str]:
    """Return what stands beside the environments: their bases, README, .gitignore and CI."""
    names = list(environments)
    forge = next((a.forge for a in environments.values() if a.forge != "none"), "none")
    data = {"title": title, "environments": names, "forge": forge, "dot": "."}
    files = _copied("folder", data)[0]
    for base in sorted({answers.base for answers in environments.values()}):
        for path, content in packed.base_files(base).items():
            files[f"base/{base}/{path}"] = (_SCHEMA if path == "base.yaml" else "") + content
    if forge != "none":
        first = next(a for a in environments.values() if a.forge == forge)
        files |= ci.files(forge, names, first)
    return files


def _given(name: str, answers: Answers) -> dict[str, Any]:
    given = {key: getattr(answers, key) for key in _GIVEN} | {"url": f"https://{answers.host}"}
    return {
        **given,
        **answers.platform,
        "environment": name,
        "domain": answers.domain,
        "yaml": as_yaml(given),
        "base_files": {
            path: yaml.load(content, source=path)
            for path, content in packed.base_files(answers.base).items()
        },
    }


def _copied(template: str, data: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what a template gives: its files, and all answers, its defaults among them."""
    copier = _copier()
    with tempfile.TemporaryDirectory(prefix="sealift-") as scratch:
        try:
            worker = copier.run_copy(
                str(packed.TEMPLATES / template),
                scratch,
                data=dict(data),
                settings=copier.Settings(),  # not those of whoever runs it
                defaults=True,
                quiet=True,
                skip_tasks=True,
            )
        except ValueError as error:  # of the validators in copier.yml
            raise ConfigurationError(
                str(error).replace("Validation error for question", "the answer for"),
                hint="give another with --set NAME=VALUE",
            ) from error
        return _read(Path(scratch)), dict(worker.answers.combined)


def _read(folder: Path) -> dict[str, str]:
    paths: Sequence[Path] = sorted(path for path in folder.rglob("*") if path.is_file())
    return {PurePosixPath(p.relative_to(folder)).as_posix(): p.read_text() for p in paths}


def _copier() -> ModuleType:
    try:
        import copier
    except ImportError as error:
        raise ToolError(
            "Copier, which writes the files, is not installed",
            hint="pip install 'sealift[init]'",
        ) from error
    return copier
