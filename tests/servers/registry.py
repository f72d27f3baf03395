"""A real OCI registry: the CNCF distribution's ``registry`` program as a child process."""

import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.htpasswd import htpasswd_line
from tests.servers.place import ANYWHERE, Place
from tests.servers.tls import CA

_READY_SECONDS = 20.0
_STOP_SECONDS = 5.0
_LISTENING = re.compile(r"listening on 127\.\d+\.\d+\.\d+:(\d+)")


@dataclass(frozen=True)
class Registry:
    """A running registry: ``host`` is what stands before the repository in a reference."""

    host: str
    scheme: str
    cafile: Path | None
    log: Path

    @property
    def url(self) -> str:
        """The address of the API's root, without final slash."""
        return f"{self.scheme}://{self.host}"


def registry_command() -> str | None:
    """The path of the registry program, or None where there is none on PATH."""
    return shutil.which("registry") or shutil.which("docker-registry")


@contextmanager
def registry(
    folder: Path,
    *,
    username: str | None = None,
    password: str | None = None,
    tls: CA | None = None,
    place: Place = ANYWHERE,
) -> Iterator[Registry]:
    """Run a registry that keeps all its files in ``folder`` until the block ends.

    What was pushed stays in the folder: a second registry on it serves the same content.
    """
    command = registry_command()
    if command is None:
        raise RuntimeError("neither registry nor docker-registry is on PATH")
    folder.mkdir(parents=True, exist_ok=True)
    config, log = folder / "config.json", folder / "registry.log"
    config.write_text(json.dumps(_config(folder, username, password, tls, place), indent=2))
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [command, "serve", str(config)],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield _when_ready(process, log, tls, place)
        finally:
            _stop(process)


def _config(
    folder: Path, username: str | None, password: str | None, tls: CA | None, place: Place
) -> dict[str, Any]:
    """The registry's YAML configuration, in the part of YAML that is JSON."""
    http_section: dict[str, Any] = {"addr": f"{place.address}:{place.port}", "secret": "tests"}
    if tls is not None:
        issued = tls.issue(*place.names)
        http_section["tls"] = {"certificate": str(issued.certificate), "key": str(issued.key)}
    config: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "storage")},
            "delete": {"enabled": True},
        },
        "http": http_section,
    }
    if username is not None and password is not None:
        users = folder / "htpasswd"
        users.write_text(htpasswd_line(username, password))
        config["auth"] = {"htpasswd": {"realm": "tests", "path": str(users)}}
    elif username is not None or password is not None:
        raise ValueError("username and password come together")
    return config


def _environment() -> dict[str, str]:
    """Ours, less what would override the configuration, and without traces sent elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("REGISTRY_", "OTEL_"))}
    return kept | {"OTEL_TRACES_EXPORTER": "none"}


def _when_ready(
    process: subprocess.Popen[bytes], log: Path, tls: CA | None, place: Place
) -> Registry:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        # The program picks the port, so its log is the only place to learn it without a race.
        if found := _LISTENING.search(log.read_text(errors="replace")):
            scheme = "http" if tls is None else "https"
            host = place.host(scheme, int(found[1]))
            cafile = None if tls is None else tls.certificate
            if _answers(host, cafile):
                return Registry(host, scheme, cafile, log)
        time.sleep(0.02)
    ended = process.poll()
    state = "is not ready" if ended is None else f"ended with {ended}"
    tail = log.read_text(errors="replace")[-2000:]
    raise TimeoutError(f"the registry {state}; the end of its log:\n{tail}")


def _answers(host: str, cafile: Path | None) -> bool:
    connection = (
        http.client.HTTPConnection(host, timeout=2)
        if cafile is None
        else http.client.HTTPSConnection(
            host, timeout=2, context=ssl.create_default_context(cafile=cafile)
        )
    )
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in (200, 401)
    except OSError:
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
