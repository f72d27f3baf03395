"""What the other tests rest on: nothing gets out, all that is tried is seen, nothing is left."""

import socket
from collections.abc import Iterator

import pytest

from tests.cluster.patience import eventually
from tests.cluster.recorder import Recorder


@pytest.fixture
def fresh(recorder: Recorder) -> Iterator[Recorder]:
    recorder.forget()
    yield recorder
    recorder.outside.clear()


@pytest.mark.leaks
def test_a_name_outside_is_denied_and_recorded(fresh: Recorder) -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("registry-1.docker.io", 443)
    assert fresh.reached == {"registry-1.docker.io"}


@pytest.mark.leaks
@pytest.mark.parametrize("address", ["192.0.2.1", "10.1.2.3", "2001:db8::1"])
def test_an_address_outside_is_refused_and_recorded(fresh: Recorder, address: str) -> None:
    with pytest.raises(OSError, match=r"refused|unreachable|Cannot assign") as refused:
        socket.create_connection((address, 443), timeout=5)
    if ":" in address and "refused" not in str(refused.value):
        pytest.skip("this machine has no IPv6, so that nothing can be sent")
    eventually(lambda: fresh.reached == {address}, "it is seen", state=lambda: fresh.reached)
    assert fresh.outside == {address}


def test_what_stays_on_loopback_is_not_recorded(fresh: Recorder) -> None:
    with socket.create_server(("127.0.1.77", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 1), timeout=5)
    assert fresh.reached == set()
