"""A build against the schemas of its kinds, where those of its Kubernetes version are installed.

They come with ``kubernetes-validate``, the extra ``schemas``: its files alone are read, no code of
it runs.
"""

import functools
import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from builder.core import archive, schemas
from builder.core.diff.removed_apis import minor as numbers
from builder.core.errors import ToolError
from builder.core.findings import NOT_CHECKED, Finding
from builder.core.manifests import Manifests, Resource
from builder.core.schemas import Held, Published
from builder.core.text import count
from builder.expand import NestedRender
from builder.still import once
from builder.workspace import Overlay

PACKAGE = "kubernetes_validate"
_FOLDER = "kubernetes-json-schema"
_VERSION = re.compile(r"v([0-9]+)\.([0-9]+)\.0-local-strict")
_FILE = "_definitions.json"


def findings(
    overlay: Overlay, manifests: Manifests, nested: Sequence[NestedRender]
) -> Iterator[Finding]:
    """Yield what the schemas do not allow, and a note on what was not held against any.

    Raises ToolError when the installed schemas cannot be read.
    """
    environment = overlay.environment
    known = installed()
    minor = "{}.{}".format(*numbers(environment.kubernetes))
    own = published(minor, known[minor]) if minor in known else None
    resources = [*manifests, *(r for n in nested for r in (*n.resources, *n.on_upgrade))]
    held = schemas.check(
        resources, minor, own, others=environment.api_versions, asks=_asking(overlay, nested)
    )
    yield from held.findings
    if own is None:
        yield _without(sorted(known, key=numbers), len(resources))
    elif held.unknown:
        yield _unknown(held)


def installed() -> Mapping[str, Path]:
    """Return the files of definitions by their Kubernetes version; none without the package."""
    return once(("schemas", PACKAGE), _installed)


def _installed() -> Mapping[str, Path]:
    spec = importlib.util.find_spec(PACKAGE)
    folders = [Path(place) / _FOLDER for place in (spec and spec.submodule_search_locations) or ()]
    return {
        f"{match[1]}.{match[2]}": path / _FILE
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if (match := _VERSION.fullmatch(path.name)) and (path / _FILE).is_file()
    }


@functools.cache
def published(minor: str, path: Path) -> Published:
    """Read the definitions of one version; what was read once stays as long as the process."""
    try:
        return schemas.published(minor, msgspec.json.decode(path.read_bytes()))
    except (OSError, msgspec.DecodeError, LookupError, TypeError, AttributeError) as error:
        raise ToolError(
            f"the schemas of Kubernetes {minor} cannot be read: {error}",
            where=str(path),
            hint="install the extra again: pip install --force-reinstall kubernetes-validate",
        ) from error


def _asking(overlay: Overlay, nested: Sequence[NestedRender]) -> Callable[[Resource], bool]:
    """Tell of a resource whether its chart asks the cluster what it serves."""
    charts = {render.chart.title: render.chart for render in nested}

    @functools.cache
    def asks(title: str) -> bool:
        chart = charts.get(title)
        vendored = overlay.base.chart(chart.name, chart.version) if chart else None
        if vendored is None or isinstance(vendored, Finding):
            return False
        return "api-versions" in archive.asks(vendored[1].read_bytes(), source=title)

    return lambda resource: resource.origin.parent is not None and asks(resource.origin.source)


def _without(known: Sequence[str], resources: int) -> Finding:
    cause = "kubernetes-validate, which brings the schemas, is not installed"
    hint = "pip install 'sealift[schemas]'"
    if known:
        cause = f"the installed schemas are those of Kubernetes {known[0]} to {known[-1]}"
        hint = "upgrade kubernetes-validate, or take a version that it has"
    return _not_checked(f"fields of {count(resources, 'resource')}", cause, hint)


def _unknown(held: Held) -> Finding:
    number = sum(held.unknown.values())
    return _not_checked(
        f"fields of {count(number, 'custom resource')}",
        f"nothing in the bundle defines {', '.join(sorted(held.unknown))}",
        "put the definition into the base, or ask the cluster: sealift build --server",
    )


def _not_checked(subject: str, cause: str, hint: str) -> Finding:
    return Finding(
        code=NOT_CHECKED,
        severity="note",
        subject=subject,
        place="environment.yaml kubernetes",
        cause=cause,
        hint=hint,
    )
