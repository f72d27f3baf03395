"""Fixtures of the cluster tests: each starts only what it is asked for."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests.cluster.apiserver import ApiServer, api_server
from tests.cluster.argocd import argocd
from tests.cluster.chain import Chain, Desk, Engine, operator_process
from tests.cluster.controllers import controllers
from tests.cluster.flux import flux
from tests.cluster.namespace import inside
from tests.cluster.parts import missing
from tests.cluster.recorder import Recorder, recording
from tests.cluster.site import Site, site
from tests.cluster.witness import witnessing
from tests.servers.process import Process, running
from tests.servers.tls import CA, certificate_authority
from tests.source import Source

# Outside the namespace nothing of this is a test: `make e2e` runs them.
collect_ignore_glob = [] if inside() else ["test_*.py"]


def need(*parts: str) -> None:
    """Skip where parts are not built; fail in CI, where they must be."""
    if lacking := missing(*parts):
        miss: Callable[[str], None] = pytest.fail if os.environ.get("CI") else pytest.skip
        miss(f"not built: {', '.join(lacking)}; `make cluster-tools` says why")


@pytest.fixture(autouse=True)
def _no_proxy(_isolated: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What shuts the other tests in would hide from the recorder what is tried here."""
    for name in list(os.environ):
        if "proxy" in name.lower():
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CA:
    """The authority that everything inside has its certificate from."""
    return certificate_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def recorder() -> Iterator[Recorder]:
    """Who answers for names, and records which hosts anything tried to reach."""
    with recording({}) as running:
        yield running


@pytest.fixture(scope="module")
def api(
    tmp_path_factory: pytest.TempPathFactory, ca: CA, recorder: Recorder
) -> Iterator[ApiServer]:
    """An API server without controllers."""
    need("etcd", "kubernetes")
    with api_server(tmp_path_factory.mktemp("cluster"), ca) as running:
        yield running


@pytest.fixture(scope="session")
def charts(vendored: Path) -> Path:
    """The chart archives that the platform's base has vendored."""
    return vendored / "base" / "wandb" / "charts"


@pytest.fixture(scope="session")
def inside_site(
    tmp_path_factory: pytest.TempPathFactory, ca: CA, recorder: Recorder, charts: Path
) -> Iterator[Site]:
    """Forge, registry and chart repository."""
    with site(tmp_path_factory.mktemp("site"), ca, recorder, charts) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(
    api: ApiServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ApiServer, list[Process]]]:
    """An API server with Kubernetes' own controllers, and a node that kwok plays."""
    need("kwok")
    with controllers(api, tmp_path_factory.mktemp("controllers")) as processes:
        yield api, processes


_Start = Callable[[ApiServer, Path], AbstractContextManager[Engine]]
_ENGINES: dict[str, tuple[_Start, list[str]]] = {
    "flux": (flux, ["flux"]),
    "argocd": (argocd, ["argocd", "redis", "kustomize"]),
}


@pytest.fixture(scope="module", params=sorted(_ENGINES, reverse=True))
def engine(
    request: pytest.FixtureRequest,
    cluster: tuple[ApiServer, list[Process]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Engine]:
    """Each engine, in a cluster of its own."""
    start, parts = _ENGINES[request.param]
    need(*parts)
    with start(cluster[0], tmp_path_factory.mktemp(request.param)) as engine:
        yield engine


@pytest.fixture(scope="module")
def desk(
    vendored: Path,
    inside_site: Site,
    ca: CA,
    engine: Engine,
    tmp_path_factory: pytest.TempPathFactory,
) -> Desk:
    """The example's environment, published to a repository that is there for this engine."""
    root = tmp_path_factory.mktemp("desk") / "source"
    shutil.copytree(vendored, root)
    user = inside_site.forge.user()
    token = inside_site.forge.token_of(user, "write:repository", "write:issue")
    project = inside_site.forge.repository(user[0])
    desk = Desk(Source(root), inside_site, ca, project, user, token)
    desk.source.overlay(
        desk.environment,
        "resources: [../example]\n",
        "extends: example\n"
        f"publish: {{repository: {desk.url}, branch: main, secret: gitops, "
        "forge: {kind: gitea}}\n"
        f"sync: {{engine: {engine.name}, interval: 10s, timeout: 1m}}\n",
    )
    return desk


@pytest.fixture(scope="module")
def chain(
    desk: Desk,
    cluster: tuple[ApiServer, list[Process]],
    engine: Engine,
    recorder: Recorder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Chain]:
    """All of it, with the environment published and installed."""
    server = cluster[0]
    operator = operator_process(server, tmp_path_factory.mktemp("operator") / "files")
    with ExitStack() as stack:
        witness = stack.enter_context(witnessing(server.api))
        stack.enter_context(running(operator))
        chain = Chain(desk, server, engine, operator, recorder, witness)
        commit = desk.publish()
        chain.connect()
        chain.settle(commit)
        yield chain
