"""etcd: where the API server keeps its objects."""

from pathlib import Path

from tests.cluster.parts import program
from tests.servers.process import Process, free_ports


def etcd(folder: Path) -> tuple[Process, str]:
    """The program, not yet started, and the address for its clients."""
    client, peer = free_ports(2)
    url, other = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    argv = [
        program("etcd", "etcd"),
        f"--data-dir={folder / 'data'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={other}",
        f"--initial-advertise-peer-urls={other}",
        f"--initial-cluster=default={other}",
        "--unsafe-no-fsync",
    ]
    return Process("etcd", argv, folder / "etcd.log"), url
