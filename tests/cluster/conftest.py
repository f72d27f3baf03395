"""Fixtures of the cluster tests: each starts only what it is asked for."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.cluster.apiserver import ApiServer, api_server
from tests.cluster.namespace import inside
from tests.cluster.parts import missing
from tests.cluster.recorder import Recorder, recording
from tests.servers.tls import CA, certificate_authority

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
