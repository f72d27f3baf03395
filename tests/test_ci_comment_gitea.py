"""templates/ci/comment.py on a real Gitea: with a job's token, and with an account's."""

import hashlib
import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.gitea import Gitea, gitea, gitea_command
from tests.test_ci_comment import SCRIPT

MARKER = "<!-- sealift example -->"
_RUNNING = 6


@dataclass(frozen=True)
class Server:
    """A Gitea, and the file in which it keeps everything."""

    api: Gitea
    database: Path

    def job_token(self, repository: int) -> str:
        """Make the token of a job that runs now: as a runner gets it, without a runner."""
        token, salt = secrets.token_hex(20), secrets.token_hex(5)
        digest = hashlib.pbkdf2_hmac("sha256", token.encode(), salt.encode(), 10_000, 50).hex()
        with sqlite3.connect(self.database, timeout=30) as rows:
            rows.execute(
                "INSERT INTO action_run_job (id, repo_id, status) VALUES (?, ?, ?)",
                (repository, repository, _RUNNING),
            )
            rows.execute(
                "INSERT INTO action_task (job_id, repo_id, status, token_hash, token_salt,"
                " token_last_eight) VALUES (?, ?, ?, ?, ?, ?)",
                (repository, repository, _RUNNING, digest, salt, token[-8:]),
            )
        rows.close()
        return token


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if gitea_command() is None:
        missing: Callable[[str], None] = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("gitea is neither in .tools/bin nor on PATH: `make gitea` builds it")
    folder = tmp_path_factory.mktemp("gitea")
    with gitea(folder) as running:
        yield Server(running, folder / "gitea.db")


def comment(server: Server, project: str, folder: Path, token: str, text: str) -> str:
    (folder / "diff.md").write_text(text)
    (folder / "event.json").write_text('{"pull_request": {"number": 1}}')
    env = {
        **{key: os.environ[key] for key in ("PATH", "HOME", "no_proxy") if key in os.environ},
        "COMMENT_TOKEN": token,
        "GITHUB_API_URL": f"{server.api.url}/api/v1",
        "GITHUB_REPOSITORY": project,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
    }
    argv = [sys.executable, str(SCRIPT), "gitea", str(folder / "diff.md"), "example"]
    done = subprocess.run(argv, env=env, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("job", [True, False], ids=["job", "account"])
def test_only_its_own_comment_is_brought_up_to_date(
    server: Server, tmp_path: Path, job: bool
) -> None:
    user = server.api.user()
    project = server.api.repository(user[0])
    issues = f"/repos/{project}/issues"
    server.api.api("POST", issues, {"title": "A change"})
    server.api.api("POST", f"{issues}/1/comments", {"body": f"{MARKER}\nno danger"})
    if job:
        token = server.job_token(server.api.api("GET", f"/repos/{project}")["id"])
    else:
        token = server.api.token_of(user, "write:issue", "read:user")
    assert comment(server, project, tmp_path, token, "one\n") == "commented\n"
    assert comment(server, project, tmp_path, token, "two\n") == "comment brought up to date\n"
    stranger, own = server.api.api("GET", f"{issues}/1/comments")
    assert stranger["body"] == f"{MARKER}\nno danger"
    assert own["body"] == f"{MARKER}\n### example\n\ntwo\n"
    assert own["user"]["login"] == ("gitea-actions" if job else user[0])


def test_a_token_that_may_not_read_its_account(server: Server, tmp_path: Path) -> None:
    user = server.api.user()
    project = server.api.repository(user[0])
    server.api.api("POST", f"/repos/{project}/issues", {"title": "A change"})
    said = comment(server, project, tmp_path, server.api.token_of(user, "write:issue"), "one\n")
    assert said == "the token may not read its own account: let it, or set COMMENT_AUTHOR\n"
