"""Where the version of a nested chart stands: in a resource of the base, or in a patch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder import airgap_file, secret_files, sources
from builder.core import changes, yaml
from builder.core import nested as nested_charts
from builder.core.changes import Operation
from builder.core.errors import ConfigurationError, SealiftError
from builder.core.findings import Finding
from builder.core.manifests import AppliedOperation, Manifests, Resource
from builder.core.nested import NestedChart
from builder.core.upgrade import edit
from builder.files import read_text, shown, write_text
from builder.render import FirstOrder, render
from builder.workspace import Overlay

FILE = "patches/chart-version.yaml"
HEADER = (
    "# Written by `sealift upgrade`: versions of charts that this environment has for itself.\n"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A file, and the patch operation in it that sets a version; None for a resource's own field.

    ``line`` is counted from 1, and 0 where it is not known.
    """

    path: Path
    line: int = 0
    operation: AppliedOperation | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A nested chart of an environment, with the place of its version where that is known."""

    chart: NestedChart
    owner: Resource
    place: Place | None


def first_order(overlay: Overlay) -> FirstOrder:
    """Render an environment, whatever state its generated files are in."""
    with present(overlay):
        return render(overlay)


@contextmanager
def present(overlay: Overlay) -> Iterator[None]:
    """Stand empty files in for generated ones that are listed and gone, or cannot be read."""
    anew = airgap_file.broken(overlay) is not None
    with airgap_file.placeholders(overlay, anew=anew), secret_files.placeholders(overlay):
        yield


def charts(overlay: Overlay, manifests: Manifests) -> tuple[list[Found], list[Finding]]:
    """Return the nested charts of an environment's resources, and what cannot be told of others."""
    found = nested_charts.find(manifests, overlay.base.base.nested_charts)
    return (
        [one for chart in found if not isinstance(chart, Finding)
         for one in _found(overlay, chart, manifests)],
        [finding for finding in found if isinstance(finding, Finding)],
    )  # fmt: skip


def _found(overlay: Overlay, chart: NestedChart, manifests: Manifests) -> Iterator[Found]:
    owner = manifests.get(chart.version_at[0])
    if owner is not None:
        place = _place(overlay, owner, chart.version_at[1])
        yield Found(chart=chart, owner=owner, place=place)


def _place(overlay: Overlay, owner: Resource, path: tuple[str, ...]) -> Place | None:
    """Return where the value at ``path`` of a resource was set last."""
    for operation in reversed(owner.origin.patches):
        if edit.covers(operation.path, path) is not None:
            file, _, rest = operation.place.rpartition(":")
            line = int(rest.partition(" ")[0])
            return Place(path=overlay.root / file, line=line, operation=operation)
    return own_place(overlay, owner, path)


def own_place(overlay: Overlay, owner: Resource, path: tuple[str, ...]) -> Place | None:
    """Return the file in which a resource itself has a value at ``path``, patches left aside."""
    for file in _files(overlay, owner):
        text = read_text(file, overlay.root)
        # Any version does: it only has to be a place that can be changed.
        if edit.in_resource(text, owner.id, path, "0.0.0-place") is not None:
            return Place(path=file)
    return None


def own_file(overlay: Overlay, owner: Resource) -> Path | None:
    """Return the file that has a resource, where one alone does."""
    found = [f for f in _files(overlay, owner)
             if edit.names(read_text(f, overlay.root), owner.id)]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _files(overlay: Overlay, owner: Resource) -> Iterator[Path]:
    """Yield the file of a resource; all that kustomizations list where kustomize has made it."""
    source = overlay.root / owner.origin.source
    if source.is_file():
        yield source
        return
    for kustomization in sources.tree(overlay.folder, overlay.root):
        for entry, place in kustomization.texts("resources"):
            path = kustomization.target(entry, place)
            if path.is_file() and path not in overlay.generated_resources:
                yield path


def set_version(overlay: Overlay, found: Found, place: Place, version: str) -> bool:
    """Write a version at a place, in its text; False when it cannot be set there."""
    text = read_text(place.path, overlay.root)
    path = found.chart.version_at[1]
    operation = place.operation
    if operation is None:
        edited = edit.in_resource(text, found.owner.id, path, version)
    else:
        below = edit.covers(operation.path, path) or ()
        edited = edit.in_operation(text, operation.path, below, version, place.line)
    if edited is not None:
        write_text(place.path, edited)
    return edited is not None


def set_by_patch(overlay: Overlay, found: Found, version: str) -> None:
    """Let a patch of the environment's own set a version, before all its other patches.

    Raises ConfigurationError when the kustomization cannot name the file without being rewritten.
    """
    path = overlay.folder / FILE
    kustomization = sources.read(overlay.folder, overlay.root)
    listed = [entry for entry, _ in kustomization.texts("transformers")]
    before = _present(path, overlay) if FILE in listed else ""
    operation = Operation(
        op="replace",
        path=found.chart.version_at[1],
        value=version,
        comments=[_for_renovate(found.chart)],
    )
    document = changes.document(found.owner, [operation], "chart-version")
    body = f"{before}---\n{document}" if before else f"{HEADER}{document}"
    text = airgap_file.entered(kustomization, kustomization.text, "transformers", FILE, *listed)
    write_text(path, body)
    write_text(kustomization.path, text)


def _present(path: Path, overlay: Overlay) -> str:
    text = read_text(path, overlay.root)
    if not text.startswith(HEADER):
        raise ConfigurationError(
            "was not written by sealift upgrade",
            where=shown(path, overlay.root),
            hint="rename it, and list the new name where this one is listed",
        )
    return text


def _for_renovate(chart: NestedChart) -> str:
    """Return the comment that tells Renovate where the versions of a chart are listed."""
    if not chart.repository.startswith("oci://"):
        return f"renovate: datasource=helm depName={chart.name} registryUrl={chart.repository}"
    place = chart.repository.removeprefix("oci://").rstrip("/").removesuffix(f"/{chart.name}")
    return f"renovate: datasource=docker depName={place}/{chart.name}"


def drop_patch(overlay: Overlay) -> None:
    """Take the environment's own versions away: those of the base count again."""
    path = overlay.folder / FILE
    kustomization = sources.read(overlay.folder, overlay.root)
    text = airgap_file.removed(kustomization, kustomization.text, "transformers", FILE)
    write_text(kustomization.path, text)
    path.unlink()


def patched_charts(overlay: Overlay) -> int:
    """Return for how many charts the environment has a version of its own."""
    path = overlay.folder / FILE
    if not path.is_file():
        return 0
    try:
        return len(yaml.load_ours(_present(path, overlay), source=FILE))
    except SealiftError:
        return 0
