"""Put a text on the pull request that a CI job runs for: one comment a topic, kept up to date.

    COMMENT_TOKEN=... python3 comment.py github|gitea|gitlab FILE TOPIC

Copy it beside your CI configuration. It needs Python and nothing else, reads where it is from the
variables that the forge sets, and says nothing of the token. SEALIFT_CA_FILE names a certificate
authority. Only a comment of the token's own account is changed: anyone can write the marker.
COMMENT_AUTHOR names that account where the token may not ask who it is.
"""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

LIMIT = 65_500  # bytes of a comment: GitHub takes 65,536 characters
JOB_ACCOUNT = "github-actions[bot]"  # GitHub's job token may not ask for its account


def places(forge: str) -> tuple[str, str, dict[str, str]]:
    """Return where comments are listed and made, where one is changed, and the headers."""
    env = os.environ
    token = env["COMMENT_TOKEN"]
    if forge == "gitlab":
        request = f"projects/{env['CI_PROJECT_ID']}/merge_requests/{env['CI_MERGE_REQUEST_IID']}"
        url = f"{env['CI_API_V4_URL']}/{request}/notes"
        return url, url, {"PRIVATE-TOKEN": token}
    event = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_text())
    issues = f"{env['GITHUB_API_URL']}/repos/{env['GITHUB_REPOSITORY']}/issues"
    number = int(event["pull_request"]["number"])
    headers = {"Authorization": f"token {token}"}
    return f"{issues}/{number}/comments", f"{issues}/comments", headers


def account(forge: str, headers: dict[str, str]) -> str:
    """Return the name of the account that the token is for."""
    env = os.environ
    if env.get("COMMENT_AUTHOR"):
        return env["COMMENT_AUTHOR"]
    api = env["CI_API_V4_URL" if forge == "gitlab" else "GITHUB_API_URL"]
    user = call("GET", f"{api}/user", headers, end=False)
    if user is not None:
        return name_of(user)
    if forge == "github":
        return JOB_ACCOUNT
    sys.exit("the token may not read its own account: let it, or set COMMENT_AUTHOR")


def name_of(user: Any) -> str:
    """Return the name of an account, as GitHub and Gitea write it, or as GitLab does."""
    return str((user or {}).get("login") or (user or {}).get("username") or "")


def call(
    method: str, url: str, headers: dict[str, str], body: str | None = None, *, end: bool = True
) -> Any:
    """Ask the forge; end with its answer when it refuses, or return None where not to ``end``."""
    data = None if body is None else json.dumps({"body": body}).encode()
    sent = {**headers, "Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, data, sent, method=method)  # noqa: S310 - the forge's own URL
    context = ssl.create_default_context(cafile=os.environ.get("SEALIFT_CA_FILE") or None)
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code in (403, 404) and not end:
            return None
        sys.exit(f"{method} {url}: {error.code} {error.reason}")
    except urllib.error.URLError as error:
        sys.exit(f"{method} {url}: {error.reason}")


def find(url: str, headers: dict[str, str], marker: str, author: str) -> int | None:
    """Return the comment of the author that starts with the marker."""
    seen: set[int] = set()
    for page in range(1, 101):
        comments = call("GET", f"{url}?per_page=100&limit=50&page={page}", headers)
        fresh = [c for c in comments if c["id"] not in seen]
        for comment in fresh:
            by = name_of(comment.get("user") or comment.get("author"))
            if by == author and str(comment["body"]).startswith(marker):
                return int(comment["id"])
        if not fresh:  # Gitea has one page, and gives it again
            break
        seen.update(c["id"] for c in fresh)
    return None


def main(forge: str, file: str, topic: str) -> None:
    """Write the comment, over the one of an earlier run."""
    marker = f"<!-- sealift {topic} -->"
    body = f"{marker}\n### {topic}\n\n{Path(file).read_text()}"
    if len(body.encode()) > LIMIT:
        sys.exit(f"{file} is too long for a comment: write it with `sealift diff --limit 65000`")
    url, one, headers = places(forge)
    comment = find(url, headers, marker, account(forge, headers))
    if comment is None:
        call("POST", url, headers, body)
    else:
        call("PUT" if forge == "gitlab" else "PATCH", f"{one}/{comment}", headers, body)
    print("commented" if comment is None else "comment brought up to date")


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("github", "gitea", "gitlab"):
        sys.exit("usage: comment.py github|gitea|gitlab FILE TOPIC")
    main(*sys.argv[1:])
