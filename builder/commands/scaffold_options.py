"""Options by which an environment is described, for the commands that make one."""

from enum import StrEnum
from typing import Annotated

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


YesOption = Annotated[
    bool, typer.Option("--yes", help="Ask nothing: what is not given has its default.")
]
RegistryOption = Annotated[
    str | None,
    typer.Option("--registry", metavar="HOST[/PATH]", help="Where mirrored images stand."),
]
LayoutOption = Annotated[
    LayoutName | None,
    typer.Option("--mirror-layout", help="What the mirror keeps of an image's name."),
]
ChartRepositoryOption = Annotated[
    str | None,
    typer.Option("--chart-repository", metavar="URL", help="Chart repository inside."),
]
HostOption = Annotated[
    str | None, typer.Option("--host", metavar="HOST", help="The host that people will use.")
]
ClassOption = Annotated[
    str | None,
    typer.Option("--ingress-class", metavar="CLASS", help="Ingress class of the cluster."),
]
KubernetesOption = Annotated[
    str | None, typer.Option("--kubernetes", metavar="VERSION", help="Version of the cluster.")
]
RepositoryOption = Annotated[
    str | None,
    typer.Option("--repository", metavar="URL|FOLDER", help="Git repository of the bundles."),
]
ForgeOption = Annotated[
    ForgeName | None,
    typer.Option("--forge", help="What hosts Git: its CI is written. Default: as the URL tells."),
]
EngineOption = Annotated[
    EngineOrNone | None, typer.Option("--engine", help="What applies the bundle in the cluster.")
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
