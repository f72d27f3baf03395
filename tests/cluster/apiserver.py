"""A real Kubernetes API: ``kube-apiserver`` over etcd, with an administrator and a mere reader."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.api import Api, ApiError
from tests.cluster.etcd import etcd
from tests.cluster.parts import program
from tests.servers.kubernetes import TOKEN, kubeconfig
from tests.servers.process import Process, free_ports, running
from tests.servers.tls import CA

ADMIN = "correct-horse-admin"
SERVICES = "10.0.0.0/24"


@dataclass(frozen=True)
class ApiServer:
    """A running API; ``reader`` is the kubeconfig of an account without rights of its own."""

    api: Api
    ca: CA
    reader: Path
    admin: Path
    accounts_key: Path
    """What signs the tokens of service accounts."""
    processes: list[Process]

    def account(self, namespace: str, name: str) -> str:
        """A token of a service account."""
        path = self.api.path("v1", "ServiceAccount", namespace, name) + "/token"
        made = self.api.call("POST", path, {"spec": {"expirationSeconds": 7200}})
        return str(made["status"]["token"])

    def kubeconfig(self, folder: Path, token: str) -> Path:
        """A kubeconfig for a token."""
        return kubeconfig(folder, self.api.url, self.ca, token)

    @property
    def ready(self) -> bool:
        """Whether it answers, and has made the objects that it makes for itself."""
        try:
            return bool(self.api.call("GET", "/readyz") == "ok")
        except ApiError:
            return False


@contextmanager
def api_server(folder: Path, ca: CA) -> Iterator[ApiServer]:
    """Run etcd and the API server until the block ends; all their files are in ``folder``."""
    store, store_url = etcd(folder / "etcd")
    own = folder / "apiserver"
    own.mkdir(parents=True, exist_ok=True)
    issued = ca.issue("127.0.0.1", "localhost", "kubernetes.default.svc")
    tokens = f'{TOKEN},robot,robot\n{ADMIN},admin,admin,"system:masters"\n'
    (own / "tokens.csv").write_text(tokens)
    (port,) = free_ports(1)
    argv = [
        program("kubernetes", "kube-apiserver"),
        f"--etcd-servers={store_url}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={issued.certificate}",
        f"--tls-private-key-file={issued.key}",
        f"--token-auth-file={own / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        f"--cert-dir={own}",
        f"--service-account-key-file={issued.key}",
        f"--service-account-signing-key-file={issued.key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={SERVICES}",
        "--endpoint-reconciler-type=none",
    ]
    process = Process("kube-apiserver", argv, own / "kube-apiserver.log")
    url = f"https://127.0.0.1:{port}"
    server = ApiServer(
        Api(url, ca.certificate, ADMIN),
        ca,
        kubeconfig(folder / "robot", url, ca),
        kubeconfig(folder / "admin", url, ca, ADMIN),
        issued.key,
        [store, process],
    )
    with running(store, lambda: _healthy(store_url)), running(process, lambda: server.ready):
        yield server


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
            return b'"true"' in answer.read()
    except (OSError, urllib.error.URLError):
        return False
