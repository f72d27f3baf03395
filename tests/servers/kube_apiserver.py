"""A real Kubernetes API: ``kube-apiserver`` over ``etcd``, as child processes, without nodes.

What they are built from: modules k8s.io/kubernetes and go.etcd.io/etcd/server/v3.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.tools import kubectl
from tests.servers.kubernetes import TOKEN, kubeconfig
from tests.servers.tls import CA

_READY_SECONDS = 120.0
_ADMIN = "correct-horse-admin"


@dataclass(frozen=True)
class ApiServer:
    """A running API: ``kubeconfig`` is that of an account which may read what doctor reads."""

    kubeconfig: Path
    admin: Path

    def kubectl(self, *argv: str, stdin: str = "") -> str:
        """Run kubectl as the administrator."""
        command = [kubectl.find(), f"--kubeconfig={self.admin}", *argv]
        done = subprocess.run(command, input=stdin, check=True, capture_output=True, text=True)
        return done.stdout

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Have these objects."""
        text = "\n---\n".join(map(json.dumps, objects))
        self.kubectl("apply", "--server-side", "-f", "-", stdin=text)


def missing() -> list[str]:
    """The programs that are not on PATH."""
    return [name for name in ("etcd", "kube-apiserver") if shutil.which(name) is None]


@contextmanager
def api_server(folder: Path, ca: CA) -> Iterator[ApiServer]:
    """Run both programs until the block ends; all their files are in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    issued = ca.issue("127.0.0.1", "localhost")
    tokens = f'{TOKEN},robot,robot\n{_ADMIN},admin,admin,"system:masters"\n'
    (folder / "tokens.csv").write_text(tokens)
    client, peer, port = _free_ports(3)
    with ExitStack() as stack:
        stack.enter_context(_running(folder, "etcd", *_etcd(folder, client, peer)))
        process = stack.enter_context(
            _running(
                folder,
                "kube-apiserver",
                f"--etcd-servers=http://127.0.0.1:{client}",
                "--bind-address=127.0.0.1",
                f"--secure-port={port}",
                f"--tls-cert-file={issued.certificate}",
                f"--tls-private-key-file={issued.key}",
                f"--token-auth-file={folder / 'tokens.csv'}",
                "--authorization-mode=RBAC",
                f"--cert-dir={folder}",
                f"--service-account-key-file={issued.key}",
                f"--service-account-signing-key-file={issued.key}",
                "--service-account-issuer=https://kubernetes.example.com",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--disable-admission-plugins=ServiceAccount",
            )
        )
        url = f"https://127.0.0.1:{port}"
        server = ApiServer(
            kubeconfig(folder / "robot", url, ca), kubeconfig(folder / "admin", url, ca, _ADMIN)
        )
        _wait(server, process)
        yield server


def _etcd(folder: Path, client: int, peer: int) -> list[str]:
    address = f"http://127.0.0.1:{peer}"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls=http://127.0.0.1:{client}",
        f"--advertise-client-urls=http://127.0.0.1:{client}",
        f"--listen-peer-urls={address}",
        f"--initial-advertise-peer-urls={address}",
        f"--initial-cluster=default={address}",
        "--unsafe-no-fsync",
    ]


@contextmanager
def _running(folder: Path, program: str, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    with (
        (folder / f"{program}.log").open("wb") as log,
        subprocess.Popen([program, *argv], env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(server: ApiServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.kubectl("get", "--raw", "/readyz")
            return
        except subprocess.CalledProcessError:
            time.sleep(0.5)
    log = (server.admin.parents[1] / "kube-apiserver.log").read_text(errors="replace")
    raise TimeoutError(f"the API server is not ready; the end of its log:\n{log[-3000:]}")


def _free_ports(number: int) -> list[int]:
    """Ports that nobody listens on now: neither program says which one it took by itself."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
