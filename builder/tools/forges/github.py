"""Pull requests of GitHub and GitHub Enterprise, by their REST API (version 2022-11-28)."""

import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from builder.tools.forges import PullRequest
from builder.tools.forges.http import Address, Api, ForgeError

_METHODS = (
    ("allow_merge_commit", "merge"),
    ("allow_squash_merge", "squash"),
    ("allow_rebase_merge", "rebase"),
)


def address(url: str, project: str, token: str) -> Address:
    """Return where the API of the GitHub at ``url`` has a repository.

    GitHub and its cloud with data residency have a host of their own for it, servers a path.
    """
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc
    if host in ("github.com", "api.github.com"):
        api = "https://api.github.com"
    elif host.endswith(".ghe.com"):
        api = f"https://api.{host.removeprefix('api.')}"
    else:
        api = f"{url.removesuffix('/api/v3')}/api/v3"
    return Address(
        name="GitHub",
        api=api,
        root=f"/repos/{urllib.parse.quote(project)}",
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
        token=token,
        scopes="to write contents and pull requests (fine-grained), or the scope repo (classic)",
    )


@dataclass(frozen=True, slots=True)
class GitHub:
    """A repository on GitHub."""

    api: Api
    name: ClassVar[str] = "GitHub"
    limit: ClassVar[int] = 65_536

    def open_requests(self, head_prefix: str, base: str) -> list[PullRequest]:
        """Return the open requests into ``base`` from branches of this repository."""
        items = self.api.pages("pulls", state="open", base=base, per_page=100)
        own = [item for item in items if self.api.read(item, _own)]
        found = [self.api.read(item, _request) for item in own]
        return [r for r in found if r.base == base and r.head.startswith(head_prefix)]

    def create(self, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open a request; 422 when the head has one."""
        fields = {"head": head, "base": base, "title": title, "body": body}
        return self.api.read(self.api.send("POST", "pulls", fields), _request)

    def update(self, number: int, title: str, body: str) -> None:
        """Set title and body."""
        self.api.send("PATCH", f"pulls/{number}", {"title": title, "body": body})

    def comment(self, number: int, text: str) -> None:
        """Write below a request."""
        self.api.send("POST", f"issues/{number}/comments", {"body": text})

    def close(self, number: int) -> None:
        """Close without merging."""
        self.api.send("PATCH", f"pulls/{number}", {"state": "closed"})

    def label(self, number: int, labels: Sequence[str]) -> None:
        """Add labels; GitHub makes those that the repository has not."""
        self.api.send("POST", f"issues/{number}/labels", {"labels": list(labels)})

    def request_review(self, number: int, reviewers: Sequence[str]) -> list[str]:
        """Ask for reviews, one by one: GitHub refuses a whole list for one name."""
        refused = []
        for reviewer in reviewers:
            owner, _, team = reviewer.rpartition("/")
            body = {"team_reviewers": [team]} if owner else {"reviewers": [reviewer]}
            try:
                self.api.send("POST", f"pulls/{number}/requested_reviewers", body)
            except ForgeError as error:
                if not error.refused:
                    raise
                refused.append(f"{reviewer}: {error.what}")
        return refused

    def delete_branch(self, name: str) -> None:
        """Delete a branch, if there is one."""
        path = f"git/refs/heads/{urllib.parse.quote(name)}"
        try:
            self.api.send("DELETE", path, ok=(404,))
        except ForgeError as error:
            if error.status != 422 or "does not exist" not in error.what:
                raise

    def merge(self, number: int) -> None:
        """Merge in the first way that the repository allows, and delete the head.

        405 asks to "try the merge again" when the base moved, and ``mergeable`` is null while
        GitHub looks whether a request can be merged.
        """
        settings = self.api.get("")
        # A token without administration rights is not told; merge commits are the default.
        fields = {"merge_method": self.api.read(settings, _method)}

        def merge() -> None:
            self.api.send("PUT", f"pulls/{number}/merge", fields)

        def later(error: ForgeError) -> bool:
            if error.status != 405:
                return False
            return "again" in error.what or self.api.get(f"pulls/{number}").get("mergeable") is None

        item = self.api.get(f"pulls/{number}")
        if not self.api.read(item, lambda i: i.get("merged")):
            self.api.persist(merge, later)
        self.delete_branch(self.api.read(item, _request).head)


def _method(settings: Any) -> str:
    return next((method for key, method in _METHODS if settings.get(key)), "merge")


def _own(item: Any) -> bool:
    """Tell whether the head is a branch of this repository; ``repo`` is null for a lost fork."""
    head = item["head"]["repo"]
    return head is not None and bool(head["id"] == item["base"]["repo"]["id"])


def _request(item: Any) -> PullRequest:
    return PullRequest(
        number=int(item["number"]),
        url=str(item["html_url"]),
        title=str(item["title"]),
        body=item["body"] or "",
        head=str(item["head"]["ref"]),
        base=str(item["base"]["ref"]),
        labels=tuple(str(label["name"]) for label in item["labels"] or ()),
    )
