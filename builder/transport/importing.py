"""A verified archive is brought in: first all is asked, then changed, the commits last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from builder.core import image as images
from builder.core.errors import ConfigurationError, ToolError
from builder.core.findings import Finding
from builder.core.images_lock import SourcedImage
from builder.core.lock import LockedChart
from builder.core.transport import Chart, Held
from builder.mirror.charts import Store, put_chart
from builder.mirror.copy import Copied, Progress, push
from builder.mirror.plan import Step, step
from builder.parallel import Failure, each, findings
from builder.publish import Commit, Target
from builder.registries import Registries
from builder.tools.registry import Place, Source
from builder.transport import commits
from builder.transport.verify import Archive


@dataclass(frozen=True, kw_only=True, slots=True)
class Inside:
    """Where an archive goes; what is None is left out.

    ``prefix`` is the registry, and the path in it, below which all its images have to be;
    ``trusted`` tells that somebody has named this very archive.
    """

    prefix: str | None = None
    registries: Registries
    store: Store | None = None
    target: Target | None = None
    trusted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What an import will do, and what speaks against it.

    ``files`` are those of the commits; ``near`` are blobs of the archive before, where the registry
    has them.
    """

    files: Mapping[str, bytes]
    images: Mapping[str, SourcedImage] = field(default_factory=dict)
    charts: tuple[Chart, ...] = ()
    near: Mapping[str, Place] = field(default_factory=dict)
    commit: Commit | None = None
    present: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What was brought in, what had been there, what could not be brought."""

    images: tuple[Copied, ...] = ()
    charts: tuple[Chart, ...] = ()
    commit: Commit | None = None
    present: int = 0
    findings: tuple[Finding, ...] = ()


def prepare(archive: Archive, inside: Inside, *, replace: bool, jobs: int) -> Work:
    """Ask the registry, the chart repository and the Git remote; change nothing.

    Raises ConfigurationError for an archive of another registry, for commits that are not those of
    its lock, and for those that the branch does not take.
    """
    todo: dict[str, SourcedImage] = {}
    near: dict[str, Place] = {}
    found: list[Finding] = []
    present = 0
    files = commits.check(archive)
    if inside.prefix is not None:
        _check_prefix(archive, inside.prefix)
        steps, failures = _steps(archive, inside.registries, jobs)
        todo = {s.image.image: s.image for s in steps if s.state != "present"}
        present = len(steps) - len(todo)
        found += [*_taken(steps, archive, replace=replace), *findings(failures)]
        near, more = _left_out(archive, inside, jobs)
        found += more
    charts: tuple[Chart, ...] = ()
    if inside.store is not None:
        charts, more = _charts(archive, inside.store, replace=replace)
        present += len(archive.contents.charts) - len(charts)
        found += more
    commit = None
    if inside.target is not None:
        commit = commits.bring(archive, files, inside.target, dry_run=True, trusted=inside.trusted)
    return Work(
        files=files,
        images=todo,
        charts=charts,
        near=near,
        commit=commit,
        present=present,
        findings=tuple(found),
    )


def _check_prefix(archive: Archive, prefix: str) -> None:
    """Refuse an archive whose images are pulled from elsewhere: nothing is sent there."""
    names = (*archive.images, *archive.expected)
    other = next((name for name in names if not name.startswith(prefix.rstrip("/") + "/")), None)
    if other is not None:
        raise ConfigurationError(
            f"names {other}, which is not below {prefix}",
            where=archive.source.volume.base.name,
            hint="--registry is what the images are pulled from, registry.prefix in the "
            "environment; to reach it by another host use --via",
        )


def _steps(archive: Archive, registries: Registries, jobs: int) -> tuple[list[Step], list[Failure]]:
    entries = (*archive.images.values(), *archive.expected.values())
    done, failures = each(
        lambda entry: step(entry, registries, ask=True),
        entries,
        jobs,
        lambda entry: entry.image,
        what="asking the registry",
    )
    return [found for _, found in done], failures


def _taken(steps: Sequence[Step], archive: Archive, *, replace: bool) -> list[Finding]:
    """Return what must not be overwritten, and what has to be there and is not."""
    found = []
    for done in steps:
        if done.state != "present" and done.image.image in archive.expected:
            found.append(
                Finding(
                    code="image-missing",
                    subject=done.image.image,
                    place="the registry",
                    cause="it is not there as locked, and the archive does not bring it",
                    hint="name its source in environment.yaml registry.mappings, and export again",
                )
            )
        elif done.found and not replace:
            found.append(
                Finding(
                    code="tag-taken",
                    subject=done.image.image,
                    place="the registry",
                    cause=f"it is {done.found} there, and {done.image.digest} in the archive",
                    hint="who pulls it would get another image: use --replace if that is right",
                )
            )
    return found


def _left_out(
    archive: Archive, inside: Inside, jobs: int
) -> tuple[dict[str, Place], list[Finding]]:
    """Find the blobs that the archive leaves out in the registry: all of them, or findings."""
    charts = {chart.sha256 for chart in archive.contents.charts}
    wanted = [blob for blob in archive.contents.left_out if blob.digest not in charts]

    def find(blob: Held) -> Place | None:
        for name in blob.repositories:
            parsed = images.parse(name)
            if parsed is None or not name.startswith(f"{str(inside.prefix).rstrip('/')}/"):
                continue
            place = inside.registries.of(parsed)
            if place.registry.has_blob(place.repository, blob.digest):
                return place
        return None

    done, failures = each(find, wanted, jobs, lambda blob: blob.digest, what="looking for blobs")
    near = {blob.digest: place for blob, place in done if place is not None}
    missing = [
        _missing(blob.digest, blob.repositories[0] if blob.repositories else "", archive)
        for blob, place in done
        if place is None
    ]
    return near, [*missing, *findings(failures)]


def _missing(subject: str, place: str, archive: Archive) -> Finding:
    return Finding(
        code="not-there",
        subject=subject,
        place=place,
        cause="the archive leaves it out, because the one before had it, and it is not there",
        hint=f"import the archive {archive.contents.since[:19]} first, or export without --since",
    )


def _charts(
    archive: Archive, store: Store, *, replace: bool
) -> tuple[tuple[Chart, ...], list[Finding]]:
    """Return the charts that are to be brought, and what speaks against it."""
    todo, found = [], []
    for chart in archive.contents.charts:
        title = f"chart {chart.name}-{chart.version}"
        there, failed = _there(chart, store)
        found += failed
        if failed or there == chart.sha256:
            continue
        todo.append(chart)
        if chart.sha256 not in archive.source.spans:
            found.append(_missing(title, store.title, archive))
        elif there is not None and not replace:
            found.append(
                Finding(
                    code="chart-taken",
                    subject=title,
                    place=store.title,
                    cause=f"another archive has this version there, not {chart.sha256}",
                    hint="find out why, then use --replace",
                )
            )
    for entry in expected_charts(archive):
        title = f"chart {entry.name}-{entry.version}"
        there, failed = _there(entry, store)
        found += failed
        if not failed and there != entry.sha256:
            found.append(
                Finding(
                    code="chart-missing",
                    subject=title,
                    place=store.title,
                    cause=f"{there or 'nothing'} is there, not {entry.sha256} as locked, and the "
                    "archive does not bring it",
                    hint="bring it there yourself, or export again: with --charts all have to be "
                    "there before the commits are pushed",
                )
            )
    return tuple(todo), found


def _there(chart: Chart | LockedChart, store: Store) -> tuple[str | None, list[Finding]]:
    """Ask for the digest of a chart; a store that does not answer is a finding."""
    try:
        return store.digest(chart.name, chart.version), []
    except ToolError as error:
        return None, [
            Finding(
                code="chart-store-failed",
                subject=f"chart {chart.name}-{chart.version}",
                place=store.title,
                cause=error.what,
                hint=error.hint or "is the chart repository reachable from here?",
            )
        ]


def expected_charts(archive: Archive) -> tuple[LockedChart, ...]:
    """Return the charts of the lock that the archive lacks, and that belong where its others do.

    What the cluster fetches from elsewhere is not for this chart repository.
    """
    brought = {(chart.name, chart.version) for chart in archive.contents.charts}
    fetched = [chart for chart in archive.lock.charts if chart.repository]
    places = {chart.repository for chart in fetched if (chart.name, chart.version) in brought}
    return tuple(
        chart
        for chart in fetched
        if (chart.name, chart.version) not in brought and (not places or chart.repository in places)
    )


def bring(
    archive: Archive, work: Work, inside: Inside, progress: Progress, *, replace: bool, jobs: int
) -> Imported:
    """Push what is missing: images, then charts, and the commits when all of that is there."""
    layouts = {name: archive.layouts[name] for name in work.images}

    def source(_: str, digest: str) -> Source:
        return archive.source if digest in archive.source.spans else work.near[digest]

    copied, failures = push(
        work.images, layouts, source, inside.registries, progress, jobs, near=work.near
    )
    charts = []
    for chart in work.charts:
        locked = archive.locked_chart(chart)
        if locked is None or inside.store is None:
            continue
        try:
            put_chart(locked, archive.source.whole(chart.sha256), inside.store, replace=replace)
            charts.append(chart)
        except ToolError as error:
            failures.append(Failure(subject=f"chart {chart.name}-{chart.version}", error=error))
    commit = None
    if inside.target is not None and not failures:
        commit = commits.bring(archive, work.files, inside.target, dry_run=False)
    return Imported(
        images=tuple(copied),
        charts=tuple(charts),
        commit=commit,
        present=work.present,
        findings=tuple(findings(failures)),
    )
