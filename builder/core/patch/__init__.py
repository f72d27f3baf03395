"""Strict JSON patches (RFC 6902) on Kubernetes objects.

kustomize accepts a target that matches nothing and a ``replace`` of a missing path. Here each of
these is an error that names the file, the operation, the resource and the path.
"""

from builder.core.patch.applying import apply, apply_all, apply_operation, select
from builder.core.patch.model import OPERATIONS, Operation, Patch, Target
from builder.core.patch.reading import parse_operations, parse_target, parse_transformers

__all__ = [
    "OPERATIONS",
    "Operation",
    "Patch",
    "Target",
    "apply",
    "apply_all",
    "apply_operation",
    "parse_operations",
    "parse_target",
    "parse_transformers",
    "select",
]
