"""What a kustomization may say of a chart that it inflates.

Most fields end on helm's command line, or in a template that helm runs with access to the
environment and to DNS: only fields that cannot reach further are let through.
"""

import re
from collections.abc import Mapping
from typing import Any

from builder.core.errors import ConfigurationError, nearest

_LABEL = r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?"
_TEXTS = {
    "name": r"[A-Za-z0-9][A-Za-z0-9._-]*",
    "version": r"v?[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*",
    "repo": r"(?:https?|oci)://[^\s@]+",
    "releaseName": _LABEL,
    "namespace": _LABEL,
    "kubeVersion": r"v?[0-9]+(?:\.[0-9]+){0,2}",
    "valuesFile": r"[^-\s][^\n]*",
    "valuesMerge": r"merge|override|replace",
}
_OTHERS = ("includeCRDs", "skipHooks", "skipTests", "valuesInline", "additionalValuesFiles",
           "apiVersions")  # fmt: skip
# kustomize's own plugins that neither run a program nor fetch anything.
_PLUGINS = (
    "AnnotationsTransformer", "ConfigMapGenerator", "HashTransformer", "ImageTagTransformer",
    "LabelTransformer", "LegacyOrderTransformer", "NamespaceTransformer",
    "PatchJson6902Transformer", "PatchStrategicMergeTransformer", "PatchTransformer",
    "PrefixSuffixTransformer", "PrefixTransformer", "ReplacementTransformer",
    "ReplicaCountTransformer", "SecretGenerator", "SortOrderTransformer", "SuffixTransformer",
    "ValueAddTransformer",
)  # fmt: skip


def check(entry: Mapping[str, Any], place: str) -> None:
    """Raise ConfigurationError for a field of ``helmCharts`` that is unknown, or not safe."""
    for key, value in entry.items():
        if key not in _TEXTS and key not in _OTHERS:
            known = [*_TEXTS, *_OTHERS]
            near = nearest(str(key), known)
            raise ConfigurationError(
                f"helmCharts takes no {key!r} here",
                where=place,
                hint=f"did you mean {near!r}?" if near else f"it takes {', '.join(known)}",
            )
        pattern = _TEXTS.get(key)
        if pattern and value and not (isinstance(value, str) and re.fullmatch(pattern, value)):
            raise ConfigurationError(f"{key} {value!r} is not one", where=place)
    for key in ("additionalValuesFiles", "apiVersions"):
        listed = entry.get(key) or []
        if not isinstance(listed, list) or any(str(item).startswith("-") for item in listed):
            raise ConfigurationError(f"{key} is not a list of names", where=place)


def check_plugin(kind: Any, place: str) -> None:
    """Raise ConfigurationError for a plugin that may run a program, or fetch."""
    if kind == "HelmChartInflationGenerator":
        raise ConfigurationError(
            "a HelmChartInflationGenerator may pull its chart",
            where=place,
            hint="use the field helmCharts, and vendor the chart",
        )
    if kind not in _PLUGINS:
        raise ConfigurationError(
            f"{kind!r} is not a plugin that a build runs",
            where=place,
            hint=f"kustomize's own are {', '.join(_PLUGINS)}",
        )
