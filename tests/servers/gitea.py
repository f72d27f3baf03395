"""A real Gitea on loopback, with SQLite, below a temporary folder."""

import base64
import http.client
import itertools
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_TOOLS = Path(__file__).parents[2] / ".tools"
_READY_SECONDS = 120.0
_STOP_SECONDS = 10.0
_ADMIN = "keeper"


@dataclass(frozen=True)
class Gitea:
    """A running server; ``token`` is an administrator's."""

    url: str
    token: str = field(repr=False)
    _names: Iterator[int] = field(default_factory=itertools.count)

    def name(self, kind: str) -> str:
        """A name that nothing on the server has."""
        return f"{kind}-{next(self._names)}"

    def api(
        self, method: str, path: str, body: Any = None, *, basic: tuple[str, str] | None = None
    ) -> Any:
        """Ask the API, as the administrator or a user with a password; fail for an error."""
        authorization = f"token {self.token}"
        if basic is not None:
            authorization = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        try:
            headers = {"Authorization": authorization, "Content-Type": "application/json"}
            content = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1{path}", content, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text!r}"
        return json.loads(text) if text else None

    def user(self) -> tuple[str, str]:
        """Make a user; returns name and password."""
        name, password = self.name("user"), secrets.token_hex(8)
        self.api(
            "POST",
            "/admin/users",
            {
                "username": name,
                "password": password,
                "email": f"{name}@example.com",
                "must_change_password": False,
            },
        )
        return name, password

    def token_of(self, user: tuple[str, str], *scopes: str) -> str:
        """Make a token of a user, with these scopes."""
        body = {"name": self.name("token"), "scopes": list(scopes)}
        made = self.api("POST", f"/users/{user[0]}/tokens", body, basic=user)
        return str(made["sha1"])

    def repository(self, owner: str) -> str:
        """Make a private repository with a first commit on main; returns ``owner/name``."""
        name = self.name("gitops")
        body = {"name": name, "private": True, "auto_init": True, "default_branch": "main"}
        self.api("POST", f"/admin/users/{owner}/repos", body)
        return f"{owner}/{name}"


def gitea_command() -> str | None:
    """The path of the program, or None where there is none: ``make gitea`` builds it."""
    built = _TOOLS / "bin" / "gitea"
    return str(built) if built.is_file() else shutil.which("gitea")


@contextmanager
def gitea(folder: Path) -> Iterator[Gitea]:
    """Run a Gitea that keeps all its files in ``folder`` until the block ends."""
    command = gitea_command()
    if command is None:
        raise RuntimeError("gitea is neither built nor on PATH")
    folder.mkdir(parents=True, exist_ok=True)
    config, environment = folder / "app.ini", _environment(folder)
    process, url = _start(command, folder, environment)
    try:
        yield Gitea(url, _administrator(command, config, environment))
    finally:
        _stop(process)


def _start(
    command: str, folder: Path, environment: dict[str, str]
) -> tuple[subprocess.Popen[bytes], str]:
    """Start the server on a free port; on another one when someone else was faster to take it."""
    log = folder / "gitea.log"
    for attempt in range(3):
        port = _free_port()
        (folder / "app.ini").write_text(_config(folder, port))
        with log.open("wb") as output:
            process = subprocess.Popen(
                [command, "--config", str(folder / "app.ini"), "web"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait(process, port, log)
        except BaseException:
            _stop(process)
            if attempt < 2 and "address already in use" in log.read_text(errors="replace"):
                continue
            raise
        return process, f"http://127.0.0.1:{port}"
    raise AssertionError("unreachable")


def _administrator(command: str, config: Path, environment: dict[str, str]) -> str:
    """Make the first user; returns its token."""
    argv = ["admin", "user", "create", "--admin", "--username", _ADMIN, "--random-password"]
    argv += ["--email", f"{_ADMIN}@example.com", "--access-token", "--must-change-password=false"]
    made = subprocess.run(
        [command, "--config", str(config), *argv],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (line,) = (line for line in made.stdout.splitlines() if "Access token" in line)
    return line.split()[-1]


def _config(folder: Path, port: int) -> str:
    files = _TOOLS / "gitea"
    static = f"STATIC_ROOT_PATH = {files}" if (files / "templates").is_dir() else ""
    secret = secrets.token_urlsafe(32)
    return f"""
APP_NAME = tests
RUN_MODE = prod
WORK_PATH = {folder}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
LOCAL_ROOT_URL = http://127.0.0.1:{port}/
DISABLE_SSH = true
OFFLINE_MODE = true
{static}
[database]
DB_TYPE = sqlite3
PATH = {folder}/gitea.db
SQLITE_JOURNAL_MODE = WAL
[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}
PASSWORD_HASH_ALGO = pbkdf2$1$50
[service]
DISABLE_REGISTRATION = true
[repository]
ROOT = {folder}/repositories
[indexer]
ISSUE_INDEXER_TYPE = db
[log]
MODE = console
LEVEL = Warn
[actions]
ENABLED = false
[packages]
ENABLED = false
[mailer]
ENABLED = false
[cron]
ENABLED = false
[cron.update_checker]
ENABLED = false
"""


def _environment(folder: Path) -> dict[str, str]:
    """Ours, less what would change the server's settings or git's."""
    own = ("GITEA_", "GIT_", "XDG_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return kept | {"HOME": str(folder), "TMPDIR": str(temporary)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(port):
            return
        time.sleep(0.05)
    ended = process.poll()
    state = "is not ready" if ended is None else f"ended with {ended}"
    tail = log.read_text(errors="replace")[-2000:]
    raise TimeoutError(f"gitea {state}; the end of its log:\n{tail}")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/healthz")
        return connection.getresponse().status == 200
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
        process.wait()
