"""What ran in the cluster: the images of every Pod that ever was, and of every Pod template."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.api import Api, ApiError, Object

_TEMPLATES = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "ReplicaSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("v1", "Pod"),
]
# Jobs of hooks are gone before anybody can list them.
_WATCHED = [("v1", "Pod"), ("batch/v1", "Job")]
_WATCH_SECONDS = 5


@dataclass
class Witness:
    """Sees Pods and Jobs come; ``passed`` has the images of those seen since :meth:`forget`."""

    api: Api
    passed: set[str] = field(default_factory=set)
    _ended: threading.Event = field(default_factory=threading.Event)

    def standing(self) -> set[str]:
        """The images of all Pod templates, and Pods, in the API server now."""
        return {image for body in workloads(self.api) for image in images(body)}

    def seen(self) -> set[str]:
        """The images of all Pod templates now, and of what has come and gone."""
        return self.standing() | self.passed

    def forget(self) -> None:
        """Begin anew."""
        self.passed.clear()

    def watch(self, version: str, kind: str) -> None:
        """Follow a kind until the witness is dismissed, whatever happens to the API server."""
        while not self._ended.is_set():
            with suppress(ApiError, LookupError):
                path = self.api.path(version, kind)
                since = self.api.call("GET", path)["metadata"]["resourceVersion"]
                for _, body in self.api.watch(path, since, _WATCH_SECONDS):
                    self.passed |= images(body)
                    if self._ended.is_set():
                        break
            self._ended.wait(0.2)

    def dismiss(self) -> None:
        self._ended.set()


def workloads(api: Api) -> Iterator[Object]:
    """Yield all objects that have a Pod template, and all Pods.

    Not the ReplicaSets that a Deployment keeps for going back: they are to have no Pods.
    """
    for version, kind in _TEMPLATES:
        for body in api.list(version, kind):
            if kind != "ReplicaSet" or body["spec"].get("replicas"):
                yield body


def images(body: Object) -> set[str]:
    """The images of all containers of a workload."""
    return {entry["image"] for entry in containers(body) if "image" in entry}


def containers(value: Any) -> Iterator[Object]:
    """Yield all containers below an object."""
    if isinstance(value, list):
        for entry in value:
            yield from containers(entry)
    elif isinstance(value, dict):
        for key in ("containers", "initContainers", "ephemeralContainers"):
            yield from value.get(key) or ()
        for entry in value.values():
            yield from containers(entry)


@contextmanager
def witnessing(api: Api) -> Iterator[Witness]:
    """Watch until the block ends."""
    witness = Witness(api)
    threads = [threading.Thread(target=witness.watch, args=kind, daemon=True) for kind in _WATCHED]
    for thread in threads:
        thread.start()
    try:
        yield witness
    finally:
        witness.dismiss()
        for thread in threads:
            thread.join()
