"""What the other tests rest on: nothing gets out, all that is tried is seen, nothing is left."""

import os
import select
import socket
import subprocess
import time

import pytest

from tests.cluster.namespace import UNSHARE
from tests.cluster.recorder import Recorder

_PATIENCE = 20.0


@pytest.fixture
def fresh(recorder: Recorder) -> Recorder:
    recorder.forget()
    return recorder


def test_a_name_outside_is_denied_and_recorded(fresh: Recorder) -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("registry-1.docker.io", 443)
    assert fresh.reached == {"registry-1.docker.io"}


@pytest.mark.parametrize("address", ["192.0.2.1", "10.1.2.3", "2001:db8::1"])
def test_an_address_outside_is_refused_and_recorded(fresh: Recorder, address: str) -> None:
    with pytest.raises(OSError, match=r"refused|unreachable|Cannot assign") as refused:
        socket.create_connection((address, 443), timeout=5)
    deadline = time.monotonic() + _PATIENCE
    while not fresh.reached and time.monotonic() < deadline:
        time.sleep(0.01)
    if ":" in address and "refused" not in str(refused.value):
        pytest.skip("this machine has no IPv6, so that nothing can be sent")
    assert fresh.reached == {address}


def test_what_stays_on_loopback_is_not_recorded(fresh: Recorder) -> None:
    with socket.create_server(("127.0.1.77", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 1), timeout=5)
    assert fresh.reached == set()


def test_a_run_that_is_killed_leaves_no_process() -> None:
    reading, writing = os.pipe()
    command = [*UNSHARE, "sh", "-c", "sleep 1000 & echo started; sleep 1000"]
    run = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.PIPE)
    os.close(writing)
    assert run.stdout is not None
    with run.stdout:
        assert run.stdout.readline() == b"started\n"
    run.kill()
    run.wait()
    # Every process of it has the other end: the pipe is at its end when none is left.
    ready, _, _ = select.select([reading], [], [], _PATIENCE)
    assert ready
    assert os.read(reading, 1) == b""
    os.close(reading)
