"""The environments of a repository, with what each is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder import published
from builder.core.errors import ConfigurationError, SealiftError
from builder.deliver import Way, target_of
from builder.parallel import each
from builder.upgrade import places
from builder.workspace import Overlay, environments, find_overlay


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One environment. ``charts`` are those that controllers render, by name and version.

    ``published`` says what stands in its repository; empty where nobody was asked. ``problem`` is
    why an environment cannot be read, and the rest is empty then.
    """

    name: str
    base: str = ""
    extends: str = ""
    kubernetes: str = ""
    registry: str = ""
    charts: tuple[tuple[str, str], ...] = ()
    published: str = ""
    problem: str = ""


def listed(root: Path, *, ask: bool = False, jobs: int = 8) -> list[Listed]:
    """Return all environments, sorted by name.

    With ``ask``, the repositories that they are published to say what stands there. Raises
    ConfigurationError when there is none.
    """
    root = root.resolve()
    names = environments(root)
    if not names:
        raise ConfigurationError(
            "there is no environment below overlays/",
            where=str(root),
            hint="make one with `sealift init`; or name the source repository with --root",
        )
    done, _ = each(lambda name: _one(root, name, ask=ask), names, jobs, str)
    return sorted((found for _, found in done), key=lambda one: one.name)


def _one(root: Path, name: str, *, ask: bool) -> Listed:
    try:
        overlay = find_overlay(root, name)
        charts = _charts(overlay)
    except SealiftError as error:
        return Listed(name=name, problem=str(error))
    settings = overlay.environment
    return Listed(
        name=name,
        base=settings.base,
        extends=settings.extends or "",
        kubernetes=settings.kubernetes,
        registry=settings.registry.prefix,
        charts=charts,
        published=_published(overlay, [name for name, _ in charts]) if ask else "",
    )


def _charts(overlay: Overlay) -> tuple[tuple[str, str], ...]:
    found, _ = places.charts(overlay, places.first_order(overlay).before_airgap)
    return tuple(sorted({(one.chart.name, one.chart.version) for one in found}))


def _published(overlay: Overlay, names: Sequence[str]) -> str:
    if overlay.environment.publish is None:
        return "nowhere: environment.yaml names no repository"
    try:
        there = published.read(target_of(overlay, Way()))
        lock = there.lock
    except SealiftError as error:
        return f"not known: {error}"
    if lock is None:
        return "not yet"
    charts = sorted({f"{c.name} {c.version}" for c in lock.charts if c.name in names})
    return ", ".join([*charts, f"at {there.commit[:12]}"])
