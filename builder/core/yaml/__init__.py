"""YAML as Kubernetes reads it.

PyYAML's C loader, with three changes. Plain scalars resolve as sigs.k8s.io/yaml does (that is what
kubectl, Argo CD and Flux use), so that a value means here what it means in the cluster. Duplicate
keys are seen. Input that would exhaust memory or stack is refused before it is built: size, depth
and what aliases expand to are capped.
"""

from builder.core.yaml.loader import Ambiguous, Document, DuplicateKey
from builder.core.yaml.reading import Lines, lines, load, load_all, load_ours
from builder.core.yaml.writing import dump, dump_all

__all__ = [
    "Ambiguous",
    "Document",
    "DuplicateKey",
    "Lines",
    "dump",
    "dump_all",
    "lines",
    "load",
    "load_all",
    "load_ours",
]
