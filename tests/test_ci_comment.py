"""templates/ci/comment.py: one comment a topic, of the token's own account, kept up to date."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "templates" / "ci" / "comment.py"
ME = "sealift-bot"


def written(number: int, name: str, **more: Any) -> dict[str, Any]:
    """A comment, with its author as the forges have it."""
    return {"id": number, "user": {"login": name}, "author": {"username": name}, **more}


@dataclass
class Forge:
    """What a forge's server holds: comments, and the requests that were made."""

    url: str
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    page: int = 100
    refuse: int = 0
    me: str = ME
    anonymous: bool = False


@pytest.fixture
def forge() -> Iterator[Forge]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            token = self.headers.get("Authorization") or self.headers["PRIVATE-TOKEN"]
            state.asked.append((self.command, self.path, token))
            length = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(length)) if length else {}
            body: Any = {}
            if self.command == "GET":
                body = {"login": ME, "username": ME}
                if not self.path.endswith("/user"):
                    number = int(re.findall(r"page=(\d+)$", self.path)[0])
                    body = state.comments[(number - 1) * state.page : number * state.page]
            elif self.command == "POST":
                state.comments.append(written(len(state.comments) + 1, state.me, **sent))
            else:
                state.comments[int(self.path.rpartition("/")[2]) - 1].update(sent)
            unknown = state.anonymous and self.path.endswith("/user")
            self.send_response(state.refuse or (403 if unknown else 200))
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    state = Forge(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def comment(
    forge: Forge, kind: str, folder: Path, text: str, **more: str
) -> subprocess.CompletedProcess[str]:
    (folder / "diff.md").write_text(text)
    (folder / "event.json").write_text('{"pull_request": {"number": 7}}')
    env = {
        **{key: os.environ[key] for key in ("PATH", "HOME", "no_proxy")},
        "COMMENT_TOKEN": "s3cret",
        "GITHUB_API_URL": forge.url,
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "CI_API_V4_URL": forge.url,
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "7",
        **more,
    }
    argv = [sys.executable, str(SCRIPT), kind, str(folder / "diff.md"), "example"]
    return subprocess.run(argv, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("kind", "listed", "changed"),
    [
        ("github", "/repos/a/b/issues/7/comments", ("PATCH", "/repos/a/b/issues/comments/")),
        ("gitea", "/repos/a/b/issues/7/comments", ("PATCH", "/repos/a/b/issues/comments/")),
        ("gitlab", "/projects/3/merge_requests/7/notes", ("PUT", "/projects/3/merge_requests/7/")),
    ],
)
def test_one_comment_kept_up_to_date(
    forge: Forge, tmp_path: Path, kind: str, listed: str, changed: tuple[str, str]
) -> None:
    forge.comments += [written(n, ME, body="something else") for n in range(1, 151)]
    first = comment(forge, kind, tmp_path, "two images moved\n")
    second = comment(forge, kind, tmp_path, "three images moved\n")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert forge.asked[0][1] == "/user"
    assert len(forge.comments) == 151
    assert forge.comments[150]["body"] == (
        "<!-- sealift example -->\n### example\n\nthree images moved\n"
    )
    assert forge.asked[1][1].startswith(f"{listed}?")
    method, path, token = forge.asked[-1]
    assert method == changed[0]
    assert path.startswith(changed[1])
    assert token.endswith("s3cret")
    assert "s3cret" not in first.stdout + first.stderr + second.stdout + second.stderr


@pytest.mark.parametrize("kind", ["github", "gitea", "gitlab"])
def test_the_comment_of_a_stranger_is_left_alone(forge: Forge, tmp_path: Path, kind: str) -> None:
    forge.comments.append(written(1, "mallory", body="<!-- sealift example -->\nno danger"))
    for text in ("one\n", "two\n"):
        assert comment(forge, kind, tmp_path, text).returncode == 0
    assert [c["body"].splitlines()[-1] for c in forge.comments] == ["no danger", "two"]


def test_the_job_token_of_github_may_not_ask_who_it_is(forge: Forge, tmp_path: Path) -> None:
    forge.anonymous, forge.me = True, "github-actions[bot]"
    forge.comments.append(written(1, "mallory", body="<!-- sealift example -->\nno danger"))
    for text in ("one\n", "two\n"):
        assert comment(forge, "github", tmp_path, text).returncode == 0
    assert [c["body"].splitlines()[-1] for c in forge.comments] == ["no danger", "two"]


@pytest.mark.parametrize("kind", ["gitea", "gitlab"])
def test_a_token_that_may_not_ask_who_it_is(forge: Forge, tmp_path: Path, kind: str) -> None:
    forge.anonymous = True
    done = comment(forge, kind, tmp_path, "one\n")
    assert done.returncode == 1
    assert "set COMMENT_AUTHOR" in done.stderr
    assert forge.comments == []
    for text in ("one\n", "two\n"):
        assert comment(forge, kind, tmp_path, text, COMMENT_AUTHOR=ME).returncode == 0
    assert [c["body"].splitlines()[-1] for c in forge.comments] == ["two"]


def test_a_text_that_is_too_long_is_refused(forge: Forge, tmp_path: Path) -> None:
    assert comment(forge, "github", tmp_path, "x" * 65_000).returncode == 0
    done = comment(forge, "github", tmp_path, "é" * 33_000)
    assert done.returncode == 1
    assert "sealift diff --limit 65000" in done.stderr
    assert len(forge.comments) == 1
    assert "é" not in forge.comments[0]["body"]


def test_a_refusal_is_said_without_the_token(forge: Forge, tmp_path: Path) -> None:
    forge.refuse = 401
    done = comment(forge, "gitea", tmp_path, "x")
    assert done.returncode == 1
    assert "401" in done.stderr
    assert "s3cret" not in done.stderr
    assert "Traceback" not in done.stderr
