"""Which nested chart is meant, and which version of it."""

from collections.abc import Collection, Sequence

from builder.core.errors import ConfigurationError, nearest
from builder.core.findings import Finding
from builder.core.versions import exact
from builder.upgrade.places import Found
from builder.workspace import Overlay


def charts(
    found: Sequence[Found], findings: Sequence[Finding], overlay: Overlay, wanted: str | None
) -> list[Found]:
    """Return the nested charts of the ``wanted`` name, or of the only one there is.

    Raises ConfigurationError when there are none.
    """
    names = sorted({one.chart.name for one in found})
    name = wanted or (names[0] if len(names) == 1 else None)
    chosen = [one for one in found if one.chart.name == name]
    if chosen:
        return chosen
    if not names and findings:
        first = findings[0]
        raise ConfigurationError(
            f"{overlay.name} has no nested chart that can be told: {first.cause}",
            where=first.place,
            hint=first.hint,
        )
    if not names:
        raise ConfigurationError(
            f"{overlay.name} has no nested chart",
            hint="the versions of other charts stand in the base's kustomization and base.yaml",
        )
    if name is None:
        raise ConfigurationError(
            f"{overlay.name} has several nested charts: {', '.join(names)}",
            hint="name one with --chart",
        )
    raise ConfigurationError(
        f"{overlay.name} has no nested chart {name!r}", hint=_other(name, names, overlay)
    )


def _other(name: str, names: Sequence[str], overlay: Overlay) -> str:
    if any(chart.name == name for chart in overlay.base.base.charts):
        return (
            "no controller renders it: set its version in the base's kustomization and base.yaml, "
            f"then run `sealift vendor {overlay.base.name}`"
        )
    near = nearest(name, list(names))
    return f"did you mean {near!r}?" if near else f"it has {', '.join(names)}"


def version(wanted: str | None, present: Collection[str], name: str) -> str:
    """Return the version to move to: without one ``wanted``, the only one that is present.

    Raises ConfigurationError.
    """
    version = wanted or (next(iter(present)) if len(present) == 1 else None)
    if version is None:
        raise ConfigurationError(
            f"the resources name several versions of {name}: {', '.join(sorted(present))}",
            hint="name one with --chart-version",
        )
    if not exact(version):
        raise ConfigurationError(
            f"{version!r} is not a version of {name}", hint="name one exactly, like 1.2.3"
        )
    return version
