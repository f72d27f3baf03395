"""A difference as plain values, for programs."""

import dataclasses
from typing import Any

from builder.core.diff.model import Diff, FieldChange, ResourceChange
from builder.core.diff.show import path_text, visible
from builder.core.diff.summary import verdict


def as_json(diff: Diff) -> dict[str, Any]:
    """Return a difference as mappings, lists and scalars; secrets are stars."""
    return {
        "environment": diff.environment,
        "against": diff.against,
        "verdict": verdict(diff),
        "differs": not diff.empty,
        "dangers": [dataclasses.asdict(danger) for danger in diff.dangers],
        "images": [
            {
                "action": change.action,
                "before": change.before,
                "after": change.after,
                "digest": change.digest,
                "inRegistry": change.in_registry,
                "places": list(change.places),
            }
            for change in diff.images
        ],
        "charts": [dataclasses.asdict(change) for change in diff.charts],
        "kubernetes": list(diff.kubernetes) if diff.kubernetes else None,
        "resources": [_resource(change) for change in diff.resources],
        "nested": [
            {
                "owner": str(nested.owner),
                "chart": nested.chart,
                "before": nested.before,
                "after": nested.after,
                "leftOut": nested.left_out,
                "resources": [_resource(change) for change in nested.resources],
            }
            for nested in diff.nested
        ],
        "rewritten": list(diff.rewritten),
        "findings": [dataclasses.asdict(finding) for finding in diff.findings],
    }


def _resource(change: ResourceChange) -> dict[str, Any]:
    return {
        "resource": str(change.id),
        "group": change.id.group,
        "action": change.action,
        "routine": change.routine,
        "hooks": list(change.hooks),
        "restarts": change.restarts,
        "fields": [_field(field) for field in change.fields],
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "path": path_text(field.path),
        "action": field.action,
        "before": visible(field.before),
        "after": visible(field.after),
        "routine": field.routine,
    }
