"""HTTPRoutes in the place of Ingresses: the same hosts, paths and Services, for a Gateway.

https://gateway-api.sigs.k8s.io/reference/spec/ (v1). What the API server would fill in is written
out, so that nothing drifts. Ports are numbers there: names are looked up in the Services.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from builder.core.environment import Environment, Gateway
from builder.core.findings import Finding
from builder.core.ingress import forms, hosts, read
from builder.core.ingress.controllers import readers
from builder.core.ingress.equivalents import meaning_of
from builder.core.ingress.table import WHOLE_ANSWER
from builder.core.manifests import Resource
from builder.core.pointer import get, mapping, mappings

GROUP = "gateway.networking.k8s.io"
VERSION = f"{GROUP}/v1"
MAX_HOSTNAMES = 16
MAX_RULES = 16
MAX_MATCHES = 64
MAX_MATCHES_OF_ALL = 128
_PATH = re.compile(r"/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*")
_FORBIDDEN = re.compile(r"//|/\.\.?(?:/|$)|%2f|#", re.IGNORECASE)
_REGEX = re.compile(r"[()\[\]{}|\\^$+?*]")
_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_ADDRESS = re.compile(r"[0-9.]+")
_MAX_PATH = 1024
_MAX_HOSTNAME = 253

Kind = Literal["Exact", "PathPrefix"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """A path, and the Service that answers below it."""

    kind: Kind
    path: str
    service: str
    port: int

    @property
    def rank(self) -> tuple[bool, int, str]:
        """The order of the Gateway API: exact ones first, then the longest."""
        return self.kind != "Exact", -len(self.path), self.path


Services = Mapping[tuple[str, str], Resource]
"""By namespace and name."""


def services(resources: Iterable[tuple[Resource, str]]) -> Services:
    """Return the Services among resources, each given with the namespace that it lands in."""
    return {
        (namespace, resource.id.name): resource
        for resource, namespace in resources
        if resource.id.kind == "Service" and not resource.id.group
    }


def routes(
    ingress: Resource,
    namespace: str,
    known: Services,
    environment: Environment,
    taken: Collection[str] = (),
) -> Iterator[dict[str, Any] | Finding]:
    """Yield the HTTPRoutes that do what an Ingress does, and a Finding for what none can.

    One does for hosts with the same paths. ``namespace`` is where the Ingress lands, ``taken`` are
    names that other routes have there.
    """
    gateway = environment.ingress.gateway
    assert gateway is not None  # noqa: S101 - there is no route without
    reader = _Reader(ingress, namespace, known)
    groups: dict[tuple[Match, ...], list[str]] = {}
    for host, matches in reader.rules():
        if matches:
            groups.setdefault(tuple(sorted(matches, key=lambda m: m.rank)), []).append(host)
    yield from reader.findings
    time = _timeout(ingress)
    names = _names(ingress.id.name, taken)
    own = hosts.wanted(environment)
    for group, named in groups.items():
        hostnames = list(dict.fromkeys(host or own for host in named))
        if "" in hostnames:
            hostnames = []  # no host is any host
        for part in _parts(hostnames, MAX_HOSTNAMES) or [[]]:
            for rules in _limited(list(_rules(group, time))):
                yield _route(next(names), namespace, gateway, part, rules)


def _names(first: str, taken: Collection[str]) -> Iterator[str]:
    """Yield a name, and then numbered ones, but for those that are taken."""
    numbered = (f"{first}-{number}" for number in itertools.count(2))
    yield from (name for name in itertools.chain([first], numbered) if name not in taken)


class _Reader:
    """Reads the rules of one Ingress; collects what cannot be said by a route."""

    def __init__(self, ingress: Resource, namespace: str, known: Services) -> None:
        self.ingress = ingress
        self.namespace = namespace
        self.known = known
        self.findings: list[Finding] = []

    def rules(self) -> Iterator[tuple[str, list[Match]]]:
        """Yield each host with its paths; what a default backend answers stands below them."""
        default = get(self.ingress.body, ("spec", "defaultBackend"))
        behind = self.match({"path": "/", "pathType": "Prefix", "backend": default}, default)
        found = read.rules(self.ingress.body)
        for rule in found:
            matches = self.matches(rule)
            if behind and not any(m.kind == "PathPrefix" and m.path == "/" for m in matches):
                matches.append(behind)
            host = str(rule.get("host") or "")
            if not host or self.is_hostname(host):
                yield host, matches
        if behind and not found:
            yield "", [behind]

    def is_hostname(self, host: str) -> bool:
        valid = _HOSTNAME.fullmatch(host) and not _ADDRESS.fullmatch(host)
        if not valid or len(host) > _MAX_HOSTNAME:
            self.refuse(host, "an HTTPRoute takes no such hostname", "set ingress.host")
            return False
        return True

    def matches(self, rule: Mapping[str, Any]) -> list[Match]:
        found: dict[tuple[str, str], Match] = {}
        for entry in mappings(rule, ("http", "paths")):
            match = self.match(entry, entry.get("backend"))
            if match is None:
                continue
            first = found.setdefault((match.kind, match.path), match)
            if first != match:
                self.refuse(
                    match.path, "two Services answer for this path, and a route takes one",
                    "take one of the two out of the Ingress",
                )  # fmt: skip
        return list(found.values())

    def match(self, entry: Mapping[str, Any], backend: Any) -> Match | None:
        if backend is None:
            return None
        path, written = self.path(entry), get(backend, ("service",))
        if not isinstance(written, dict):
            self.refuse(
                str(entry.get("path")), "no Service answers for this path, but another resource",
                "write an HTTPRoute of your own",
            )  # fmt: skip
            return None
        port = self.port(str(written.get("name")), mapping(written, ("port",)))
        if path is None or port is None:
            return None
        return Match(kind=path[0], path=path[1], service=str(written.get("name")), port=port)

    def path(self, entry: Mapping[str, Any]) -> tuple[Kind, str] | None:
        written, kind = str(entry.get("path") or "/"), entry.get("pathType")
        path = written
        if kind not in ("Exact", "Prefix"):  # the controller decides, and most take it for a prefix
            path = re.sub(r"(?<=/)\*$", "", written)
            regex = str(read.annotations(self.ingress).get(_USE_REGEX)) == "true"
            if _REGEX.search(path) or (regex and "." in path):
                path = ""
        if not _is_path(path):
            self.refuse(
                written, "an HTTPRoute takes no such path for a prefix, or for an exact one",
                "write an HTTPRoute of your own, with what the Gateway's implementation makes of "
                "type: RegularExpression",
            )  # fmt: skip
            return None
        if kind not in ("Exact", "Prefix"):
            self.note(written)
        return ("Exact" if kind == "Exact" else "PathPrefix"), path

    def port(self, name: str, wanted: Mapping[str, Any]) -> int | None:
        """Return the number of a Service's port, by its name or number; None when it has none."""
        service = self.known.get((self.namespace, name))
        ports = mappings(service.body, ("spec", "ports")) if service else []
        for port in ports:
            number, called = port.get("port"), port.get("name")
            named = wanted.get("name") and called == wanted["name"]
            if isinstance(number, int) and (named or number == wanted.get("number")):
                return number
        said = wanted.get("name") or wanted.get("number")
        shown = ", ".join(f"{p.get('name') or ''} {p.get('port')}".strip() for p in ports)
        self.refuse(
            f"Service/{self.namespace}/{name}",
            f"it has no port {said}: {shown}" if service else "no render and no resource has it",
            "look at the values of the chart that make the Ingress' backends",
            code="route-backend",
        )
        return None

    def refuse(self, subject: str, cause: str, hint: str, *, code: str = "cannot-route") -> None:
        self.findings.append(
            Finding(
                code=code, subject=subject, place=read.place(self.ingress), cause=cause, hint=hint
            )
        )

    def note(self, path: str) -> None:
        self.findings.append(
            Finding(
                code="route-path-type",
                severity="note",
                subject=path,
                place=read.place(self.ingress),
                cause="its pathType leaves the meaning to the controller; the HTTPRoute takes it "
                "for a prefix",
                hint="nothing to do when that is what it means",
            )
        )


def _is_path(path: str) -> bool:
    """Tell whether a path may stand in an HTTPRoute as a prefix, or as an exact one."""
    return bool(_PATH.fullmatch(path) and not _FORBIDDEN.search(path) and len(path) <= _MAX_PATH)


_USE_REGEX = "nginx.ingress.kubernetes.io/use-regex"


def timeout(annotation: str, value: str) -> str | None:
    """Return the time that an annotation gives a whole answer, as the Gateway API writes it."""
    for source in sorted(readers(annotation)):
        found = meaning_of(annotation, source)
        if found and found[0].what == WHOLE_ANSWER and found[1].form:
            return "0s" if value == "infinity" else forms.duration(value, found[1].form)
    return None


def _timeout(ingress: Resource) -> str | None:
    given = (timeout(*pair) for pair in sorted(read.annotations(ingress).items()))
    return next((found for found in given if found), None)


def _rules(matches: Sequence[Match], time: str | None) -> Iterator[dict[str, Any]]:
    """Yield a rule for each Service and port, with all its paths; the most specific one first."""
    by_backend: dict[tuple[str, int], list[Match]] = {}
    for match in matches:
        by_backend.setdefault((match.service, match.port), []).append(match)
    for (service, port), own in by_backend.items():
        for part in _parts(own, MAX_MATCHES):
            rule: dict[str, Any] = {
                "matches": [{"path": {"type": m.kind, "value": m.path}} for m in part],
                "backendRefs": [
                    {"group": "", "kind": "Service", "name": service, "port": port, "weight": 1}
                ],
            }
            if time:
                rule["timeouts"] = {"request": time}
            yield rule


def _limited(rules: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the rules in as many parts as the limits of one HTTPRoute ask for."""
    part: list[dict[str, Any]] = []
    for rule in rules:
        count = sum(len(one["matches"]) for one in (*part, rule))
        if part and (len(part) == MAX_RULES or count > MAX_MATCHES_OF_ALL):
            yield part
            part = []
        part.append(rule)
    if part:
        yield part


def _parts(items: Sequence[Any], size: int) -> list[list[Any]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _route(
    name: str, namespace: str, gateway: Gateway, hostnames: list[str], rules: list[dict[str, Any]]
) -> dict[str, Any]:
    parent = {
        "group": GROUP,
        "kind": "Gateway",
        "name": gateway.name,
        "namespace": gateway.namespace,
        "sectionName": gateway.listener,
    }
    spec: dict[str, Any] = {"parentRefs": [{k: v for k, v in parent.items() if v}]}
    if hostnames:
        spec["hostnames"] = hostnames
    return {
        "apiVersion": VERSION,
        "kind": "HTTPRoute",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "spec": {**spec, "rules": rules},
    }
