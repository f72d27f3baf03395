"""The verdict in one line, and what each danger is called."""

import re
from collections import Counter
from collections.abc import Iterable

from builder.core.diff.model import Action, Danger, Diff, ImageAction, ResourceChange
from builder.core.text import count

TITLES = {
    "api-removed": "Kubernetes API removed",
    "chart-content": "Chart archive changed",
    "chart-downgrade": "Chart downgrade",
    "chart-major": "Major chart version",
    "cluster-admin": "Cluster admin",
    "crd-removed": "Definition removed",
    "crd-stored-version": "Stored version changed",
    "crd-version-dropped": "Version dropped",
    "immutable-field": "Immutable field",
    "namespace-removed": "Namespace removed",
    "node-access": "Access to the node",
    "outbound-reference": "New outbound reference",
    "platform-removed": "Platform removed",
    "rbac-wide": "Wide permissions",
    "rbac-widened": "Permissions widened",
    "scaled-to-zero": "Scaled to zero",
    "secret-changed": "Secret changed",
    "stateful-removed": "Stateful resource removed",
    "still-used": "Removed, but still used",
    "upgrade-hook": "New upgrade hook",
    "volume-ephemeral": "Volume no longer kept",
    "volume-removed": "Volume removed",
    "volume-shrunk": "Volume shrunk",
    "webhook-wide": "Webhook for everything",
}
_CHARTS = 4
_NAME = re.compile(r"(?!www\.)[A-Za-z0-9][A-Za-z0-9._+-]{0,62}")
_ACTIONS: tuple[Action, ...] = ("removed", "recreated", "added", "changed")
_IMAGES: tuple[ImageAction, ...] = ("moved", "retagged", "added", "removed")


def verdict(diff: Diff) -> str:
    """Say in one line what the difference comes to; fit to be a title: it is plain words."""
    errors = sum(finding.severity == "error" for finding in diff.findings)
    parts = [f"does not ship: {count(errors, 'error')}"] if errors else []
    if diff.empty:
        parts.append("no difference")
    elif diff.rewritten:
        parts.append(
            f"{count(len(diff.rewritten), 'file')} written anew, nothing differs in meaning"
        )
    else:
        parts += ["first publication"] if diff.first else []
        parts.append(count(len(diff.dangers), "danger") if diff.dangers else "no danger seen")
        parts += _parts(diff)
    return f"{_word(diff.environment)}: {'; '.join(parts)}"


def _parts(diff: Diff) -> list[str]:
    parts = []
    if diff.resources:
        parts.append(f"in Git {tally(diff.resources)}")
    nested = [change for one in diff.nested for change in one.resources]
    if nested:
        parts.append(f"in the cluster {tally(nested)}")
    left_out = sum(bool(one.left_out) for one in diff.nested)
    if left_out:
        parts.append(f"{count(left_out, 'nested chart')} not compared")
    if diff.images:
        actions = Counter(change.action for change in diff.images)
        listed = ", ".join(f"{actions[a]} {a}" for a in _IMAGES if actions[a])
        parts.append(f"images {listed}")
    parts += _charts(diff)
    if diff.kubernetes:
        parts.append(f"Kubernetes {' → '.join(_word(version) for version in diff.kubernetes)}")
    return parts


def _charts(diff: Diff) -> list[str]:
    """Name the first charts whose version changes."""
    changed = [c for c in diff.charts if c.action == "changed" and c.before != c.after]
    named = [
        f"chart {_word(c.name)} {' → '.join(_word(v) for v in (c.before, c.after) if v)}"
        for c in changed[:_CHARTS]
    ]
    more = len(changed) - len(named)
    return [*named, *([count(more, "more chart")] if more else [])]


def _word(text: str) -> str:
    """Return a name or a version, or a mark for what is more than that.

    The verdict becomes the title of a pull request, which a merge makes a commit message: nothing
    in it may be a mention, a link, or a word that closes an issue.
    """
    return text if _NAME.fullmatch(text) else "…"


def tally(changes: Iterable[ResourceChange]) -> str:
    """Count changes by what happens: ``1 removed, 2 changed, 3 routine``."""
    listed = list(changes)
    counts = Counter(change.action for change in listed if not change.routine)
    parts = [f"{counts[action]} {action}" for action in _ACTIONS if counts[action]]
    routine = sum(change.routine for change in listed)
    return ", ".join([*parts, *([f"{routine} routine"] if routine else [])])


def grouped(dangers: Iterable[Danger]) -> list[tuple[Danger, list[Danger]]]:
    """Return dangers that have kind, reason and owner in common, behind the first of them."""
    groups: dict[tuple[str, str, str], list[Danger]] = {}
    for danger in dangers:
        groups.setdefault((danger.code, danger.reason, danger.owner), []).append(danger)
    return [(members[0], members) for members in groups.values()]
