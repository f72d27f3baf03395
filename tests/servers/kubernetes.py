"""The reading side of a Kubernetes API over TLS, for kubectl: versions, discovery, objects.

Paths and answers as https://kubernetes.io/docs/reference/using-api/ has them; errors are ``Status``
objects. Only what it is given is there.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.servers.http_site import Request, Site, SiteHandler, serving
from tests.servers.tls import CA

TOKEN = "correct-horse-token"
_CORE = {"secrets": "Secret", "configmaps": "ConfigMap", "nodes": "Node"}
_GATEWAY_API = "gateway.networking.k8s.io"
_REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed"}


@dataclass
class Kubernetes:
    """A running API: tests put objects in, by path, and read what was asked."""

    url: str
    kubeconfig: Path
    requests: list[Request]
    state: "_State"

    def put(self, kind: str, name: str, namespace: str = "", **content: Any) -> None:
        """Have an object: ``secrets``, ``configmaps``, ``nodes``, ``ingressclasses``, ``gateways``.

        The Gateway API is served as soon as there is a Gateway.
        """
        self.state.objects[kind, namespace, name] = content

    def forbid(self, kind: str) -> None:
        """Let nobody read objects of a kind."""
        self.state.forbidden.add(kind)


@dataclass
class _State:
    version: str
    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)


class _Handler(SiteHandler):
    def __init__(self, state: _State, site: Site, *connection: Any) -> None:
        self._state = state
        super().__init__(site, *connection)

    def do_GET(self) -> None:  # noqa: N802
        authorised = self.headers["Authorization"] == f"Bearer {TOKEN}"
        self.site.requests.append(Request(self.command, self.path, authorised))
        if not authorised:
            self._status(401, "Unauthorized")
            return
        path = urlsplit(self.path).path
        gateways = any(kind == "gateways" for kind, _, _ in self._state.objects)
        fixed = _discovery(self._state.version, gateways=gateways).get(path)
        if fixed is not None:
            self._json(200, fixed)
        else:
            self._object(path.strip("/").split("/"))

    def do_POST(self) -> None:  # noqa: N802
        self.site.requests.append(Request(self.command, self.path, authorised=False))
        self._status(405, "this server is only read")

    do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815

    def _object(self, parts: list[str]) -> None:
        match parts:
            case ["api", "v1", "namespaces", namespace, kind, name]:
                self._one(kind, namespace, name)
            case [
                "apis", "gateway.networking.k8s.io", "v1", "namespaces", namespace, "gateways", name
            ]:  # fmt: skip
                self._one("gateways", namespace, name)
            case ["api", "v1", "nodes" as kind] | [
                "apis", "networking.k8s.io", "v1", "ingressclasses" as kind
            ]:  # fmt: skip
                self._list(kind)
            case _:
                self._status(404, "the server could not find the requested resource")

    def _one(self, kind: str, namespace: str, name: str) -> None:
        found = self._state.objects.get((kind, namespace, name))
        if kind in self._state.forbidden:
            self._status(403, f'{kind} "{name}" is forbidden: User "robot" cannot get resource')
        elif found is None:
            self._status(404, f'{kind} "{name}" not found')
        else:
            version = f"{_GATEWAY_API}/v1" if kind == "gateways" else "v1"
            title = _CORE.get(kind, "Gateway")
            self._json(200, _object(version, title, namespace, name, found))

    def _list(self, kind: str) -> None:
        if kind in self._state.forbidden:
            self._status(403, f'{kind} is forbidden: User "robot" cannot list resource')
            return
        version, title = ("v1", "Node") if kind == "nodes" else (
            "networking.k8s.io/v1", "IngressClass",
        )  # fmt: skip
        items = [
            _object(version, title, "", name, content)
            for (kind_, _, name), content in self._state.objects.items()
            if kind_ == kind
        ]
        self._json(200, {"apiVersion": version, "kind": f"{title}List", "items": items})

    def _status(self, code: int, message: str) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message}
        self._json(code, {**status, "reason": _REASONS[code], "code": code})

    def _json(self, code: int, value: Mapping[str, Any]) -> None:
        self.reply(code, json.dumps(value).encode(), {"Content-Type": "application/json"})


def _object(
    version: str, kind: str, namespace: str, name: str, content: Mapping[str, Any]
) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    metadata |= content.get("metadata", {})
    return {"apiVersion": version, "kind": kind, **content, "metadata": metadata}


def _discovery(version: str, *, gateways: bool = False) -> dict[str, dict[str, Any]]:
    """What kubectl asks before it asks for an object."""
    resources = [_resource(plural, kind, plural != "nodes") for plural, kind in _CORE.items()]
    group = {"groupVersion": "networking.k8s.io/v1", "version": "v1"}
    networking = {"name": "networking.k8s.io", "versions": [group], "preferredVersion": group}
    classes = [_resource("ingressclasses", "IngressClass", namespaced=False)]
    groups = [networking]
    if gateways:
        routing = {"groupVersion": f"{_GATEWAY_API}/v1", "version": "v1"}
        groups.append({"name": _GATEWAY_API, "versions": [routing], "preferredVersion": routing})
    return {
        "/version": {"major": "1", "minor": version.split(".")[1], "gitVersion": f"v{version}"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
        "/api/v1": _resources("v1", resources),
        "/apis/networking.k8s.io/v1": _resources("networking.k8s.io/v1", classes),
        f"/apis/{_GATEWAY_API}/v1": _resources(
            f"{_GATEWAY_API}/v1",
            [_resource("gateways", "Gateway", namespaced=True)] if gateways else [],
        ),
    }


def _resource(plural: str, kind: str, namespaced: bool) -> dict[str, Any]:
    names = {"name": plural, "singularName": kind.lower(), "kind": kind}
    return {**names, "namespaced": namespaced, "verbs": ["get", "list"]}


def _resources(version: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
    head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version}
    return {**head, "resources": resources}


@contextmanager
def kubernetes(folder: Path, ca: CA, *, version: str = "1.30.4") -> Iterator[Kubernetes]:
    """Serve an API with no objects until the block ends; its kubeconfig lies in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    state, site = _State(version), Site()
    with serving(partial(_Handler, state, site), site, ca) as url:
        yield Kubernetes(url, kubeconfig(folder, url, ca), site.requests, state)


def kubeconfig(folder: Path, url: str, ca: CA, token: str = TOKEN) -> Path:
    """Write a kubeconfig with two contexts: ``ours``, the current one, and ``refused``."""
    return write_kubeconfig(folder, url, ca.certificate, token)


def write_kubeconfig(folder: Path, url: str, cafile: Path, token: str) -> Path:
    """The same, for those who have no more than the authority's certificate."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "ours",
        "clusters": [
            {
                "name": "c",
                "cluster": {"server": url, "certificate-authority": str(cafile)},
            }
        ],
        "users": [
            {"name": "robot", "user": {"token": token}},
            {"name": "nobody", "user": {"token": "wrong-horse-token"}},
        ],
        "contexts": [
            {"name": "ours", "context": {"cluster": "c", "user": "robot"}},
            {"name": "refused", "context": {"cluster": "c", "user": "nobody"}},
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "kubeconfig.json"
    path.write_text(json.dumps(config))
    return path
