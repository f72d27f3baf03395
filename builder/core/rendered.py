"""The text that helm renders, read as helm itself reads it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from builder.core import yaml
from builder.core.errors import ConfigurationError, YamlError
from builder.core.findings import Finding
from builder.core.manifests import Origin, Resource, ResourceId, objects

# helm.sh/helm/v3/pkg/releaseutil, SplitManifests: a separator may carry a comment.
_SEPARATOR = re.compile(r"(?:^|\s*\n)---\s*")
_SOURCE = re.compile(r"^# Source: (\S+)$", re.MULTILINE)
_HOOK = "helm.sh/hook"
_ARGO_HOOK = "argocd.argoproj.io/hook"  # counts where helm's own would not


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """The resources of one chart, and what is to be said about its text."""

    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...]


def split(text: str) -> Iterator[tuple[str, str]]:
    """Yield the template's name and the text of each document that is not empty."""
    template = ""
    for part in _SEPARATOR.split(text):
        match = _SOURCE.search(part)
        template = match[1] if match else template
        if any(line.strip() and not line.lstrip().startswith("#") for line in part.splitlines()):
            yield template, part


def read(text: str, *, chart: str, parent: ResourceId | None, tests: bool = False) -> Rendered:
    """Read what helm rendered from ``chart`` (``name-version``) for the resource ``parent``.

    ``tests`` tells that its controller runs the chart's test hooks.
    A document that cannot be read, a duplicate key and an object that stands twice are findings.
    """
    resources: dict[ResourceId, Resource] = {}
    findings: list[Finding] = []
    for template, part in split(text):
        place = f"{template} ({chart})"
        try:
            for document in yaml.load_all(part, source=template):
                findings.extend(
                    _duplicate(duplicate.key, place, chart) for duplicate in document.duplicates
                )
                for body in objects(document.value, template):
                    resource = _resource(body, chart, template, parent, tests=tests)
                    if resources.setdefault(resource.id, resource) is not resource:
                        findings.append(_twice(resource, place))
        except (YamlError, ConfigurationError) as error:
            findings.append(_unreadable(error, place, chart))
    return Rendered(resources=tuple(resources.values()), findings=tuple(findings))


def _resource(
    body: object, chart: str, template: str, parent: ResourceId | None, *, tests: bool
) -> Resource:
    assert isinstance(body, dict)  # noqa: S101 - objects() checked it
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    named = ",".join(str(annotations.get(key) or "") for key in (_HOOK, _ARGO_HOOK))
    origin = Origin(
        source=chart,
        template=template,
        hooks=tuple(hook.strip() for hook in named.split(",") if hook.strip()),
        tests=tests,
        parent=parent,
    )
    return Resource(body=body, origin=origin)


def _duplicate(key: str, place: str, chart: str) -> Finding:
    return Finding(
        code="duplicate-key",
        severity="warning",
        subject=key,
        place=place,
        cause=f"the template of {chart} writes the key {key!r} twice in one mapping: "
        "helm takes the last, kustomize refuses",
        hint="nothing to do while helm renders it; tell the chart's authors",
    )


def _twice(resource: Resource, place: str) -> Finding:
    return Finding(
        code="duplicate-resource",
        subject=str(resource.id),
        place=place,
        cause=f"the chart makes {resource.id} twice: the second overwrites the first",
        hint="switch one of the two off by its value",
    )


def _unreadable(error: ConfigurationError, place: str, chart: str) -> Finding:
    return Finding(
        code="cannot-examine",
        subject=chart,
        place=place,
        cause=f"what the template renders cannot be read: {error}",
        hint="render the chart with helm and look at that template",
    )
