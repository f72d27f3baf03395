"""What the patches of `sealift airgap` rest on: cheap to compare, so that every build can."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from builder import certificates
from builder.core import nested as nested_charts
from builder.core.changes import is_stale
from builder.core.findings import Finding
from builder.core.manifests import Manifests
from builder.files import read_text, shown
from builder.pins import pinned
from builder.workspace import Overlay

# Raised when the same inputs would give other patches: the files of older versions become stale.
_RULES = 1


def digest(overlay: Overlay, before: Manifests) -> str:
    """Return one SHA-256 over all that decides the patches, in hexadecimal.

    ``before`` are the resources with all patches but the file's own.
    """
    environment = msgspec.to_builtins(pinned(overlay).environment)
    for key in ("publish", "sync", "extends", "allow", "allowCredentials", "secrets"):
        environment.pop(key, None)
    base = msgspec.to_builtins(overlay.base.base)
    base.pop("health", None)
    for rule in base.get("nestedCharts", ()):
        rule.pop("credentials", None)
    locked = msgspec.to_builtins(overlay.base.lock.charts)
    if "charts" in base:
        base["charts"] = _used(base["charts"], overlay, before)
    inputs = {
        "rules": _RULES,
        "environment": environment,
        "base": base,
        "charts": _used(locked, overlay, before),
        "resources": [dict(resource.body) for resource in before],
    }
    for chart in inputs["charts"]:
        chart.pop("source")
    trusted = certificates.load(overlay)
    if trusted.certificates or trusted.gone:
        # What they are, not how their files are written; without those that have expired by now.
        named = [one.fingerprint for one in trusted.certificates]
        inputs["certificates"] = [named, sorted(trusted.gone)]
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _used(charts: list[dict[str, Any]], overlay: Overlay, before: Manifests) -> list[Any]:
    """Leave out other versions of what a resource names: environments that share a base have them.

    What only a chart brings along is not known here, and so counts in all versions.
    """
    found = nested_charts.find(before, overlay.base.base.nested_charts)
    named = {(c.name, c.version.lstrip("v")) for c in found if not isinstance(c, Finding)}
    names = {name for name, _ in named}
    return [
        chart
        for chart in charts
        if chart["name"] not in names or (chart["name"], chart["version"].lstrip("v")) in named
    ]


def stale(overlay: Overlay, before: Manifests) -> Iterator[Finding]:
    """Yield a Finding when the patch file rests on other inputs, or was edited by hand."""
    if not len(before):
        return
    for path in (overlay.airgap_file, overlay.airgap_resources):
        if path.is_file() and is_stale(read_text(path, overlay.root), digest(overlay, before)):
            yield Finding(
                code="airgap-stale",
                subject=shown(path, overlay.root),
                place=shown(path, overlay.root),
                cause="the base, its charts, the environment or the file itself changed since it "
                "was written",
                hint=f"run `sealift airgap {overlay.name}`, and review what it changes",
            )
