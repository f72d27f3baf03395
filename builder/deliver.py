"""A build goes out the way that was asked for: commit, pull request, hydrated branch, artifact."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from builder import proposal, published
from builder.build import Build
from builder.core.diff.markdown import markdown
from builder.core.diff.summary import verdict
from builder.core.environment import Forge as ForgeSettings
from builder.core.environment import Mode
from builder.core.environment import Publish as PublishSettings
from builder.core.errors import ConfigurationError
from builder.core.git_tree import tree_id
from builder.diff import diff
from builder.hydrate import active_branch, check_active, hydrate, metadata
from builder.progress import Progress
from builder.publish import Commit, Target, head_branch, publish, workplace
from builder.publish_oci import Artifact, publish_oci
from builder.pull_request import Proposal, propose, withdraw
from builder.rollback import Order
from builder.tools import forges, git_signing
from builder.tools.forges import Forge, PullRequest
from builder.tools.git import check_remote, local_path, remote_head, source_commit, work_tree
from builder.tools.git_signing import Signing
from builder.workspace import Overlay


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How a bundle goes out: what the command line says beyond ``environment.yaml``."""

    repository: str | None = None
    branch: str | None = None
    oci: str | None = None
    pull_request: bool = False
    mode: Mode | None = None
    allow_older: bool = False
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What came of it."""

    target: Target | None = None
    commit: Commit | None = None
    artifact: Artifact | None = None
    proposal: Proposal | None = None
    dry_run: bool = False


def target_of(overlay: Overlay, way: Way) -> Target:
    """Return where an environment's bundle is committed; raise ConfigurationError when unsaid."""
    return target_for(overlay.name, overlay.root, overlay.environment.publish, way)


def target_for(name: str, root: Path, settings: PublishSettings | None, way: Way) -> Target:
    """Return where the bundle of an environment with these settings is committed, as above."""
    repository = way.repository
    if not repository and settings:
        # In the file a path is meant from the file's repository, on the command line from here.
        repository = settings.repository
        check_remote(repository)
        local = local_path(repository)
        if local is not None:
            repository = _local(name, root, local)
    if not repository:
        raise ConfigurationError(
            f"no repository to publish {name} to",
            hint="set publish: {repository: ...} in environment.yaml, or give --repository",
        )
    branch = way.branch or (settings.branch if settings else "main")
    path = (settings.path if settings else None) or name
    if _hydrates(settings, way):
        # The promoter wants a branch an environment, unless a path of its own shares one.
        branch = way.branch or active_branch(name)
        check_active(branch)
        path = (settings.path if settings else None) or ""
    return Target(repository=repository, branch=branch, path=path)


def hydrates(overlay: Overlay, way: Way) -> bool:
    """Tell whether bundles go to the branches of Argo CD's GitOps Promoter."""
    return _hydrates(overlay.environment.publish, way)


def _hydrates(settings: PublishSettings | None, way: Way) -> bool:
    return (way.mode or (settings.mode if settings else "commit")) == "hydrator"


def _local(name: str, root: Path, repository: str) -> str:
    """Return a local repository that the file names; its hooks run, so it is never a source's own.

    Raises ConfigurationError for one inside the source repository, which anyone may have written.
    """
    path = (root / repository).resolve()
    # The sources may be a folder of a larger repository, whose other folders are as open.
    whole = work_tree(root) or root
    if path.is_relative_to(root) or path.is_relative_to(whole):
        raise ConfigurationError(
            f"publish.repository {repository} lies inside the source repository",
            where=f"overlays/{name}/environment.yaml",
            hint="name a URL or a folder outside; or give --repository, if you know its hooks",
        )
    return str(path)


def check(overlay: Overlay, way: Way) -> None:
    """Raise what :func:`deliver` would raise before it sends anything: wrong names, no token."""
    if way.oci:
        return
    target = target_of(overlay, way)
    signing = signing_of(overlay)
    if signing is not None:
        git_signing.check(signing)
    if way.pull_request and hydrates(overlay, way):
        raise ConfigurationError(
            f"{overlay.name} is published for a promoter, which opens its own pull requests",
            where=f"overlays/{overlay.name}/environment.yaml",
            hint="leave --pull-request out, or give --mode commit",
        )
    if way.pull_request and not way.dry_run:
        with _forge(overlay, way, target):
            pass


def deliver(result: Build, way: Way) -> Delivery:
    """Publish a build that ships. Raises ConfigurationError and ToolError."""
    with Progress("publishing"):
        return _deliver(result, way)


def _deliver(result: Build, way: Way) -> Delivery:
    overlay = result.overlay
    if way.oci:
        artifact = publish_oci(result.files, way.oci, environment=overlay.name, dry_run=way.dry_run)
        return Delivery(artifact=artifact, dry_run=way.dry_run)
    target = target_of(overlay, way)
    if hydrates(overlay, way):
        commit = _hydrate(result, way, target)
        target = replace(target, branch=commit.branch)
        return Delivery(target=target, commit=commit, dry_run=way.dry_run)
    if way.pull_request and not way.dry_run:
        return _propose(result, way, target)
    return Delivery(target=target, commit=_commit(result, way, target), dry_run=way.dry_run)


def _commit(result: Build, way: Way, target: Target) -> Commit:
    return publish(
        result.files,
        target,
        environment=result.overlay.name,
        source_commit=source_commit(result.overlay.root),
        source=None if way.allow_older else result.overlay.root,
        signing=signing_of(result.overlay),
        propose=way.pull_request,
        dry_run=way.dry_run,
    )


def _hydrate(result: Build, way: Way, target: Target) -> Commit:
    overlay = result.overlay
    source = source_commit(overlay.root)
    dry = {"drySha": source}
    if source and not source.endswith("-dirty"):
        dry = metadata(overlay.root, source)
    return hydrate(
        result.files,
        target,
        environment=overlay.name,
        dry=dry,
        source=None if way.allow_older else overlay.root,
        signing=signing_of(overlay),
        dry_run=way.dry_run,
    )


def _propose(result: Build, way: Way, target: Target) -> Delivery:
    """Push the bundle to a branch named by its content, and keep one open request for it."""
    overlay = result.overlay
    settings = _forge_settings(overlay)
    with _forge(overlay, way, target) as forge:
        # A forge that does not answer, or not to us, is told before a branch is left there.
        requests = forge.open_requests(f"sealift/{overlay.name}/", target.branch)
        if not way.allow_older:
            _check_newest(result, target, requests)
        # What is said of the difference has to be that to the commit that the request goes upon.
        before = published.read(target)
        commit = _commit(result, way, target)
        if not commit.changed:
            told = withdraw(
                forge,
                environment=overlay.name,
                base=target.branch,
                others=lambda head: _others(target, head),
            )
        else:
            found = diff(result, before)
            told = propose(
                forge,
                environment=overlay.name,
                base=target.branch,
                head=commit.branch,
                title=verdict(found),
                body=markdown(found, forge.limit),
                others=lambda head: _others(target, head),
                labels=settings.labels,
                reviewers=settings.reviewers,
            )
    return Delivery(target=target, commit=commit, proposal=told)


def _others(target: Target, head: str) -> str:
    """Name whoever has a commit on the branch of a proposal, beside Sealift."""
    with workplace(target) as (repo, remote):
        return proposal.others(repo, remote, head)


def _check_newest(result: Build, target: Target, requests: Iterable[PullRequest]) -> None:
    """Raise ConfigurationError when an open request, which would be closed, is from a newer source.

    Jobs of a pipeline do not always end in the order of their commits.
    """
    overlay = result.overlay
    order = Order(environment=overlay.name, commit=source_commit(overlay.root), source=overlay.root)
    own = head_branch(overlay.name, tree_id(result.files))
    others = [request for request in requests if request.head != own]
    with workplace(target) as (repo, remote):
        for request in others:
            order.check(remote, remote_head(repo, remote, request.head), request=request.url)


def signing_of(overlay: Overlay) -> Signing | None:
    """Return how the environment's commits are signed."""
    return signing_for(overlay.root, overlay.environment.publish)


def signing_for(root: Path, settings: PublishSettings | None) -> Signing | None:
    """Return how commits are signed by these settings."""
    if settings is None or settings.signing is None:
        return None
    key = settings.signing.key
    literal = key.startswith(("key::", "~")) or " " in key
    if settings.signing.format == "ssh" and not literal:
        key = str(root / key)  # as all paths in the file: from the source repository
    return Signing(format=settings.signing.format, key=key)


def _forge_settings(overlay: Overlay) -> ForgeSettings:
    publish_settings = overlay.environment.publish
    return (publish_settings and publish_settings.forge) or ForgeSettings()


@contextmanager
def _forge(overlay: Overlay, way: Way, target: Target) -> Iterator[Forge]:
    """Open the forge that has the target's repository; nothing is sent to it yet.

    A repository that the command line names is looked for where it stands, not where the file's is.
    """
    settings = _forge_settings(overlay)
    if way.repository:
        settings = ForgeSettings(kind=settings.kind)
    kind, url, project = settings.kind, settings.url, settings.project
    if not (kind and url and project):
        guess = forges.guess(target.repository, kind)
        kind, url, project = kind or guess.kind, url or guess.url, project or guess.project
    if kind is None:
        raise ConfigurationError(
            f"nothing tells what forge {url} is",
            where=f"overlays/{overlay.name}/environment.yaml",
            hint="set publish: {forge: {kind: gitea}}, or github, or gitlab",
        )
    ca_file = os.environ.get("SEALIFT_CA_FILE")
    token = forges.token(url)
    with forges.connect(kind, url, project, token, Path(ca_file) if ca_file else None) as forge:
        yield forge
