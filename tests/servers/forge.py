"""GitHub's and GitLab's REST APIs over HTTP, as far as Sealift asks them, as documented.

GitHub Enterprise Server below ``/api/v3`` (docs.github.com/en/rest, version 2022-11-28), GitLab
below ``/api/v4`` (docs.gitlab.com/api): status codes, pages, what exists already, rights of
tokens, projects that moved, branches that are gone. Both serve one project with the same requests.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from tests.servers.http_site import Site, SiteHandler, serving
from tests.servers.tls import CA

TOKEN = "secret-token-that-writes"
READER = "secret-token-that-reads"
PROJECT = "platform/gitops"
OLD_PROJECT = "platform/old-name"
USERS = {"ada": 7, "grace": 8}


@dataclass
class Entry:
    """A pull request, or merge request."""

    number: int
    title: str
    body: str
    head: str
    base: str
    state: str = "open"
    merged: bool = False
    fork: bool = False
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that the next request gets, whatever it is; without a status, none at all."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class RefusedError(Exception):
    """An error status, with the JSON that goes with it."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass
class Project:
    """The project, and how its forge is set up: tests may change both between requests."""

    entries: list[Entry] = field(default_factory=list)
    branches: set[str] = field(default_factory=lambda: {"main"})
    protected: set[str] = field(default_factory=set)
    page: int = 100
    links: bool = True
    """Whether GitLab gives Link headers beside x-next-page: proxies may take one of them away."""
    one_reviewer: bool = False
    """GitLab without a licence."""
    checking: int = 0
    """How many attempts to merge come before the forge knows whether it can be done."""
    faults: list[Answer] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def open(self, head: str, **other: Any) -> Entry:
        """Add an open request, and its branch."""
        entry = Entry(next(self._numbers), f"Publish {head}", "", head, "main", **other)
        self.branches.add(head)
        self.entries.append(entry)
        return entry

    def add(self, title: str, body: str, head: str, base: str) -> Entry:
        """Add what a request of the API opens."""
        entry = Entry(next(self._numbers), title, body, head, base)
        self.entries.append(entry)
        return entry

    def opened(self, head: str, base: str) -> Entry | None:
        """The open request between two branches."""
        found = (e for e in self.entries if (e.head, e.base, e.state) == (head, base, "open"))
        return next(found, None)

    def get(self, number: str) -> Entry | None:
        """The request of a number."""
        return next((e for e in self.entries if str(e.number) == number), None)

    def merge(self, entry: Entry) -> None:
        """Merge a request."""
        entry.state, entry.merged = "closed", True


@dataclass(frozen=True)
class Sent:
    """A request as it arrived: method, path with query, JSON body."""

    method: str
    path: str
    body: Any
    authorization: str


@dataclass(frozen=True)
class ForgeServer:
    """A running forge."""

    url: str
    project: Project
    sent: list[Sent]

    @property
    def changes(self) -> list[Sent]:
        """The requests that were to change something."""
        return [request for request in self.sent if request.method != "GET"]


class _Handler(SiteHandler):
    def __init__(
        self, project: Project, sent: list[Sent], lock: threading.Lock, *rest: Any
    ) -> None:
        self._project = project
        self._sent = sent
        self._lock = lock
        super().__init__(*rest)

    def do_GET(self) -> None:  # noqa: N802
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if not self.admit():
            return
        body = json.loads(content) if content else None
        with self._lock:
            authorization = self.headers.get("Authorization", "")
            self._sent.append(Sent(self.command, self.path, body, authorization))
            if self._project.faults:
                self._fail(self._project.faults.pop(0))
                return
            status, headers, answer = self._answer(body)
        content = b"" if answer is None else json.dumps(answer).encode()
        self.reply(status, content, {"Content-Type": "application/json", **headers})

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _fail(self, fault: Answer) -> None:
        if fault.status:
            self.reply(fault.status, fault.body, dict(fault.headers))
        else:
            self.close_connection = True

    def _answer(self, body: Any) -> tuple[int, dict[str, str], Any]:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        try:
            for prefix, api in (("/api/v3/", _github), ("/api/v4/", _gitlab)):
                if parts.path.startswith(prefix):
                    url = f"http://{self.headers['Host']}"
                    rest = parts.path.removeprefix(prefix)
                    call = _Call(self._project, url, self.command, rest, query, body)
                    return api(call, self.headers.get("Authorization", ""))
        except RefusedError as refused:
            return refused.status, {}, refused.body
        return 404, {}, {"message": "Not Found"}


@dataclass(frozen=True)
class _Call:
    project: Project
    url: str
    method: str
    path: str
    query: dict[str, str]
    body: Any

    def page(self, items: list[Entry]) -> tuple[list[Entry], int | None]:
        """A page of a list, and the number of the next one."""
        size = min(int(self.query.get("per_page", "30")), self.project.page)
        number = int(self.query.get("page", "1"))
        rest = items[number * size :]
        return items[(number - 1) * size : number * size], number + 1 if rest else None

    def link(self, prefix: str, page: int) -> str:
        """The Link header (RFC 8288); both forges name the last page as well."""
        address = f"{self.url}{prefix}{self.path}?"
        following = urlencode({**self.query, "page": page})
        last = urlencode({**self.query, "page": 99})
        return f'<{address}{last}>; rel="last", <{address}{following}>; rel="next"'


Reply = tuple[int, dict[str, str], Any]


def _github(call: _Call, authorization: str) -> Reply:
    token = authorization.removeprefix("Bearer ")
    if token not in (TOKEN, READER):
        raise RefusedError(401, {"message": "Bad credentials", "status": "401"})
    path = unquote(call.path)
    if path.startswith(f"repos/{OLD_PROJECT}/"):
        place = f"{call.url}/api/v3/repositories/42/{path.removeprefix(f'repos/{OLD_PROJECT}/')}"
        query = f"?{urlencode(call.query)}" if call.query else ""
        status = 301 if call.method == "GET" else 307
        return status, {"Location": place + query}, {"message": "Moved Permanently"}
    for root in (f"repos/{PROJECT}", "repositories/42"):
        if path == root:
            return 200, {}, {"id": 42, "allow_merge_commit": False, "allow_squash_merge": True}
        if path.startswith(f"{root}/"):
            if call.method != "GET" and token == READER:
                what = "Resource not accessible by personal access token"
                raise RefusedError(403, {"message": what, "status": "403"})
            return _github_repository(call, path.removeprefix(f"{root}/").split("/"))
    raise RefusedError(404, {"message": "Not Found", "status": "404"})


def _github_repository(call: _Call, names: list[str]) -> Reply:
    project, body = call.project, call.body
    match call.method, names:
        case "GET", ["pulls"]:
            base = call.query.get("base")
            found = [e for e in project.entries if e.state == "open" and base in (None, e.base)]
            page, following = call.page(found)
            headers = {"Link": call.link("/api/v3/", following)} if following else {}
            return 200, headers, [_pull(call, e) for e in page]
        case "POST", ["pulls"]:
            _github_check(project, body)
            entry = project.add(body["title"], body["body"], body["head"], body["base"])
            return 201, {}, _pull(call, entry)
        case "DELETE", ["git", "refs", "heads", *rest]:
            name = "/".join(rest)
            if name not in project.branches:
                raise RefusedError(422, {"message": "Reference does not exist"})
            if name in project.protected:
                raise RefusedError(422, {"message": "Cannot delete protected branch"})
            _github_delete(project, name)
            return 204, {}, None
        case _, [_, number, *rest]:
            entry_of = project.get(number)
            if entry_of is None:
                raise RefusedError(404, {"message": "Not Found"})
            return _github_pull(call, entry_of, names[0], rest)
    raise RefusedError(404, {"message": "Not Found"})


def _github_pull(call: _Call, entry: Entry, kind: str, rest: list[str]) -> Reply:
    match call.method, kind, rest:
        case "GET", "pulls", []:
            return 200, {}, _pull(call, entry)
        case "PATCH", "pulls", []:
            entry.title = call.body.get("title", entry.title)
            entry.body = call.body.get("body", entry.body)
            entry.state = call.body.get("state", entry.state)
            return 200, {}, _pull(call, entry)
        case "POST", "issues", ["comments"]:
            entry.comments.append(call.body["body"])
            return 201, {}, {"id": 1}
        case "POST", "issues", ["labels"]:
            entry.labels += call.body["labels"]
            return 200, {}, [{"name": label} for label in entry.labels]
        case "POST", "pulls", ["requested_reviewers"]:
            names = call.body.get("reviewers", [])
            if any(name not in USERS for name in names):
                what = "Reviews may only be requested from collaborators."
                raise RefusedError(422, {"message": what})
            entry.reviewers += names + call.body.get("team_reviewers", [])
            return 201, {}, _pull(call, entry)
        case "PUT", "pulls", ["merge"]:
            return _github_merge(call, entry)
    raise RefusedError(404, {"message": "Not Found"})


def _github_merge(call: _Call, entry: Entry) -> Reply:
    if call.body.get("merge_method") != "squash":
        raise RefusedError(405, {"message": "Merge commits are not allowed on this repository."})
    if call.project.checking:
        call.project.checking -= 1
        what = "Base branch was modified. Review and try the merge again."
        raise RefusedError(405, {"message": what})
    if entry.base in call.project.protected:
        what = "At least 1 approving review is required by reviewers with write access."
        raise RefusedError(405, {"message": what})
    call.project.merge(entry)
    return 200, {}, {"merged": True}


def _github_check(project: Project, body: dict[str, Any]) -> None:
    """Refuse what cannot be opened, as "Create a pull request" does."""

    def invalid(**error: str) -> RefusedError:
        return RefusedError(422, {"message": "Validation Failed", "errors": [error]})

    if body["head"] not in project.branches:
        raise invalid(resource="PullRequest", field="head", code="invalid")
    if project.opened(body["head"], body["base"]):
        what = f"A pull request already exists for platform:{body['head']}."
        raise invalid(resource="PullRequest", code="custom", message=what)
    if len(body["body"]) > 65_536:
        what = "body is too long (maximum is 65536 characters)"
        raise invalid(resource="Issue", code="custom", field="body", message=what)


def _github_delete(project: Project, name: str) -> None:
    """Delete a branch: GitHub closes what was open from it."""
    project.branches.discard(name)
    for entry in project.entries:
        if entry.head == name and not entry.fork:
            entry.state = "closed"


def _pull(call: _Call, entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "html_url": f"{call.url}/{PROJECT}/pull/{entry.number}",
        "title": entry.title,
        "body": entry.body or None,
        "state": entry.state,
        "merged": entry.merged,
        "mergeable": True,
        "head": {"ref": entry.head, "repo": None if entry.fork else {"id": 42}},
        "base": {"ref": entry.base, "repo": {"id": 42}},
        "labels": [{"name": label} for label in entry.labels],
    }


def _gitlab(call: _Call, authorization: str) -> Reply:
    token = authorization.removeprefix("Bearer ")
    if token not in (TOKEN, READER):
        raise RefusedError(401, {"message": "401 Unauthorized"})
    if call.path == "users":
        name = call.query["username"]
        return 200, {}, [{"id": USERS[name], "username": name}] if name in USERS else []
    if call.method != "GET" and token == READER:
        what = "The request requires higher privileges than provided by the access token."
        body = {"error": "insufficient_scope", "error_description": what, "scope": "api"}
        raise RefusedError(403, body)
    names = call.path.split("/")
    if names[:2] == ["projects", quote(OLD_PROJECT, safe="")]:
        if call.method != "GET":
            what = "405 Method Not Allowed - Non GET methods are not allowed for moved projects"
            raise RefusedError(405, {"message": what})
        query = f"?{urlencode(call.query)}" if call.query else ""
        place = f"/api/v4/projects/{quote(PROJECT, safe='')}/{'/'.join(names[2:])}{query}"
        return 301, {"Location": call.url + place}, {"message": "This resource has been moved"}
    if names[:2] != ["projects", quote(PROJECT, safe="")]:
        raise RefusedError(404, {"message": "404 Project Not Found"})
    return _gitlab_project(call, [unquote(name) for name in names[2:]])


def _gitlab_project(call: _Call, names: list[str]) -> Reply:
    project, body = call.project, call.body
    match call.method, names:
        case "GET", ["merge_requests"]:
            base = call.query.get("target_branch")
            found = [e for e in project.entries if e.state == "open" and base in (None, e.base)]
            page, following = call.page(found)
            headers = {"X-Next-Page": str(following or "")}
            if following and project.links:
                headers["Link"] = call.link("/api/v4/", following)
            return 200, headers, [_merge_request(call, e) for e in page]
        case "POST", ["merge_requests"]:
            head, base = body["source_branch"], body["target_branch"]
            if found_open := project.opened(head, base):
                what = "Another open merge request already exists for this source branch: "
                raise RefusedError(409, {"message": [f"{what}!{found_open.number}"]})
            entry = project.add(body["title"], body["description"], head, base)
            _act(entry)
            return 201, {}, _merge_request(call, entry)
        case "DELETE", ["repository", "branches", name]:
            if name in project.protected:
                raise RefusedError(403, {"message": "403 Forbidden"})
            if name not in project.branches:
                raise RefusedError(404, {"message": "404 Branch Not Found"})
            project.branches.discard(name)
            return 204, {}, None
        case _, ["merge_requests", number, *rest]:
            entry_of = project.get(number)
            if entry_of is None:
                raise RefusedError(404, {"message": "404 Not found"})
            return _gitlab_request(call, entry_of, rest)
    raise RefusedError(404, {"error": "404 Not Found"})


def _gitlab_request(call: _Call, entry: Entry, rest: list[str]) -> Reply:
    body = call.body
    match call.method, rest:
        case "GET", []:
            return 200, {}, _merge_request(call, entry)
        case "PUT", []:
            _gitlab_update(call.project, entry, body)
            return 200, {}, _merge_request(call, entry)
        case "POST", ["notes"]:
            entry.comments.append(body["body"])
            return 201, {}, {"id": 1}
        case "PUT", ["merge"]:
            if entry.base in call.project.protected:
                raise RefusedError(401, {"message": "401 Unauthorized"})
            if call.project.checking:
                call.project.checking -= 1
                raise RefusedError(422, {"message": "Branch cannot be merged"})
            if entry.state != "open":
                raise RefusedError(405, {"message": "405 Method Not Allowed"})
            call.project.merge(entry)
            return 200, {}, _merge_request(call, entry)
    raise RefusedError(404, {"error": "404 Not Found"})


def _gitlab_update(project: Project, entry: Entry, body: dict[str, Any]) -> None:
    entry.title = body.get("title", entry.title)
    if "description" in body:
        entry.body = body["description"]
        _act(entry)
    if body.get("state_event") == "close":
        entry.state = "closed"
    entry.labels += filter(None, body.get("add_labels", "").split(","))
    if "reviewer_ids" in body:
        names = [name for name, number in USERS.items() if number in body["reviewer_ids"]]
        entry.reviewers = names[:1] if project.one_reviewer else names


def _act(entry: Entry) -> None:
    """Carry out the quick actions of a description, which are lines like ``/close``."""
    kept = [line for line in entry.body.split("\n") if line.strip() != "/close"]
    if len(kept) < len(entry.body.split("\n")):
        entry.body, entry.state = "\n".join(kept), "closed"


def _merge_request(call: _Call, entry: Entry) -> dict[str, Any]:
    state = "merged" if entry.merged else {"open": "opened"}.get(entry.state, entry.state)
    return {
        "iid": entry.number,
        "web_url": f"{call.url}/{PROJECT}/-/merge_requests/{entry.number}",
        "title": entry.title,
        "description": entry.body or None,
        "state": state,
        "detailed_merge_status": "checking" if call.project.checking else "mergeable",
        "source_branch": entry.head,
        "target_branch": entry.base,
        "source_project_id": 43 if entry.fork else 42,
        "target_project_id": 42,
        "labels": entry.labels,
        "reviewers": [{"id": USERS[name], "username": name} for name in entry.reviewers],
    }


@contextmanager
def forge_server(*, tls: CA | None = None) -> Iterator[ForgeServer]:
    """Serve a project through both APIs until the block ends."""
    project, site = Project(), Site()
    sent: list[Sent] = []
    handler = partial(_Handler, project, sent, threading.Lock(), site)
    with serving(handler, site, tls) as url:
        yield ForgeServer(url, project, sent)
