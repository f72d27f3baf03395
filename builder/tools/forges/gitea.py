"""Pull requests of Gitea and Forgejo, by their API v1."""

import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from builder.tools.forges import PullRequest
from builder.tools.forges.http import Address, Api, ForgeError

_COLOUR = "#0e8a16"


def address(url: str, project: str, token: str) -> Address:
    """Return where the API of a Gitea at ``url`` has a project."""
    return Address(
        name="Gitea",
        api=f"{url.removesuffix('/api/v1')}/api/v1",
        root=f"/repos/{urllib.parse.quote(project)}",
        headers={"Authorization": f"token {token}"},
        token=token,
        scopes="the scopes write:repository and write:issue",
    )


@dataclass(frozen=True, slots=True)
class Gitea:
    """A repository on Gitea or Forgejo."""

    api: Api
    name: ClassVar[str] = "Gitea"
    # No limit is documented. 65,535 bytes is what older servers' MySQL keeps in a TEXT column.
    limit: ClassVar[int] = 65_535

    def open_requests(self, head_prefix: str, base: str) -> list[PullRequest]:
        """Return the open requests into ``base`` from branches of this repository."""
        # `base_branch` came with 1.25; servers that do not know it list the others as well.
        items = self.api.pages("pulls", state="open", base_branch=base, limit=50)
        own = [item for item in items if self.api.read(item, _own)]
        found = [self.api.read(item, _request) for item in own]
        return [r for r in found if r.base == base and r.head.startswith(head_prefix)]

    def create(self, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open a request; 409 when the head has one."""
        fields = {"head": head, "base": base, "title": title, "body": body}
        return self.api.read(self.api.send("POST", "pulls", fields), _request)

    def update(self, number: int, title: str, body: str) -> None:
        """Set title and body; 409 when someone else just did."""
        self.api.send("PATCH", f"pulls/{number}", {"title": title, "body": body})

    def comment(self, number: int, text: str) -> None:
        """Write below a request."""
        self.api.send("POST", f"issues/{number}/comments", {"body": text})

    def close(self, number: int) -> None:
        """Close without merging."""
        self.api.send("PATCH", f"pulls/{number}", {"state": "closed"})

    def label(self, number: int, labels: Sequence[str]) -> None:
        """Add labels: by number, for servers before 1.22 take no names and newer ones skip some."""
        known = self._labels()
        for name in labels:
            if name.casefold() not in known:
                made = self.api.send("POST", "labels", {"name": name, "color": _COLOUR})
                known[name.casefold()] = self.api.read(made, lambda item: int(item["id"]))
        numbers = [known[name.casefold()] for name in labels]
        self.api.send("POST", f"issues/{number}/labels", {"labels": numbers})

    def _labels(self) -> dict[str, int]:
        """Return the labels that the repository may use, its organisation's as well."""
        owner = self.api.root.split("/")[2]
        found: dict[str, int] = {}
        for path in (f"/orgs/{owner}/labels", "labels"):
            try:
                items = list(self.api.pages(path, limit=50))
            except ForgeError as error:
                # A user is no organisation, and a token may be without read:organization.
                if path == "labels" or error.status not in (403, 404):
                    raise
                continue
            for item in items:
                name, number = self.api.read(item, lambda i: (str(i["name"]), int(i["id"])))
                found[name.casefold()] = number
        return found

    def request_review(self, number: int, reviewers: Sequence[str]) -> list[str]:
        """Ask for reviews, one by one: Gitea refuses a whole list for one name."""
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
        path = f"branches/{urllib.parse.quote(name, safe='')}"
        self.api.send("DELETE", path, ok=(404,))

    def merge(self, number: int) -> None:
        """Merge in the way that the repository has by default, and delete the head.

        Gitea says 405 and "try again later" while it looks whether a request can be merged.
        """
        repository = self.api.get("")
        style = self.api.read(repository, lambda r: r.get("default_merge_style") or "merge")
        fields = {"Do": style, "delete_branch_after_merge": True}

        def merge() -> None:
            self.api.send("POST", f"pulls/{number}/merge", fields)

        def later(error: ForgeError) -> bool:
            return error.status == 405 and "try again later" in error.what

        try:
            self.api.persist(merge, later)
        except ForgeError as error:
            if error.status != 405 or "already merged" not in error.what:
                raise


def _own(item: Any) -> bool:
    return bool(item["head"]["repo_id"] == item["base"]["repo_id"])


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
