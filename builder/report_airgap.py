"""What ``sealift airgap`` prints."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from builder.airgap import Airgap
from builder.airgap_file import Rewrite
from builder.core import text
from builder.core.environment import Environment
from builder.core.references import Reference
from builder.core.text import count
from builder.core.verify import leaves
from builder.files import shown
from builder.plan import Moved
from builder.report import terminal_width, text_diff
from builder.workspace import Overlay


def table(result: Airgap, environment: Environment) -> str:
    """Write what becomes of each reference, and which value makes it."""
    rows = [
        (
            moved.reference.shown,
            str(moved.reference),
            where or "no value",
            _becomes(moved, environment),
        )
        for moved, where in sorted(
            result.moved, key=lambda m: (m[0].reference.value, str(m[0].reference))
        )
    ]
    head = ("IMAGE OR URL", "WHERE IT HIDES", "VALUE PATH", "BECOMES")
    return text.table(head, rows, terminal_width())


def _becomes(moved: Moved, environment: Environment) -> str:
    if moved.target != moved.reference.value:
        return moved.target or "gone"
    left = list(_left(moved.reference, environment))
    return f"not changed: {', '.join(left)}" if left else "not changed: is inside"


def _left(reference: Reference, environment: Environment) -> Iterator[str]:
    """Yield what is still to be said of a reference that nothing changed."""
    if reference.comment:
        yield "stands in a comment"
    elif leaves(reference, environment):
        yield "is outside"
    if reference.image is not None and reference.image.floating:
        yield "floats"
    if reference.origin.test_hook:
        yield "only helm test runs it"


def summary(result: Airgap, files: Sequence[Rewrite], overlay: Overlay) -> str:
    """Write what the generator came to, and each file that it wrote."""
    moved = [m for m, _ in result.moved if m.target not in ("", m.reference.value)]
    lines = []
    for file in files:
        name = shown(file.path, overlay.root)
        if file.path == overlay.airgap_file:
            lines.append(
                f"{'written' if file.changed else 'unchanged'}: {name}; "
                f"{count(len(moved), 'reference')} moved, {count(result.renders, 'render')}"
            )
        elif file.path == overlay.airgap_resources and file.changed:
            lines.append(f"{'written' if file.after else 'removed'}: {name}")
        elif file.changed:
            lines.append(f"written: {name}; names what is generated")
    lines += [f"left plain, because a token breaks the chart: {path}" for path in result.culprits]
    errors = sum(finding.severity == "error" for finding in result.findings)
    if errors:
        lines.append(f"{count(errors, 'error')} left to you, see above: the build would not pass")
    return "\n".join(lines)


def differences(files: Sequence[Rewrite], root: Path) -> str:
    """Write what a run would change, as unified diffs."""
    blocks = []
    for file in files:
        if file.changed:
            blocks.append(text_diff(file.before, file.after, shown(file.path, root)))
    return "\n".join(blocks) or f"{shown(files[0].path, root)}: up to date"
