"""The vendor's own charts, where they are at hand: closed, installed, upgraded.

SEALIFT_CHARTS names their folder. The chart repository inside is one of its own, for the stand-ins
have the same names and versions.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.api import Object
from tests.cluster.chain import Chain, operated
from tests.cluster.conftest import engine_in_cluster
from tests.cluster.desk import Desk, open_desk
from tests.cluster.patience import eventually
from tests.cluster.recorder import Recorder
from tests.cluster.site import NAMES, Site
from tests.servers.chart_repository import chart_repository
from tests.servers.place import Place
from tests.servers.tls import CA
from tests.test_real_charts import FOLDER, versions
from tests.test_real_charts import pytestmark as pytestmark

_CHARTS = Place("vendor-charts.yourdomain.com", "127.0.1.4", 80)
_FIRST, _THEN = "0.28.0", "0.43.8"
_VOLUMES = 6


@pytest.fixture(scope="module")
def real(
    vendored: Path,
    inside_site: Site,
    ca: CA,
    engine_name: str,
    recorder: Recorder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Chain]:
    """The chain, with the example's environment on the vendor's charts."""
    lacking = {_FIRST, _THEN} - set(versions("operator-wandb"))
    if lacking:
        pytest.skip(f"{FOLDER} has no operator-wandb {', '.join(sorted(lacking))}")
    folder = tmp_path_factory.mktemp(f"real-{engine_name}-")
    desk = open_desk(folder, vendored, inside_site, ca, "real")
    shelf = folder / "charts"
    shelf.mkdir()
    desk.configure(
        f"sync: {{engine: {engine_name}, interval: 10s, timeout: 2m}}\n"
        f"chartRepository: {{url: 'http://{_CHARTS.name}'}}\n"
    )
    _take_the_vendors(desk)
    _offer(desk, shelf)
    recorder.names[_CHARTS.name] = _CHARTS.address
    with (
        chart_repository(shelf, place=_CHARTS),
        engine_in_cluster(engine_name, folder / "cluster", ca) as (server, engine),
        operated(desk, server, engine, recorder, folder / "operator") as chain,
    ):
        recorder.forget()
        server.api.apply(*(_volume(number) for number in range(_VOLUMES)))
        commit = desk.publish()
        chain.connect()
        chain.settle(commit)
        yield chain
    del recorder.names[_CHARTS.name]


def test_all_images_are_in_the_lock_before_and_after_an_upgrade(real: Chain) -> None:
    chain, desk = real, real.desk
    _compare(chain, _FIRST)
    before = chain.witness.standing()
    _upgrade(desk)
    chain.witness.forget()
    chain.deliver()
    lock = desk.lock()
    eventually(
        lambda: chain.witness.standing() <= lock,
        "what runs is in the lock",
        state=lambda: chain.witness.standing() - lock,
    )
    _compare(chain, _THEN)
    assert chain.witness.passed - before <= lock
    assert any("alpine/k8s" in image for image in chain.witness.passed), "hooks have run"
    assert chain.recorder.reached <= {*NAMES, _CHARTS.name}


def _volume(number: int) -> Object:
    """What a claim can be bound to: a StatefulSet replaces a Pod only once it was ready."""
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "500Gi"},
        "hostPath": {"path": "/nowhere"},
    }
    metadata = {"name": f"volume-{number}"}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}


def _take_the_vendors(desk: Desk) -> None:
    """Vendor their charts in the place of the stand-ins."""
    shutil.rmtree(desk.source.path("base/wandb/charts"))
    desk.source.path("base/wandb/charts.lock.yaml").unlink()
    desk.run("vendor", "wandb", "--from", FOLDER)
    desk.run("airgap", "example")


def _upgrade(desk: Desk) -> None:
    """Another version of the platform; and of the operator, for the rights that it needs then."""
    for name in ("base.yaml", "kustomization.yaml"):
        newest = f"version: {versions('operator')[-1]}"
        desk.source.edit(f"base/wandb/{name}", "version: 1.3.3", newest)
    desk.run("vendor", "wandb", "--from", FOLDER)
    desk.run("airgap", "example")
    argv = ("--chart-version", _THEN, "--from", FOLDER, "--no-lock")
    desk.run("upgrade", desk.environment, *argv)
    _offer(desk, desk.source.root.parent / "charts")


def _offer(desk: Desk, shelf: Path) -> None:
    for archive in desk.source.path("base/wandb/charts").glob("operator-wandb-*.tgz"):
        shutil.copy(archive, shelf)


def _compare(chain: Chain, version: str) -> None:
    """Hold the images of all Pod templates against the lock: no more, and no fewer."""
    resource = chain.resource
    assert resource is not None
    assert resource["spec"]["chart"]["version"] == version
    lock = chain.desk.lock()
    assert chain.witness.standing() <= lock
    # Hooks run when there is something to upgrade.
    assert lock - chain.witness.seen() <= {i for i in lock if "/alpine/k8s:" in i}
