"""The two files that people write: ``environment.yaml`` and ``base.yaml``."""

from typing import Annotated, Any, Literal, TypeVar

import msgspec

from builder.core import yaml
from builder.core.errors import ConfigurationError, nearest

T = TypeVar("T", bound="Section")

Text = Annotated[str, msgspec.Meta(min_length=1)]
Host = Annotated[str, msgspec.Meta(pattern=r"^(\*\.)?[A-Za-z0-9.-]+(:[0-9]+)?$")]
Version = Annotated[str, msgspec.Meta(pattern=r"^v?[0-9]+\.[0-9]+(\.[0-9]+)?$")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
Pointer = Annotated[str, msgspec.Meta(pattern=r"^(/[^/]+)+$")]


class Section(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"
):
    """One mapping of a configuration file: immutable, and closed to unknown keys."""


class Registry(Section, frozen=True):
    """The container registry inside the network."""

    prefix: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$")]
    """Host, port and path under which mirrored images stand: ``registry.example.com/mirror``."""
    layout: Literal["strip-host", "full-path", "flat"] = "strip-host"
    """What of a source's name is kept below the prefix."""
    mappings: dict[Text, Text] = {}
    """Where single images stand: source name (no tag) to path below the prefix, or to a name."""
    pull_secret: Text | None = None
    """Name of the Secret that lets Pods pull from the registry."""

    @property
    def host(self) -> str:
        """The host, with its port."""
        return self.prefix.partition("/")[0]


class ChartRepository(Section, frozen=True):
    """The chart repository inside the network."""

    url: Annotated[str, msgspec.Meta(pattern=r"^(https?|oci)://[^\s@]+$")]
    credential_secret: Text | None = None
    """Name of the Secret with which controllers log in to it."""


class Ingress(Section, frozen=True):
    """How people reach the platform."""

    host: Host | None = None
    class_: Annotated[str, msgspec.Meta(min_length=1)] | None = msgspec.field(
        name="class", default=None
    )


class Signing(Section, frozen=True):
    """How commits are signed; the key itself stays on the machine."""

    format: Literal["ssh", "openpgp"]
    key: Text
    """As git's user.signingKey: the path of a public key, or the id of a key."""


class Publish(Section, frozen=True):
    """Where the bundle is committed."""

    repository: Text
    branch: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")] = "main"
    path: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")] | None = None
    """Folder of the environment in the repository; its name when left out."""
    signing: Signing | None = None


class Allowance(Section, frozen=True):
    """A finding that was looked at and accepted, with the reason."""

    reference: Text
    """The reference as the finding names it; ``*`` stands for any text."""
    reason: Text


class Environment(Section, frozen=True):
    """One cluster target, after the environments that it extends were merged in."""

    kubernetes: Version
    registry: Registry
    base: Name
    chart_repository: ChartRepository | None = None
    ingress: Ingress = Ingress()
    allowed_hosts: tuple[Host, ...] = ()
    """Further hosts inside the network; ``*.example.com`` means every host below."""
    pins: dict[Text, Text] = {}
    """Tag or digest for images whose tag floats: source name to ``1.2.3`` or ``sha256:...``."""
    urls: dict[Text, Text] = {}
    """Outside URL to the one that takes its place inside."""
    allow: tuple[Allowance, ...] = ()
    api_versions: tuple[Text, ...] = ()
    """API versions beyond Kubernetes' own that the cluster serves, as ``helm --api-versions``."""
    publish: Publish | None = None
    extends: Name | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts that the cluster may fetch from."""
        hosts = [self.registry.host, *self.allowed_hosts]
        if self.chart_repository:
            hosts.append(self.chart_repository.url.split("://", 1)[1].partition("/")[0])
        if self.ingress.host:
            hosts.append(self.ingress.host)
        return tuple(dict.fromkeys(hosts))


class ChartSource(Section, frozen=True):
    """A chart that the platform needs, in its base or in a custom resource."""

    name: Name
    version: Annotated[str, msgspec.Meta(pattern=r"^v?[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*$")]
    repository: Annotated[str, msgspec.Meta(pattern=r"^(https?|oci)://[^\s@]+$")]
    digest: Sha256 | None = None


class OffSwitch(Section, frozen=True):
    """A value that ends an outbound URL."""

    url: Text
    """The URL; ``*`` stands for any text."""
    value: Pointer
    """The value to set, as a pointer into the chart's values."""
    to: str
    reason: Text


class NestedChartRule(Section, frozen=True):
    """Where a custom resource names a chart that its controller installs."""

    group: Text
    kind: Text
    chart: Pointer
    """Mapping with ``url``, ``name`` and ``version``."""
    values: Pointer
    lists: Literal["concatenate", "replace"] = "replace"
    """What the controller does with lists when it merges several sources of values."""
    credential_secret: Pointer | None = None
    """Where the resource refers to the chart repository's Secret, by name."""
    ingress_class: Pointer | None = None
    """The value that is the ingress class, where the chart has none by default."""
    off_switches: tuple[OffSwitch, ...] = ()
    """Values that keep the platform from calling out."""
    values_secret: Text | None = None
    """Name of a Secret that is merged below the values; ``{name}`` is the resource's."""


class Switch(Section, frozen=True):
    """An environment variable that has to have a value, or a controller calls out by itself."""

    kind: Text
    env: Text
    value: str
    reason: Text


class Base(Section, frozen=True):
    """A platform: which charts it needs, and what its controllers render."""

    charts: tuple[ChartSource, ...] = ()
    kubernetes: Annotated[str, msgspec.Meta(pattern=r"^v?[0-9]+\.[0-9]+$")] | None = None
    """The oldest Kubernetes version that the platform supports."""
    nested_charts: tuple[NestedChartRule, ...] = ()
    switches: tuple[Switch, ...] = ()


def parse(model: type[T], value: Any, text: str, source: str) -> T:
    """Turn the value of a configuration file into its model.

    ``text`` is what ``value`` was read from, for line numbers. Raises ConfigurationError that names
    every problem, each with its line, and the nearest known key for an unknown one.
    """
    problems = _problems(model, value, text, source)
    if problems:
        (where, what), *others = problems
        raise ConfigurationError("\n".join([what, *(f"{w}: {m}" for w, m in others)]), where=where)
    return msgspec.convert(value, model)


def schema(model: type[Section]) -> dict[str, Any]:
    """Return the JSON Schema of a configuration file; an optional key is left out, never null."""
    return dict(_without_null(msgspec.json.schema(model)))


def _without_null(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    options = [o for o in node.get("anyOf", []) if o != {"type": "null"}]
    if len(options) == 1:
        node = {**{k: v for k, v in node.items() if k not in ("anyOf", "default")}, **options[0]}
    return {key: _without_null(child) for key, child in node.items()}


def _problems(model: type[Section], value: Any, text: str, source: str) -> list[tuple[str, str]]:
    """Return place and message of each violation of the model's schema, in the file's order."""
    import jsonschema_rs

    document = schema(model)
    validator = jsonschema_rs.Draft202012Validator(document)
    errors = list(validator.iter_errors(value if value is not None else {}))
    if not errors:
        return []
    lines = yaml.lines(text, source=source)
    problems = []
    for error in errors:
        path = tuple(str(token) for token in error.instance_path)
        unexpected = getattr(error.kind, "unexpected", None) or ()
        for key in unexpected:
            known = _fields(document, path)
            near = nearest(key, known)
            advice = f"did you mean {near!r}?" if near else f"known are {', '.join(known)}"
            dotted = ".".join((*path, key))
            problems.append((lines.at((*path, key)), f"unknown key {dotted!r}: {advice}"))
        if not unexpected:
            dotted = ".".join(path) or "the file"
            problems.append((lines.at(path), f"{dotted}: {_message(error)}"))
    return sorted(problems, key=lambda p: (int(p[0].rpartition(":")[2]), p[1]))


def _message(error: Any) -> str:
    text = str(error.message)
    return text if len(text) < 300 else text[:297] + "..."


def _fields(document: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    """Return the known keys of the mapping at ``path``."""
    node: Any = document
    for token in ("", *path):
        if token:
            below = node.get("items", {}) if token.isdigit() else node.get("properties", {})
            node = below if token.isdigit() else below.get(token, {})
        if "$ref" in node:
            node = document["$defs"][node["$ref"].rpartition("/")[2]]
    return sorted(node.get("properties", {}))


def merge(parent: Any, child: Any) -> Any:
    """Merge the text of an environment over the one it extends: maps deeply, the rest by key."""
    if isinstance(parent, dict) and isinstance(child, dict):
        merged = dict(parent)
        for key, value in child.items():
            merged[key] = merge(parent.get(key), value)
        return merged
    return child
