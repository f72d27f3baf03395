"""Flux: source-controller and kustomize-controller, and how far they are with an environment."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.cluster.api import Api, ApiError, Object
from tests.cluster.apiserver import ApiServer
from tests.cluster.parts import folder as part
from tests.cluster.parts import program
from tests.servers.process import Process, free_ports, running

NAMESPACE = "flux-system"
_SOURCE = "source.toolkit.fluxcd.io/v1"
_APPLY = "kustomize.toolkit.fluxcd.io/v1"
_SOURCES = ((_SOURCE, "GitRepository"), (_SOURCE, "OCIRepository"))
_ASK = "reconcile.fluxcd.io/requestedAt"


@dataclass(frozen=True)
class Flux:
    """Flux as the tests see it."""

    api: Api
    processes: Sequence[Process]
    name: str = "flux"
    namespace: str = NAMESPACE

    def credentials(self, name: str, url: str, user: str, password: str, cafile: Path) -> Object:
        """The Secret by which it reads a Git repository."""
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "stringData": {"username": user, "password": password, "ca.crt": cafile.read_text()},
        }

    def refresh(self) -> None:
        """Have it look now, as a webhook of the forge would."""
        for body in self._objects():
            change = {"metadata": {"annotations": {_ASK: str(time.time_ns())}}}
            self.api.merge(body, change)

    def unfinished(self, revision: str) -> list[str]:
        """What is not applied and healthy at a revision, a line each; empty when all is."""
        found = [body for body in self._objects() if body["kind"] == "Kustomization"]
        lines = [_line(body) for body in self._objects() if not _at(body, revision)]
        return lines if found else ["no Kustomization"]

    def _objects(self) -> list[Object]:
        return [
            body
            for version, kind in (*_SOURCES, (_APPLY, "Kustomization"))
            for body in self.api.list(version, kind, NAMESPACE)
        ]


def _at(body: Object, revision: str) -> bool:
    status = body.get("status") or {}
    applied = status.get("lastAppliedRevision") or (status.get("artifact") or {}).get("revision")
    current = status.get("observedGeneration") == body["metadata"]["generation"]
    ready = _ready(body).get("status") == "True"
    return ready and current and str(applied).endswith(revision)


def _ready(body: Object) -> Object:
    conditions = (body.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c["type"] == "Ready"), {})


def _line(body: Object) -> str:
    ready = _ready(body)
    revision = (body.get("status") or {}).get("lastAttemptedRevision", "")
    said = f"{ready.get('status')} {ready.get('reason')} {ready.get('message')}"
    return f"{body['kind']}/{body['metadata']['name']}: {said} {revision}"


@contextmanager
def flux(server: ApiServer, folder: Path) -> Iterator[Flux]:
    """Run Flux, with its definitions in the API, until the block ends."""
    definitions = sorted((part("flux") / "bases").glob("*.yaml"))
    server.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    server.api.apply(*(yaml.safe_load(path.read_text()) for path in definitions))
    wait_for_kinds(server.api, (*_SOURCES, (_APPLY, "Kustomization")))
    processes = [_source(server, folder), _kustomize(server, folder)]
    with ExitStack() as stack:
        for process in processes:
            stack.enter_context(running(process))
        yield Flux(server.api, processes)


def wait_for_kinds(api: Api, kinds: Sequence[tuple[str, str]]) -> None:
    """Wait until the API serves kinds that were just defined."""
    for _ in range(200):
        try:
            for kind in kinds:
                api.list(*kind)
        except (LookupError, ApiError):
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"the API does not serve all of {kinds}")


def _source(server: ApiServer, folder: Path) -> Process:
    storage, health = free_ports(2)
    argv = [
        program("flux", "source-controller"),
        f"--storage-path={folder / 'storage'}",
        f"--storage-addr=127.0.0.1:{storage}",
        f"--storage-adv-addr=127.0.0.1:{storage}",
        *_common(health),
    ]
    (folder / "storage").mkdir(parents=True, exist_ok=True)
    return Process("source-controller", argv, folder / "source.log", _environment(server, folder))


def _kustomize(server: ApiServer, folder: Path) -> Process:
    (health,) = free_ports(1)
    argv = [
        program("flux", "kustomize-controller"),
        "--requeue-dependency=1s",
        "--no-remote-bases=true",
        *_common(health),
    ]
    environment = _environment(server, folder)
    return Process("kustomize-controller", argv, folder / "kustomize.log", environment)


def _common(health: int) -> list[str]:
    return [
        "--metrics-addr=0",
        f"--health-addr=127.0.0.1:{health}",
        "--interval-jitter-percentage=0",
        "--max-retry-delay=5s",
    ]


def _environment(server: ApiServer, folder: Path) -> dict[str, str]:
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        "KUBECONFIG": str(server.admin),
        "RUNTIME_NAMESPACE": NAMESPACE,
        "TMPDIR": str(temporary),
    }
