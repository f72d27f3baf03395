"""What `sealift mirror export` and `import` print."""

from builder.core.text import count
from builder.publish import Commit
from builder.report_mirror import size
from builder.target import Target
from builder.transport.importing import Imported, Inside, Work, expected_charts
from builder.transport.verify import Archive
from builder.transport.writing import Exported


def exported_text(exported: Exported) -> str:
    """Write what an archive holds, and where it stands."""
    contents = exported.contents
    blobs = len(contents.packed)
    lines = [f"written: {path}" for path in exported.paths]
    if not exported.written:
        lines = [f"unchanged: {path}" for path in exported.paths]
    held = f"{count(blobs, 'blob')}, {count(len(contents.charts), 'chart')}"
    lines += [f"holds: {held}, {size(exported.size)}; {size(exported.written)} written now"]
    if contents.since:
        left = sum(blob.size for blob in contents.left_out)
        lines += [
            f"leaves out: {count(len(contents.left_out), 'blob')}, {size(left)}, "
            f"of {contents.since}"
        ]
    if contents.expected:
        lines += [f"does not bring: {', '.join(contents.expected)}"]
    return "\n".join([*lines, f"digest: {exported.digest}"])


def destination_text(target: Target) -> str:
    """Write where commits go: who made the archive may have chosen that."""
    return f"the commits go to {target.branch} of {target.repository}, {_folder(target)}"


def _folder(target: Target) -> str:
    return f"in {target.path}/" if target.path else "at its root"


def work_text(archive: Archive, inside: Inside, work: Work) -> str:
    """Write what an import would do."""
    lines = [f"verified: {archive.source.volume.base.name}, {archive.digest}"]
    lines += [f"to push: {name}" for name in sorted(work.images)]
    lines += [f"to upload: chart {chart.name}-{chart.version}" for chart in work.charts]
    if work.commit is not None and inside.target is not None:
        lines += [f"to commit: {work.commit.tree}" if work.commit.changed else "nothing to commit"]
        lines += [destination_text(inside.target)]
    elif inside.target is None:
        given = archive.contents.commits
        lines += [f"its commits are for the branch {given.branch!r}, the folder {given.path!r}"]
    return "\n".join(lines)


def imported_text(archive: Archive, inside: Inside, done: Imported) -> str:
    """Write what an import came to, and what it left out."""
    total = sum(copied.size for copied in done.images)
    what = f"{count(len(done.images), 'image')}, {count(len(done.charts), 'chart')}"
    lines = [f"imported: {what}, {size(total)}; {done.present} were there already"]
    if done.commit is not None and inside.target is not None:
        lines += [f"{_commit_text(done.commit)}, {_folder(inside.target)}"]
    elif inside.target is not None:
        lines += ["no commit was made: what it needs is not all there"]
    charts = archive.contents.charts or expected_charts(archive)
    missing = [
        *(["images (--registry)"] if inside.prefix is None and archive.images else []),
        *(["charts (--charts)"] if inside.store is None and charts else []),
        *(["commits (--repository)"] if inside.target is None else []),
    ]
    lines += [f"left out: {', '.join(missing)}"] if missing else []
    failed = len({f.subject for f in done.findings})
    return "\n".join([*lines, *([f"failed: {failed}, see above"] if failed else [])])


def _commit_text(commit: Commit) -> str:
    if not commit.changed:
        return f"commits: {commit.branch} has them already, at {commit.commit}"
    return f"commits: {commit.branch} is at {commit.commit} now, tree {commit.tree}"
