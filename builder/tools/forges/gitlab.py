"""Merge requests of GitLab, by its REST API v4."""

import itertools
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from builder.tools.forges import PullRequest
from builder.tools.forges.http import Address, Api, ForgeError

_BUSY = ("approvals_syncing", "checking", "preparing", "unchecked", "cannot_be_merged_recheck")

_READY = ("can_be_merged", "mergeable")


def address(url: str, project: str, token: str) -> Address:
    """Return where the API of a GitLab at ``url`` has a project, with its groups."""
    return Address(
        name="GitLab",
        api=f"{url.removesuffix('/api/v4')}/api/v4",
        root=f"/projects/{urllib.parse.quote(project, safe='')}",
        # Takes access tokens of all kinds and those of OAuth; PRIVATE-TOKEN takes not the latter.
        headers={"Authorization": f"Bearer {token}"},
        token=token,
        scopes="the scope api",
    )


@dataclass(frozen=True, slots=True)
class GitLab:
    """A project on GitLab."""

    api: Api
    name: ClassVar[str] = "GitLab"
    limit: ClassVar[int] = 1_048_576

    def open_requests(self, head_prefix: str, base: str) -> list[PullRequest]:
        """Return the open requests into ``base`` from branches of this project."""
        items = self.api.pages(
            "merge_requests", state="opened", target_branch=base, scope="all", per_page=100
        )
        own = [item for item in items if self.api.read(item, _own)]
        found = [self.api.read(item, _request) for item in own]
        return [r for r in found if r.base == base and r.head.startswith(head_prefix)]

    def create(self, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open a request; 409 when the head has one."""
        fields = {
            "source_branch": head,
            "target_branch": base,
            "title": title,
            "description": body,
            "remove_source_branch": True,
        }
        return self.api.read(self.api.send("POST", "merge_requests", fields), _request)

    def update(self, number: int, title: str, body: str) -> None:
        """Set title and body."""
        self.api.send("PUT", f"merge_requests/{number}", {"title": title, "description": body})

    def comment(self, number: int, text: str) -> None:
        """Write below a request."""
        self.api.send("POST", f"merge_requests/{number}/notes", {"body": text})

    def close(self, number: int) -> None:
        """Close without merging."""
        self.api.send("PUT", f"merge_requests/{number}", {"state_event": "close"})

    def label(self, number: int, labels: Sequence[str]) -> None:
        """Add labels; GitLab makes those that the project has not."""
        self.api.send("PUT", f"merge_requests/{number}", {"add_labels": ",".join(labels)})

    def request_review(self, number: int, reviewers: Sequence[str]) -> list[str]:
        """Ask for reviews: the whole list at once, by number, as GitLab replaces the last one.

        Without a licence GitLab takes one reviewer, and drops the others without a word.
        """
        refused, numbers = [], {}
        for reviewer in reviewers:
            known = self.api.get("/users", username=reviewer)
            if known:
                numbers[reviewer] = self.api.read(known, lambda users: int(users[0]["id"]))
            else:
                refused.append(f"{reviewer}: GitLab has no user of this name")
        if not numbers:
            return refused
        fields = {"reviewer_ids": list(numbers.values())}
        try:
            item = self.api.send("PUT", f"merge_requests/{number}", fields)
        except ForgeError as error:
            if not error.refused:
                raise
            return [*refused, *(f"{reviewer}: {error.what}" for reviewer in numbers)]
        taken = self.api.read(item, lambda i: {user["id"] for user in i.get("reviewers") or ()})
        dropped = [reviewer for reviewer, n in numbers.items() if n not in taken]
        return refused + [f"{reviewer}: GitLab did not take this reviewer" for reviewer in dropped]

    def delete_branch(self, name: str) -> None:
        """Delete a branch, if there is one."""
        path = f"repository/branches/{urllib.parse.quote(name, safe='')}"
        self.api.send("DELETE", path, ok=(404,))

    def merge(self, number: int) -> None:
        """Merge, and delete the head.

        405 and 422 both mean that a request cannot be merged, or not yet: the status of the
        request tells which.
        """
        path = f"merge_requests/{number}"
        ready = itertools.count(1)

        def merge() -> None:
            self.api.send("PUT", f"{path}/merge", {"should_remove_source_branch": True})

        def later(error: ForgeError) -> bool:
            if error.status not in (405, 406, 422):
                return False
            item = self.api.get(path)
            status = item.get("detailed_merge_status") or item.get("merge_status")
            # GitLab may have come to the end of its checks since it refused.
            return status in _BUSY or (status in _READY and next(ready) < 4)

        try:
            self.api.persist(merge, later)
        except ForgeError as error:
            if error.status == 401:
                hint = "the token's account may not merge into this branch"
                raise ForgeError(error.what, hint=hint, status=401) from error
            if error.status not in (405, 406) or self.api.get(path).get("state") != "merged":
                raise


def _own(item: Any) -> bool:
    return bool(item["source_project_id"] == item["target_project_id"])


def _request(item: Any) -> PullRequest:
    return PullRequest(
        number=int(item["iid"]),
        url=str(item["web_url"]),
        title=str(item["title"]),
        body=item["description"] or "",
        head=str(item["source_branch"]),
        base=str(item["target_branch"]),
        labels=tuple(str(label) for label in item["labels"] or ()),
    )
