"""Whether a chart may render otherwise once it was installed: controllers do both."""

import json
from collections.abc import Collection, Iterable

from builder.core.manifests import Resource
from builder.core.nested.definitions import api_versions
from builder.core.nested.model import NestedChart


def served_later(
    chart: NestedChart, asks: Collection[str], resources: Iterable[Resource]
) -> tuple[str, ...] | None:
    """Return the further API versions of the second render; None when none is needed.

    ``asks`` is what the chart asks (:func:`builder.core.archive.asks`), ``resources`` what it
    renders first: definitions among them, and those beside the custom resource, are there later.
    """
    values = json.dumps(chart.values, default=str)
    upgrade = "upgrade" in asks or "IsUpgrade" in values or "IsInstall" in values
    served = tuple(sorted({*chart.api_versions, *api_versions(resources)}))
    by_version = "api-versions" in asks or "APIVersions" in values
    return served if upgrade or (by_version and served) else None
