"""Resolving images at a registry that is far away."""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Ratio
from builder.closure import Wanted
from builder.lock import resolve
from builder.registries import Registries
from builder.tools import docker_config
from tests.servers.oci import push_image
from tests.servers.registry import registry, registry_command
from tests.servers.slow import slow
from tests.servers.tls import certificate_authority

IMAGES = 60
LATENCY = 0.05
_USER, _PASSWORD = "robot", "benchmark"


def resolving(folder: Path, rounds: int = 3) -> Iterator[Ratio]:
    """Compare resolving 60 images with one round trip for each, one after the other.

    The registry is a real one, with TLS and a login, behind 50 ms a round trip. Each image is read
    whole: its manifest or index, and the manifests or the configuration below.
    """
    if registry_command() is None:
        return
    for platforms in (("linux/amd64",), ("linux/amd64", "linux/arm64")):
        case = f"resolve {IMAGES} images of {len(platforms)} platform(s), 50 ms away"
        best = min(_resolved(folder / f"{len(platforms)}-{n}", platforms) for n in range(rounds))
        yield Ratio(case=case, measured=best, against=IMAGES * LATENCY)


def _resolved(folder: Path, platforms: tuple[str, ...]) -> float:
    ca = certificate_authority(folder / "ca")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        registry(folder / "registry", username=_USER, password=_PASSWORD, tls=ca) as site,
        slow(site.host, latency=LATENCY) as proxy,
    ):
        wanted = []
        for number in range(IMAGES):
            name = f"acme/app-{number}"
            push_image(
                site.host, name, "1.0", platforms, (_USER, _PASSWORD), "https", ca.certificate
            )
            wanted.append(
                Wanted(image=f"{proxy.host}/{name}:1.0", source=f"{proxy.host}/{name}:1.0")
            )
        login = docker_config.Login(username=_USER, password=_PASSWORD)
        with Registries(proxy.host, ca_file=ca.certificate, login=login) as registries:
            started = time.perf_counter()
            lock, findings = resolve(wanted, registries)
            took = time.perf_counter() - started
    if findings or len(lock.images) != IMAGES:
        raise RuntimeError(f"not resolved: {findings[:1]}")
    return took
