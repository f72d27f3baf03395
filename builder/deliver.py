"""A build goes out the way that was asked for: commit, hydrated branch, OCI artifact."""

from dataclasses import dataclass, replace
from pathlib import Path

from builder.build import Build
from builder.core.errors import ConfigurationError
from builder.hydrate import active_branch, hydrate, metadata
from builder.publish import Commit, Target, publish
from builder.publish_oci import Artifact, publish_oci
from builder.tools.git import check_remote, source_commit
from builder.tools.git_branch import Signing
from builder.workspace import Overlay


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How a bundle goes out: what the command line says beyond ``environment.yaml``."""

    repository: str | None = None
    branch: str | None = None
    oci: str | None = None
    pull_request: bool = False
    hydrator: bool = False
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What came of it."""

    target: Target | None = None
    commit: Commit | None = None
    artifact: Artifact | None = None
    dry_run: bool = False


def target_of(overlay: Overlay, way: Way) -> Target:
    """Return where an environment's bundle is committed; raise ConfigurationError when unsaid."""
    settings = overlay.environment.publish
    repository = way.repository
    if not repository and settings:
        # In the file a path is meant from the file's repository, on the command line from here.
        repository = settings.repository
        if check_remote(repository) == str(Path(repository).resolve()):
            repository = _local(overlay, repository)
    if not repository:
        raise ConfigurationError(
            f"no repository to publish {overlay.name} to",
            hint="set publish: {repository: ...} in environment.yaml, or give --repository",
        )
    branch = way.branch or (settings.branch if settings else "main")
    path = (settings.path if settings else None) or overlay.name
    if way.hydrator:
        # The promoter wants a branch an environment, unless a path of its own shares one.
        branch = way.branch or active_branch(overlay.name)
        path = (settings.path if settings else None) or ""
    return Target(repository=repository, branch=branch, path=path)


def _local(overlay: Overlay, repository: str) -> str:
    """Return a local repository that the file names; its hooks run, so it is never a source's own.

    Raises ConfigurationError for one inside the source repository, which anyone may have written.
    """
    path = (overlay.root / repository).resolve()
    if path.is_relative_to(overlay.root):
        raise ConfigurationError(
            f"publish.repository {repository} lies inside the source repository",
            where=f"overlays/{overlay.name}/environment.yaml",
            hint="name a URL or a folder outside; or give --repository, if you know its hooks",
        )
    return str(path)


def deliver(result: Build, way: Way) -> Delivery:
    """Publish a build that ships. Raises ConfigurationError and ToolError."""
    overlay = result.overlay
    if way.oci:
        artifact = publish_oci(result.files, way.oci, environment=overlay.name, dry_run=way.dry_run)
        return Delivery(artifact=artifact, dry_run=way.dry_run)
    target = target_of(overlay, way)
    source = source_commit(overlay.root)
    settings = overlay.environment.publish
    signing = None
    if settings and settings.signing:
        signing = Signing(format=settings.signing.format, key=settings.signing.key)
    if way.hydrator:
        dry = {"drySha": source}
        if source and not source.endswith("-dirty"):
            dry = metadata(overlay.root, source)
        commit = hydrate(
            result.files,
            target,
            environment=overlay.name,
            dry=dry,
            signing=signing,
            dry_run=way.dry_run,
        )
        return Delivery(
            target=replace(target, branch=commit.branch), commit=commit, dry_run=way.dry_run
        )
    commit = publish(
        result.files,
        target,
        environment=overlay.name,
        source_commit=source,
        signing=signing,
        propose=way.pull_request,
        dry_run=way.dry_run,
    )
    return Delivery(target=target, commit=commit, dry_run=way.dry_run)
