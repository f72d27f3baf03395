"""Fixtures of the cluster tests: each starts only what it is asked for.

What stands for one engine lives as long as that engine's tests do: pytest runs those of all files
one behind the other, for the engine's name is a parameter of the session.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.cluster.apiserver import ApiServer, api_server
from tests.cluster.argocd import argocd
from tests.cluster.chain import Chain, Engine, operated
from tests.cluster.controllers import controllers
from tests.cluster.desk import open_desk
from tests.cluster.flux import flux
from tests.cluster.namespace import inside
from tests.cluster.parts import missing
from tests.cluster.recorder import Recorder, recording
from tests.cluster.site import Site, site
from tests.cluster.standing import describe
from tests.servers.gitea import gitea_command
from tests.servers.registry import registry_command
from tests.servers.tls import CA, certificate_authority

# Outside the namespace nothing of this is a test: `make e2e` runs them.
collect_ignore_glob = [] if inside() else ["test_*.py"]

_Start = Callable[[ApiServer, Path], AbstractContextManager[Engine]]
_ENGINES: dict[str, tuple[_Start, list[str]]] = {
    "flux": (flux, ["flux"]),
    "argocd": (argocd, ["argocd", "redis", "kustomize"]),
}
_APART = "apart"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let those tests be chosen that share a cluster of one engine, or share none."""
    parser.addoption("--engine", choices=[*_ENGINES, _APART], help="those that share its cluster")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "leaks: reaches outside, and looks itself at what did")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = config.getoption("--engine", default=None)
    if chosen is None:
        return
    left = [item for item in items if _shared(item) != chosen]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if _shared(item) == chosen]


def _shared(item: pytest.Item) -> str:
    """The engine whose cluster a test shares with others."""
    if not isinstance(item, pytest.Function) or "chain" not in item.fixturenames:
        return _APART
    return str(item.callspec.params["engine_name"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say of a test that failed how its cluster stood."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Chain):
                report.sections.append(("the cluster", describe(value)))
    return report


def need(*parts: str) -> None:
    """Skip where parts are not built; fail in CI, where they must be."""
    lacking = missing(*parts)
    lacking += [] if gitea_command() else ["gitea"]
    lacking += [] if registry_command() else ["registry"]
    if lacking:
        miss: Callable[[str], None] = pytest.fail if os.environ.get("CI") else pytest.skip
        miss(f"not built: {', '.join(lacking)}; `make cluster-tools gitea` says why")


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


@pytest.fixture(autouse=True)
def _nothing_leaves(request: pytest.FixtureRequest, recorder: Recorder) -> Iterator[None]:
    """Fail a test in whose time, or before it, anything tried to get out.

    Not those that are marked ``leaks``: they look at that themselves.
    """
    yield
    if request.node.get_closest_marker("leaks") is None:
        assert recorder.outside == set()


@pytest.fixture(scope="session")
def inside_site(
    tmp_path_factory: pytest.TempPathFactory, ca: CA, recorder: Recorder, vendored: Path
) -> Iterator[Site]:
    """Forge, registry and chart repository, which has the charts that the base has vendored."""
    need()
    charts = vendored / "base" / "wandb" / "charts"
    with site(tmp_path_factory.mktemp("site"), ca, recorder, charts) as running:
        yield running


@contextmanager
def cluster(folder: Path, ca: CA, *parts: str) -> Iterator[ApiServer]:
    """An API server with Kubernetes' own controllers, and a node that kwok plays."""
    need("etcd", "kubernetes", "kwok", *parts)
    with api_server(folder, ca) as server, controllers(server, folder / "controllers") as more:
        server.processes.extend(more)
        yield server


@contextmanager
def engine_in_cluster(name: str, folder: Path, ca: CA) -> Iterator[tuple[ApiServer, Engine]]:
    """An engine in a cluster of its own."""
    start, parts = _ENGINES[name]
    with cluster(folder, ca, *parts) as server, start(server, folder / "engine") as engine:
        yield server, engine


@pytest.fixture(scope="session", params=list(_ENGINES))
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine."""
    return str(request.param)


@pytest.fixture(scope="session")
def chain(
    vendored: Path,
    inside_site: Site,
    ca: CA,
    engine_name: str,
    recorder: Recorder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Chain]:
    """All of it, with the example's environment published and installed."""
    folder = tmp_path_factory.mktemp(f"chain-{engine_name}-")
    desk = open_desk(folder, vendored, inside_site, ca, "prod")
    desk.configure(f"sync: {{engine: {engine_name}, interval: 10s, timeout: 1m}}\n")
    with (
        engine_in_cluster(engine_name, folder / "cluster", ca) as (server, engine),
        operated(desk, server, engine, recorder, folder / "operator") as chain,
    ):
        commit = desk.publish()
        chain.connect()
        chain.settle(commit)
        yield chain
