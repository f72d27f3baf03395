"""How people reach the platform: Ingresses as the environment says, or routes in their place."""

from builder.core.ingress.changes import changes
from builder.core.ingress.check import findings

__all__ = ["changes", "findings"]
