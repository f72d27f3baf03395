"""What `sealift init` was told, and what it wrote for that: ``.sealift/scaffold.yaml``.

It is committed with the sources. What the last run wrote is what the next one compares with, to
tell what people changed since.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

import msgspec

from builder.core import yaml
from builder.core.section import Section, check_version, parse
from builder.core.texts import ChartUrl, Name, Prefix, Text, Version

FILE = ".sealift/scaffold.yaml"
VERSION = 1
_HEADER = (
    "# Written by `sealift init`: what it was told, and what it wrote for that. The next run\n"
    "# tells by it what you have changed. Commit it; change the files themselves, not this one.\n"
)

OwnHost = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*(:[0-9]+)?$",
        description="a host without a scheme, as wandb.example.com",
    ),
]
Layout = Literal["strip-host", "full-path", "flat"]
ForgeKind = Literal["github", "gitea", "forgejo", "gitlab", "none"]
Engine = Literal["argocd", "flux", "none"]


class Answers(Section, frozen=True):
    """What is known of one environment; ``platform`` are the answers that its platform asks for."""

    base: Name
    registry: Prefix
    chart_repository: ChartUrl
    host: OwnHost
    kubernetes: Version
    repository: Text
    engine: Engine
    mirror_layout: Layout = "strip-host"
    ingress_class: Name = "nginx"
    forge: ForgeKind = "none"
    platform: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def domain(self) -> str:
        """The domain that the host is in, without its port: where neighbours are looked for."""
        name = self.host.partition(":")[0]
        return name.partition(".")[2] or name


class Record(Section, frozen=True):
    """The environments with their answers, and the files that were written, path to text."""

    record_version: int
    environments: dict[Name, Answers] = msgspec.field(default_factory=dict)
    files: dict[str, str] = msgspec.field(default_factory=dict)


def problem(name: str, value: str) -> str | None:
    """Say what is wrong with an answer's form; None for one that fits."""
    kind = next(f.type for f in msgspec.structs.fields(Answers) if f.name == name)
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return f"{value!r} is not {_expected(kind)}"
    return None


def choices(name: str) -> tuple[str, ...]:
    """Return the answers that are possible; empty where any of a form is."""
    kind = next(f.type for f in msgspec.structs.fields(Answers) if f.name == name)
    return tuple(get_args(kind)) if all(isinstance(a, str) for a in get_args(kind)) else ()


def _expected(kind: Any) -> str:
    options = get_args(kind)
    for option in options:
        if isinstance(option, msgspec.Meta):
            return option.description or "an answer"
    return f"one of {', '.join(map(str, options))}"


def as_yaml(answers: Mapping[str, str]) -> dict[str, str]:
    """Write each answer as it stands in a YAML file."""
    return {name: yaml.dump(value).rstrip("\n") for name, value in answers.items()}


def dump(record: Record) -> str:
    """Write the record."""
    return _HEADER + yaml.dump(msgspec.to_builtins(record))


def load(text: str, *, source: str = FILE) -> Record:
    """Read the record. Raises ConfigurationError."""
    value: Any = yaml.load(text, source=source)
    check_version(value, VERSION, source)
    return parse(Record, value, text, source)
