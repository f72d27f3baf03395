"""What the schemas say offline is what a real API server of their version says."""

from collections.abc import Iterator
from typing import Any

import pytest

from builder.core.manifests import Resource
from tests.cluster.api import ApiError
from tests.cluster.apiserver import ApiServer, api_server
from tests.cluster.conftest import need
from tests.cluster.flux import wait_for_kinds
from tests.core.test_schemas import (
    DEFINITION,
    FITS,
    FITS_NOT,
    REFUSED,
    TAKEN,
    app,
    read,
    with_value,
)
from tests.servers.tls import CA

STRICT = "?dryRun=All&fieldValidation=Strict"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ca: CA) -> Iterator[ApiServer]:
    """An API that serves the definition of the tests."""
    need("etcd", "kubernetes")

    [definition] = read(DEFINITION)
    spec = definition.body["spec"]
    served = {**spec, "versions": spec["versions"][:1]}  # the other has no schema
    with api_server(tmp_path_factory.mktemp("api"), ca) as server:
        server.api.apply({**definition.body, "spec": served})
        wait_for_kinds(server.api, [("g.example/v1", "App")])
        yield server


def refuses(server: ApiServer, resource: Resource) -> bool:
    """Whether a strict create is refused, for what the object is."""
    body = dict(resource.body)
    path = server.api.path(body["apiVersion"], body["kind"], "default")
    try:
        server.api.call("POST", path + STRICT, body)
    except ApiError as error:
        if error.status not in (400, 422):
            raise
        return True
    return False


@pytest.mark.parametrize(("text", "pointer", "value"), TAKEN)
def test_it_takes_what_is_right(server: ApiServer, text: str, pointer: str, value: Any) -> None:
    assert not refuses(server, with_value(text, pointer, value))


@pytest.mark.parametrize(("text", "pointer", "value", "severity", "code"), REFUSED)
def test_it_refuses_what_is_an_error(
    server: ApiServer, text: str, pointer: str, value: Any, severity: str, code: str
) -> None:
    assert refuses(server, with_value(text, pointer, value))


@pytest.mark.parametrize("spec", FITS)
def test_it_takes_what_fits_a_definition(server: ApiServer, spec: dict[str, Any]) -> None:
    assert not refuses(server, app(size=1, **spec))


@pytest.mark.parametrize(("spec", "code", "place"), FITS_NOT)
def test_it_refuses_what_a_definition_does_not_allow(
    server: ApiServer, spec: dict[str, Any], code: str, place: str
) -> None:
    assert refuses(server, app(**spec))
