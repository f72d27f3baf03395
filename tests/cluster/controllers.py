"""Kubernetes' own controllers, and kwok in the place of the nodes: Pods get ready, Jobs end."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.cluster.apiserver import SERVICES, ApiServer
from tests.cluster.parts import program
from tests.servers.process import Process, running

_NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node", "annotations": {"kwok.x-k8s.io/node": "fake"}},
    "status": {
        "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "500"},
        "capacity": {"cpu": "64", "memory": "256Gi", "pods": "500"},
    },
}


@contextmanager
def controllers(server: ApiServer, folder: Path) -> Iterator[list[Process]]:
    """Run controller-manager, scheduler and kwok, and have a node, until the block ends."""
    found = [_manager(server, folder), _scheduler(server, folder), _kwok(server, folder)]
    with ExitStack() as stack:
        for process in found:
            stack.enter_context(running(process))
        server.api.apply(_NODE)
        server.api.merge(_NODE, {"status": _NODE["status"]}, "/status")
        yield found


def _manager(server: ApiServer, folder: Path) -> Process:
    argv = [
        program("kubernetes", "kube-controller-manager"),
        f"--kubeconfig={server.admin}",
        f"--service-account-private-key-file={server.accounts_key}",
        f"--root-ca-file={server.ca.certificate}",
        f"--service-cluster-ip-range={SERVICES}",
        "--leader-elect=false",
        "--secure-port=0",
        "--horizontal-pod-autoscaler-sync-period=2s",
    ]
    return Process("kube-controller-manager", argv, folder / "kube-controller-manager.log")


def _scheduler(server: ApiServer, folder: Path) -> Process:
    argv = [
        program("kubernetes", "kube-scheduler"),
        f"--kubeconfig={server.admin}",
        "--leader-elect=false",
        "--secure-port=0",
    ]
    return Process("kube-scheduler", argv, folder / "kube-scheduler.log")


def _kwok(server: ApiServer, folder: Path) -> Process:
    argv = [
        program("kwok", "kwok"),
        f"--kubeconfig={server.admin}",
        "--manage-all-nodes=true",
        "--node-ip=127.0.0.1",
        "--node-lease-duration-seconds=40",
        "--server-address=",
    ]
    return Process("kwok", argv, folder / "kwok.log")
