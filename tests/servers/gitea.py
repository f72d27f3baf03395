"""A real Gitea on loopback, with SQLite, below a temporary folder."""

import base64
import http.client
import itertools
import json
import secrets
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.servers.place import ANYWHERE, Place
from tests.servers.process import Process, free_ports
from tests.servers.process import environment as own_environment
from tests.servers.tls import CA

_TOOLS = Path(__file__).parents[2] / ".tools"
_ADMIN = "keeper"


@dataclass(frozen=True)
class Gitea:
    """A running server; ``token`` is an administrator's."""

    url: str
    token: str = field(repr=False)
    cafile: Path | None = None
    process: Process | None = None
    _names: Iterator[int] = field(default_factory=itertools.count)

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        return _answers(self.url, self.cafile)

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
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        text = self._ask(method, path, None if body is None else json.dumps(body), headers)
        return json.loads(text) if text else None

    def text(self, path: str) -> str:
        """Read a file, by the administrator."""
        return self._ask("GET", path, None, {"Authorization": f"token {self.token}"}).decode()

    def _ask(
        self, method: str, path: str, content: str | None, headers: Mapping[str, str]
    ) -> bytes:
        connection = _connection(self.url, self.cafile, timeout=60)
        try:
            connection.request(method, f"/api/v1{path}", content, dict(headers))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text!r}"
        return text

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
def gitea(folder: Path, *, tls: CA | None = None, place: Place = ANYWHERE) -> Iterator[Gitea]:
    """Run a Gitea that keeps all its files in ``folder`` until the block ends."""
    command = gitea_command()
    if command is None:
        raise RuntimeError("gitea is neither built nor on PATH")
    folder.mkdir(parents=True, exist_ok=True)
    config, cafile = folder / "app.ini", None if tls is None else tls.certificate
    process, url = _start(command, folder, tls, place)
    try:
        token = _administrator(command, config, process.environment)
        yield Gitea(url, token, cafile, process)
    finally:
        process.stop()


def _start(command: str, folder: Path, tls: CA | None, place: Place) -> tuple[Process, str]:
    """Start the server on a free port; on another one when someone else was faster to take it."""
    argv = [command, "--config", str(folder / "app.ini"), "web"]
    process = Process("gitea", argv, folder / "gitea.log", _environment(folder))
    scheme = "http" if tls is None else "https"
    for attempt in range(3):
        port = place.port or free_ports(1)[0]
        url = f"{scheme}://{place.host(scheme, port)}"
        (folder / "app.ini").write_text(_config(folder, url, port, tls, place))
        process.start()
        try:
            process.wait(lambda: _answers(url, tls.certificate if tls else None))  # noqa: B023
        except TimeoutError:
            process.stop()
            if attempt < 2 and not place.port and "address already in use" in process.tail():
                continue
            raise
        return process, url
    raise AssertionError("unreachable")


def _administrator(command: str, config: Path, environment: Mapping[str, str]) -> str:
    """Make the first user; returns its token."""
    argv = ["admin", "user", "create", "--admin", "--username", _ADMIN, "--random-password"]
    argv += ["--email", f"{_ADMIN}@example.com", "--access-token", "--must-change-password=false"]
    made = subprocess.run(
        [command, "--config", str(config), *argv],
        env=own_environment() | dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (line,) = (line for line in made.stdout.splitlines() if "Access token" in line)
    return line.split()[-1]


def _config(folder: Path, url: str, port: int, tls: CA | None, place: Place) -> str:
    protocol = "PROTOCOL = http"
    if tls is not None:
        issued = tls.issue(*place.names)
        protocol = f"PROTOCOL = https\nCERT_FILE = {issued.certificate}\nKEY_FILE = {issued.key}"
    files = _TOOLS / "gitea"
    static = f"STATIC_ROOT_PATH = {files}" if (files / "templates").is_dir() else ""
    secret = secrets.token_urlsafe(32)
    return f"""
APP_NAME = tests
RUN_MODE = prod
WORK_PATH = {folder}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
{protocol}
HTTP_ADDR = {place.address}
HTTP_PORT = {port}
ROOT_URL = {url}/
LOCAL_ROOT_URL = {url}/
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
    """What keeps its temporary files, and git's settings, in its folder."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return {"HOME": str(folder), "TMPDIR": str(temporary)}


def _connection(url: str, cafile: Path | None, timeout: float) -> http.client.HTTPConnection:
    host = urlsplit(url).netloc
    if cafile is None:
        return http.client.HTTPConnection(host, timeout=timeout)
    context = ssl.create_default_context(cafile=str(cafile))
    return http.client.HTTPSConnection(host, timeout=timeout, context=context)


def _answers(url: str, cafile: Path | None) -> bool:
    connection = _connection(url, cafile, timeout=5)
    try:
        connection.request("GET", "/api/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
