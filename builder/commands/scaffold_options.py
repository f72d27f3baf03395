"""Options by which an environment is described, for the commands that make one."""

import functools
import inspect
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from builder.core.errors import ConfigurationError


class LayoutName(StrEnum):
    """What a mirror keeps of an image's name."""

    strip_host = "strip-host"
    full_path = "full-path"
    flat = "flat"


class ForgeName(StrEnum):
    """What hosts the Git repositories."""

    github = "github"
    gitea = "gitea"
    forgejo = "forgejo"
    gitlab = "gitlab"
    none = "none"


class EngineOrNone(StrEnum):
    """What applies the bundle."""

    argocd = "argocd"
    flux = "flux"
    none = "none"


Answers = Mapping[str, str | None]
NONE: Answers = {}
YesOption = Annotated[
    bool, typer.Option("--yes", help="Ask nothing: what is not given has its default.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="An answer that the platform asks for."),
]
CheckOption = Annotated[
    bool, typer.Option("--check", help="Ask the Git and chart repositories whether they answer.")
]


def pairs(entries: list[str] | None) -> dict[str, str]:
    """Read ``--set``. Raises ConfigurationError."""
    found = {}
    for entry in entries or []:
        name, equals, value = entry.partition("=")
        if not (name and equals and value):
            raise ConfigurationError(f"--set {entry!r} is not NAME=VALUE")
        found[name] = value
    return found


_ANSWERS: dict[str, Any] = {
    "registry": Annotated[
        str | None,
        typer.Option("--registry", metavar="HOST[/PATH]", help="Where mirrored images stand."),
    ],
    "mirror_layout": Annotated[
        LayoutName | None,
        typer.Option("--mirror-layout", help="What the mirror keeps of an image's name."),
    ],
    "chart_repository": Annotated[
        str | None,
        typer.Option("--chart-repository", metavar="URL", help="Chart repository inside."),
    ],
    "host": Annotated[
        str | None, typer.Option("--host", metavar="HOST", help="The host that people will use.")
    ],
    "ingress_class": Annotated[
        str | None,
        typer.Option("--ingress-class", metavar="CLASS", help="Ingress class of the cluster."),
    ],
    "kubernetes": Annotated[
        str | None, typer.Option("--kubernetes", metavar="VERSION", help="Version of the cluster.")
    ],
    "repository": Annotated[
        str | None,
        typer.Option("--repository", metavar="URL|FOLDER", help="Git repository of the bundles."),
    ],
    "forge": Annotated[
        ForgeName | None,
        typer.Option(
            "--forge", help="What hosts Git: its CI is written. Default: as the URL tells."
        ),
    ],
    "engine": Annotated[
        EngineOrNone | None,
        typer.Option("--engine", help="What applies the bundle in the cluster."),
    ],
}


def with_answers(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options by which an environment is described, as its ``answers``.

    Those stand in the place of that parameter, and are name to value, None for what is not said.
    """

    @functools.wraps(command)
    def run(**values: Any) -> int:
        answers = {name: values.pop(name) for name in _ANSWERS}
        return command(**values, answers=answers)

    parameters = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name == "answers":
            parameters += [
                inspect.Parameter(option, parameter.kind, default=None, annotation=kind)
                for option, kind in _ANSWERS.items()
            ]
        else:
            parameters.append(parameter)
    run.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": int}
    return run
